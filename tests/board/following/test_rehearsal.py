"""Base moves only where each checkout of it can follow; what fails later all the same is mended."""

import os
import subprocess
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.following import follow_base, mending, restoring
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.scratch import PREFIX
from gitkanban.care.checkup import examine
from gitkanban.core.changes import AddCard
from gitkanban.core.model import Card
from gitkanban.errors import BoardBusy, Refused
from gitkanban.tick.accepting import accept
from tests.board import boards
from tests.board.boards import FORMS
from tests.cli.calls import ok
from tests.conftest import git


class Bench:
    """A board and cards in review, each with a branch that writes some files."""

    def __init__(self, repo: Path, form: str) -> None:
        self.repo = repo
        self.place: Place = boards.new(repo, form)

    def card(self, card: str, **files: str) -> None:
        """A card whose branch has these files (`_` is a dot) on top of main."""
        boards.commit(self.place, AddCard(Card(card, worker="coder", status="review")))
        tree = self.repo.parent / card
        works = ("-c", "filter.boom.smudge=cat")
        git(self.repo, *works, "worktree", "add", "-q", "-b", f"card/{card}", str(tree), "main")
        for name, text in files.items():
            path = tree / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(tree, "add", "-A")
        git(tree, "commit", "-qm", "work")

    def filter(self, smudge: str) -> None:
        """What writes files named *.enc into a working tree from now on."""
        git(self.repo, "config", "filter.boom.clean", "cat")
        git(self.repo, "config", "filter.boom.smudge", smudge)
        git(self.repo, "config", "filter.boom.required", "true")

    def refused(self, match: str, card: str = "T1") -> None:
        """Accepting changes nothing and says why."""
        before = git(self.repo, "rev-parse", "main"), self.status()
        with pytest.raises(Refused, match=match):
            accept(self.place, card)
        assert (git(self.repo, "rev-parse", "main"), self.status()) == before
        assert store.read(self.place).cards[card].status == "review"
        assert not list((self.repo / ".git").glob(f"{PREFIX}*"))

    def status(self) -> str:
        return git(self.repo, "status", "--porcelain")

    def tick(self) -> list[str]:
        """What a tick does about checkouts before it looks at the board."""
        return [*restoring.restore(self.place), *follow_base.complete(self.place)]

    def at_main(self, name: str) -> str:
        return git(self.repo, "show", f"main:{name}")


@pytest.fixture(params=FORMS, ids=["in-tree", "own-branch"])
def bench(repo: Path, request: pytest.FixtureRequest) -> Bench:
    (repo / ".gitattributes").write_text("*.enc filter=boom\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "attributes")
    return Bench(repo, request.param)


def test_a_filter_that_fails(bench: Bench) -> None:
    bench.card("T1", a_enc="secret\n", b_txt="plain\n")
    bench.filter("false")
    bench.refused("boom")
    bench.filter("cat")
    assert accept(bench.place, "T1").to == "done"
    assert bench.status() == ""


def test_a_filter_that_the_work_itself_asks_for(bench: Bench) -> None:
    bench.card("T1", _gitattributes="*.new filter=boom\n", a_new="secret\n")
    bench.filter("false")
    bench.refused("boom")


def test_a_filter_whose_program_lies_in_the_tree(bench: Bench) -> None:
    program = bench.repo / "it's 100%.sh"
    program.write_text("#!/bin/sh\nsed s/secret/open/\n")
    program.chmod(0o755)
    git(bench.repo, "add", "-A")
    git(bench.repo, "commit", "-qm", "a filter")
    bench.card("T1", a_enc="secret\n")
    bench.filter('"./it\'s 100%%.sh"')
    assert accept(bench.place, "T1").to == "done"
    assert (bench.repo / "a.enc").read_text() == "open\n"


def unwritable(path: Path) -> bool:
    """Let nobody change the folder or file any more; whether that can be had here."""
    done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False)
    if done.returncode and os.geteuid():
        path.chmod(0o555)
    return done.returncode == 0 or (os.geteuid() != 0 and path.is_dir())


@pytest.mark.parametrize("stuck", ["docs", "docs/a.txt"])
def test_what_may_not_be_written(bench: Bench, stuck: str) -> None:
    (bench.repo / "docs").mkdir()
    (bench.repo / "docs/a.txt").write_text("a\n")
    git(bench.repo, "add", "-A")
    git(bench.repo, "commit", "-qm", "docs")
    bench.card("T1", docs__a_txt="changed\n", docs__deep__b_txt="new\n", b_txt="new\n")
    path = bench.repo / stuck
    if not unwritable(path):
        pytest.skip("root may write anything here")
    try:
        bench.refused("docs")
    finally:
        subprocess.run(["chattr", "-i", str(path)], capture_output=True, check=False)
        if path.is_dir():
            path.chmod(0o755)
    assert accept(bench.place, "T1").to == "done"


