"""`gitkanban logs`: what the session of a card printed, and what its setup and verify did."""

import sys
import time
from collections.abc import Iterable, Iterator

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare, paging
from gitkanban.cli.here import board_of, json_option, place_here, print_json
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, look_here
from gitkanban.cli.viewing import look_options
from gitkanban.core.agents.cost import run_words
from gitkanban.core.agents.transcript import Transcriber
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board, Card
from gitkanban.core.names import CardId, RunId
from gitkanban.core.time_words import short_span
from gitkanban.errors import NotFound, UsageError
from gitkanban.runs.records import folders, logtail
from gitkanban.runs.records.folders import Folder
from gitkanban.views.text import Look, shown, shown_lines
from gitkanban.views.transcript import entry_lines

ORDER = ("include.log", "setup.log", "stdout.log", "stderr.log", "collect.log", "verify.log")
SESSION = "stdout.log"  # what the agent printed, which is shown entry by entry
LINES = 200
LOOK_EACH = 0.2  # seconds between looks at the logs


@declare.command("logs")
@declare.argument("card")
@declare.option("-f", "--follow", is_flag=True, help="Keep printing until the run ends.")
@declare.option(
    "-n",
    "--lines",
    default=LINES,
    show_default=True,
    help="Number of lines from the end of each log; 0 for all.",
)
@declare.option(
    "--run", "run_id", default="", metavar="RUN", help="An earlier run; by default the latest here."
)
@declare.option("--raw", is_flag=True, help="What the agent printed, as it is.")
@declare.option("--path", is_flag=True, help="Print the run's folder instead.")
@json_option
@look_options
def logs_command(
    card: str, follow: bool, lines: int, run_id: str, raw: bool, path: bool, as_json: bool
) -> None:
    """Print the logs of CARD's latest run on this machine: what its session said and did,
    one line each.

    Logs stay in the clone that ran it: they may hold secrets, and are never committed.
    """
    if raw and as_json:
        raise UsageError("--raw and --json exclude each other", "JSON has the logs as they are.")
    place = place_here()
    board = board_of(place)
    target = card_of(board, card)
    folder = _find_folder(place, board, target.id, RunId(run_id))
    if path:
        echo(folder.path)
    elif as_json:
        files = {name: folder.text(name, 0, 1 << 20) for name in ORDER if folder.has(name)}
        print_json({"card": target.id, "run": folder.run, "files": files})
    elif follow:
        _print_head(board, target, folder, raw, hint="^C stops following")
        for text in follow_logs(folder, raw):
            sys.stdout.write(text)
            sys.stdout.flush()
    elif not any(folder.size(name) for name in ORDER):
        echo(f"run {folder.run} of {target.id} has printed nothing", err=True)
    elif lines > 0:
        paging.write(_last_lines(board, target, folder, raw, lines=lines))
    else:
        _print_head(board, target, folder, raw, hint="")
        for text in _section_lines(folder, raw, 0, look_here()):
            sys.stdout.write(text)


def page_logs(place: Place, board: Board, card: Card) -> None:
    """Page the end of the logs of a card's latest run here. Raises NotFound."""
    folder = _find_folder(place, board, card.id, RunId(""))
    paging.write(_last_lines(board, card, folder, False, lines=LINES))


def _last_lines(board: Board, card: Card, folder: Folder, raw: bool, lines: int) -> str:
    head = _head_line(board, card, folder, "") if not raw else ""
    return head + "".join(_section_lines(folder, raw, lines, look_here()))


def _find_folder(place: Place, board: Board, card: CardId, run: RunId) -> Folder:
    """Return the card's latest run folder here, or that of the named run. Raises NotFound.

    A folder has the id that the card had then; if that was changed since, its run is on the board.
    """
    runs = {each.run for each in board.runs_of(card)}
    every = folders.every(place.private)
    here = sorted(
        (f for f in every if f.run in runs or f.spec().one("card") == card), key=lambda f: f.run
    )
    if not here:
        raise NotFound(
            f"no log of {card} on this machine",
            f"`gitkanban show {card}` names the host of each run.",
        )
    named = [folder for folder in here if folder.run.startswith(run)]
    if not named:
        known = ", ".join(folder.run for folder in here)
        raise NotFound(
            f"no log of run {shown(run)!r} of {card} on this machine", f"Known: {known}."
        )
    return named[-1]


def _print_head(board: Board, card: Card, folder: Folder, raw: bool, hint: str) -> None:
    if not raw:
        sys.stdout.write(_head_line(board, card, folder, hint))


def _head_line(board: Board, card: Card, folder: Folder, hint: str) -> str:
    """`CO-5 Rate limiting · backend#3 · claude · 2m · $0.04`."""
    facts, end = folder.facts(), folder.exit()
    until = end.ended if end else clock.now()
    ran = next((run for run in board.runs_of(card.id) if run.run == folder.run), None)
    parts = [
        card.title,
        facts.one("slot"),
        facts.one("runner"),
        short_span(until - facts.number("started", until)),
        run_words(ran) if ran else "",
    ]
    look, line = look_here(), shown(" · ".join(filter(None, parts)))
    more = f"     {hint}" if hint and is_terminal() else ""
    return look.page([f"{look.paint(card.id, 'bold')} {line}{more}"])


def _section_lines(folder: Folder, raw: bool, lines: int, look: Look) -> Iterator[str]:
    """Yield the lines of each log that is not empty, under its name unless it is the session's."""
    for name in ORDER:
        if not folder.size(name):
            continue
        path = folder.file(name)
        page = logtail.last_lines(path, lines) if lines else logtail.all_lines(path)
        yield from _section_head(name, raw, look)
        yield from _print_lines(page, _transcriber_of(folder), name, raw, look=look)


def _transcriber_of(folder: Folder) -> Transcriber:
    facts = folder.facts()
    return Transcriber(facts.one("runner"), facts.one("workspace"))


def _section_head(name: str, raw: bool, look: Look) -> Iterator[str]:
    if raw or name != SESSION:
        yield look.page([look.paint(f"── {name.removesuffix('.log')}", "dim")])


def _print_lines(
    lines: Iterable[str], transcriber: Transcriber, name: str, raw: bool, look: Look
) -> Iterator[str]:
    for line in lines:
        if raw or name != SESSION:
            yield f"{shown_lines(line)}\n"
        else:
            yield look.page(entry_lines(transcriber.feed(line), look, is_terminal()))
    yield look.page(entry_lines(transcriber.finish(), look, is_terminal()))


def follow_logs(folder: Folder, raw: bool = False) -> Iterator[str]:
    """Yield what the logs hold and what is added to them, until the run has its exit record."""
    look = look_here()
    followers = {name: logtail.Follower(folder.file(name)) for name in ORDER}
    transcriber = _transcriber_of(folder)
    last = SESSION
    while True:
        ended = folder.has("exit.json")
        for name, follower in followers.items():
            lines = follower.added(ended)
            if not lines:
                continue
            if name != last:
                yield from _section_head(name, raw or name == SESSION, look)
                last = name
            if raw or name != SESSION:
                yield "".join(f"{shown_lines(line)}\n" for line in lines)
            else:
                now = int(clock.now())
                entries = [each for line in lines for each in transcriber.feed(line)]
                timed = [each._replace(at=each.at or now) for each in entries]
                yield look.page(entry_lines(timed, look, is_terminal()))
        if ended:
            yield look.page(entry_lines(transcriber.finish(), look, is_terminal()))
            end = folder.exit()
            yield f"── the run ended ({end.how})\n" if end else ""
            return
        time.sleep(LOOK_EACH)
