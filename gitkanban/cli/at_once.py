"""What a person's verb has made ready starts at once, where ticks come by themselves.

That is so where a tick has run in the last five minutes. It is one more tick, with the remote of
those: a board that is ticked with --sync there is ticked with it here.
"""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import tell
from gitkanban.core import graph
from gitkanban.core.model import RUNNING, TODO, Board, Card
from gitkanban.core.situation.moment import TICKS_LATE, start_words
from gitkanban.core.split_cards import open_cards
from gitkanban.errors import GitkanbanError
from gitkanban.runs.records import ticked
from gitkanban.typed import Any

no_tick_option = declare.option(
    "--no-tick", is_flag=True,
    help="Start nothing now, even if a tick has run in the last five minutes.",
)  # fmt: skip


def start_ready(place: Place) -> list[dict[str, Any]]:
    """Tick, where one has run in the last five minutes, and say on stderr what it did.

    What it started, as `tick --json` has it. Whatever stops it is said, and stops nothing else.
    """
    last = ticked.last(place.private)
    now = clock.now()
    if place.aside or not 0 <= now - last.at < TICKS_LATE:
        return []
    from gitkanban.tick.rounds import tick
    from gitkanban.views.outcome import outcome_text

    remote = last.remote if now - last.synced < TICKS_LATE else ""
    try:
        outcome = tick(place, remote=remote)
    except (GitkanbanError, OSError) as error:
        tell([f"nothing is started at once: {error}"])
        return []
    tell(outcome_text(outcome._replace(contended=False), verbose=False).splitlines())
    tell(outcome.errors)
    return [each._asdict() for each in outcome.started]


def next_start_lines(place: Place, board: Board, cards: Sequence[Card]) -> list[str]:
    """When those of these cards start that are ready: a line, or none where none is."""
    now = clock.now()
    ready = [card for card in cards if card.worker and card.status == TODO
             and graph.ready(board, card, int(now))]  # fmt: skip
    if not ready or place.aside:
        return []
    who = f"{ready[0].id} starts" if len(ready) == 1 else f"{len(ready)} cards start"
    last = ticked.last(place.private)
    runs = any(card.status == RUNNING for card in open_cards(board.cards))
    return [start_words(who, last.cron, last.every, runs, now)]
