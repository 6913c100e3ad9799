"""Which branch may be base: `setup` and `verify` run its code, so the board must not decide it.

For a board in tree, base and board are one branch, reviewed as one; then any branch may be base.
"""

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import CARD_BRANCHES
from gitkanban.errors import Refused


def check_base(place: Place, base: str) -> None:
    """Refuse a base that brings text of the board, or unaccepted work, to be run. Raises Refused.

    One git process, for a board on a branch of its own.
    """
    if place.prefix or not base:
        return
    why = _find_fault(place, base)
    if why:
        raise Refused(
            f"{base} cannot be base: {why}",
            "`kanban: base:` in config.yaml names the branch that accepted work goes to.",
        )


def _find_fault(place: Place, base: str) -> str:
    if base == place.branch:
        return "it is the board's own branch"
    if base.startswith(CARD_BRANCHES):
        return "it is the branch of a card"
    sides = f"refs/heads/{base}", place.ref
    done = git.run(place.common, "merge-base", "--", *sides, check=False)
    return "" if done.code else f"it shares history with the board's branch {place.branch}"
