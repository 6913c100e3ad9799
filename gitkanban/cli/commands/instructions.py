"""`gitkanban instructions`: what an agent needs to know to plan with this board."""

from gitkanban import __version__
from gitkanban.cli import declare
from gitkanban.cli.here import board_of, place_here, say
from gitkanban.core.agents.instructions import instructions
from gitkanban.core.agents.presets import PRESETS


@declare.command("instructions")
@declare.option(
    "--for", "agent", type=declare.choice(sorted(PRESETS)), default=None, metavar="AGENT",
    help="Also say where this agent looks for instructions.",
)  # fmt: skip
def instructions_command(agent: str | None) -> None:
    """Print what an interactive agent needs to know to use the board.

    Such an agent may read the board, propose cards and leave notes. Accepting, approving and
    trusting are left to people.
    """
    board = board_of(place_here())
    for line in instructions(board.config, __version__, agent or "").rstrip("\n").split("\n"):
        say(line)
