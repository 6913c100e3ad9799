"""The board shared with other clones through a remote: fetched, merged, pushed.

boardmerge  Two tips of the board's branch merged into a commit: cards by field
late_refs   Refs for work that its card's branch cannot take any more: kept here, and sent to the
            remote once
sync        The board's branch synced with a remote's: fetched, merged, pushed
"""
