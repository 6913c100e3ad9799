"""What the shell completes: the typed line in, the words that may follow out.

It must answer within a keystroke, and is called in the middle of a prompt. So an answer imports no
third-party library, and if anything goes wrong the answer is empty.

answer      the entry point: a line in, words out, in the form that the shell's script reads
candidates  the words of one kind: cards, workers, branches; only read, never written
grammar     commands, options and what they take; generated from the commands themselves
line        a command line as a shell splits it, and what its last word may be
shells      the scripts of bash, zsh and fish, and where each of them looks for one
"""
