"""`review` at a terminal: each key does what it says, and what was typed too early does nothing."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban.cli.commands.review import KEYS, PROMPT
from tests.cli.calls import ok
from tests.conftest import git
from tests.support.arena import until
from tests.support.terminal import Terminal

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w:
      mode: pool
      max_concurrency: 3
      verify: [sh, check.sh]
      command: [sh, -c, "printf 'one\\\\ntwo\\\\n' > $0; git add $0; git commit -qm $0; echo said", "{card}"]
"""
READY = re.escape(f"{PROMPT} ")


@pytest.fixture
def repo(repo: Path, tmp_path: Path) -> Path:
    """A board with T1, T2 and T3 in review."""
    (repo / "check.sh").write_text("test ! -e $HOME/broken\n")
    git(repo, "add", "check.sh")
    git(repo, "commit", "-qm", "a check")
    (tmp_path / "config.yaml").write_text(CONFIG)
    ok(repo, "init", "--branch", "kanban", "--config", str(tmp_path / "config.yaml"))
    for name in ("T1", "T2", "T3"):
        ok(repo, "add", f"card {name}", "--id", name, "-w", "w")
    ok(repo, "trust", "--yes")
    ok(repo, "tick", "--wait")
    until(lambda: set(states(repo).values()) == {"review"}, "all in review")
    return repo


def states(repo: Path) -> dict[str, str]:
    return {each["id"]: each["status"] for each in json.loads(ok(repo, "list", "--json"))}


def notes(repo: Path, name: str) -> list[tuple[str, str]]:
    rows = json.loads(ok(repo, "show", name, "--json"))["notes"]
    return [(each["kind"], each["text"]) for each in rows]


@pytest.fixture
def seat(repo: Path) -> Iterator[Terminal]:
    """`review` at a terminal, with an editor that writes `mine`,
    and under a line of a diff `why`.
    """
    script = Path(os.environ["HOME"]) / "editor.sh"
    script.write_text(
        '#!/bin/sh\n[ -d "$1" ] && { pwd > $HOME/pwd; exit; }\n[ -e $HOME/empty ] && exit\n'
        'sed -i "s/^+two/&\\nwhy/" "$1"; (echo mine; cat "$1") > $HOME/x; cp $HOME/x "$1"\n'
    )
    script.chmod(0o755)
    with Terminal(repo, "review", "--no-tick", EDITOR=str(script), NO_COLOR="1") as seat:
        yield seat


def test_the_keys_and_the_one_that_is_typed_fit_a_line_of_80_columns() -> None:
    assert len(f"{PROMPT} ?") < 80


def press(seat: Terminal, key: str, sign: str) -> str:
    """Press a key at the keys' line; what comes up to the sign."""
    seat.until(READY)
    return seat.until(sign, key)


def test_looking_decides_nothing(repo: Path, seat: Terminal) -> None:
    assert "T1  card T1" in seat.until("1 of 3[^[]*verify passed[^[]*2 [+]")
    assert "+two" in press(seat, "d", "[+]two")
    assert "said" in press(seat, "l", "said")
    said = press(seat, "?", "q +quit")
    assert all(
        re.search(f"  {re.escape(key)} +{word} ", said + "  q quit ") for key, word, _ in KEYS[:-1]
    )
    press(seat, "b", "Error: no card before this one is in review")
    press(seat, "x", "x\n")  # is nothing
    press(seat, "v", r"sh check.sh …\nverify passed")
    (Path(os.environ["HOME"]) / "broken").touch()
    press(seat, "v", r"Error: verify fails on T1 as its branch is \(exit 1\)")
    press(seat, "o", "o\n")
    seat.until(READY)
    pwd = (Path(os.environ["HOME"]) / "pwd").read_text().strip()
    assert pwd == f"{repo}.worktrees/T1"
    git(repo, "worktree", "remove", "--force", pwd)
    seat.until("Error: the worktree of T1 is gone\nHint: [^\n]*--diff", "o")
    press(seat, "q", "3 left in review")
    assert seat.end() == 0
    assert set(states(repo).values()) == {"review"}


def test_every_card_is_decided_where_one_is(repo: Path, seat: Terminal) -> None:
    press(seat, "n", "Your note")
    seat.answer("editor)", "in a line\n")
    seat.until("noted on T1")
    press(seat, "n", "Your note")
    seat.answer("editor)", "\n")
    seat.until("noted on T1")
    press(seat, "s", "2 of 3")
    press(seat, "r", "What is wrong")
    seat.answer("with the diff)", "\n")
    seat.until("T2 goes back with your words")
    press(seat, "b", "1 of 3")  # over T2, which is decided
    ok(repo, "done", "T3")  # by somebody else
    press(seat, "a", "T1 done")
    seat.until("T2 is todo now\nT3 is done now\n1 accepted, 1 decided elsewhere, 1 sent back\n")
    assert seat.end() == 0
    assert states(repo) == {"T1": "done", "T2": "todo", "T3": "done"}
    assert notes(repo, "T1") == [("note", "in a line"), ("note", "mine")]
    assert notes(repo, "T2") == [("reject", "mine\n\nT2:2: why")]
    assert (repo / "T1").exists()


def test_what_is_given_up_decides_nothing(repo: Path, seat: Terminal) -> None:
    (Path(os.environ["HOME"]) / "empty").touch()
    press(seat, "r", "What is wrong")
    seat.answer("with the diff)", "\n")
    seat.until("Error: nothing was written, so T1 stays in review")
    press(seat, "r", "What is wrong")
    seat.until("interrupted", "\x03")
    press(seat, "\x04", "3 left in review")
    assert seat.end() == 0
    assert set(states(repo).values()) == {"review"} and not notes(repo, "T1")


def test_what_was_decided_starts_what_is_ready_at_once(repo: Path) -> None:
    with Terminal(repo, "review", "T1", NO_COLOR="1") as seat:
        press(seat, "r", "What is wrong")
        seat.answer("with the diff)", "again\n")
        seat.until("1 sent back\n ● T1 +started")
        assert seat.end() == 0
    until(lambda: states(repo)["T1"] != "running", "the end of its second try")
