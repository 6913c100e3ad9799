"""The board's past and its changes, for people.

card_edit    A card's file as a person has edited it, merged with what the board has by now
findings     The findings of a review with the places in the files, and the rules that are about
             texts
history      The history of a board from its commits: who did what to which card, when, and why
reverting    Undoing a board commit: changes that restore the fields it changed
revisions    Boards at any revision and as they lie in a checkout, for review: `check`, `diff` and
             `fmt`
steps        The commits of a board between two of them, as the values that they changed
worker_edit  An edit of one worker's keys in config.yaml: its comments kept, and refused where it is
             wrong
searching    Text looked for in everything that a board holds: cards, notes and run records
"""
