"""`gitkanban why`: the first thing that holds a card back, and what would free it."""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.cli import declare, paging
from gitkanban.cli.here import board_of, json_option, place_here, print_json
from gitkanban.cli.terminal import prose_look
from gitkanban.core.lookup import card_of
from gitkanban.core.model import TODO, Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import UsageError
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:  # loaded only when they are needed
    from gitkanban.core.forecast.estimate import Estimate
    from gitkanban.core.situation.figures import Figures
    from gitkanban.core.tick.facts import Observed


@declare.command("why")
@declare.argument("cards", nargs=-1)
@declare.option(
    "-a", "--all", "all_", is_flag=True, help="Every card that is not done (the default)."
)
@json_option
def why_command(cards: tuple[CardId, ...], all_: bool, as_json: bool) -> None:
    """Say what is holding CARDS back, with names and numbers, and what would free them.

    `tick` and `status` say it in the same words. Without CARDS, or with --all, cards that need a
    person come first, then missing and dropped parents; of these, the ones that most cards wait for
    lead. A board that cannot go on by itself is reported as such. For a card that is named, it also
    says when it could start, if it is known how long the sessions before it take.
    """
    if cards and all_:
        raise UsageError("either name cards or use --all, not both", "gitkanban why T4")
    all_ = not cards
    from gitkanban.core.situation.account import account_of, situation
    from gitkanban.runs import figures
    from gitkanban.runs.observe import glance
    from gitkanban.runs.supervision.locks import Locks
    from gitkanban.views.why import all_rows, why_rows, why_text

    place = place_here()
    board = board_of(place)
    now = int(clock.now())
    observed = glance(place, board, now, Locks(place.private))
    named = [card_of(board, name) for name in dict.fromkeys(cards)]
    counted = figures.gather(place, board, None if all_ else named)
    if not all_:
        account = account_of(board, observed, counted, named)
        rows = why_rows(named, account, _estimate_starts(board, observed, named, counted))
        print_json(rows) if as_json else paging.write(
            why_text(rows, clock.now(), total=prose_look().width)
        )
        return
    whole = situation(board, observed, counted)
    standing, rows = whole.standing, all_rows(board, whole)
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


def _estimate_starts(
    board: Board, observed: "Observed", cards: Sequence[Card], counted: "Figures"
) -> "dict[CardId, Estimate]":
    """Estimate when waiting cards could start, if it is known how long sessions take."""
    waiting = [card for card in cards if card.status == TODO]
    if not waiting or not any(run.took for run in counted.costs.values()):
        return {}
    from gitkanban.core.forecast.estimate import estimate_start

    runs = counted.costs.values()
    estimates = ((card.id, estimate_start(board, observed, card, runs)) for card in waiting)
    return {card: estimate for card, estimate in estimates if estimate}
