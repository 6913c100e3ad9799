"""The pages of the project as their blocks and commands,
and the world in which a page's are run.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from gitkanban.cli.group import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_MESSAGE = re.compile(r"^### `.*`$", re.M)  # a heading that quotes what the program says
_CALL = re.compile(r"(?:^|[\s;&|(])(?:[\w./~-]*/)?(?:gitkanban|git kanban) +([a-z].*)")
_END = re.compile(r" +#.*| *[|;&>)].*| [12]?>.*")


class Block(NamedTuple):
    """A fenced block: where its text begins and ends in the page,
    and the language that it names.
    """

    start: int
    end: int
    language: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found.span(2), found[1], found[2]) for found in _BLOCK.finditer(page)]


def is_transcript(block: Block) -> bool:
    """Whether it shows commands with what they print."""
    return block.text.startswith("$ ")


def calls_in(page: str) -> Iterator[str]:
    """What stands after `gitkanban` wherever a page says to type it: in code spans,
    and in blocks.
    """
    prose = _MESSAGE.sub("", _BLOCK.sub("", page))
    found_spans = re.findall(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", prose, re.S)
    spans = (span.replace("\n", " ") for _, span in found_spans)
    lines = [line for block in blocks_of(page) for line in _code_lines(block)]
    for text in (*spans, *lines):
        found = _CALL.search(text)
        if found:
            yield _END.sub("", found[1]).strip()


def _code_lines(block: Block) -> list[str]:
    """The lines of a block that are typed: after `$ `, or all that are no output and no data."""
    lines = block.text.replace("\\\n", " ").split("\n")
    if is_transcript(block):
        return [line for line in lines if line.startswith("$ ")]
    return [re.sub(r"(^| )#.*", "", line) for line in lines]


def find_fault(call: str) -> str:
    """Why a command line cannot be one of gitkanban's: an unknown command or option; else empty."""
    try:
        words = shlex.split(call)
    except ValueError as error:
        return str(error)
    if words[0] == "help":  # another way to say `--help`
        return find_fault(words[1]) if words[1:] != ["COMMAND"] else ""
    context = click.Context(cli, info_name="gitkanban")
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        command.make_parser(context).parse_args(words)
    except click.ClickException as error:
        return error.format_message()
    return ""
