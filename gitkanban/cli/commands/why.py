"""`gitkanban why`: the first thing that holds a card back, and what would free it."""

import click

from gitkanban import clock
from gitkanban.cli import paging
from gitkanban.cli.here import board_of, json_option, place_here, print_json
from gitkanban.cli.terminal import prose_look
from gitkanban.core.lookup import card_of
from gitkanban.core.names import CardId
from gitkanban.errors import UsageError


@click.command("why")
@click.argument("cards", nargs=-1)
@click.option(
    "-a", "--all", "all_", is_flag=True, help="Every card that is not done (the default)."
)
@json_option
def why_command(cards: tuple[CardId, ...], all_: bool, as_json: bool) -> None:
    """Say what is holding CARDS back, with names and numbers, and what would free them.

    `tick` and `status` say it in the same words. Without CARDS, or with --all, cards that need a
    person come first, then missing and dropped parents; of these, the ones that most cards wait for
    lead. A board that cannot go on by itself is reported as such.
    """
    if cards and all_:
        raise UsageError("either name cards or use --all, not both", "gitkanban why T4")
    all_ = not cards
    from gitkanban.core.situation.account import situation
    from gitkanban.runs import figures
    from gitkanban.runs.observe import glance
    from gitkanban.runs.supervision.locks import Locks
    from gitkanban.views.why import all_rows, why_rows, why_text

    place = place_here()
    board = board_of(place)
    now = int(clock.now())
    observed = glance(place, board, now, Locks(place.private))
    named = [card_of(board, name) for name in dict.fromkeys(cards)]
    account = situation(board, observed, figures.gather(place, board), only=None if all_ else named)
    standing = account.standing
    if not all_:
        rows = why_rows(named, account)
        print_json(rows) if as_json else paging.write(
            why_text(rows, clock.now(), total=prose_look().width)
        )
        return
    rows = all_rows(board, account)
    if not as_json:
        paging.write(why_text(rows, clock.now(), standing, prose_look().width))
        return
    print_json(
        {
            "cards": [row for row in rows if row["card"] in board.cards],
            "needs_person": [each._asdict() for each in standing.needed],
            "deadlock": standing.deadlock,
            "waits_for_you": standing.waits_for_you,
        }
    )
