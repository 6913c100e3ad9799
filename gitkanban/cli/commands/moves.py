"""`approve`, `retry`, `drop` and `reopen`: moves that people make on one or several cards."""

from collections.abc import Callable, Sequence

from gitkanban import clock
from gitkanban.board.content.unchanged import check_unchanged
from gitkanban.board.repo.place import Place
from gitkanban.board.store import Committed, history, read
from gitkanban.cli import declare
from gitkanban.cli.askwords import WordsWanted, write_words
from gitkanban.cli.at_once import next_start_lines, no_tick_option, start_ready, ticks_here
from gitkanban.cli.here import (
    branch_option,
    change,
    json_option,
    person,
    place_here,
    print_json,
    refuse_in_session,
    since_option,
    tell,
    text_argument,
)
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import can_edit
from gitkanban.core.changes import AddNote, Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board, Card, Note, NoteKind
from gitkanban.core.moves import move, reopened, retried
from gitkanban.core.names import CardId
from gitkanban.core.transitions import check_verb
from gitkanban.errors import UsageError

file_option = declare.option(
    "--file", "source", default=None, metavar="FILE",
    help="Read the words from a file; - for stdin.",
)  # fmt: skip
cards_argument = declare.argument("cards", nargs=-1, required=True)


@declare.command("approve")
@cards_argument
@no_tick_option
@since_option
@branch_option
@json_option
def approve_command(
    cards: tuple[str, ...], no_tick: bool, since: str, branch: str, as_json: bool
) -> None:
    """Let backlog CARDS run: they become todo. They start at once, if a tick has run in the last
    five minutes.
    """
    move_cards(
        "approve", cards, branch, as_json, decide=lambda _, board, card: move(board, "approve", card),
        at_once=not no_tick, since=since,
    )  # fmt: skip


@declare.command("retry")
@cards_argument
@declare.option(
    "--why", default="", metavar="TEXT", help="Your answer; it goes into the next prompt."
)
@file_option
@declare.option("--no-edit", is_flag=True, help="Retry without an answer; open no editor.")
@no_tick_option
@since_option
@branch_option
@json_option
def retry_command(
    cards: tuple[str, ...],
    why: str,
    source: str | None,
    no_edit: bool,
    no_tick: bool,
    since: str,
    branch: str,
    as_json: bool,
) -> None:
    """Let blocked CARDS run again; attempts are counted from zero. They start at once, if a tick
    has run in the last five minutes.

    Without --why, on a terminal, your editor opens for your answer; with --no-edit it does not.
    """
    if no_edit and (why or source is not None):
        raise UsageError("either words or --no-edit, not both", "Leave one out.")

    def again(place: Place, board: Board, card: Card, text: str) -> list[Change]:
        return retried(board, card, note_by_person(place, card, "retry", text))

    move_with_words(
        "retry", cards, branch, as_json, why=why, source=source, decide=again,
        wanted=_words_to_retry, edit=not no_edit, at_once=not no_tick, since=since,
    )  # fmt: skip


def _words_to_retry(_place: Place, cards: Sequence[Card]) -> WordsWanted:
    """Return what the editor is opened with: what each card asks, or why it failed."""
    names = [card.id for card in cards]
    about = ["your answer. The next session sees it."]
    for card in cards:
        about += ["", f"{card.id}  {card.title}", *(f"  {line}" for line in card.why.splitlines())]
    line, stay = f"gitkanban retry {' '.join(names)}", "stays" if len(names) == 1 else "stay"
    return WordsWanted(
        "retry", names[0], [*about, ""], f"{', '.join(names)} {stay} blocked",
        hint=f"`{line} --no-edit` retries without an answer.", again=f"{line} --file {{}}",
    )  # fmt: skip


@declare.command("drop")
@cards_argument
@declare.option("--why", default="", metavar="TEXT", help="Reason; saved as a note.")
@since_option
@branch_option
@json_option
def drop_command(cards: tuple[str, ...], why: str, since: str, branch: str, as_json: bool) -> None:
    """Give up on CARDS. A running session is stopped; its work stays on its branch."""
    move_cards("drop", cards, branch, as_json, decide=lambda place, board, card: [
        *move(board, "drop", card), *noted(note_by_person(place, card, "drop", why))], since=since)  # fmt: skip


