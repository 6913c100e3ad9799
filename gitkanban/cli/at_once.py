"""Starts at once what a person's command has made ready, where ticks run by themselves.

They do if one has run in the last five minutes. What starts the cards is one more tick, with the
same remote: where those ticks use --sync, so does this one.
"""

import sys
from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import tell
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, look_here
from gitkanban.core import graph
from gitkanban.core.model import RUNNING, TODO, Board, Card
from gitkanban.core.situation.moment import TICKS_LATE, start_words
from gitkanban.core.split_cards import open_cards
from gitkanban.errors import GitkanbanError
from gitkanban.runs.records import ticked
from gitkanban.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitkanban.core.tick.outcome import Outcome

no_tick_option = declare.option(
    "--no-tick", is_flag=True,
    help="Start nothing now, even if a tick has run in the last five minutes.",
)  # fmt: skip


def ticks_here(place: Place) -> bool:
    """Return whether a tick of this board has run in the last five minutes."""
    return not place.aside and 0 <= clock.now() - ticked.last(place.private).at < TICKS_LATE


def start_ready(place: Place) -> list[dict[str, Any]]:
    """Tick if a tick has run in the last five minutes, and report on stderr what it did.

    Return what it started, as in `tick --json`. A failure is reported, and stops nothing else.
    """
    if not ticks_here(place):
        return []
    from gitkanban.tick.rounds import tick

    last, now = ticked.last(place.private), clock.now()
    remote = last.remote if now - last.synced < TICKS_LATE else ""
    try:
        outcome = tick(place, remote=remote)
    except (GitkanbanError, OSError) as error:
        tell([f"nothing is started at once: {error}"])
        return []
    _tell_outcome(outcome)
    return [each._asdict() for each in outcome.started]


def _tell_outcome(outcome: "Outcome") -> None:
    """Print on stderr what a tick did, in the same form as `tick` prints it,
    but for the folders.
    """
    from gitkanban.views.outcome import outcome_page, outcome_text

    started = tuple(each._replace(workspace="") for each in outcome.started)
    done = outcome._replace(started=started, contended=False, holds=(), notices=(), standstill="")
    if done.settled or done.stopped or done.accepted or done.started:
        drawn = is_terminal() and sys.stderr.isatty()
        text = outcome_page(done, look_here(), False) if drawn else outcome_text(done, False)
        echo(text, nl=False, err=True, color=drawn)
    if outcome.contended:
        tell(["another tick is at work; it starts what is ready"])
    tell((*outcome.notices, *outcome.errors))


def next_start_lines(place: Place, board: Board, cards: Sequence[Card]) -> list[str]:
    """Return a line on when those of the cards start that are ready; nothing if none is."""
    now = clock.now()
    ready = [card for card in cards if card.worker and card.status == TODO
             and graph.ready(board, card, int(now))]  # fmt: skip
    if not ready or place.aside:
        return []
    who = f"{ready[0].id} starts" if len(ready) == 1 else f"{len(ready)} cards start"
    last = ticked.last(place.private)
    runs = any(card.status == RUNNING for card in open_cards(board.cards))
    return [start_words(who, last.cron, last.every, runs, now=now)]
