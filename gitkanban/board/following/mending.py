"""Restores merged work that a commit from a checkout left behind has taken out of its branch.

The index of such a checkout is still that of the old commit, so whatever is committed there takes
the merged work out again, unintentionally. A note in the checkout is the evidence (`follow_base`).
"""

from gitkanban.board.repo import checkouts, commits, git, merging, refs
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import KNOWN_REF
from gitkanban.core.names import Oid

_ASKED_MOST = 50  # paths for which git is asked whether they were reverted on purpose


def mend(place: Place, old: Oid, commit: Oid, ref: str) -> list[str]:
    """Merge the move from `old` to `commit` again where the branch lost it, and return notices.

    The board's own files are left to `restoring`, which merges by field. A commit whose message
    says that it reverts something is taken as intended. Raises GitFailed, BoardBusy.
    """
    tip = checkouts.tip(place, ref)
    taken = _taken_back(place, old, commit, tip, ref=ref) if tip != commit else []
    if not taken or _is_meant(place, commit, tip, taken):
        return []
    from gitkanban.board.content.writing import NewTree

    merged = merging.merge_trees(place.common, old, tip, commit)
    if not merged.clean:
        return [f"{path}: {ref} lost a change that no longer fits" for path in taken]
    why = "kanban: bring back what the branch lost"
    new = NewTree(place, tip).commit_tree(merged.tree, why, [tip])
    at_tip = ref == place.ref and checkouts.tip(place, KNOWN_REF) == tip
    branch = place._replace(branch=ref.removeprefix("refs/heads/"))
    if not refs.swap(branch, tip, new, why, by_us=at_tip):
        return []
    return [f"{path}: {ref} had lost a change; it is back" for path in taken]


def _taken_back(place: Place, old: Oid, commit: Oid, tip: Oid, ref: str) -> list[str]:
    """Return the paths of the move whose version at the tip is the one from before the move."""
    board = f"{place.prefix}/" if place.prefix and ref == place.ref else ""
    later = {change.path: change for change in commits.changes(place.common, commit, tip)}
    return [
        move.path
        for move in commits.changes(place.common, old, commit)
        if move.path in later
        and (later[move.path].new, later[move.path].mode) == (move.old, move.old_mode)
        and not (board and move.path.startswith(board))
    ]


def _is_meant(place: Place, commit: Oid, tip: Oid, paths: list[str]) -> bool:
    done = git.run(
        place.common, "--literal-pathspecs", "log", "--first-parent", "-n1", "--format=%B",
        f"{commit}..{tip}", "--", *paths[:_ASKED_MOST],
    )  # fmt: skip
    return "This reverts commit" in done.text
