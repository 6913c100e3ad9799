"""Since when cards are done or dropped: the last commit that changed each card's file.

Git is asked once for each card. Its answers are cached; the cache may be deleted or damaged at any
time.
"""

from collections.abc import Collection

from gitkanban.board.repo import cachefile, git
from gitkanban.board.repo.place import Place
from gitkanban.core.model import TERMINAL, Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import GitkanbanError
from gitkanban.late import re

_FORM = ("finish times", 2)  # version of the cache's format
_CARD = re.compile(rb"(?:.*/)?cards/([^/]+)\.yaml\Z")
_AT = b"\x01"  # precedes the time of a commit in git's output


def read(
    place: Place,
    board: Board,
    only: Collection[Card] | None = None,
    changed: tuple[str, Collection[CardId]] = ("", ()),
) -> dict[CardId, int]:
    """Return since when (epoch seconds) finished cards are done or dropped, as far as git knows.

    `only` limits this to some cards of the board. `changed` is a commit, and the cards whose files
    have changed since: of these, git is asked again. Cards of which git knows nothing are left out.
    """
    cards = board.cards.values() if only is None else only
    over = {card.id for card in cards if card.status in TERMINAL}
    if not over:
        return {}
    path = f"{place.private}/cache/finish-times"
    cached: tuple[str, dict[CardId, int]] = cachefile.load(path, _FORM) or ("", {})
    commit, before = cached
    known = {card: before[card] for card in over if card in before and card not in changed[1]}
    again = over.intersection(changed[1])
    if again and changed[0]:
        known |= _ask_git(place, f"{changed[0]}..{board.commit}", again)
    new = over - known.keys()
    if new:
        since = f"{commit}..{board.commit}" if known and commit and not again else board.commit
        known |= dict.fromkeys(new, 0) | _ask_git(place, since, new)
    if known != before and only is None and not place.aside:
        cachefile.save(path, _FORM, (board.commit, known))
    return {card: at for card, at in known.items() if at}


def _ask_git(place: Place, since: str, cards: set[CardId]) -> dict[CardId, int]:
    """Return when each card last changed, and stop reading git's log once all are found."""
    times: dict[CardId, int] = {}
    words = ("log", "--format=%x01%ct", "--name-only", "--no-renames", since, "--")
    try:
        with git.stream(place.common, *words, place.path("cards"), input=b"") as lines:
            at = 0
            for line in lines:
                line = line.rstrip(b"\n")
                if line.startswith(_AT):
                    at = int(line[1:])
                elif named := _CARD.match(line):
                    times.setdefault(CardId(named[1].decode("utf-8", "replace")), at)
                    if len(times) >= len(cards) and cards <= times.keys():
                        break
    except GitkanbanError:
        pass  # ages are optional; whoever reads the board reports the error
    return {card: at for card, at in times.items() if card in cards}
