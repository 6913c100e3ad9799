"""`gitkanban note`: a note on a card, by a person or by its session."""

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.askwords import WordsWanted, write_words
from gitkanban.cli.here import (
    board_of,
    branch_option,
    change,
    json_option,
    own_card,
    person,
    place_here,
    print_json,
    refuse_in_session,
    session,
    text_argument,
)
from gitkanban.cli.report import send
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import can_edit
from gitkanban.core.changes import AddNote, Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board, Note, NoteKind
from gitkanban.core.names import NO_CARD
from gitkanban.core.tick.facts import Letter
from gitkanban.errors import UsageError
from gitkanban.typed import Literal


@declare.command("note")
@declare.argument("card", required=False, default="")
@declare.argument("text", required=False, default="")
@declare.option(
    "--file", "source", default=None, metavar="FILE", help="Read the text from a file; - for stdin."
)
@declare.option(
    "--memory", default="", metavar="TEXT",
    help="Something for the card's profile to remember: a proposal, see `gitkanban memory`.",
)  # fmt: skip
@branch_option
@json_option
def note_command(
    card: str, text: str, source: str | None, memory: str, branch: str, as_json: bool
) -> None:
    """Leave TEXT on CARD. Each note is a file of its own, so notes never conflict.

    Without TEXT, on a terminal, your editor opens.

    Inside a session CARD may be left out: `gitkanban note "text"` goes to the session's own card.
    With --memory it is a proposal to the memory of the card's profile instead. Notes go onto the
    board, where other clones see them: keep secrets out.
    """
    if session()[1] and card != session()[0] and not (text or source or memory):
        card, text = "", card  # a single word is the text
    card = own_card(card)
    if memory and (text or source):
        raise UsageError("either a note or --memory, not both", "Run the command twice.")
    kind: Literal["note", "memory"] = "memory" if memory else "note"
    words = text_argument(text or memory, source).strip()
    place = place_here(branch)
    if not words and source is None and not session()[1] and can_edit():
        card = card_of(board_of(place), card).id
        with write_words(place, words_to_note(card)) as written:
            _add_note(place, card, kind, written, as_json=as_json)
        return
    if not words:
        raise UsageError("an empty note", 'Say something: gitkanban note CARD "text".')
    if session()[1]:
        _send_note(place, card, kind, words, as_json=as_json)
    else:
        _add_note(place, card, kind, words, as_json=as_json)


def words_to_note(card: str) -> WordsWanted:
    """Return what the editor is opened with."""
    return WordsWanted(
        "note", card, [f"your note on {card}."], "no note is left",
        hint=f'`gitkanban note {card} "…"` takes words from the command line.',
        again=f"gitkanban note {card} --file {{}}",
    )  # fmt: skip


def _add_note(place: Place, card: str, kind: NoteKind, words: str, as_json: bool) -> None:
    note = Note(
        clock.sortable_id(),
        NO_CARD,
        person(place),
        int(clock.now()),
        kind=kind,
        text=words,
        run=session()[1],
    )

    def decide(board: Board) -> list[Change]:
        nonlocal note
        note = note._replace(card=card_of(board, card).id)
        refuse_in_session("note", note.card)
        return [AddNote(note)]

    done = change(place, decide)
    if as_json:
        print_json({"card": note.card, "note": note.id, "commit": done.commit})
    else:
        echo(f"proposed from {note.card}" if kind == "memory" else f"noted on {note.card}")


def _send_note(
    place: Place, card: str, kind: Literal["note", "memory"], words: str, as_json: bool
) -> None:
    """Put a session's note into its run's mailbox."""
    target = card_of(board_of(place), card).id
    refuse_in_session("note", target)
    sent = send(place, Letter("", kind, target, words))
    if as_json:
        print_json({"card": target, "note": sent, "commit": ""})
    else:
        what = f"proposed from {target}" if kind == "memory" else f"noted on {target}"
        echo(f"{what}; it is on the board after the next tick")
