"""What an agent that helps a person plan needs to know about the board: a short text, from values."""

from gitkanban.core.model import Config

_TEXT = """\
# The board of this repository

Work is planned on a gitkanban board (version {version}), and agent sessions work on its cards.

- Read it: `gitkanban status`, `gitkanban list`, `gitkanban show ID`, `gitkanban why ID`.
  Each has `--json`.
- Propose work: `gitkanban add "title" --backlog --worker NAME --parent ID --acceptance "what must
  hold"`. It runs once a person approves it. Workers: {workers}.
- Comment on a card: `gitkanban note ID "text"`. It is committed, so no secrets.
- Leave to people: accept, reject, approve, trust, undo, drop, init, and the files in `.kanban/`.
- Do not work on a card by hand while it is running; its branch is `card/ID`.
{own}"""

# Where each agent looks for standing instructions.
FILES = {"claude": "CLAUDE.md", "gemini": "GEMINI.md"}
_OTHERS = "AGENTS.md"


def instructions(config: Config | None, version: str, agent: str = "") -> str:
    """The text, for any agent or the named one."""
    workers = ", ".join(sorted(config.workers)) if config and config.workers else "none yet"
    own = f"\nPut this into {file_for(agent)}.\n" if agent else ""
    return _TEXT.format(version=version, workers=workers, own=own)


def file_for(agent: str) -> str:
    """The file in which the agent looks for instructions."""
    return FILES.get(agent, _OTHERS)
