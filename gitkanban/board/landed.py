"""Whether base has what a commit holds, and when the cards of a board last changed.

Questions to git only; nothing is written but the objects of a merge in memory.
"""

from typing import Any

from gitkanban.board import git
from gitkanban.board.place import Place
from gitkanban.core.model import Board


def content(place: Place, tip: str, base: str) -> bool:
    """Whether merging `tip` would change nothing in `base`: its work was squashed or picked.

    Work that base has reverted since, or changed further on the same lines, does not count.
    """
    import pygit2

    repo: Any = pygit2.Repository(place.common)
    ours, theirs = repo[base], repo[tip]
    fork = repo.merge_base(ours.id, theirs.id)
    if fork is None:
        return False
    if fork == theirs.id:
        return True
    start = repo[fork]
    if theirs.tree.id == start.tree.id:
        return False  # commits that undo each other: only the branch has them
    index = repo.merge_trees(start.tree, ours.tree, theirs.tree)
    return not index.conflicts and index.write_tree(repo) == ours.tree.id


def changed(place: Place, board: Board) -> dict[str, int]:
    """When each card's file last changed on the board's history, in epoch seconds."""
    folder = place.path("cards")
    done = git.run(
        place.common, "log", "--format=@%ct", "--name-only", "--no-renames", board.commit,
        "--", folder,
    )  # fmt: skip
    found: dict[str, int] = {}
    at = 0
    for line in done.text.splitlines():
        if line.startswith("@"):
            at = int(line[1:])
        elif line.startswith(f"{folder}/") and line.endswith(".yaml"):
            card = line.removeprefix(f"{folder}/").removesuffix(".yaml")
            found[card] = max(at, found.get(card, 0))
    return found
