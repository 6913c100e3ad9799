"""Commits that git fast-import writes: modes, authors byte for byte, objects that a gc took."""

import os
import subprocess
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.content.fastimport import Author, FastImport, quoted
from gitkanban.board.content.writing import NewTree
from gitkanban.board.repo import refs
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card
from gitkanban.errors import GitFailed
from tests.board.boards import edit, file_of, new, said
from tests.conftest import git


@pytest.mark.parametrize("when", ["before", "after"])
def test_objects_that_a_gc_took_before_or_after_the_move_are_written_again(
    repo: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    place = new(repo, "kanban", Card("T1", title="old"))
    board = store.read(place)
    swap = refs.swap

    def pruned(*args: object, **options: object) -> bool:
        monkeypatch.setattr(refs, "swap", swap)
        if when == "before":
            git(repo, "gc", "--quiet", "--prune=now")
        moved = swap(*args, **options)  # type: ignore[arg-type]
        if when == "after":  # as a gc does that looked at the refs before they moved
            for oid in git(repo, "rev-list", "--objects", "kanban", f"^{board.commit}").split():
                (repo / ".git" / "objects" / oid[:2] / oid[2:]).unlink(missing_ok=True)
        return moved

    monkeypatch.setattr(refs, "swap", pruned)
    change = EditCard("T1", {"title": "new"})
    assert store.commit_once(place, board, [change], said)
    git(repo, "fsck", "--strict", "--no-dangling")
    assert store.read(place).cards["T1"].title == "new"


def test_a_writer_that_git_does_not_write_for_says_why_and_leaves_no_report(repo: Path) -> None:
    place = new(repo, "", Card("T1"))
    with NewTree(place, "f" * 40) as draft, pytest.raises(GitFailed, match="fast-import"):
        draft.read("cards/T1.yaml")
    assert not list((repo / ".git").glob("fast_import_crash_*"))


def test_no_ref_is_left_and_none_moves_by_writing(repo: Path) -> None:
    place = new(repo, "", Card("T1"))
    before = git(repo, "for-each-ref")
    with NewTree(place, git(repo, "rev-parse", "main")) as draft:
        draft.write("cards/T1.yaml", "id: T1\n")
        assert draft.commit("x\n", [draft.tip])
    assert git(repo, "for-each-ref") == before


def test_authors_keep_their_bytes(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = new(repo, "", Card("T1"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", os.fsdecode(b"Andr\xe9"))
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "andre@example.org")
    edit(place, "T1", title="new")
    commit = git(repo, "log", "-1", "--format=%H", "--author=andre@example.org")
    raw = subprocess.run(["git", "cat-file", "commit", commit], cwd=repo, capture_output=True)
    assert b"author Andr\xe9 <andre@example.org> " in raw.stdout


def test_a_file_keeps_its_mode_and_a_shared_repository_its_own(repo: Path) -> None:
    git(repo, "config", "core.sharedRepository", "group")
    before = set((repo / ".git" / "objects").iterdir())
    place = new(repo, "", Card("T1"))
    file_of(repo, "T1").chmod(0o755)
    git(repo, "commit", "-qam", "may be executed")
    edit(place, "T1", title="new")
    assert git(repo, "ls-tree", "main", ".kanban/cards/T1.yaml").startswith("100755")
    objects = [path for path in (repo / ".git" / "objects").glob("??/*") if path.is_file()]
    assert objects and all(path.stat().st_mode & 0o040 for path in objects)
    folders = {path.parent for path in objects} - before
    assert folders and all(path.stat().st_mode & 0o2020 == 0o2020 for path in folders)


@pytest.mark.parametrize("name", ['a "b"', "back\\slash", "line\nbreak", "\udce9", "# x", "é"])
def test_any_name_is_written_as_it_is(repo: Path, name: str) -> None:
    new(repo, "", Card("T1"))
    tip = git(repo, "rev-parse", "main")
    path = os.fsencode(f"odd/{name}")
    who = Author(b"Ada", b"ada@example.org", 1_700_000_000, "+0100")
    with FastImport(str(repo / ".git")) as process:
        made = process.commit({path: ("100644", b"x")}, b"m\n", who, who, [tip])
    with FastImport(str(repo / ".git")) as process:
        _, blob = process.entry(made.commit, path)
        assert process.content(blob) == b"x"
    assert quoted(path).startswith(b'"')
