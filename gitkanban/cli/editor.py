"""A card's file as a person leaves it in an editor, or in a file, to a commit.

The text lies in `<private>/edits/` while it is written, with the text it began from beside it, and
is removed only once it is committed: a mistake, a conflict or ^C loses nothing.
"""

import os
import sys

import click

from gitkanban import files
from gitkanban.board import store
from gitkanban.board.formats import cardfile
from gitkanban.board.repo.git import run as git
from gitkanban.board.repo.place import Place
from gitkanban.board.review.card_edit import CardEdit, edit_card
from gitkanban.cli.here import change, text_argument
from gitkanban.core.changes import Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board
from gitkanban.core.names import CardId
from gitkanban.errors import GitkanbanError, Refused, UsageError
from gitkanban.typed import NamedTuple


class Edited(NamedTuple):
    """What became of the text: the fields that changed, and the commit ("" for none)."""

    card: CardId
    fields: list[str]
    commit: str


def by_text(place: Place, name: str, source: str | None) -> Edited:
    """Edit a card's file in the editor, or take it from `source` (`-`: stdin), and commit it.

    Raises what is wrong with the text; the hint then says where it is kept and how to go on.
    """
    board = store.read(place)
    card = _id_of(board, name)
    now = store.card_text(place, board, card)
    if source is None:
        draft = _EditFile.begin(place, card, now)
        draft.edit(place)
        base, text = now, draft.text()
    else:
        draft = _EditFile(source if source != "-" else "")
        base, text = draft.base(now), text_argument("", source)
    if text == base:
        draft.discard()
        return Edited(card, [], "")
    try:
        done = _commit_edit(place, card, base, text)
    except GitkanbanError as error:
        error.hint = f"{error.hint} {draft.kept(place, card, base, text)}".strip()
        raise
    draft.discard()
    return done


def _id_of(board: Board, name: str) -> CardId:
    """The card's id; a card that cannot be read can be edited, to repair it."""
    if any(problem.card == name for problem in board.problems):
        return CardId(name)
    return card_of(board, name).id


def _commit_edit(place: Place, card: CardId, base: str, text: str) -> Edited:
    # In the person's own text a mistake has the position that the editor shows.
    cardfile.parse(_encode_text(text), place.path(f"cards/{card}.yaml"))
    edits: list[CardEdit] = []

    def decide(board: Board) -> list[Change]:
        edits[:] = [edit_card(place, board, card, base=base, text=text)]
        return [edits[0].change]

    done = change(place, decide)
    return Edited(card, edits[0].fields, done.commit)


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class _EditFile:
    """The file in which a person's text lies; `<path>.base` is what it was begun from."""

    def __init__(self, path: str, own: bool = False) -> None:
        self.path = path
        self.own = own or bool(path and os.path.exists(f"{path}.base"))

    @classmethod
    def begin(cls, place: Place, card: CardId, text: str) -> "_EditFile":
        """A new file, beside those that earlier edits may have left."""
        folder = f"{place.private}/edits"
        number = 1
        while True:
            path = f"{folder}/{card}{f'-{number}' if number > 1 else ''}.yaml"
            if files.create(path, _encode_text(text), make=True):
                files.replace(f"{path}.base", _encode_text(text))
                return cls(path, own=True)
            number += 1

    def edit(self, place: Place) -> None:
        """Open the editor on the file and wait for it."""
        try:
            click.edit(filename=self.path, editor=editor(place))
        except (click.ClickException, UsageError) as error:
            if self.text() == self.base(""):
                self.discard()
            if isinstance(error, UsageError):
                raise
            raise Refused(error.format_message(), "Set EDITOR to one that works.") from None

    def text(self) -> str:
        """What the file holds."""
        with open(self.path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")

    def base(self, otherwise: str) -> str:
        """The text that the edit began from."""
        if not self.own:
            return otherwise
        with open(f"{self.path}.base", "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")

    def kept(self, place: Place, card: CardId, base: str, text: str) -> str:
        """Where the text is and how to go on; a text from stdin is put into a file first."""
        if not self.path:
            self.path = _EditFile.begin(place, card, base).path
            files.replace(self.path, _encode_text(text))
        return f"Your text is kept; correct it and run `gitkanban edit {card} --file {self.path}`."

    def discard(self) -> None:
        """The text is committed, or nothing was changed; a file of the person's own stays."""
        if self.own and self.path:
            files.remove(self.path)
            files.remove(f"{self.path}.base")


def editor(place: Place) -> str:
    """VISUAL or EDITOR; on a terminal also what git would open. Raises UsageError without one."""
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if said:
        return said
    known = git(place.common, "var", "GIT_EDITOR", check=False)
    if known.code or not sys.stdin.isatty():
        raise UsageError("no editor to open", "Set EDITOR, or give what to change as options.")
    return known.text
