"""`gitkanban review`: the cards in review one by one, on a terminal."""

import sys

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo import git
from gitkanban.board.repo.checkouts import base_of
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import board_of, change, person, place_here, refuse_in_session, tell_error
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_on, terminal_width
from gitkanban.core.ids import branch_of
from gitkanban.core.lookup import card_of
from gitkanban.core.model import REVIEW, Board, Card, Note
from gitkanban.core.moves import reject
from gitkanban.core.names import CardId
from gitkanban.errors import GitkanbanError, Refused
from gitkanban.views.text import patch_lines, shown, shown_lines

KEYS = "[a]ccept  [r]eject  [d]iff  [s]kip  [q]uit"


@declare.command("review")
@declare.argument("cards", nargs=-1)
def review_command(cards: tuple[CardId, ...]) -> None:
    """Go through CARDS in review, all by default: what was asked, what was done, did verify pass; then decide.

    a merges the branch into base, r asks for a reason and sends the card back, d shows the diff.
    """
    refuse_in_session("review")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "review asks questions and needs a terminal",
            "`gitkanban list --status review`, then accept or reject them by name.",
        )
    place = place_here()
    board = board_of(place)
    named = [card_of(board, name) for name in dict.fromkeys(cards)]
    for card in named:
        if card.status != REVIEW:
            raise Refused(f"{card.id} is {card.status}, not in review")
    every = [card for _, card in sorted(board.cards.items()) if card.status == REVIEW]
    asked = named or every
    if not asked:
        echo("nothing is in review")
    for number, card in enumerate(asked, 1):
        echo(f"\n── {number} of {len(asked)} " + "─" * 40)
        echo(_review_page(place, store.history(place, board, card.id), card))
        if not _ask_decision(place, card):
            return


def _review_page(place: Place, board: Board, card: Card) -> str:
    """What was asked and what was done, in a screen."""
    lines = [f"{card.id}  {shown(card.title)}", *(f"  - {shown(line)}" for line in card.acceptance)]
    runs = board.runs_of(card.id)
    if runs:
        lines += ["", shown(f"{runs[-1].outcome}: {runs[-1].why}")]
        worker = board.worker_of(card)
        if worker and worker.verify:
            lines.append("verify passed")
        lines += ["  " + line for line in shown_lines(runs[-1].summary.strip()).split("\n") if line]
    stat = _diff_text(place, board, card, "--stat", f"--stat-width={terminal_width()}")
    return "\n".join([*lines, "", stat or "no changes"])


def _diff_text(place: Place, board: Board, card: Card, *options: str) -> str:
    base = base_of(place, board.config) if board.config else ""
    span = f"{base}...{branch_of(card.id)}"
    done = git.run(place.common, "diff", "--no-color", *options, span, "--", check=False)
    return patch_lines(done.text, colour_on() and not options)


def _ask_decision(place: Place, card: Card) -> bool:
    """Ask until something is decided; False to stop the walk."""
    import click

    while True:
        echo(f"{KEYS}: ", nl=False)
        key = click.getchar()
        echo(key)
        try:
            match key.lower():
                case "q" | "\x04":
                    return False
                case "s":
                    return True
                case "d":
                    click.echo_via_pager(_diff_text(place, board_of(place), card))
                case "a":
                    _accept_card(place, card)
                    return True
                case "r":
                    _reject_card(place, card)
                    return True
        except GitkanbanError as error:
            tell_error(error)


def _accept_card(place: Place, card: Card) -> None:
    from gitkanban.tick.accepting import accept

    done = accept(place, card.id)
    echo(f"{card.id} {done.to}" + (f": {shown(done.detail)}" if done.to != "done" else ""))


def _reject_card(place: Place, card: Card) -> None:
    import click

    words = click.prompt("What is wrong")
    note = Note(clock.sortable_id(), card.id, person(place), int(clock.now()), "reject", words)
    change(place, lambda board: reject(board, board.cards[card.id], note))
    echo(f"{card.id} goes back with your reason")
