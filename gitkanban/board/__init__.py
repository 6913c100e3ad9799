"""The board on its branch: files to values, and commits that move the branch."""
