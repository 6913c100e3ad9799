"""Text search in all of a board: cards, notes and run records, archived ones included.

Git searches in one go, so that ten thousand files need not be read.
"""

from collections.abc import Iterator

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board
from gitkanban.core.names import NO_RUN, CardId, RunId
from gitkanban.errors import GitFailed
from gitkanban.typed import NamedTuple

MOST = 1000  # hits that are returned


class Hit(NamedTuple):
    """A line with the text. `where`: card, note, run, or the name of a log; `run` may be empty."""

    card: CardId
    where: str
    line: str
    run: RunId = NO_RUN


def search(place: Place, board: Board, text: str) -> Iterator[Hit]:
    """Yield the lines of the board that have the text, ignoring case. Raises GitFailed."""
    folders = [place.path(name) for name in ("cards", "notes", "runs", "archive")]
    done = git.run(
        place.common, "grep", "-I", "-i", "-F", "-z", "--full-name", "-e", text,
        board.commit, "--", *folders, check=False,
    )  # fmt: skip
    if done.code not in (0, 1):  # 1: no match
        raise GitFailed(f"the board cannot be searched: {done.last}", git.FSCK)
    head = len(f"{board.commit}:{place.prefix}/" if place.prefix else f"{board.commit}:")
    for match in done.out.decode("utf-8", "replace").splitlines()[:MOST]:
        name, _, line = match.partition("\0")
        hit = _hit_of(name[head:], line)
        if hit:
            yield hit


def _hit_of(path: str, line: str) -> Hit | None:
    parts = path.split("/")
    parts = parts[2:] if parts[0] == "archive" else parts
    match parts:
        case ["cards", name]:
            return Hit(CardId(name.removesuffix(".yaml")), "card", line.strip())
        case ["notes", card, _]:
            return Hit(CardId(card), "note", line.strip())
        case ["runs", card, name]:
            return Hit(CardId(card), "run", line.strip(), RunId(name.removesuffix(".yaml")))
    return None
