"""Names that people bring from elsewhere: each leads to a command that exists."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gitkanban.cli.group import cli
from gitkanban.cli.roster import COMMANDS
from gitkanban.cli.synonyms import MEANT, SHORT, suggest
from tests.cli.calls import call, ok

NAMES = [name for _, name, _, _ in COMMANDS]


def test_no_synonym_hides_a_command_or_leads_nowhere() -> None:
    assert not {*MEANT, *SHORT} & set(NAMES)
    assert {line.split()[0] for line in MEANT.values()} | set(SHORT.values()) <= set(NAMES)


@pytest.mark.parametrize("line", sorted(set(MEANT.values())))
def test_what_is_suggested_can_be_typed(line: str) -> None:
    name, *words = line.split()
    context = click.Context(cli, info_name="gitkanban")
    command = cli.get_command(context, name)
    assert command is not None
    parser = command.make_parser(click.Context(command, info_name=name, parent=context))
    _, rest, _ = parser.parse_args(words)
    if name != "workers":  # its words are its own to read
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        given = [word for word in words if not word.startswith("-")]
        assert arguments or not given or name == "list", (line, rest)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("new", "add"), ("RM", "drop ID"), ("start", "tick"), ("kill", "stop ID"),
        ("statsu", "status"), ("stpo", "stop"), ("acept", "accept"), ("remov", "drop ID"),
        ("Status", "status"), ("worktree", "path ID"), ("comment", "note ID"), ("xyzzy", ""),
        ("merge_file", ""), ("x" * 100_000, ""),
    ],
)  # fmt: skip
def test_the_command_that_is_meant_is_named(typed: str, line: str) -> None:
    assert suggest(typed, NAMES) == line


def test_the_hint_is_the_line_to_type(board: Path) -> None:
    done = call(board, "rm", "T1")
    assert done.code == 2 and done.err == (
        "Error: no command 'rm'\nHint: Did you mean `gitkanban drop T1`? Give up on a card.\n"
    )
    assert "`gitkanban stop ID`" in call(board, "kill", "--all").err
    assert call(board, "xyzzy").err.endswith("Hint: `gitkanban --help` lists the commands.\n")
    assert "\x1b" not in call(board, "\x1b[31mred").err


def test_short_names_are_the_commands(board: Path) -> None:
    assert ok(board, "ls", "-q") == ok(board, "list", "-q")
    assert json.loads(ok(board, "st", "--json"))["cards"]
    assert ok(board, "mv", "T4", "T5") == "T4 is now T5\n"
    assert "gitkanban list" in ok(board, "help", "ls").splitlines()[0]
    for short, name in (("st", "status"), ("ls", "list")):  # by the quick door
        one, two = (
            subprocess.run(
                [sys.executable, "-m", "gitkanban", word], cwd=board, capture_output=True,
                timeout=300, check=True,
            ).stdout
            for word in (short, name)
        )  # fmt: skip
        assert one == two and one


def test_a_status_is_no_new_id(board: Path) -> None:
    done = call(board, "mv", "T1", "done")
    assert done.code == 2 and "done is a status, not an id" in done.err and "accept" in done.err
