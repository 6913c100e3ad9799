"""A short text on the board for an agent that helps a person plan."""

from gitkanban.core.model import Config
from gitkanban.errors import Refused
from gitkanban.late import re
from gitkanban.typed import NamedTuple

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

# Where each agent looks for standing instructions, and for skills.
FILES = {"claude": "CLAUDE.md", "gemini": "GEMINI.md"}
_OTHERS = "AGENTS.md"
SKILLS = {"claude": ".claude/skills", "gemini": ".gemini/skills", "opencode": ".opencode/skills"}
_OTHER_SKILLS = ".agents/skills"

_BEGIN = "<!-- gitkanban: begin; `gitkanban install instructions` keeps this up to date -->"
_END = "<!-- gitkanban: end -->"
_BLOCK = re.compile(r"<!-- gitkanban: begin\b[^\n]*-->.*?<!-- gitkanban: end -->", re.DOTALL)
_MARK = re.compile(r"<!-- gitkanban: (?:begin\b[^\n]*|end )-->")
_SKILL = """\
---
name: gitkanban
description: Read and plan work on this repository's gitkanban board. Use when asked about cards, tasks, what is being worked on, or to propose work.
---

"""


def instructions(config: Config | None, version: str, agent: str = "") -> str:
    """Return the text, for the named agent or for any."""
    workers = ", ".join(sorted(config.workers)) if config and config.workers else "none yet"
    own = f"\nPut this into {file_for(agent)}.\n" if agent else ""
    return _TEXT.format(version=version, workers=workers, own=own)


def file_for(agent: str) -> str:
    """The file in which the agent looks for instructions."""
    return FILES.get(agent, _OTHERS)


def skill_for(agent: str) -> str:
    """The file in which the agent looks for our skill."""
    return f"{SKILLS.get(agent, _OTHER_SKILLS)}/gitkanban/SKILL.md"


class NewText(NamedTuple):
    """A file after its block was inserted or removed; an empty text: nothing is left of it."""

    text: str
    changed: bool


def with_block(text: str, block: str, skill: bool = False) -> NewText:
    """Return a file with the marked block: where it was before, or at the end.

    A `skill` is a file of ours, with a header by which agents find it. Raises Refused for a file
    that does not have its marks as one pair, and for a skill that is not ours.
    """
    _check_marks(text)
    end = "\r\n" if "\r\n" in text else "\n"
    marked = f"{_BEGIN}\n{block.strip()}\n{_END}".replace("\n", end)
    if skill and text.strip() and not _BLOCK.search(text):
        raise Refused("a skill of that name is there already", "Move it away first.")
    if skill and not text.strip():
        text = _SKILL
    if _BLOCK.search(text):
        new = _BLOCK.sub(lambda _: marked, text)
    else:
        above = text.rstrip()
        new = f"{above}{end}{end}{marked}{end}" if above else f"{marked}{end}"
    return NewText(new, new != text)


def without_block(text: str, skill: bool = False) -> NewText:
    """Return a file without the marked block and the empty lines around it."""
    _check_marks(text)
    block = _BLOCK.search(text)
    if not block:
        return NewText(text, False)
    if skill:
        return NewText("", True)
    end = "\r\n" if "\r\n" in text else "\n"
    above, below = text[: block.start()].rstrip(), text[block.end() :].strip()
    parts = [part for part in (above, below) if part]
    return NewText(f"{end}{end}".join(parts) + end if parts else "", True)


def _check_marks(text: str) -> None:
    """Refuse a file with a mark whose counterpart is missing."""
    marks = len(_MARK.findall(text))
    if marks not in (0, 2) or bool(marks) != bool(_BLOCK.search(text)):
        raise Refused(
            "the marks of gitkanban's block are not one begin and one end",
            "Remove the lines `<!-- gitkanban: … -->` and what is between them, and call it again.",
        )
