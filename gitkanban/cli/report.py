"""What a session reports from inside its run: a letter into the run's mailbox.

The board does not change here, so no sandbox has to let a session commit: the next tick reads the
letter. A report counts towards the run's verdict.
"""

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli.here import board_of, print_json, refuse_in_session, session
from gitkanban.cli.streams import echo
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board
from gitkanban.core.moves import check_report
from gitkanban.core.tick.facts import Letter, Report
from gitkanban.errors import Refused


def report(place: Place, name: str, content: Report, as_json: bool) -> None:
    """Record the report of the run we are called from.

    Raises Refused for another card, and for a run that is no longer the card's current one.
    """
    run = session()[1]
    card = card_of(board_of(place), name)
    refuse_in_session(content.kind, card.id)
    send(place, Letter("", content.kind, card.id, report=content))
    if as_json:
        print_json({"card": card.id, "run": run, "report": content.kind})
    else:
        echo(f"reported {content.kind} for {card.id}; it counts when this session ends", err=True)


def send(place: Place, letter: Letter, board: Board | None = None) -> str:
    """Drop a letter into the mailbox of the run we are called from, and return its id.

    Raises Refused for a run that is no longer its card's current one, and if the letter cannot be
    written.
    """
    from gitkanban.runs import mailbox
    from gitkanban.runs.records import folders

    card, run = session()
    check_report(board or board_of(place), card, run)
    letter = letter._replace(id=clock.sortable_id())
    try:
        mailbox.send(folders.of(place.private, run), letter)
    except OSError as error:
        raise Refused(
            f"cannot write to this run's mailbox: {error.strerror}",
            "The sandbox of this session must let it write to $GITKANBAN_MAILBOX.",
        ) from None
    return letter.id
