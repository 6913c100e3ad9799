"""The work of a card as a patch: what its branch, or its last run where that is gone, changes.

It asks git and changes nothing. The text is git's, in bytes that anybody may have chosen.
"""

from gitkanban.board.repo import git
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import card_ref
from gitkanban.core.model import Board, Card
from gitkanban.core.names import Oid
from gitkanban.errors import NotFound
from gitkanban.typed import NamedTuple

_CHUNK = 1 << 20
_NAMES = ("-c", "core.quotePath=false")
_DIFF = ("diff", "--no-ext-diff", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")


class Patch(NamedTuple):
    """A unified diff, and how many bytes of it were left out at its end."""

    text: str
    left_out: int = 0


def patch_of(place: Place, board: Board, card: Card, stat: bool = False) -> str:
    """Return the patch, or with `stat` how much each file changed. Raises NotFound."""
    words = [*_DIFF, *(["--stat"] if stat else []), *_find_ends(place, board, card)]
    return git.run(place.common, *_NAMES, *words).out.decode("utf-8", "replace")


def first_of_patch(place: Place, board: Board, card: Card, most: int) -> Patch:
    """Return the patch, cut to whole lines within `most` bytes. Raises NotFound, GitFailed."""
    ends = _find_ends(place, board, card)
    with git.stream(place.common, *_NAMES, *_DIFF, *ends, input=b"") as printed:
        data = printed.read(most)
        rest = 0
        while piece := printed.read(_CHUNK):
            rest += len(piece)
    if rest:
        whole = data.rfind(b"\n") + 1
        rest += len(data) - whole
        data = data[:whole]
    return Patch(data.decode("utf-8", "replace"), rest)


def tips_of(board: Board, card: Card) -> tuple[str, ...]:
    """Return where a card's work may be: its branch, then the last commit that a run left."""
    runs = [run.commit for run in board.runs_of(card.id) if run.commit]
    return (card_ref(card.id), *runs[-1:])


def _find_ends(place: Place, board: Board, card: Card) -> tuple[Oid, Oid]:
    """Return the commits before and after the work. Raises NotFound."""
    runs = [run for run in board.runs_of(card.id) if run.commit]
    base = base_of(place, board.config) if board.config else ""
    for tip in tips_of(board, card):
        fork = git.run(place.common, "merge-base", f"refs/heads/{base}", tip, check=False).oid
        last = git.run(place.common, "rev-parse", "--verify", "-q", tip, check=False).oid
        if fork and fork == last and runs and runs[-1].commit == last:
            # Merged by now: the run says where it began.
            fork = next(run.start_commit for run in runs if run.commit == last) or fork
        if fork:
            return fork, last
    raise NotFound(f"{card.id} has no work to show", "Neither its branch nor its commits are here.")
