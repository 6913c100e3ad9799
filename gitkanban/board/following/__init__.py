"""Checkouts of the board and of base that follow a move of their branch.

follow_base   Checkouts brought from one commit to another by git's two-way merge, all or none
follow_board  Checkouts of the board's branch brought along after a commit: the board's changed
              paths only
follow_file   One path of a checkout that follows: what becomes of its file and of its index entry
mending       What a commit from a checkout that was left behind has taken back, brought back into
              its branch
rehearsal     Whether checkouts can follow a move of their branch, found out by doing it beside
              them
restoring     Changes of the board that its branch has lost since we made them, and how they come
              back
"""
