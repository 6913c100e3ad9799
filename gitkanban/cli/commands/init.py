"""`gitkanban init`: a board in this repository, in its tree or on a branch of its own."""

import os
import shutil
import sys
from collections.abc import Sequence

from gitkanban.board.repo.company import look, why_own_branch
from gitkanban.cli import declare, schemas
from gitkanban.cli.here import json_option, print_json, refuse_in_session, tell, text_argument
from gitkanban.cli.ourselves import command_line
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal
from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.ids import check_id
from gitkanban.core.model import Board
from gitkanban.errors import NoBoard, UsageError
from gitkanban.typed import TYPE_CHECKING
from gitkanban.views.crontab import crontab_lines
from gitkanban.views.text import shown

if TYPE_CHECKING:
    from gitkanban.board.repo.place import Place

OWN = "kanban"  # default name of a board's own branch

# What a new board starts with: one lane.
CONFIG = """\
version: 1
kanban:
  max_concurrency: 6              # all sessions of this board on this host
  archive_after: 30d              # cards done for longer leave cards/ with the next `gitkanban gc`
  workers:
    {worker}:
      mode: lane                  # lane: one card at a time; pool: max_concurrency of them
      max_concurrency: 1
      runner: {runner}              # or command: [argv, with, "{{prompt}}"]{profile}
      # verify: [pytest, -q]      # decides whether a clean exit counts
      on_success: review          # review: a person accepts; done: tick merges it at once
"""


@declare.command("init")
@declare.option(
    "--branch",
    default="",
    metavar="NAME",
    help="Keep the board on a branch of its own; moves an in-tree board there.",
)
@declare.option(
    "--in-tree",
    is_flag=True,
    help="Keep it in `.kanban/` of the branch that is checked out; the default without a terminal.",
)
@declare.option(
    "--worker", default="coder", show_default=True, metavar="NAME", help="Name of the first worker."
)
@declare.option(
    "--runner",
    default="",
    metavar="PRESET",
    help=f"Its agent: {', '.join(PRESETS)}. By default the first one that is installed.",
)
@declare.option(
    "--config", "source", default=None, metavar="FILE", help="Start with this config.yaml."
)
@json_option
def init_command(
    branch: str, in_tree: bool, worker: str, runner: str, source: str | None, as_json: bool
) -> None:
    """Create a board in this repository, and trust the commands that it starts with.

    The commands of a --config FILE are not trusted: review them first, with `gitkanban trust`.

    The board is kept in `.kanban/` of the branch that is checked out, or with --branch on a branch
    without code, checked out at `.kanban/`. Choose that if others push to the code's branch, if it
    is protected, or if its history should have no board commits.

    On a terminal it asks what the options leave open: which of the two, and which agent.
    """
    from gitkanban.board import init, store
    from gitkanban.runs import trust

    refuse_in_session("init")
    if branch and in_tree:
        raise UsageError("either --branch or --in-tree, not both", "Leave one out.")
    cwd = os.getcwd()
    if branch:
        moved = _move_board(cwd, branch)
        if moved is not None:
            echo(f"the board moved to {_where_words(moved)}")
            return
    check_id(worker)
    config = text_argument("", source) if source else _config_text(worker, runner)
    asks = is_terminal() and sys.stdin.isatty() and not as_json
    reason = why_own_branch(look(cwd))
    if asks and not ((branch or in_tree) and (runner or source)):
        init.refuse_where_none_can_be(cwd)
        branch = branch if branch or in_tree else _ask_form(look(cwd).branch, reason)
        config = config if runner or source else _config_text(worker, _ask_runner())
    place = init.create(cwd, branch=branch, config=config, files=schemas.board_files())
    tell(place.notices)
    board = store.read(place)
    if board.config is not None and not source:
        trust.record(place, board.config)
    if as_json:
        print_json({"branch": place.branch, "commit": board.commit, "prefix": place.prefix})
    else:
        why = reason or f"if {place.branch} is protected, or board commits do not belong there"
        why = "" if in_tree or asks else why
        _print_next_steps(place, board, worker, bool(source), own_branch=why)
    tell(
        f"{program} was not found on PATH: install it, or name another agent in config.yaml"
        for program in _missing_programs(board)
    )


