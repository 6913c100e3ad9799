"""What the shell completes: the line that was typed to the words that may follow.

It must answer within a keystroke and is called in the middle of a prompt: the way of an answer
imports no third-party library, and whatever goes wrong is an empty answer.

answer      the door: a line in, words out, as the shell's script reads them
candidates  the words of one kind: cards, workers, branches, read and never written
grammar     commands, options and what they take; made from the commands themselves
line        a command line as a shell splits it, and what its last word may be
shells      the scripts of bash, zsh and fish, and where each of them looks for one
"""