def left_behind(bench: Bench) -> None:
    """Work is accepted, and cannot be checked out for a reason that came only afterwards."""
    (bench.repo / "b.txt").write_text("b\n")
    (bench.repo / "gone.txt").write_text("gone\n")
    git(bench.repo, "add", "-A")
    git(bench.repo, "commit", "-qm", "files")
    bench.card("T1", a_txt="new\n", b_txt="changed\n", m_enc="secret\n", z_txt="last\n")
    git(bench.repo.parent / "T1", "rm", "-q", "gone.txt")
    git(bench.repo.parent / "T1", "commit", "-qm", "removed")
    mark = bench.repo.parent / "mark"
    # The first run is the rehearsal.
    bench.filter(f"test ! -e {mark} && touch {mark} && cat")
    done = accept(bench.place, "T1")
    assert done.to == "done" and "do not commit there" in done.notices[-1]


def test_a_follow_up_that_was_half_done_completes_itself(bench: Bench) -> None:
    left_behind(bench)
    (bench.repo / "mine.txt").write_text("a person's\n")
    git(bench.repo, "add", "mine.txt")
    assert len(bench.tick()) == 1
    bench.filter("cat")
    assert bench.tick() == []
    assert bench.status() == "A  mine.txt"
    assert (bench.repo / "m.enc").read_text() == "secret\n"


def test_nothing_more_is_accepted_before_that(bench: Bench) -> None:
    left_behind(bench)
    bench.card("T2", other_txt="elsewhere\n")
    with pytest.raises(BoardBusy, match="brought up to date"):
        accept(bench.place, "T2")
    for note in (bench.repo / ".git").glob(f"{follow_base.NOTE}*"):
        os.utime(note, (1, 1))
    bench.refused("has not followed main", "T2")
    bench.filter("cat")
    assert accept(bench.place, "T2").to == "done"
    assert bench.status() == ""


def test_status_and_doctor_say_so_until_then(bench: Bench) -> None:
    left_behind(bench)
    assert "do not commit there" in ok(bench.repo, "status", "--format", "text")
    assert "do not commit there" in ok(bench.repo, "status", "--format", "text")  # from the cache
    for note in (bench.repo / ".git").glob(f"{follow_base.NOTE}*"):
        os.utime(note, (1, 1))
    codes = {each.code for each in examine(bench.place, store.read(bench.place), 0)}
    assert "checkout-behind" in codes
    bench.filter("cat")
    assert bench.tick() == []
    assert "do not commit there" not in ok(bench.repo, "status", "--format", "text")
    codes = {each.code for each in examine(bench.place, store.read(bench.place), 0)}
    assert "checkout-behind" not in codes


@pytest.mark.parametrize("first", ["the tick", "the filter"])
@pytest.mark.parametrize("words", [(), ("-a",)], ids=["staged", "all"])
def test_a_commit_from_the_old_index_takes_nothing_back(
    bench: Bench, first: str, words: tuple[str, ...]
) -> None:
    left_behind(bench)
    for number in (1, 2):
        (bench.repo / f"mine{number}.txt").write_text("a person's\n")
        git(bench.repo, "add", f"mine{number}.txt")
        git(bench.repo, "commit", "-qm", "a person goes on", *words)
    if first == "the tick":  # base is whole again before the checkout is
        assert any("is back" in line for line in bench.tick())
        assert bench.at_main("a.txt") == "new"
    bench.filter("cat")
    bench.tick()
    assert (bench.at_main("a.txt"), bench.at_main("b.txt")) == ("new", "changed")
    assert (bench.at_main("z.txt"), bench.at_main("mine1.txt")) == ("last", "a person's")
    assert "gone.txt" not in git(bench.repo, "ls-tree", "--name-only", "main")
    assert bench.status() == ""
    assert bench.tick() == []


def test_what_a_person_reverts_stays_reverted(bench: Bench) -> None:
    old = git(bench.repo, "rev-parse", "main")
    bench.card("T1", a_txt="new\n")
    accept(bench.place, "T1")
    merge = git(bench.repo, "rev-list", "-1", "--merges", "main")
    git(bench.repo, "revert", "--no-edit", "-m1", merge)
    assert mending.mend(bench.place, old, merge, "refs/heads/main") == []
    assert not (bench.repo / "a.txt").exists()
