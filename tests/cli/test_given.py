"""What cannot be meant is refused before anything is written: a sentence, a hint, exit 1 or 2."""

import json
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git

BIG = "x" * 2_000_000


def refused(repo: Path, *argv: str, stdin: str = "") -> None:
    before = git(repo, "rev-parse", "HEAD")
    done = call(repo, *argv, stdin=stdin)
    assert done.code in (1, 2), (argv, done)
    assert done.err.startswith("Error: ") and "Hint: " in done.err, done.err
    assert git(repo, "rev-parse", "HEAD") == before, argv


@pytest.mark.parametrize(
    "line",
    [
        "add x --id @", "add x -b @", "add x --worker=@", "add x -p @", "add @", "undo @", "show @",
        "status --at @", "list --at @", "list --grep @", "check --base @", "check @", "diff @",
        "memory accept @", "memory reject @", "memory @", "note T1 @", "note @ hello", "accept @",
        "block T1 --why @", "done T1 --summary @", "link T1 @", "log @", "edit T1 --title @",
        "drop @", "logs @", "why @", "rename T1 @", "tick --remote @", "pause @",
    ],
)  # fmt: skip
def test_an_empty_word_is_refused_wherever_it_stands(board: Path, line: str) -> None:
    refused(board, *(word.replace("@", "") for word in line.split()))


def test_an_empty_text_empties_a_field_where_the_help_says_so(board: Path) -> None:
    ok(board, "edit", "T1", "--worker", "", "--needs", "", "--parent", "", "--body", "")
    assert json.loads(ok(board, "show", "T1", "--json"))["worker"] == ""
    ok(board, "edit", "T1", "--model", "", "--effort", "", "--label", "", "--acceptance", "")
    ok(board, "add", "y", "--id", "Y", "--body", "")


@pytest.mark.parametrize(
    "words",
    [
        ["note", "T1", "a", "--file", "-"], ["note", "T1", "a", "--memory", "b"],
        ["add", "x", "--body", "a", "--body-file", "-"], ["edit", "T1", "--body", "a", "--body", "b"],
        ["add", "x", "--body", "a", "--body", "b"], ["reject", "T1", "--why", "a", "--why", "b"],
        ["done", "T1", "--summary", "a", "--summary=b"], ["add", "x", "--from", "-"],
        ["add", "--from", "-", "--worker", "w"], ["add", "--from", "-", "--body", "b"],
        ["add", "--from", "-", "--priority", "3"], ["edit", "T1", "--file", "-", "--body", "b"],
    ],
)  # fmt: skip
def test_of_two_texts_none_is_dropped_without_a_word(board: Path, words: list[str]) -> None:
    refused(board, *words, stdin="- title: t\n")


@pytest.mark.parametrize(
    "words",
    [
        ["add", "x", "--priority", "9" * 20], ["edit", "T1", "--priority", "-" + "9" * 20],
        ["note", "T1", BIG], ["add", BIG], ["edit", "T1", "--body", BIG], ["add", "x", "--body", BIG],
        ["block", "T1", "--why", BIG], ["edit", "T1", "--needs", f"build:{'9' * 20}"],
    ],
    ids=lambda words: " ".join(words)[:30],
)  # fmt: skip
def test_what_the_reader_would_not_take_is_not_written(board: Path, words: list[str]) -> None:
    refused(board, *words)
    assert json.loads(ok(board, "status", "--json"))["problems"] == []


def test_a_file_without_an_end_is_no_text(board: Path) -> None:
    for words in (["note", "T1", "--file"], ["add", "--from"], ["edit", "T1", "--file"]):
        refused(board, *words, "/dev/zero")


def test_init_from_a_file_without_an_end_is_refused(repo: Path) -> None:
    done = call(repo, "init", "--config", "/dev/zero")
    assert done.code == 2 and "more than 1 MiB" in done.err


@pytest.mark.parametrize(
    "words", [["-n", "-1"], ["-n", "0"], ["--since", "garbage"], ["--since", "-"]]
)
def test_a_log_of_no_number_and_of_no_date_is_refused(board: Path, words: list[str]) -> None:
    refused(board, "log", *words)


@pytest.mark.parametrize(
    "date",
    ["2 days ago", "yesterday", "2026-11-23T22:00:00Z", "1.week.ago", "last friday", "Nov 3 2025"],
)
def test_dates_that_git_understands_are_taken(board: Path, date: str) -> None:
    ok(board, "log", "--since", date)
