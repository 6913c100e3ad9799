"""Commits that git writes for us: modes, authors byte for byte, objects that a gc took."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from gitkanban.board import store
from gitkanban.board.content.writing import NewTree
from gitkanban.board.repo import refs
from gitkanban.board.repo.new_objects import Author, NewObjects
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card
from gitkanban.errors import GitFailed
from tests.board.boards import edit, file_of, new, said
from tests.conftest import git
from tests.support.examples import examples


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


def test_a_writer_says_which_object_is_missing(repo: Path) -> None:
    place = new(repo, "", Card("T1"))
    with NewTree(place, "f" * 40) as draft, pytest.raises(GitFailed, match="ffff is missing"):
        draft.read("cards/T1.yaml")


def test_no_ref_is_left_and_none_moves_by_writing(repo: Path) -> None:
    place = new(repo, "", Card("T1"))
    before = git(repo, "for-each-ref")
    with NewTree(place, git(repo, "rev-parse", "main")) as draft:
        draft.write("cards/T1.yaml", "id: T1\n")
        assert draft.commit("x\n", [draft.tip])
    assert git(repo, "for-each-ref") == before


def test_authors_keep_their_encode_text(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


WHO = Author(b"Ada", b"ada@example.org", 1_700_000_000, "+0100")


@pytest.mark.parametrize("name", ['a "b"', "back\\slash", "line\nbreak", "\udce9", "# x", "é"])
def test_any_name_is_written_as_it_is(repo: Path, name: str) -> None:
    path = os.fsencode(f"odd/{name}")
    start = git(repo, "rev-parse", "main^{tree}")
    with NewObjects(str(repo / ".git")) as new:
        tree = new.tree({path: ("100644", b"x")}, start)
        new.write()
    git(repo, "fsck", "--strict", tree)
    with NewObjects(str(repo / ".git")) as new:
        assert new.content(new.entry(tree, path)[1]) == b"x"


NAMES = st.sampled_from(["a", "a-b", "a.b", "a0", "b", "cards", "z.yaml", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CHANGES = st.dictionaries(PATHS, st.none() | st.sampled_from([b"", b"one", b"two"]), max_size=8)


def is_consistent(changes: Mapping[str, bytes | None]) -> bool:
    """Whether no path that is written lies below another one of the changes."""
    return not any(
        other.startswith(f"{path}/") for path in changes for other in changes if path != other
    )


@given(st.lists(CHANGES.filter(is_consistent), max_size=4), st.booleans())
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_trees_are_those_that_git_makes_of_the_same_files(
    sound: Path, steps: list[dict[str, bytes | None]], large: bool
) -> None:
    """In folders large enough for a delta, too."""
    more = {f"cards/c{number:04}": b"one" for number in range(300 if large else 0)}
    trees = [""]
    for step in [more, *steps]:
        with NewObjects(str(sound / ".git")) as new:
            files = {os.fsencode(p): data and ("100644", data) for p, data in step.items()}
            files |= {os.fsencode(p): ("100644", b"") for p, data in step.items() if data == b""}
            trees.append(new.tree(files, trees[-1]))
            new.write()
    assert trees[1:] == trees_by_git(sound, [more, *steps])


@pytest.fixture
def sound(repo: Path) -> Iterator[Path]:
    """A repository in which every object is sound in the end."""
    yield repo
    git(repo, "fsck", "--strict")


def trees_by_git(repo: Path, steps: Sequence[Mapping[str, bytes | None]]) -> list[str]:
    """The trees that `git fast-import` makes of the same steps, one after the other."""
    lines = []
    for number, step in enumerate(steps, 1):
        lines += ["commit refs/heads/by-git", f"mark :{number}", "committer A <a@b> 0 +0000"]
        lines += ["data 0", *([f"from :{number - 1}"] if number > 1 else [])]
        lines += [f"D {path}" for path, data in step.items() if data is None]
        for path, data in step.items():
            if data is not None:
                lines += [f"M 100644 inline {path}", f"data {len(data)}", data.decode()]
        lines.append("")
    git(repo, "fast-import", "--quiet", "--force", input="\n".join(lines))
    return git(repo, "log", "--reverse", "--format=%T", "by-git").splitlines()
