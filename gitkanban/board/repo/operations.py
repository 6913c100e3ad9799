"""What git leaves in a checkout's git directory while an operation is unfinished: the one table.

Files are looked at; git is not run, and nothing is changed.
"""

import os

from gitkanban.typed import NamedTuple


class Operation(NamedTuple):
    """An operation that can stop in the middle. Paths are relative to the git directory."""

    name: str  # `rebase`, as in "a rebase is in progress"
    sign: str  # the file or folder that exists for as long as it is unfinished
    branch: str = ""  # the file that names the branch it will return to
    stash: str = ""  # the file that names the commit in which it keeps uncommitted changes
    files: tuple[str, ...] = ()  # what git removes with the sign when the operation is given up


# `files` are those of `remove_merge_branch_state`, `bisect_clean_state` and `--quit` in git's
# sources. The first row whose sign exists counts: `am` and an old kind of rebase share a folder.
MERGE = Operation(
    "merge",
    "MERGE_HEAD",
    stash="MERGE_AUTOSTASH",
    files=(
        "MERGE_MSG", "MERGE_MODE", "MERGE_RR", "MERGE_AUTOSTASH", "AUTO_MERGE", "SQUASH_MSG",
    ),
)  # fmt: skip
OPERATIONS = (
    Operation(
        "rebase",
        "rebase-merge",
        branch="rebase-merge/head-name",
        stash="rebase-merge/autostash",
        files=("REBASE_HEAD",),
    ),
    Operation("am", "rebase-apply/applying"),
    Operation(
        "rebase",
        "rebase-apply",
        branch="rebase-apply/head-name",
        stash="rebase-apply/autostash",
    ),
    MERGE,
    Operation("cherry-pick", "CHERRY_PICK_HEAD", files=("sequencer",)),
    Operation("revert", "REVERT_HEAD", files=("sequencer",)),
    Operation(
        "bisect",
        "BISECT_LOG",
        branch="BISECT_START",
        files=(
            "BISECT_START", "BISECT_NAMES", "BISECT_TERMS", "BISECT_RUN", "BISECT_ANCESTORS_OK",
            "BISECT_FIRST_PARENT", "BISECT_EXPECTED_REV", "BISECT_HEAD", "refs/bisect",
        ),
    ),
)  # fmt: skip


def operation_in(admin: str) -> str:
    """Return the unfinished operation (`rebase`, …) in a git directory; empty for none."""
    return next((each.name for each in OPERATIONS if os.path.lexists(f"{admin}/{each.sign}")), "")
