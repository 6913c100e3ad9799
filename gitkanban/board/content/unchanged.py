"""Whether a card is as somebody saw it at an earlier commit of the board, byte for byte."""

from collections.abc import Iterable

from gitkanban.board.repo import blobs, commits
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board
from gitkanban.core.names import CardId
from gitkanban.errors import NotFound, Refused


def check_unchanged(place: Place, board: Board, cards: Iterable[CardId], since: str) -> None:
    """Raise Refused if a card's file differs from what it was at the commit `since`.

    An empty `since` asks for nothing. Raises NotFound if there is no such commit.
    """
    if not since:
        return
    for card in cards:
        path = place.path(f"cards/{card}.yaml")
        before, now = f"{since}:{path}", f"{board.commit}:{path}"
        texts = blobs.texts(place, [before, now])
        if before not in texts and not commits.resolve(place.common, since):
            hint = place.rev_hint(since) or "`gitkanban log` lists the board's commits."
            raise NotFound(f"no revision {since!r}", hint)
        if before not in texts or texts[before] != texts.get(now):
            raise Refused(
                f"{card} has changed since {since[:10]}, so nothing was done",
                f"Look at it again: gitkanban show {card}",
            )
