"""Uncommitted edits of the board: none is missed, whichever way git is asked."""

import os
import random
import shutil
from pathlib import Path

import pytest

from gitkanban.board.content import status_cache
from gitkanban.cli import open_edits, quick
from gitkanban.cli.open_edits import OpenEdits
from gitkanban.core.model import Card
from tests.board import boards
from tests.conftest import git

NAMES = [f"cards/T{number}.yaml" for number in range(6)] + ["notes/T1/n.md", "runs/T1/a b.yaml"]


def edit_anything(dice: random.Random, root: Path, folder: Path) -> None:
    """Do one thing to the files of a board that a person may do without committing it."""
    path = folder / dice.choice(NAMES)
    acts = [
        lambda: path.write_text(f"{dice.random()}"),
        lambda: path.unlink(missing_ok=True),
        lambda: os.utime(path) if path.exists() else None,
        lambda: path.chmod(0o755) if path.exists() else None,
        lambda: (folder / ".gitignore").write_text(dice.choice(["notes/\n", "T2*\n", ""])),
        lambda: git(root, "add", "-A"),
        lambda: git(root, "rm", "-q", "--cached", "--ignore-unmatch", str(path)),
        lambda: git(root, "add", "-N", "-f", str(path)) if path.exists() else None,
        lambda: git(root, "reset", "-q"),
        lambda: path.rename(path.with_suffix(".é")) if path.exists() else None,
        lambda: git(root, "init", "-q", str(folder / "nested")),
        lambda: shutil.rmtree(folder / "nested", ignore_errors=True),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    dice.choice(acts)()


def edits_of(rows: dict[str, str], commit: str) -> list[str]:
    """The line about edits, from a look of its own."""
    with OpenEdits() as edits:
        edits.begin(rows, commit)
        return edits.lines()


@pytest.mark.parametrize("form", boards.FORMS)
def test_two_gits_find_what_one_finds(
    repo: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = boards.new(repo, form, *(Card(f"T{number}") for number in range(4)))
    folder = boards.folder(repo)
    root = repo if here.prefix else folder
    rows = status_cache.beside(here) | {"branch": here.branch}
    dice, lines = random.Random(form), set()
    for _ in range(40):
        edit_anything(dice, root, folder)
        one = edits_of(rows, "")
        with monkeypatch.context() as large:
            large.setattr(open_edits, "_LARGE", 0)
            assert edits_of(rows, "") == one
        lines.add(str(one))
    assert len(lines) > 5


def test_git_looks_while_the_rows_are_loaded_and_looks_once(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boards.new(repo, "", Card("T1"))
    monkeypatch.chdir(repo)
    (repo / ".kanban/cards/T1.yaml").write_text("x")
    order: list[str] = []
    start, load = OpenEdits._start_git, status_cache._load_part
    monkeypatch.setattr(OpenEdits, "_start_git", lambda *each: order.append("look") or start(*each))
    monkeypatch.setattr(
        status_cache, "_load_part", lambda *each: order.append("load") or load(*each)
    )
    fresh = quick.status_now()
    assert order[0] == "look" and order.count("look") == 1
    order.clear()
    assert quick.status_now() == fresh
    assert order[:2] == ["look", "load"] and order.count("look") == 1
    assert fresh["notes"] == ["not committed, so not on the board yet: .kanban/cards/T1.yaml"]


def test_a_board_that_moves_meanwhile_is_looked_at_again(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = boards.new(repo, "", Card("T1"))
    rows = status_cache.beside(here) | {"branch": here.branch}
    looks: list[int] = []
    start = OpenEdits._start_git
    monkeypatch.setattr(OpenEdits, "_start_git", lambda *each: looks.append(1) or start(*each))
    with OpenEdits() as edits:
        for commit in ("a", "a", "b"):
            edits.begin(rows, commit)
        assert (len(looks), edits.lines()) == (2, [])
