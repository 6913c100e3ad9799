"""The board shared with other clones through a remote: fetched, merged, pushed.

boardmerge  Two tips of the board's branch merged into a commit: cards by field
fetching    What is shared fetched from the remote: board, base, and branches of cards
late_refs   Refs for work that its card's branch cannot take any more: kept here, and sent to the
            remote once
link        What a clone shares with a remote, and which remote that is
pushing     A load pushed to the remote in one step: board, base, and branches of cards
sync        The front door: fetch, merge and push, again where somebody else was first
taking_in   What came from the remote merged into our base and our board, and their checkouts
            brought along
unsent      What the remote lacks, as far as known here: the board, base, and branches of cards
"""
