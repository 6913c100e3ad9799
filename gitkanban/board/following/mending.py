"""What a commit from a checkout that was left behind has taken back, brought back into its branch.

The index of such a checkout is still that of the old commit, so whatever is committed there takes
the merged work out again, unasked. A note in the checkout is the evidence (`follow_base`).
"""

from gitkanban.board.repo import checkouts, commits, git, merging, refs
from gitkanban.board.repo.place import Place

_ASKED_MOST = 50  # paths of which it is asked who changed them last


def mend(place: Place, old: str, commit: str, ref: str) -> list[str]:
    """Merge the move from `old` to `commit` into the branch again where it lost it; notices.

    The board is not looked at: `at_tip` brings it back, by field. A commit that says it reverts
    something means it. Raises GitFailed, BoardBusy.
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
    at_tip = ref == place.ref and checkouts.tip(place, refs.SEEN_REF) == tip
    branch = place._replace(branch=ref.removeprefix("refs/heads/"))
    if not refs.swap(branch, tip, new, why, by_us=at_tip):
        return []
    return [f"{path}: {ref} had lost a change; it is back" for path in taken]


def _taken_back(place: Place, old: str, commit: str, tip: str, ref: str) -> list[str]:
    """The paths of the move that are at the tip as they were before it."""
    board = f"{place.prefix}/" if place.prefix and ref == place.ref else ""
    later = {change.path: change for change in commits.changes(place.common, commit, tip)}
    return [
        move.path
        for move in commits.changes(place.common, old, commit)
        if move.path in later
        and (later[move.path].new, later[move.path].mode) == (move.old, move.old_mode)
        and not (board and move.path.startswith(board))
    ]


def _is_meant(place: Place, commit: str, tip: str, paths: list[str]) -> bool:
    done = git.run(
        place.common, "--literal-pathspecs", "log", "--first-parent", "-n1", "--format=%B",
        f"{commit}..{tip}", "--", *paths[:_ASKED_MOST],
    )  # fmt: skip
    return "This reverts commit" in done.text
