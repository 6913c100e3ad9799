"""`gitkanban logs`: what the session of a card printed, and what its setup and verify did."""

import os
import sys
import time
from collections.abc import Iterator

import click

from gitkanban.cli.here import board_of, json_option, place_here, print_json
from gitkanban.cli.terminal import colour_wanted
from gitkanban.core.lookup import card_of
from gitkanban.errors import NotFound
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from gitkanban.views.text import shown_lines

ORDER = ("include.log", "setup.log", "stdout.log", "stderr.log", "collect.log", "verify.log")
LINES = 200


@click.command("logs")
@click.argument("card")
@click.option("-f", "--follow", is_flag=True, help="Keep printing until the run ends.")
@click.option(
    "-n",
    "--lines",
    default=LINES,
    show_default=True,
    help="Number of lines from the end of each log; 0 for all.",
)
@click.option(
    "--run", "run_id", default="", metavar="RUN", help="An earlier run; by default the latest here."
)
@click.option("--path", is_flag=True, help="Print the run's folder instead.")
@json_option
def logs_command(
    card: str, follow: bool, lines: int, run_id: str, path: bool, as_json: bool
) -> None:
    """Print the logs of CARD's latest run on this machine.

    Logs stay in the clone that ran it: they may hold secrets, and are never committed.
    """
    place = place_here()
    found = card_of(board_of(place), card)
    folder = _find_folder(place.private, found.id, run_id)
    if path:
        click.echo(folder.path)
    elif as_json:
        files = {name: folder.text(name, 0, 1 << 20) for name in ORDER if folder.has(name)}
        print_json({"card": found.id, "run": folder.run, "files": files})
    elif follow:
        for chunk in follow_logs(folder):
            sys.stdout.write(chunk)
            sys.stdout.flush()
    else:
        texts = {name: _last_lines(folder, name, lines) for name in ORDER}
        if not any(texts.values()):
            click.echo(f"run {folder.run} of {found.id} has printed nothing", err=True)
        for name, text in texts.items():
            if text:
                click.secho(f"── {name.removesuffix('.log')}", dim=True, color=colour_wanted())
                click.echo(shown_lines(text), nl=not text.endswith("\n"))


def _find_folder(private: str, card: str, run: str) -> Folder:
    """The card's latest run folder here, or the named one. Raises NotFound."""
    runs = sorted(
        (f for f in folders.every(private) if f.spec().one("card") == card), key=lambda f: f.run
    )
    if run:
        runs = [folder for folder in runs if folder.run.startswith(run)]
    if not runs:
        raise NotFound(
            f"no log of {card} on this machine",
            f"`gitkanban show {card}` names the host of each run.",
        )
    return runs[-1]


def _last_lines(folder: Folder, name: str, lines: int) -> str:
    text = folder.text(name, 4 << 20, 4 << 20) if folder.has(name) else ""
    if lines <= 0:
        return text
    return "".join(text.splitlines(keepends=True)[-lines:])


def follow_logs(folder: Folder) -> Iterator[str]:
    """What is in the logs and what is added to them, until the run has its exit record."""
    read: dict[str, int] = {}
    while True:
        ended = folder.has("exit.json")
        for name in ORDER:
            yield from _read_added(folder.file(name), read)
        if ended:
            end = folder.exit()
            yield f"── the run ended ({end.how})\n" if end else ""
            return
        time.sleep(0.2)


def _read_added(path: str, read: dict[str, int]) -> Iterator[str]:
    try:
        size = os.stat(path).st_size
        start = read.get(path, max(0, size - (64 << 10)))
        if size < start:  # it was cut in the middle to keep it bounded
            start = size
        with open(path, "rb") as file:
            file.seek(start)
            data = file.read(size - start)
    except OSError:
        return
    read[path] = size
    if data:
        yield shown_lines(data.decode("utf-8", "replace"))
