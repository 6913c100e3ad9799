"""The board on its branch: files to values, and commits that move the branch.

content/    The board at a commit: read, written as a new commit, and cached
following/  Checkouts of the board and of base that follow a move of their branch
formats/    Texts to values and back. No git
init        A new board: in the tree of the branch that is checked out, or on a branch of its own
moving      A board in the tree of the code moves to a branch of its own, with its history
presence    Which work of a board's cards is not here: a fact about this clone, not about the board
repo/       Git: repositories, refs, merges, remotes. No cards
review/     The board's past and its changes, for people
sharing/    The board shared with other clones through a remote: fetched, merged, pushed
store       Reading the board at its tip, and changing it: one commit by compare-and-swap, or
            nothing
work/       The work of cards: where it is, and how it gets into base
"""
