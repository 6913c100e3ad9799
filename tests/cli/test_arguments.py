"""Plain command lines are read without click, and exactly as click reads them."""

import subprocess
import sys
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.cli import declare
from gitkanban.cli.arguments import read_plain
from gitkanban.cli.declare import DeclaredCommand
from gitkanban.cli.given import check_given
from gitkanban.cli.group import cli
from gitkanban.cli.roster import MODULES, find_command
from gitkanban.errors import UsageError
from tests.support.examples import examples

COMMANDS = [command for name in MODULES if (command := find_command(name))]
VALUES = ("T1", "two words", "7", "007", "7.5", "²", "todo", "json", "text", "never", "failed",
          "", "-", "--", "-x", "-1", "--help", "a=b", "=", "😀")  # fmt: skip


def by_click(command: DeclaredCommand, words: list[str]) -> dict[str, Any] | None:
    """What click gives to the command; None where it refuses, or prints instead."""
    made = command.as_click()
    with click.Context(cli, info_name="gitkanban") as parent:
        try:
            check_given(made, command.name, parent, words)
            with made.make_context(command.name, list(words), parent=parent) as context:
                return context.params
        except (click.ClickException, click.exceptions.Exit, UsageError):
            return None


def words_of(command: DeclaredCommand) -> st.SearchStrategy[list[str]]:
    """Command lines for a command: mostly its own options and values, now and then nonsense."""
    options = [word for each in command.declared for word in each.words if word.startswith("-")]
    value = st.sampled_from(VALUES)
    pieces = [st.just([]), value.map(lambda word: [word]), st.just(["T1"])]
    if options:
        option = st.sampled_from(options)
        pieces += [
            option.map(lambda word: [word]),
            st.tuples(option, value).map(list),
            st.tuples(option, value).map(lambda pair: [f"{pair[0]}={pair[1]}"]),
            st.tuples(option, value).map(lambda pair: [f"{pair[0]}{pair[1]}"]),
        ]
    return st.lists(st.one_of(pieces), max_size=5).map(
        lambda parts: [word for part in parts for word in part]
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@examples(60)
@given(data=st.data())
def test_a_line_that_is_read_without_click_is_read_as_click_reads_it(
    command: DeclaredCommand, data: st.DataObject
) -> None:
    words = data.draw(words_of(command))
    values = read_plain(command, words)
    if values is not None:
        assert values == by_click(command, words)


@pytest.mark.parametrize(
    "line",
    [
        "add one --worker coder --backlog -p T0 --parent=T1 --priority 3",
        "add title --acceptance one --acceptance two --json",
        "edit T1 --priority 9 --label a --label b",
        "why T1 T2",
        "why",
        "show T1",
        "show",
        "list -s todo -w coder --format json",
        "tick --dry-run -v",
        "status --json",
        "done T1",
        "note T1 hello --json",
    ],
)
def test_lines_of_every_day_are_plain(line: str) -> None:
    name, *words = line.split()
    command = find_command(name)
    assert command
    values = read_plain(command, words)
    assert values is not None
    assert values == by_click(command, words)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-x"], [""], ["--priority", "x"], ["--priority"], ["--priority", "-1"], ["a", "b"],
     ["--worker", ""], ["--id=a", "--id=b"], ["--backlog=yes"], ["--", "a"], ["-wcoder"], ["-e", "-e"]],
    ids=" ".join,
)  # fmt: skip
def test_whatever_is_in_doubt_is_left_to_click(words: list[str]) -> None:
    command = find_command("add")
    assert command
    assert read_plain(command, words) is None


def test_the_name_of_a_parameter_is_clicks() -> None:
    for command in COMMANDS:
        made = command.as_click()
        assert [each.name for each in command.declared] == [each.name for each in made.params]


def test_an_attribute_that_is_new_to_the_reader_leaves_the_line_to_click() -> None:
    @declare.command("x")
    @declare.option("--count", "-c", count=True)
    def command(count: int) -> None:
        """Count."""

    assert read_plain(command, []) is None
    assert read_plain(command, ["-c"]) is None


def test_a_plain_line_runs_without_click() -> None:
    code = (
        "import sys; from gitkanban.cli import app; app.run(sys.argv[1:]);"
        "print([each for each in ('click', 'typing', 'pygit2', 'ruamel') if each in sys.modules])"
    )
    for words in (["why", "T1"], ["show", "T1"], ["add", "one"], ["edit", "T1", "--priority", "1"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.stdout == "[]\n", done
