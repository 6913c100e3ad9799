"""A card's file as a person has edited it, merged with what the board has by now.

It writes nothing, and does not know where the person's text is stored.
"""

from gitkanban.board import store
from gitkanban.board.formats import cardfile, mergefile
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import RewriteCard
from gitkanban.core.editing import check_rewrite
from gitkanban.core.model import Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import NotFound, Refused
from gitkanban.typed import NamedTuple


class CardEdit(NamedTuple):
    """The change that an edit makes, and the fields that it changes, sorted."""

    change: RewriteCard
    fields: list[str]


def edit_card(place: Place, board: Board, card: CardId, *, base: str, text: str) -> CardEdit:
    """Return the edit of a card's file from `base` to `text`, merged with the board as it is.

    It may repair a card that cannot be read. Raises NotFound when the card is gone, Refused where
    person and board changed the same field, BadData, and what `check_rewrite` raises.
    """
    before = board.cards.get(card)
    if before is None and all(problem.card != card for problem in board.problems):
        raise NotFound(
            f"card {card} was removed in the meantime", "`gitkanban add` makes a new one."
        )
    now = store.card_text(place, board, card)
    merged = mergefile.merge_card(base, text, now, ("your text", "the board"))
    if merged.conflicts:
        raise Refused(
            f"{card} was changed by others while you edited it, in the same fields: {'; '.join(merged.notices)}",
            f"`gitkanban show {card}` shows it as it is now.",
        )
    new = merged.text or ""
    path = place.path(f"cards/{card}.yaml")
    after = cardfile.parse(new.encode("utf-8", "surrogateescape"), path)
    check_rewrite(board, before, after)
    fields = [
        name for name in Card._fields if before and getattr(after, name) != getattr(before, name)
    ]
    return CardEdit(RewriteCard(after, new), sorted(fields))
