"""`gitkanban log`: the history of the board, or of one card, from its commits."""

import re

from gitkanban import clock
from gitkanban.cli import declare, paging
from gitkanban.cli.here import json_option, place_here, print_json
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, look_here
from gitkanban.cli.viewing import look_options
from gitkanban.clock import iso
from gitkanban.core.ids import check_id, resolve
from gitkanban.core.model import Board
from gitkanban.core.names import NO_CARD, CardId
from gitkanban.errors import NotFound, UsageError
from gitkanban.views.log import log_lines, plain_lines


@declare.command("log")
@declare.argument("card", required=False, default="")
@declare.option(
    "--since", default="", metavar="DATE", help="Only newer commits, as in `git log --since`."
)
@declare.option(
    "-n", "--lines", type=declare.int_range(1), default=None, metavar="N",
    help="Only the newest N commits.",
)  # fmt: skip
@declare.option("--reverse", is_flag=True, help="Oldest first.")
@json_option
@look_options
def log_command(card: str, since: str, lines: int | None, reverse: bool, as_json: bool) -> None:
    """Show what happened: who moved which card from where to where, when, and why.

    For an archived or removed CARD, give its whole id.
    """
    from gitkanban.board import store
    from gitkanban.board.review import history

    check_since(since)
    place = place_here()
    board = store.read(place)
    name = _whole_id(board, check_id(card)) if card else NO_CARD
    listed = history.commits(place, card=name, since=since, most=lines or 0)
    if name and not listed and not history.commits(place, card=name, most=1):
        resolve(board.cards, name)  # it never was
    events = list(history.events(place, listed, name))
    if reverse:
        events.reverse()
    if as_json:
        print_json([{**event._asdict(), "at": iso(event.at)} for event in events])
        return
    if not events:
        echo("nothing happened" + (f" to {card}" if card else ""), err=True)
    elif is_terminal():
        look = look_here()
        paging.write(look.page(log_lines(events, clock.now(), look)))
    else:
        echo("\n".join(plain_lines(events)))


# The words of git's approxidate (date.c), which silently reads every other word as "now".
_DATE_WORD = re.compile(
    r"now|today|yesterday|noon|midnight|tea|never|ago|last|next|at|on|in|the|of|and|am|pm|z|t|utc|gmt"
    r"|zero|one|two|three|four|five|six|seven|eight|nine|ten"
)
_DATE_STEMS = (
    "seconds", "minutes", "hours", "days", "weeks", "months", "years", "fortnights", "january",
    "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday",
)  # fmt: skip


def check_since(text: str) -> None:
    """Raise UsageError for a date that git does not understand and would read as now."""
    for word in re.findall(r"[^\W\d_]+", text.lower()) or [""] * bool(text):
        stem = len(word) > 2 and any(each.startswith(word) for each in _DATE_STEMS)
        if (
            not stem
            and not _DATE_WORD.fullmatch(word)
            and not (not word and re.search(r"\d", text))
        ):
            raise UsageError(
                f"--since {text!r} is not a date",
                "Use a form such as 2026-11-23, `2 days ago`, yesterday.",
            )


def _whole_id(board: Board, text: str) -> CardId:
    """Return the id that a prefix stands for; an id that is not on the board is returned as it is.

    Raises NotFound for an ambiguous prefix.
    """
    try:
        return resolve(board.cards, text)
    except NotFound:
        if any(card.startswith(text) for card in board.cards):
            raise
        return CardId(text)
