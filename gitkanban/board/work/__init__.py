"""The work of cards: where it is, and how it gets into base.

cardmerge  A card's work merged into base as a commit that no ref points at yet
cardwork   Where the work of a card is: in base, on its branch, in this clone by its recorded
           commit, or not here at all
integrate  A card's branch goes into base: merged by git (`cardmerge`), and only when every
           checkout of base can follow
landed     Whether base has what a commit holds, and when the cards of a board last changed
patches    The work of a card as a patch: what its branch, or its last run where that is gone,
           changes
worksize   How much the work of cards in review changes: lines and files, by git, kept by
           (base, tip)
"""
