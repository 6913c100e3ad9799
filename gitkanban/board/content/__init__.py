"""The board at a commit: read, written as a new commit, and cached.

archive         The archived cards of a board: which they are, and any of them in full
board_after     The board after a commit of ours, as reading it would give it, without listing or
                reading it all
board_since     The board at a commit, made from the board at another one: only files that differ
                are read
board_cache     The whole board of one commit, kept as plain data, so that a second read needs no
                git and no YAML
boardfiles      The files of a board in git: which there are at a commit, and what each is by its
                path
finished_cards  The finished cards of a board in one file, read one at a time by their place in it
finished_rows   The rows of finished cards in one file, as lines and as data
finish_times    Since when cards are done or dropped: the last commit that changed each card's file
histories       The runs and notes of a board's cards; archived ones too, on demand
in_work         Which cards' runs and notes are read with a board; those of the others are read on
                demand
memorynotes     The notes of kind `memory` on a board, those of quiet and archived cards among them
parsed_files    The values of a board's files, cached by blob
parsing         The bytes of a board's file to its value; and files that could not be read back are
                not written
reading         The whole board at a commit, as a value
run_costs       What the runs of a board cost, those of quiet and archived cards among them, brought
                up to date
status_cache    The rows that `status` and `list` show, kept for the commit they were made of
unchanged       Whether a card is as somebody saw it at an earlier commit of the board
writing         Changes to a board as a new commit object; the ref is not moved here
"""
