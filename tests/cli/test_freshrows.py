"""Rows of a large board that are worded in part are those that wording all of them gives."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.content import board_cache, finished_cards, finished_rows, status_cache
from gitkanban.board.formats import cardfile, runfile
from gitkanban.board.repo import git as git_runner
from gitkanban.cli import freshrows, quick
from gitkanban.cli.here import place_here
from gitkanban.core.model import BACKLOG, DONE, DROPPED, TODO, Card, Run
from tests.board import boards
from tests.cli.calls import ok
from tests.conftest import git

IDS = [f"T{number}" for number in range(9)]


@pytest.fixture
def large(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A board whose finished cards lie in files of their own, few as they are."""
    monkeypatch.setattr(board_cache, "_FINISHED_LEAST", 2)
    monkeypatch.setattr(freshrows, "_FINISHED_LEAST", 2)
    monkeypatch.chdir(repo)
    done = [Card(f"D{number}", title="é\t" * number, status=DONE) for number in range(4)]
    boards.new(repo, "", Card("T0"), *done, Card("X", status=DROPPED))
    return repo


def rows_file(repo: Path) -> str:
    """The name of the file of finished rows."""
    [found] = (repo / ".git/gitkanban/cache").glob(f"{finished_rows.PREFIX}*")
    return found.name


def shown(repo: Path) -> tuple[Any, ...]:
    """What every view says of the board, and what a board without any cache says."""
    outs = [ok(repo, *words) for words in (["status", "--json"], ["list"], ["status", "--json"])]
    warm = status_cache.warm(str(repo), status_cache.LINES)
    assert warm is not None
    assert "finished" in warm
    lines = quick.lines_of(quick.live(warm), warm.get("finished"))
    assert outs[0] == outs[2]
    brief = quick.live(freshrows.make_rows(place_here(), True), True)
    assert brief == quick.live(status_cache.warm(str(repo), status_cache.BRIEF) or {}, True)
    return json.loads(outs[0]), outs[1], lines, brief["cards"], brief["left_out"]


def test_after_any_change_all_views_say_what_they_say_without_a_cache(large: Path) -> None:
    dice = random.Random(5)
    ok(large, "status")
    names = set()
    for number in range(40):
        for name in dice.sample(IDS, dice.randrange(1, 4)):
            status = dice.choice([TODO, BACKLOG, DONE, DONE, DROPPED])
            parents = tuple(dice.sample([*IDS, "X", "D1"], dice.randrange(3)))
            card = Card(name, title=f"{number}", status=status, worker="coder", parents=parents)
            text = cardfile.render(card._replace(parents=tuple(p for p in parents if p != name)))
            (large / f".kanban/cards/{name}.yaml").write_text(text)
        if dice.randrange(4) == 0:
            run = Run(
                "r1", dice.choice([*IDS, "D1", "X"]), cost_usd=f"{number}.5", ended=1700000000
            )
            path = large / f".kanban/runs/{run.card}/r{number}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(runfile.render(run._replace(run=f"r{number}")))
        git(large, "add", "-A")
        git(large, "commit", "-qm", "by hand")
        if dice.randrange(2):  # what is worded later must not miss what a brief answer saw
            freshrows.make_rows(place_here(), True)
            continue
        found = shown(large)
        names.add(rows_file(large))
        again = large / ".git/gitkanban/again"
        (large / ".git/gitkanban/cache").rename(again)
        ok(large, "status")
        assert shown(large) == found
        shutil.rmtree(large / ".git/gitkanban/cache")
        again.rename(large / ".git/gitkanban/cache")
    assert len(names) == 1  # it was written once; else nothing was tried


def test_only_finished_cards_that_changed_are_searched_for_in_the_stored_lines(
    large: Path,
) -> None:
    ok(large, "status")
    for names, hidden in ((("T0",), set()), (("T0", "D1"), {"D1"})):
        for name in names:
            ok(large, "edit", name, "--title", "again")
        ok(large, "list")
        warm = status_cache.warm(str(large), status_cache.LINES)
        assert warm is not None
        assert warm["finished"].hidden == hidden


def test_what_a_pull_has_changed_is_asked_of_git_once(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(large, "status")
    (large / ".kanban/cards/D1.yaml").write_text(cardfile.render(Card("D1", title="pulled")))
    git(large, "commit", "-qam", "by hand")
    asked: list[str] = []
    run = git_runner.run
    monkeypatch.setattr(
        git_runner,
        "run",
        lambda where, *args, **how: asked.append(args[0]) or run(where, *args, **how),
    )
    assert "pulled" in str(quick.status_now()["cards"])
    assert asked.count("diff-tree") == 1


def test_what_more_than_the_card_changes_all_rows(large: Path) -> None:
    ok(large, "status")
    before = rows_file(large)
    config = large / ".kanban/config.yaml"
    config.write_text(config.read_text() + "      max_attempts: 7\n")
    git(large, "commit", "-qam", "more tries")
    ok(large, "status")
    assert rows_file(large) != before


def test_after_many_changes_the_file_is_written_again(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(large, "status")
    before = rows_file(large)
    monkeypatch.setattr(freshrows, "_CHANGED_MOST", 1)
    for name in ("D1", "D2"):
        assert rows_file(large) == before
        ok(large, "edit", name, "--title", "again")
        found = json.loads(ok(large, "status", "--json"))
    assert rows_file(large) != before
    assert {card["title"] for card in found["cards"] if card["id"] in ("D1", "D2")} == {"again"}


@pytest.mark.timeout(120)
def test_a_pipe_in_the_place_of_a_cache_is_not_waited_for(large: Path) -> None:
    before = ok(large, "status", "--json")
    for name in ("board", "status", finished_rows.PREFIX, finished_cards.PREFIX):
        [path] = (large / ".git/gitkanban/cache").glob(f"{name}*")
        path.unlink()
        os.mkfifo(path)
        assert ok(large, "status", "--json") == before, name


@pytest.mark.parametrize("part", [status_cache.ALL, status_cache.LINES])
@pytest.mark.parametrize("damage", ["gone", "cut", "changed"])
def test_a_damaged_file_costs_time_only(large: Path, damage: str, part: str) -> None:
    ok(large, "status")
    before = ok(large, "status", "--json")
    path = large / ".git/gitkanban/cache" / rows_file(large)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[:-9])
    else:
        path.write_bytes(data[::-1])
    assert status_cache.warm(str(large), part) is None
    assert status_cache.warm(str(large), status_cache.BRIEF) is not None
    assert ok(large, "status", "--json") == before
