"""What a session says of its own run: kept in the run's folder until the run ends.

The board does not change here; the next tick weighs the report with everything else.
"""

import click

from gitkanban.board.place import Place
from gitkanban.cli.here import board_of, card_of, print_json, refuse_in_session, session
from gitkanban.core.facts import Report
from gitkanban.core.moves import check_report


def report(place: Place, name: str, verb: str, said: Report, as_json: bool) -> None:
    """Record the report of the run we are called from.

    Raises Refused for another card, and for a run that is no longer the card's current one.
    """
    from gitkanban.runs import folders

    run = session()[1]
    board = board_of(place)
    card = card_of(board, name)
    refuse_in_session(verb, card.id)
    check_report(board, card.id, run)
    folders.of(place.private, run).write_report(said)
    if as_json:
        print_json({"card": card.id, "run": run, "report": verb})
    else:
        click.echo(f"reported {verb} for {card.id}; it counts when this session ends", err=True)
