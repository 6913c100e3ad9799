"""The merge driver in real git: what it adds to the plain merge, and what it leaves to people."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.calls import EXAMPLE, call, ok
from tests.conftest import git


@pytest.fixture
def installed(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The board in a clone that has the driver, `gitkanban` on its PATH."""
    program = tmp_path / "bin" / "gitkanban"
    program.parent.mkdir()
    root = EXAMPLE.parent
    program.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m gitkanban "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    said = ok(board, "install", "merge-driver")
    assert said == "git merges .kanban/cards/*.yaml by field in this clone\n"
    return board


def card(repo: Path, name: str = "T4") -> Path:
    return repo / ".kanban" / "cards" / f"{name}.yaml"


def branches(repo: Path, ours: tuple[str, str], theirs: tuple[str, str]) -> None:
    """Change T4 on branch `theirs` and on main, and stay on main."""
    git(repo, "checkout", "-qb", "theirs")
    for branch, (old, new) in (("theirs", theirs), ("main", ours)):
        git(repo, "checkout", "-q", branch)
        text = card(repo).read_text()
        assert old in text
        card(repo).write_text(text.replace(old, new, 1))
        git(repo, "commit", "-qam", f"on {branch}")


def test_items_of_one_list_add_up_where_lines_conflict(installed: Path) -> None:
    branches(installed, ("  - T3", "  - T3\n  - T5"), ("  - T3", "  - T3\n  - T6"))
    git(installed, "merge", "-q", "--no-edit", "theirs")
    assert "  - T3\n  - T5\n  - T6\n" in card(installed).read_text()


def test_without_the_driver_that_is_a_conflict(installed: Path) -> None:
    ok(installed, "install", "merge-driver", "--remove")
    assert "gitkanban" not in (installed / ".git" / "info" / "attributes").read_text()
    branches(installed, ("  - T3", "  - T3\n  - T5"), ("  - T3", "  - T3\n  - T6"))
    git(installed, "merge", "-q", "--no-edit", "theirs", check=False)
    assert "<<<<<<<" in card(installed).read_text()


def test_a_later_state_beats_an_earlier_one(installed: Path) -> None:
    running = "status: running\nrun: r1\nslot: messages-hermes#1"
    branches(installed, ("status: todo", running), ("status: todo", "status: review"))
    git(installed, "merge", "-q", "--no-edit", "theirs")
    text = card(installed).read_text()
    assert "status: review" in text and "run:" not in text


def test_a_true_conflict_marks_its_field_shows_both_and_never_loads(installed: Path) -> None:
    branches(
        installed,
        ("title: final integration review", "title: ours # kept\nx-mine: 1"),
        ("title: final integration review", "title: theirs"),
    )
    done = git(installed, "merge", "--no-edit", "theirs", check=False)
    assert "CONFLICT (content)" in done
    text = card(installed).read_text()
    marked = text[text.index("<<<<<<<") : text.index(">>>>>>>")].split("\n")
    assert [line for line in marked if "title" in line] == ["title: ours # kept", "title: theirs"]
    assert text.count("worker: messages-owner") == 1
    found = call(installed, "check")
    assert found.code == 1 and "an unresolved merge conflict" in found.out
    assert git(installed, "status", "--short") == "UU .kanban/cards/T4.yaml"


def test_both_meanings_are_reported(board: Path, tmp_path: Path) -> None:
    base, ours, theirs = (tmp_path / name for name in ("base", "ours", "theirs"))
    text = card(board).read_text()
    base.write_text(text)
    ours.write_text(text.replace("status: todo", "status: done"))
    theirs.write_text(text.replace("status: todo", "status: blocked\nreason: needs-input\nwhy: x"))
    argv = ["merge-file", str(base), str(ours), str(theirs), ".kanban/cards/T4.yaml"]
    done = call(tmp_path, *argv)
    assert done.code == 1
    assert done.err == (
        ".kanban/cards/T4.yaml: status: done (ours), blocked: needs-input (theirs)\n"
    )


def test_installing_twice_keeps_other_attributes(installed: Path) -> None:
    path = installed / ".git" / "info" / "attributes"
    path.write_text("*.png binary\n" + path.read_text())
    ok(installed, "install", "merge-driver")
    assert path.read_text() == "*.png binary\n.kanban/cards/*.yaml merge=gitkanban\n"
