"""`approve`, `retry`, `drop` and `reopen`: moves that people make on one or several cards."""

from collections.abc import Callable, Sequence

import click

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.board.store import Committed, history
from gitkanban.cli.here import (
    branch_option,
    change,
    json_option,
    person,
    place_here,
    print_json,
    refuse_in_session,
)
from gitkanban.core.changes import AddNote, Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board, Card, Note, NoteKind
from gitkanban.core.moves import move, reopened, retried
from gitkanban.core.names import CardId

cards_argument = click.argument("cards", nargs=-1, required=True)


@click.command("approve")
@cards_argument
@branch_option
@json_option
def approve_command(cards: tuple[str, ...], branch: str, as_json: bool) -> None:
    """Let backlog CARDS run: they become todo."""
    move_cards(
        "approve", cards, branch, as_json, lambda _, board, card: move(board, "approve", card)
    )


@click.command("retry")
@cards_argument
@click.option(
    "--why", default="", metavar="TEXT", help="Your answer; it goes into the next prompt."
)
@branch_option
@json_option
def retry_command(cards: tuple[str, ...], why: str, branch: str, as_json: bool) -> None:
    """Let blocked CARDS run again; attempts are counted from zero."""

    def again(place: Place, board: Board, card: Card) -> list[Change]:
        return retried(board, card, words(place, card, "retry", why))

    move_cards("retry", cards, branch, as_json, again)


@click.command("drop")
@cards_argument
@click.option("--why", default="", metavar="TEXT", help="Reason; kept as a note.")
@branch_option
@json_option
def drop_command(cards: tuple[str, ...], why: str, branch: str, as_json: bool) -> None:
    """Give up on CARDS. A running session is stopped; its work stays on its branch."""
    move_cards("drop", cards, branch, as_json, lambda place, board, card: [
        *move(board, "drop", card), *noted(words(place, card, "drop", why))])  # fmt: skip


@click.command("reopen")
@cards_argument
@click.option("--why", default="", metavar="TEXT", help="Reason; it goes into the next prompt.")
@click.option("--force", is_flag=True, help="Even if a child has already started from its result.")
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
        return [*reopened(board, card, force), *noted(words(place, card, "retry", why))]

    move_cards("reopen", cards, branch, as_json, back)


def words(place: Place, card: Card, kind: NoteKind, text: str) -> Note | None:
    """A note by the person at hand; None if there is nothing to say."""
    if not text.strip():
        return None
    at = int(clock.now())
    return Note(clock.sortable_id(), card.id, person(place), at, kind, text.strip())


def noted(note: Note | None) -> list[Change]:
    """The change that adds the note, if there is one."""
    return [AddNote(note)] if note else []


def move_cards(
    verb: str,
    names: Sequence[str],
    branch: str,
    as_json: bool,
    decide: Callable[[Place, Board, Card], Sequence[Change]],
) -> Committed:
    """Make one move on several cards, all or none, in one commit, and say what became of them."""
    refuse_in_session(verb)
    place = place_here(branch)
    moved: list[CardId] = []

    def all_of(board: Board) -> list[Change]:
        moved[:] = dict.fromkeys(card_of(board, name).id for name in names)
        return [each for card in moved for each in decide(place, board, board.cards[card])]

    done = change(place, all_of)
    if as_json:
        rows = [{"id": card, "status": done.after.cards[card].status} for card in moved]
        print_json({"cards": rows, "commit": done.commit})
    for card in moved if not as_json else ():
        before, after = done.before.cards[card], done.after.cards[card]
        click.echo(f"{card} {before.status} → {after.status}")
    return done
