"""Since when cards are done or dropped: the commit that made them so, asked of git once."""

from pathlib import Path
from typing import Any

import pytest

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.content import finish_times
from gitkanban.board.repo import git as git_command
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card
from tests.board import boards
from tests.board.boards import FORMS

CARDS = [Card(name, title=name, worker="coder", status="todo") for name in ("A", "B", "C")]


def at(monkeypatch: pytest.MonkeyPatch, hour: int) -> int:
    """Let it be that hour; its epoch seconds."""
    text = f"2026-11-28T{hour:02}:00:00Z"
    for name in ("GITKANBAN_NOW", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, text)
    return clock.parse(text)


def times(place: Place, **more: Any) -> dict[str, int]:
    return dict(finish_times.read(place, store.read(place), **more))


@pytest.mark.parametrize("form", FORMS, ids=["in-tree", "own-branch"])
def test_it_is_the_commit_that_made_a_card_so(
    repo: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 8)
    place = boards.new(repo, form, *CARDS)
    assert times(place) == {}
    nine = at(monkeypatch, 9)
    boards.edit(place, "A", status="done")
    at(monkeypatch, 10)
    boards.edit(place, "B", title="changed, and not done")
    assert times(place) == {"A": nine}
    eleven = at(monkeypatch, 11)
    boards.edit(place, "C", status="dropped")
    assert times(place) == {"A": nine, "C": eleven}
    board = store.read(place)
    assert times(place, only=[board.cards["C"]]) == {"C": eleven}
    (Path(place.private) / "cache" / "finish-times").write_text("[1, 2")
    assert times(place) == {"A": nine, "C": eleven}


def test_one_that_was_opened_again_counts_from_its_last_end(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 8)
    place = boards.new(repo, "", *CARDS)
    boards.edit(place, "A", status="done")
    boards.edit(place, "B", status="done")
    assert len(times(place)) == 2
    at(monkeypatch, 9)
    boards.edit(place, "A", status="todo")
    assert "A" not in times(place)
    ten = at(monkeypatch, 10)
    boards.edit(place, "A", status="done")
    assert times(place)["A"] == ten


def test_git_is_asked_only_when_another_card_is_over(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = boards.new(repo, "", *CARDS)
    boards.edit(place, "A", status="done")
    times(place)
    asked: list[tuple[str, ...]] = []
    stream = git_command.stream

    def counted(cwd: str, *args: str, input: bytes) -> Any:
        asked.append(args)
        return stream(cwd, *args, input=input)

    monkeypatch.setattr(git_command, "stream", counted)
    boards.edit(place, "B", title="changed")
    assert "A" in times(place) and not asked
    boards.edit(place, "B", status="done")
    assert "B" in times(place) and len(asked) == 1
