"""`gitkanban install`: what makes git itself know cards in this clone."""

import os
import shutil
import sys

import click

from gitkanban import files
from gitkanban.board.repo.git import run as git
from gitkanban.board.repo.place import Place
from gitkanban.cli.here import place_here, refuse_in_session

NAME = "gitkanban"


@click.command("install")
@click.argument("what", type=click.Choice(["merge-driver"]))
@click.option("--remove", is_flag=True, help="Remove it again.")
def install_command(what: str, remove: bool) -> None:  # noqa: ARG001 - one choice today
    """Install the merge driver: git then merges cards field by field in this clone.

    Without it cards merge line by line, which their layout is made for. With it, changes to the
    same list or status merge too, and a true conflict marks only its field. The driver is recorded
    in this clone's git config and info/attributes; nothing is committed.
    """
    refuse_in_session("install")
    place = place_here()
    if remove:
        git(place.common, "config", "--remove-section", f"merge.{NAME}", check=False)
        _set_line(place, remove=True)
        click.echo("removed the merge driver from this clone")
        return
    git(place.common, "config", f"merge.{NAME}.name", "cards of the kanban board, by field")
    git(place.common, "config", f"merge.{NAME}.driver", f"{program()} merge-file %O %A %B %P")
    _set_line(place)
    click.echo(f"git merges {place.path('cards/*.yaml')} by field in this clone")


def program() -> str:
    """The command line that starts gitkanban from git, quoted for a shell."""
    from shlex import quote

    if shutil.which("gitkanban"):
        return "gitkanban"
    beside = os.path.join(os.path.dirname(sys.executable), "gitkanban")
    if os.access(beside, os.X_OK):
        return quote(beside)
    return f"{quote(sys.executable)} -P -m gitkanban"


def _set_line(place: Place, remove: bool = False) -> None:
    """Put the driver's line into info/attributes, or take it out; other lines stay."""
    path = f"{place.common}/info/attributes"
    wanted = f"{place.path('cards/*.yaml')} merge={NAME}"
    lines: list[str] = []
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    kept = [line for line in lines if f"merge={NAME}" not in line.split()]
    kept += [] if remove else [wanted]
    text = "".join(f"{line}\n" for line in kept)
    files.replace(path, text.encode("utf-8", "surrogateescape"), make=True)