def _print_next_steps(
    place: "Place", board: Board, worker: str, untrusted: bool, own_branch: str
) -> None:
    """Print what was made and what to do next.

    `own_branch` is why the board would do better on a branch of its own; empty for no reason.
    """
    echo(f"made a board {'in .kanban/ ' if place.prefix else ''}on {_where_words(place)}")
    names = ("config.yaml", ".gitignore", f"{schemas.FOLDER}/")
    echo(f"committed: {', '.join(map(place.path, names))}")
    if place.prefix and own_branch:
        echo(f"({own_branch}: gitkanban init --branch {OWN})")
    first = next(iter(board.config.workers), worker) if board.config else worker
    trust_first = "gitkanban trust, then " if untrusted else ""
    echo(f'next: {trust_first}gitkanban add "what to do" --worker {first}, then gitkanban tick')
    echo("from cron, with `crontab -e`:")
    folder = place.here or place.main or place.common
    for line in crontab_lines(command_line(in_full=True), folder, os.path.expanduser("~")):
        echo(f"  {line}")


def _ask_form(here: str, reason: str) -> str:
    """Ask where the board goes; return its own branch, or empty for the one that is checked out."""
    echo("Where does the board live?")
    rows = [
        f"in .kanban/ of {here or 'the branch that is checked out'}; its commits stand among the code's",
        f"on a branch of its own, {OWN}, checked out at .kanban/",
    ]
    if reason:
        rows[1] += f" (better here: {reason})"
    return ("", OWN)[_ask_number(rows, 1 if reason else 0)]


def _ask_runner() -> str:
    """Ask for the first worker's agent; installed ones are listed first."""
    here = installed_agents()
    names = [*here, *(name for name in PRESETS if name not in here)]
    size = max(map(len, names))
    echo("Which agent works on the cards?")
    rows = [
        f"{name:<{size}}  {shutil.which(name) if name in here else 'not on PATH'}" for name in names
    ]
    return names[_ask_number(rows, 0)]


def _ask_number(rows: Sequence[str], default: int) -> int:
    """Ask for one of the rows; return its index, from 0."""
    import click

    for number, row in enumerate(rows, 1):
        echo(f"  {number}  {shown(row)}")

    def read_number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= len(rows):
            raise click.UsageError(f"type a number from 1 to {len(rows)}")
        return int(text)

    chosen: int = click.prompt("Number", default=str(default + 1), value_proc=read_number)
    return chosen - 1


def _move_board(cwd: str, branch: str) -> "Place | None":
    """Move an in-tree board to `branch` and return its new place; None if there is no board yet.

    Raises UsageError if the board is already on a branch of its own.
    """
    from gitkanban.board import init
    from gitkanban.board.repo import placefinder

    try:
        old = placefinder.find(cwd)
    except NoBoard:
        return None
    if not old.prefix:
        raise UsageError(
            f"the board is already on branch {old.branch}", "There is nothing to move."
        )
    return init.move(old, branch)


def _config_text(worker: str, runner: str) -> str:
    if runner and runner not in PRESETS:
        raise UsageError(f"no preset {runner!r}", f"One of: {', '.join(PRESETS)}.")
    runner = runner or next(iter(installed_agents()), "claude")
    profile = _profile_line(worker) if runner == "hermes" else ""
    config = CONFIG.format(worker=worker, runner=runner, profile=profile)
    return schemas.modeline(f"{schemas.FOLDER}/config.json") + config


def installed_agents() -> list[str]:
    """Return the presets whose program is on PATH, in the order of the presets."""
    return [name for name in PRESETS if shutil.which(name)]


def hermes_profile(worker: str) -> str:
    """Return `default`, hermes' own profile, if hermes has none of the worker's name, else ""."""
    home = os.environ.get("HERMES_HOME") or os.path.expanduser("~/.hermes")
    return "" if os.path.isdir(f"{home}/profiles/{worker}") else "default"


def _profile_line(worker: str) -> str:
    """Return the config line for hermes' own profile, if hermes has none of the worker's name."""
    name = hermes_profile(worker)
    if not name:
        return ""
    return f"\n      profile: {name}            # hermes has no profile of the worker's name"


def _where_words(place: "Place") -> str:
    """Return words for the board's branch, and for the checkout of a branch of its own, if any."""
    own = bool(place.main) and not place.prefix
    return f"branch {place.branch}" + (", checked out at .kanban/" if own else "")


def _missing_programs(board: Board) -> list[str]:
    """Return the programs of the workers' commands that are missing on PATH, each once."""
    workers = board.config.workers.values() if board.config else ()
    programs = dict.fromkeys(worker.command[0] for worker in workers if worker.command)
    return [name for name in programs if "/" not in name and not shutil.which(name)]
