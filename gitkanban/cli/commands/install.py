"""`gitkanban install`: a merge driver for cards in this clone, and instructions for agents."""

import os

from gitkanban import __version__, files
from gitkanban.board.repo.git import run as git
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import board_of, place_here, refuse_in_session, say
from gitkanban.cli.ourselves import command_line
from gitkanban.cli.streams import echo
from gitkanban.core.agents import instructions
from gitkanban.core.agents.presets import PRESETS
from gitkanban.errors import Refused, UsageError

NAME = "gitkanban"
_FILE_MOST = 1 << 20  # bytes of a file of instructions


@declare.command("install")
@declare.argument("what", type=declare.choice(["merge-driver", "instructions"]))
@declare.option(
    "--for", "agent", type=declare.choice(sorted(PRESETS)), default=None, metavar="AGENT",
    help="Instructions: into the file where this agent looks for them; else AGENTS.md.",
)  # fmt: skip
@declare.option("--skill", is_flag=True, help="Instructions: as a skill of the agent's.")
@declare.option("--remove", is_flag=True, help="Remove it again.")
def install_command(what: str, agent: str | None, skill: bool, remove: bool) -> None:
    """Install the merge driver, or instructions for agents that plan with the board.

    merge-driver: git then merges cards field by field in this clone. Without it git merges them
    line by line, for which their layout is made. With it, changes to the same list or status merge
    too, and a true conflict marks only its field. It is set up in this clone's git config and
    info/attributes; nothing is committed.

    instructions: what `gitkanban instructions` prints, as a marked block in AGENTS.md, CLAUDE.md or
    GEMINI.md at the top of this checkout. Call it again to bring the block up to date; the
    text around it stays. Commit the file yourself.
    """
    refuse_in_session("install")
    place = place_here()
    if what == "instructions":
        _install_instructions(place, agent or "", skill, remove)
        return
    if agent or skill:
        raise UsageError("--for and --skill go with instructions", "Leave them out.")
    if remove:
        git(place.common, "config", "--remove-section", f"merge.{NAME}", check=False)
        _set_line(place, remove=True)
        echo("removed the merge driver from this clone")
        return
    git(place.common, "config", f"merge.{NAME}.name", "cards of the kanban board, by field")
    git(place.common, "config", f"merge.{NAME}.driver", f"{command_line()} merge-file %O %A %B %P")
    _set_line(place)
    echo(f"git merges {place.path('cards/*.yaml')} by field in this clone")


def _install_instructions(place: Place, agent: str, skill: bool, remove: bool) -> None:
    """Write the block into the agent's file, or remove it. Raises Refused, OSError."""
    root = checkout_root(place)
    name = instructions.skill_for(agent) if skill else instructions.file_for(agent)
    path = _real_file(root, name)
    text = ""
    if os.path.lexists(path):
        try:
            text = files.read(path, below=root, most=_FILE_MOST).decode()
        except UnicodeDecodeError:
            raise Refused(f"{name} is not UTF-8 text", "Nothing was changed.") from None
    try:
        new = _block_in(place, text, skill, remove)
    except Refused as error:
        raise Refused(f"{name}: {error.message}", error.hint) from None
    if not new.changed:
        say(f"{name} has no block of gitkanban's" if remove else f"{name} is up to date")
    elif new.text:
        content = new.text.encode()
        files.replace(path, content, below=root, make=True)
        say(f"{'removed the block from' if remove else 'wrote'} {name}; commit it yourself")
    else:
        files.remove(path, below=root)
        say(f"removed {name}, which had nothing else in it; commit that yourself")


def _block_in(place: Place, text: str, skill: bool, remove: bool) -> instructions.NewText:
    if remove:
        return instructions.without_block(text, skill)
    block = instructions.instructions(board_of(place).config, __version__)
    return instructions.with_block(text, block, skill)


def _real_file(root: str, name: str) -> str:
    """Resolve links to the real file: in many repositories AGENTS.md is a link to CLAUDE.md.

    Raises Refused for a link that leads out of the checkout.
    """
    path = os.path.realpath(f"{root}/{name}")
    if not path.startswith(f"{root}/") or path.startswith(f"{root}/.git/"):
        raise Refused(f"{name} is a link to {path}, outside this checkout", "Nothing was changed.")
    return path


def checkout_root(place: Place) -> str:
    """Return the top folder of the checkout that we are called in.

    Raises Refused if there is none, as in a bare repository.
    """
    top = git(os.getcwd(), "rev-parse", "--show-toplevel", check=False).text
    if not top or os.path.realpath(top).startswith(f"{os.path.realpath(place.common)}/"):
        raise Refused("there is no checkout here", "Call it in one of the code.")
    return os.path.realpath(top)


def _set_line(place: Place, remove: bool = False) -> None:
    """Write the driver's line into info/attributes, or remove it; other lines stay."""
    path = f"{place.common}/info/attributes"
    wanted = f"{place.path('cards/*.yaml')} merge={NAME}"
    lines: list[str] = []
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    others = [line for line in lines if f"merge={NAME}" not in line.split()]
    others += [] if remove else [wanted]
    text = "".join(f"{line}\n" for line in others)
    files.replace(path, text.encode("utf-8", "surrogateescape"), make=True)
