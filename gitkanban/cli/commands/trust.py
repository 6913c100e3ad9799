"""`gitkanban trust`: show what tick would run on this machine, and allow it."""

import sys
from collections.abc import Iterable, Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    change,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import Change, EditCard
from gitkanban.errors import BadData, Refused


@declare.command("trust")
@declare.option("-y", "--yes", is_flag=True, help="Allow it without asking.")
@json_option
def trust_command(yes: bool, as_json: bool) -> int:
    """Show what the board asks of this machine, and allow it for this clone.

    Keys that decide what runs, where, as whom, from what, or who gets the work must be trusted
    again when they change, and so must a preset that runs something new; docs/security.md lists the
    keys. Only what is new is shown. The values of PATH and of the variables in pass_env are
    recorded for ticks that do not have them; run this again when they change.
    """
    from gitkanban.board.repo.checkouts import base_of
    from gitkanban.core.tick.agent_state import standing_lines
    from gitkanban.runs import trust, watching
    from gitkanban.runs.records import agent_state
    from gitkanban.views.trust import trust_data, trust_text

    refuse_in_session("trust")
    place = place_here()
    board = board_of(place)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    wanted = trust.wanted(board.config)
    withheld = trust.withheld(place, board.config)
    changed = bool(withheld.starts or withheld.changes)
    noticed = watching.findings(place)
    state, now = agent_state.recall(place), int(clock.now())
    if as_json:
        print_json(trust_data(wanted, withheld, noticed))
    else:
        echo(trust_text(wanted, withheld), nl=False)
        for line in (*(f"noticed: {each.line}" for each in noticed), *standing_lines(state, now)):
            say(line)
    outdated = trust.outdated(place, board.config)
    if not changed and not noticed and not state.faults and not (outdated and yes):
        if outdated:
            tell(
                [
                    f"{_join_names(outdated)}: the recorded values are not today's (--yes records today's)"
                ]
            )
        return 0
    if not yes and (as_json or not _agree_to(bool(changed or noticed or outdated), state.faults)):
        return 1
    trust.record(place, board.config)
    watching.settle(place, base_of(place, board.config))
    cards = _free_workers(place)
    if not as_json:
        _report_trusted(bool(changed or noticed or state.faults), outdated, cards)
    return 0


def _agree_to(again: bool, waiting: Iterable[str]) -> bool:
    """Ask whether to allow what is new, or, if nothing is, to let held workers start again."""
    question = "Allow these on this machine?" if again else f"Let {', '.join(waiting)} start again?"
    agreed = _ask_consent(question)
    if not agreed:
        echo("Nothing was allowed." if again else "Nothing was changed.")
    return agreed


def _report_trusted(again: bool, outdated: Sequence[str], cards: Sequence[str]) -> None:
    words = "Trusted. `gitkanban tick` starts what is ready."
    echo(words if again else f"Recorded today's {_join_names(outdated)}.")
    for card in cards:
        say(f"{card} is todo again")


def _free_workers(place: Place) -> list[str]:
    """Free every worker that this clone holds for its agent; return the cards freed with them."""
    from gitkanban.board.repo.clone import clone_id
    from gitkanban.core.tick.agent_state import freed_cards
    from gitkanban.runs.records import agent_state

    faults, clone = agent_state.recall(place).faults, clone_id(place)
    changes: Sequence[Change] = ()
    if faults:
        changes = change(place, lambda board: freed_cards(board, faults, clone)).changes
    board = board_of(place)
    agent_state.free(place, board, board.config.workers if board.config else ())
    return [each.card for each in changes if isinstance(each, EditCard)]


def _ask_consent(question: str) -> bool:
    """Ask yes or no. Raises Refused if there is nobody to answer."""
    import click

    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # it was ^C
        echo()
        raise Refused(
            "no answer, so nothing was allowed", "`gitkanban trust --yes` does not ask."
        ) from None


def _join_names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
