"""Merges are git's, wherever they are made and whatever somebody has changed in a checkout."""

import stat
from pathlib import Path

import pytest

from gitkanban.board.repo import merging
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.board.work.cardmerge import CardMerge
from gitkanban.core.model import Card, Config
from gitkanban.errors import Refused
from tests.board import boards
from tests.conftest import git

LINES = [f"{number}\n" for number in range(40)]


class Bench:
    """A repository whose gen.lock both sides have changed, and that has a driver for it."""

    def __init__(self, repo: Path, attributes: str = ".gitattributes") -> None:
        self.repo = repo
        name = Path(attributes).parent / "gen.lock"
        self.lock = name.as_posix()
        self.write(repo, attributes, "gen.lock merge=mine\n")
        self.write(repo, self.lock, "".join(LINES))
        self.commit(repo, "files")
        self.place: Place = boards.new(repo, "kanban")
        tree = repo.parent / "work"
        git(repo, "worktree", "add", "-q", "-b", "card/T1", str(tree), "main")
        self.write(tree, self.lock, "".join(LINES).replace("5\n", "five\n", 1))
        self.write(tree, "new.txt", "new\n")
        self.commit(tree, "work")
        self.write(repo, self.lock, "".join(LINES).replace("30\n", "thirty\n", 1))
        self.commit(repo, "base")
        git(repo, "config", "merge.mine.driver", "true")

    @staticmethod
    def write(root: Path, name: str, text: str) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    @staticmethod
    def commit(root: Path, message: str) -> None:
        git(root, "add", "-A")
        git(root, "commit", "-qm", message)

    def merge(self, repo: Path | None = None) -> CardMerge:
        root = repo or self.repo
        place = find(str(root)) if repo else self.place
        tips = git(root, "rev-parse", "main", "card/T1").split()
        work = CardMerge(place, Config(), Card("T1"), *tips)
        work.merge()
        return work

    def takes_ours(self, repo: Path | None = None) -> bool:
        """Whether the driver was asked, which leaves base's version."""
        made = git(repo or self.repo, "show", f"{self.merge(repo).new}:{self.lock}")
        assert "thirty" in made
        return "five" not in made


@pytest.mark.parametrize("attributes", [".gitattributes", "docs/deep/.gitattributes"])
def test_the_attributes_are_those_of_bases_tree(repo: Path, attributes: str) -> None:
    bench = Bench(repo, attributes)
    assert bench.takes_ours()
    (repo / attributes).write_text("gen.lock -merge\n")  # not committed
    assert bench.takes_ours()
    git(repo, "rm", "-q", "--cached", attributes)
    assert bench.takes_ours()


def test_in_a_bare_repository(repo: Path, tmp_path: Path) -> None:
    bench = Bench(repo)
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(bare))
    git(bare, "config", "merge.mine.driver", "true")
    assert bench.takes_ours(bare)
    git(bare, "config", "--unset", "merge.mine.driver")
    assert not bench.takes_ours(bare)


def test_a_driver_whose_program_lies_in_the_tree(repo: Path) -> None:
    (repo / "tools").mkdir()
    (repo / "tools/take.sh").write_text('echo "thirty, by $4" >"$2"\n')
    bench = Bench(repo)
    git(repo, "config", "merge.mine.driver", "sh ./tools/take.sh %O %A %B %P")
    made = git(repo, "show", f"{bench.merge().new}:gen.lock")
    assert made == "thirty, by gen.lock"


def test_nothing_of_it_shows_in_a_checkout_and_nothing_stays(repo: Path) -> None:
    bench = Bench(repo)
    before = git(repo, "status", "--porcelain"), git(repo, "for-each-ref")
    bench.merge()
    assert (git(repo, "status", "--porcelain"), git(repo, "for-each-ref")) == before
    assert not list((repo / ".git/gitkanban").glob("gitkanban-scratch-*"))


def test_objects_have_the_modes_that_git_gives_them(repo: Path) -> None:
    bench = Bench(repo)
    git(repo, "config", "core.sharedRepository", "group")
    old = set((repo / ".git/objects").rglob("*"))
    assert bench.merge().new
    made = [path for path in (repo / ".git/objects").rglob("*") if path not in old]
    folders = [path for path in made if path.is_dir()]
    assert made and all(path.stat().st_mode & stat.S_IWGRP for path in folders)
    assert all(path.stat().st_mode & stat.S_IRGRP for path in made)


def test_histories_that_have_nothing_in_common(repo: Path) -> None:
    bench = Bench(repo)
    git(repo, "branch", "-f", "main2", "main")
    alone = git(repo, "commit-tree", "-m", "alone", "main^{tree}")
    work = CardMerge(bench.place, Config(), Card("T1"), git(repo, "rev-parse", "main"), alone)
    with pytest.raises(Refused, match="no history in common"):
        work.merge()


def test_three_trees(repo: Path) -> None:
    trees = []
    for text in ("a\n", "a\nb\n", "c\n"):
        blob = git(repo, "hash-object", "-w", "--stdin", input=text)
        trees.append(git(repo, "mktree", input=f"100644 blob {blob}\tfile\n"))
    base, ours, theirs = trees
    common = str(repo / ".git")
    assert merging.merge_trees(common, base, ours, base) == merging.TreeMerge(ours, True)
    done = merging.merge_trees(common, base, ours, theirs)
    assert (done.clean, done.conflicts) == (False, ("file",))