@declare.command("reopen")
@cards_argument
@declare.option("--why", default="", metavar="TEXT", help="Reason; it goes into the next prompt.")
@declare.option(
    "--force", is_flag=True, help="Even if a child has already started from its result."
)
@branch_option
@json_option
def reopen_command(
    cards: tuple[str, ...], why: str, force: bool, branch: str, as_json: bool
) -> None:
    """Bring done or dropped CARDS back to todo."""

    def back(place: Place, board: Board, card: Card) -> list[Change]:
        children = [each.id for each in board.cards.values() if card.id in each.parents]
        for name in (card.id, *children):
            board = history(place, board, name)
        return [*reopened(board, card, force), *noted(note_by_person(place, card, "retry", why))]

    move_cards("reopen", cards, branch, as_json, decide=back, says_when=True)


def move_with_words(
    verb: str,
    names: Sequence[str],
    branch: str,
    as_json: bool,
    *,
    why: str,
    source: str | None,
    decide: Callable[[Place, Board, Card, str], Sequence[Change]],
    wanted: Callable[[Place, Sequence[Card]], WordsWanted],
    edit: bool = True,
    at_once: bool = False,
    since: str = "",
) -> None:
    """Make a move with words: those that are given, or else those that a person writes now.

    A card that the verb does not apply to is refused before the editor opens.
    """

    def move(names: Sequence[str], text: str) -> None:
        move_cards(
            verb,
            names,
            branch,
            as_json,
            decide=lambda place, board, card: decide(place, board, card, text),
            at_once=at_once,
            since=since,
        )

    text = text_argument(why, source).strip()
    if text or not edit or not can_edit():
        move(names, text)
        return
    refuse_in_session(verb)
    place = place_here(branch)
    board = read(place)
    cards = [board.cards[name] for name in dict.fromkeys(card_of(board, n).id for n in names)]
    for card in cards:
        check_verb(verb, card.id, card.status)
    with write_words(place, wanted(place, cards)) as written:
        move([card.id for card in cards], written)


def note_by_person(place: Place, card: Card, kind: NoteKind, text: str) -> Note | None:
    """Return a note by whoever acts; None if the text is empty."""
    if not text.strip():
        return None
    at = int(clock.now())
    return Note(clock.sortable_id(), card.id, person(place), at, kind=kind, text=text.strip())


def noted(note: Note | None) -> list[Change]:
    """Return the change that adds the note, if there is one."""
    return [AddNote(note)] if note else []


def move_cards(
    verb: str,
    names: Sequence[str],
    branch: str,
    as_json: bool,
    decide: Callable[[Place, Board, Card], Sequence[Change]],
    at_once: bool = False,
    says_when: bool = False,
    since: str = "",
) -> Committed:
    """Move several cards, all or none, in one commit, and print their new status.

    With `at_once`, what is then ready starts at once, where ticks run by themselves; elsewhere, and
    with `says_when`, a line says when it starts. With `since`, the cards must be as they were at
    that commit of the board.
    """
    refuse_in_session(verb)
    place = place_here(branch)
    moved: list[CardId] = []

    def all_of(board: Board) -> list[Change]:
        moved[:] = dict.fromkeys(card_of(board, name).id for name in names)
        changes = [each for card in moved for each in decide(place, board, board.cards[card])]
        check_unchanged(place, board, moved, since)  # last: a wrong status says more
        return changes

    done = change(place, all_of)
    for card in moved if not as_json else ():
        before, after = done.before.cards[card], done.after.cards[card]
        echo(f"{card} {before.status} → {after.status}")
    started = start_ready(place) if at_once else []
    if not as_json and (says_when or (at_once and not ticks_here(place))):
        tell(next_start_lines(place, done.after, [done.after.cards[card] for card in moved]))
    if as_json:
        rows = [{"id": card, "status": done.after.cards[card].status} for card in moved]
        print_json(
            {"cards": rows, "commit": done.commit} | ({"started": started} if at_once else {})
        )
    return done
