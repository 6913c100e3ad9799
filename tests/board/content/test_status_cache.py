"""The rows that are kept for `status`, and everything that makes them doubtful."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.content import status_cache
from gitkanban.board.repo import gitdir
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card
from gitkanban.core.situation.rows import CARD_KEYS
from tests.board.boards import FORMS, edit, new
from tests.conftest import git


def row(card: str, group: str) -> tuple[Any, ...]:
    return tuple({"id": card, "group": group}.get(key, "") for key in CARD_KEYS)


CARDS = [row("T1", "next"), row("T2", "done")]


def rows(commit: str, valid_until: int = 0) -> dict[str, Any]:
    return {
        "commit": commit, "branch": "x", "valid_until": valid_until, "cards": CARDS,
        "workers": [{"name": "coder"}], "profiles": {"coder": {"limit": 1}},
        "left_out": {"backlog": 0, "done": 1, "dropped": 0},
    }  # fmt: skip


def outside(repo: Path) -> Any:
    return status_cache.outside(str(repo / ".git"))


@pytest.fixture(params=FORMS, ids=["in-tree", "own-branch"])
def here(repo: Path, request: pytest.FixtureRequest) -> Place:
    place = new(repo, request.param, Card("T1"))
    status_cache.keep(place, rows(git(repo, "rev-parse", place.ref)), outside(repo))
    return place


def test_it_is_found_from_everywhere(here: Place, repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "side", str(linked))
    kept = rows(git(repo, "rev-parse", here.ref))
    kept |= status_cache.beside(here)
    del kept["left_out"]
    assert kept["main"] == str(repo)
    for cwd in (repo, repo / "src", repo / ".git", linked, linked / "src", repo / ".kanban/cards"):
        assert status_cache.warm(str(cwd)) == kept
    git(repo, "pack-refs", "--all")
    assert status_cache.warm(str(repo)) == kept


@pytest.mark.usefixtures("here")
def test_quiet_cards_are_counted_for_a_brief_answer(repo: Path) -> None:
    found = status_cache.warm(str(repo), status_cache.BRIEF)
    assert found
    assert found["cards"] == CARDS[:1]
    assert found["left_out"] == {"backlog": 0, "done": 1, "dropped": 0}


def test_a_moved_branch_makes_it_doubtful(here: Place, repo: Path) -> None:
    edit(here, "T1", priority=1)
    assert status_cache.warm(str(repo)) is None


def test_changed_configuration_makes_it_doubtful(here: Place, repo: Path) -> None:
    git(repo, "config", "gitkanban.branch", "another")
    assert status_cache.warm(str(repo)) is None


@pytest.mark.parametrize("name", ["trust", "cache/schedule", "cache/refused"])
def test_what_the_rows_depend_on_beside_the_board_makes_it_doubtful(
    here: Place, repo: Path, name: str
) -> None:
    (Path(here.private) / name).write_text("{}")
    assert status_cache.warm(str(repo)) is None


def test_rows_made_of_what_has_changed_since_are_not_taken(here: Place, repo: Path) -> None:
    before = outside(repo)
    (Path(here.private) / "trust").write_text("{}")
    status_cache.keep(here, rows(git(repo, "rev-parse", here.ref)), before)
    assert status_cache.warm(str(repo)) is None


def test_a_full_disk_makes_it_doubtful(
    here: Place, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status_cache.warm(str(repo)) is not None
    full = os.statvfs_result((4096, 4096, 1000, 10, 10, 100, 50, 50, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    assert status_cache.warm(str(repo)) is None


@pytest.mark.parametrize("sign", ["MERGE_HEAD", "index.lock"])
def test_something_in_progress_makes_it_doubtful(here: Place, repo: Path, sign: str) -> None:
    root = repo if here.prefix else repo / ".kanban"
    (Path(git(root, "rev-parse", "--absolute-git-dir")) / sign).touch()
    assert status_cache.warm(str(repo)) is None


def test_time_makes_it_doubtful(here: Place, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITKANBAN_NOW", "2026-11-23T22:00:00Z")
    now = 1795471200
    status_cache.keep(here, rows(git(repo, "rev-parse", here.ref), now + 1), outside(repo))
    assert status_cache.warm(str(repo)) is not None
    monkeypatch.setenv("GITKANBAN_NOW", "2026-11-23T22:00:01Z")
    assert status_cache.warm(str(repo)) is None


def test_a_damaged_cache_is_none(here: Place, repo: Path) -> None:
    path = Path(here.private) / "cache/status"
    data = path.read_bytes()
    for damaged in (
        b"",
        data[:10],
        data[:-3],
        data[:-1] + b"?",
        b"\xff" * 50,
        b"i\x00\x00\x00\x00",
    ):
        path.write_bytes(damaged)
        assert status_cache.warm(str(repo)) is None
    path.unlink()
    assert status_cache.warm(str(repo)) is None


def test_no_repository(tmp_path: Path) -> None:
    assert status_cache.warm(str(tmp_path)) is None
    assert status_cache.warm("/") is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_cache_that_another_user_wrote_is_not_read(here: Place, repo: Path) -> None:
    os.chown(Path(here.private) / "cache/status", 65534, -1)
    assert status_cache.warm(str(repo)) is None


def test_a_warm_read_imports_next_to_nothing(here: Place, repo: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); from gitkanban.board.content import "
        "status_cache; import os; assert status_cache.warm(os.getcwd()); print(*sorted(set(sys.modules) - before))"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, env=env, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) <= {
        "gitkanban", "gitkanban.board", "gitkanban.board.repo", "gitkanban.board.repo.gitdir",
        "gitkanban.board.repo.cachefile",
        "gitkanban.board.content", "gitkanban.board.content.status_cache", "gitkanban.programs",
        "gitkanban.board.content.finished_rows", "gitkanban.core", "gitkanban.core.situation",
        "gitkanban.core.situation.rows",
        "gc", "zlib", "marshal",
    }  # fmt: skip


def test_another_branch_than_the_boards_is_not_kept(here: Place, repo: Path) -> None:
    status_cache.keep(here._replace(aside=True), rows("0" * 40), outside(repo))
    assert status_cache.warm(str(repo)) is not None


def test_an_empty_folder_of_that_name_is_no_repository(tmp_path: Path, repo: Path) -> None:
    (tmp_path / ".git/info").mkdir(parents=True, exist_ok=True)
    (repo / "src/.git").mkdir()
    assert gitdir.common_dir(str(repo / "src")) == str(repo / ".git")
    assert gitdir.common_dir(str(tmp_path)) == ""
