"""The board on its branch: files to values, and commits that move the branch.

boardmerge  Two tips of the board's branch merged into a commit: cards by field
content/    The board at a commit: read, written as a new commit, and cached
following/  Checkouts of the board and of base that follow a move of their branch
formats/    Texts to values and back. No git
init        A new board: in the tree of the branch that is checked out, or on a branch of its own
late_refs   Refs for work that its card's branch cannot take any more: kept here, and sent to the
            remote once
moving      A board in the tree of the code moves to a branch of its own, with its history
presence    Which work of a board's cards is not here: a fact about this clone, not about the board
repo/       Git: repositories, refs, merges, remotes. No cards
review/     The board's past and its changes, for people
store       Reading the board at its tip, and changing it: one commit by compare-and-swap, or
            nothing
sync        The board's branch synced with a remote's: fetched, merged, pushed
work/       The work of cards: where it is, and how it gets into base
"""
