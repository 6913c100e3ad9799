"""Commits a card's file as a person leaves it in an editor, or in a file.

The text is removed only once it is committed.
"""

from gitkanban.board import store
from gitkanban.board.formats import cardfile
from gitkanban.board.repo.place import Place
from gitkanban.board.review.card_edit import CardEdit, edit_card
from gitkanban.cli import schemas
from gitkanban.cli.edit_file import EditFile, encode_text
from gitkanban.cli.here import change, text_argument
from gitkanban.core.changes import Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.typed import NamedTuple


class Edited(NamedTuple):
    """The result of an edit: the fields that changed, and the commit ("" for none)."""

    card: CardId
    fields: list[str]
    commit: Oid


def by_text(place: Place, name: str, source: str | None) -> Edited:
    """Edit a card's file in the editor, or take it from `source` (`-`: stdin), and commit it.

    Raises GitkanbanError if the text cannot be used; the hint says where it is saved, and how to
    go on.
    """
    board = store.read(place)
    card = _id_of(board, name)
    now = store.card_text(place, board, card)
    if source is None:
        base = schemas.card_modeline() + now
        draft = EditFile.begin(place, card, base)
        draft.edit(place)
        text = draft.text()
    else:
        draft = EditFile(source if source != "-" else "")
        base, text = draft.base(now), text_argument("", source)
    if text == base:
        draft.discard()
        return Edited(card, [], NO_OID)
    if not draft.path:  # it came from stdin
        draft = EditFile.begin(place, card, base)
    how = f"correct it and run `gitkanban edit {card} --file {{}}`."
    with draft.saved_until_done(text, how):
        return _commit_edit(place, card, base, text)


def _id_of(board: Board, name: str) -> CardId:
    """Return the card's id; it may be a card that cannot be read, so that it can be repaired."""
    if any(problem.card == name for problem in board.problems):
        return CardId(name)
    return card_of(board, name).id


def _commit_edit(place: Place, card: CardId, base: str, text: str) -> Edited:
    # Parsed first as the person wrote it, so that a mistake has the position that the editor shows.
    cardfile.parse(encode_text(text), place.path(f"cards/{card}.yaml"))
    # The modeline is only for the editor.
    base, text = (each.removeprefix(schemas.card_modeline()) for each in (base, text))
    edits: list[CardEdit] = []

    def decide(board: Board) -> list[Change]:
        edits[:] = [edit_card(place, board, card, base=base, text=text)]
        return [edits[0].change]

    done = change(place, decide)
    return Edited(card, edits[0].fields, done.commit)
