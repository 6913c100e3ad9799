"""Where a command is called from, and how it answers: board, person, session; text, JSON, errors.

Shared by the commands. Control characters in what others wrote are made visible here, on output.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence

from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.board.store import Committed, commit, read
from gitkanban.cli import declare
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_wanted
from gitkanban.core.changes import Change
from gitkanban.core.model import Board
from gitkanban.core.names import NO_CARD, NO_RUN, CardId, RunId
from gitkanban.core.visible import safe_json
from gitkanban.errors import GitkanbanError, Refused, UsageError
from gitkanban.typed import Any, TypeVar
from gitkanban.views.text import shown

F = TypeVar("F", bound=Callable[..., Any])

branch_option = declare.option(
    "-b", "--branch", default="", metavar="NAME",
    help="Use this branch's board; created from the board's tip if it does not exist.",
)  # fmt: skip
since_option = declare.option(
    "--unchanged-since", "since", default="", metavar="REV",
    help="Only if the card is still as it was at this commit of the board.",
)  # fmt: skip
json_option = declare.option("--json", "as_json", is_flag=True, help="Print JSON.")


def place_here(branch: str = "") -> Place:
    """Find the board from the current folder; what finding it changed is reported on stderr.

    Raises Refused if a session names a branch, and as `find` does.
    """
    if branch and session()[1]:
        raise Refused(
            "-b/--branch is not for sessions", "A session speaks to the board that started it."
        )
    place = find(os.getcwd(), branch)
    tell(place.notices)
    return place


def tell(lines: Iterable[str]) -> None:
    """Print lines on stderr, beside the answer; control characters in them are made visible."""
    for line in lines:
        echo(shown(line), err=True)


def tell_error(error: GitkanbanError) -> None:
    """Print an expected failure as `Error:` and `Hint:` on stderr."""
    echo("\x1b[31mError: \x1b[0m", nl=False, err=True, color=colour_wanted())
    tell((error.message, *([f"Hint: {error.hint}"] if error.hint else ())))


def session() -> tuple[CardId, RunId]:
    """Return (card, run) of the session we are called from; two empty strings for a person."""
    from gitkanban.runs.supervision.processes import session_above

    card, run = (
        CardId(os.environ.get("GITKANBAN_CARD", "")),
        RunId(os.environ.get("GITKANBAN_RUN", "")),
    )
    above = session_above()
    if above[1]:  # whatever our own environment says
        # If the process above us is a supervisor, we know only its run.
        return CardId(above[0]) or (card if run == above[1] else NO_CARD), RunId(above[1])
    return (card, run) if run else (NO_CARD, NO_RUN)


def own_card(name: str) -> str:
    """Return the named card, or inside a session its own. Raises UsageError if there is neither."""
    if name or session()[0]:
        return name or session()[0]
    raise UsageError("name a card", "`gitkanban list` shows them.")


def refuse_in_session(verb: str, card: CardId = NO_CARD) -> None:
    """Raise Refused if we are called from inside a session and the verb is not for sessions."""
    own, run = session()
    if run:
        from gitkanban.core.moves import check_session

        check_session(verb, card, own)


def change(place: Place, decide: Callable[[Board], Sequence[Change]], why: str = "") -> Committed:
    """Commit what `decide` wants of the board as it is now, and report what followed.

    `why` is the commit's subject, if the changes do not describe themselves well enough.
    """
    from gitkanban.views.message import commit_message  # late: most commands commit nothing

    done = commit(place, decide, message=lambda b, c: commit_message(b, c, why))
    tell(done.notices)
    return done


def say(line: str) -> None:
    """Print a line on stdout; control characters in it are made visible."""
    echo(shown(line))


def board_of(place: Place) -> Board:
    """Return the board at its branch's tip."""
    return read(place)


def print_json(value: object) -> None:
    """Print indented JSON on stdout; only invisible characters and non-text bytes are escaped."""
    import json  # late: a change that prints no JSON need not wait for it

    echo(safe_json(json.dumps(value, indent=2, ensure_ascii=False)))


def person(place: Place) -> str:
    """Return who acts: git's user name, or `session of CARD` inside a session."""
    own, run = session()
    if run:
        return f"session of {own}"
    from gitkanban.board.repo.git import run as git

    name = git(place.common, "config", "user.name", check=False).text.strip()
    return name or os.environ.get("USER", "") or "somebody"


TEXT_MOST = 1 << 20  # characters of a text from a file; the same limit as for a file of the board


def text_argument(text: str, file: str | None, most: int = TEXT_MOST) -> str:
    """Return text from an argument, a file, or stdin (`-`), of at most `most` characters.

    Raises UsageError if both are given, or if the file cannot be read or is too long.
    """
    if file is None:
        return text
    if text:
        raise UsageError("either a text or a file, not both", "Leave one of them out.")
    try:
        if file == "-":
            return _bound_text(sys.stdin.read(most + 1), file, most)
        with open(file, encoding="utf-8") as stream:
            return _bound_text(stream.read(most + 1), file, most)
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(
            f"cannot read {file}: {why}", "Give a text file, or - for stdin."
        ) from None


def _bound_text(text: str, file: str, most: int) -> str:
    if len(text) > most:
        what = "stdin" if file == "-" else file
        text = f"{what} has more than {most >> 20} MiB of text"
        raise UsageError(text, "Name a smaller file; long texts belong in the repository.")
    return text
