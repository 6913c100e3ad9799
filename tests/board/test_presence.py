"""Work that another clone has made: done means that it is here, and nothing starts without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban import clock
from gitkanban.board import presence, store
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.board.sharing.link import Link
from gitkanban.board.sharing.sync import sync
from gitkanban.cli.cardpages import CardPages
from gitkanban.core.changes import AddCard, ArchiveCard, Change, EditCard, EndRun, WriteFile
from gitkanban.core.model import Board, Card, Run
from gitkanban.core.tick.standing import standing
from gitkanban.errors import Refused
from gitkanban.runs import trust
from gitkanban.runs.observe import glance
from gitkanban.runs.supervision.locks import Locks
from gitkanban.tick.accepting import accept
from gitkanban.tick.rounds import tick
from gitkanban.views.message import commit_message
from gitkanban.views.text import Look
from tests.board.sharing.test_sync import pair
from tests.conftest import git


def change(place: Place, *changes: Change) -> Board:
    return store.commit(place, lambda _: changes, message=commit_message).after


def finished(place: Place, card: Card, text: str = "work\n") -> str:
    """A card in review, as a run in this clone leaves it; the commit that the run recorded."""
    repo, branch = Path(place.main), f"card/{card.id}"
    start = git(repo, "rev-parse", "refs/heads/main")
    tree = repo.parent / f"{repo.name}-{card.id}"
    git(repo, "worktree", "add", "-q", "-b", branch, str(tree), "refs/heads/main")
    (tree / f"{card.id}.txt").write_text(text)
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", f"work of {card.id}")
    tip = git(tree, "rev-parse", "HEAD")
    run = Run(
        f"r-{card.id}", card.id, host="h1", clone=clone_id(place), outcome="succeeded",
        commit=tip, start_commit=start,
    )  # fmt: skip
    change(place, AddCard(card._replace(status="review")), EndRun(run))
    return tip


@pytest.fixture
def clones(repo: Path) -> tuple[Place, Place]:
    one, two, _ = pair(repo, "kanban")
    return one, two


def shared(one: Place, two: Place) -> None:
    sync(Link(one, "origin"))
    sync(Link(two, "origin"))


def gitkanban(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    argv = [sys.executable, "-m", "gitkanban", *words]
    return subprocess.run(argv, cwd=place.main, env=env, capture_output=True, text=True)


def words(place: Place, card: str) -> str:
    """What holds a card back, empty when nothing does."""
    board = store.read(place)
    seen = glance(place, board, int(clock.now()), Locks(place.private))
    held = standing(board, seen).holds.get(card)
    return held.text if held else ""


def test_accept_is_refused_where_the_work_is_not_and_says_how_it_comes(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    tip = finished(one, Card("T1", "first", "w"))
    shared(one, two)
    base = git(Path(two.main), "rev-parse", "main")
    with pytest.raises(Refused, match=f"commit {tip[:10]} is on h1, in clone") as refused:
        accept(two, "T1")
    assert refused.value.hint == (
        "`gitkanban sync` fetches it, once h1 has synced; or `git push origin card/T1` on h1, "
        "then `git fetch origin card/T1` here"
    )
    assert store.read(two).cards["T1"].status == "review"
    assert git(Path(two.main), "rev-parse", "main") == base
    assert f"its work is not here: commit {tip[:10]}" in words(two, "T1")
    # The hint is a way.
    git(Path(one.main), "push", "-q", "origin", "card/T1")
    git(Path(two.main), "fetch", "-q", "origin", "card/T1")
    done = accept(two, "T1")
    card = store.read(two).cards["T1"]
    assert (card.status, card.merged) == ("done", done.detail)
    assert git(Path(two.main), "rev-parse", "main^2") == tip


def test_a_tip_that_nobody_reviewed_is_not_merged_and_what_is_beyond_is_named(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    tip = finished(one, Card("T1", "first", "w"))
    tree = Path(one.main).parent / f"{Path(one.main).name}-T1"
    (tree / "late.txt").write_text("nobody has read this\n")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "one more thing")
    git(tree, "push", "-q", "origin", "card/T1")
    shared(one, two)
    git(Path(two.main), "fetch", "-q", "origin")
    look, now = Look(), int(clock.now())
    page = CardPages(two, "T1").card(now, look)
    assert "pushed   origin/card/T1 has" in page
    assert "one more thing: not part of this unless card/T1 takes it in" in page
    assert "pushed   " not in CardPages(one, "T1").card(now, look)  # its branch has it all
    done = accept(two, "T1")
    assert git(Path(two.main), "rev-parse", "main^2") == tip
    assert any("not merged, on origin/card/T1: " in line for line in done.notices)
    assert any("one more thing" in line for line in done.notices)


def test_a_stale_branch_of_an_earlier_attempt_is_not_taken_for_the_work(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    git(Path(two.main), "branch", "card/T1", "main")
    stale = git(Path(two.main), "commit-tree", "-p", "main", "-m", "half", "main^{tree}")
    git(Path(two.main), "update-ref", "refs/heads/card/T1", stale)
    finished(one, Card("T1", "first", "w"))
    shared(one, two)
    with pytest.raises(Refused, match="its work is not here"):
        accept(two, "T1")


def test_a_child_starts_only_where_base_has_its_parent_s_work(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    finished(one, Card("T1", "first", "w"))
    change(one, AddCard(Card("T2", "second", "w", parents=("T1",))))
    done = accept(one, "T1")
    shared(one, two)
    assert store.read(two).cards["T1"].merged == done.detail
    assert words(one, "T2").startswith("w is not trusted")
    assert words(two, "T2") == "waits for T1's work, which is not in main here (merged on h1)"
    assert next(each for each in tick(two).holds if each.card == "T2").code == "not-here"
    git(Path(one.main), "push", "-q", "origin", "main")
    git(Path(two.main), "pull", "-q", "--ff-only", "origin", "main")
    assert words(two, "T2").startswith("w is not trusted")


def test_a_parent_in_the_archive_frees_its_child_only_where_base_has_its_work(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    finished(one, Card("T1", "first", "w"))
    by_hand = AddCard(Card("T3", "by hand", "w", status="done"))
    change(one, by_hand, AddCard(Card("T2", "second", "w", parents=("T1", "T3"))))
    merged = accept(one, "T1").detail
    change(one, ArchiveCard("T1", 2026), ArchiveCard("T3", 2026))
    shared(one, two)
    assert "T1" not in store.read(two).cards
    assert words(one, "T2").startswith("w is not trusted")
    said = "waits for T1's work, which is not in main here (merged on h1)"
    assert words(two, "T2") == said
    (held,) = (each for each in tick(two).holds if each.card == "T2")
    assert held.code == "not-here"
    assert held.frees == f"commit {merged[:10]} in main here, or `gitkanban unlink T2 T1`"
    assert said in gitkanban(two, "list").stdout
    git(Path(one.main), "push", "-q", "origin", "main")
    git(Path(two.main), "pull", "-q", "--ff-only", "origin", "main")
    assert words(two, "T2").startswith("w is not trusted")
    assert "w: not trusted: " in gitkanban(two, "status", "--format", "text").stdout
    git(Path(two.main), "reset", "-q", "--hard", "HEAD~1")
    assert words(two, "T2") == said and said in gitkanban(two, "why", "T2").stdout


def test_no_merged_holds_nobody_and_a_person_settles_what_is_not_found(
    clones: tuple[Place, Place],
) -> None:
    one, two = clones
    change(
        one, AddCard(Card("T1", "by hand", "w", status="done")),
        AddCard(Card("T2", "second", "w", parents=("T1",))),
    )  # fmt: skip
    shared(one, two)
    assert words(two, "T2").startswith("w is not trusted")
    change(one, EditCard("T1", {"merged": "ab" * 20}))
    shared(one, two)
    assert words(two, "T2") == "waits for T1's work, which is not in main here"
    said = gitkanban(two, "done", "T1")
    assert said.returncode == 0, said.stderr
    assert store.read(two).cards["T1"].merged == ""
    assert words(two, "T2").startswith("w is not trusted")
    again = gitkanban(two, "done", "T1")
    assert (again.returncode, again.stderr.splitlines()[0]) == (1, "Error: T1 is already done")


def test_done_by_hand_names_the_work_that_base_has(clones: tuple[Place, Place]) -> None:
    one, _ = clones
    tip = finished(one, Card("T1", "first", "w"))
    git(Path(one.main), "merge", "-q", "--no-edit", "card/T1")
    assert gitkanban(one, "done", "T1").returncode == 0
    assert store.read(one).cards["T1"].merged == tip
    change(one, AddCard(Card("T3", "never worked on", "w")))
    assert gitkanban(one, "done", "T3").returncode == 0
    assert store.read(one).cards["T3"].merged == ""
    # Sent back it is work again, which nobody has.
    assert gitkanban(one, "reopen", "T1").returncode == 0
    assert store.read(one).cards["T1"].merged == ""


@pytest.mark.parametrize("how", ["squash", "rebase", "merged there too"])
def test_work_that_came_into_base_by_other_commits_counts(
    clones: tuple[Place, Place], how: str
) -> None:
    one, two = clones
    tip = finished(one, Card("T1", "first", "w"))
    change(one, AddCard(Card("T2", "second", "w", parents=("T1",))))
    accept(one, "T1")
    git(Path(one.main), "push", "-q", "origin", "card/T1")
    shared(one, two)
    here = Path(two.main)
    assert "is not in main here" in words(two, "T2")
    git(here, "fetch", "-q", "origin", "card/T1")
    git(here, "commit", "-q", "--allow-empty", "-m", "main goes on")
    if how == "squash":
        git(here, "merge", "-q", "--squash", tip)
        git(here, "commit", "-qm", "squashed")
    elif how == "rebase":
        git(here, "cherry-pick", tip)
    else:
        git(here, "merge", "-q", "--no-edit", tip)
    (here / "more.txt").write_text("more\n")
    git(here, "add", "-A")
    git(here, "commit", "-qm", "and on")
    assert words(two, "T2").startswith("w is not trusted")
    # Base set back takes it away again.
    git(here, "reset", "-q", "--hard", "origin/main")
    assert "is not in main here" in words(two, "T2")


def test_git_is_asked_only_when_base_has_moved(
    clones: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = clones
    finished(one, Card("T1", "first", "w"))
    change(one, AddCard(Card("T2", "second", "w", parents=("T1",))))
    accept(one, "T1")
    board = store.read(one)
    assert presence.elsewhere(one, board, clone_id(one)) == {}

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("git was asked")

    monkeypatch.setattr(presence.git, "run", refuse)
    assert presence.elsewhere(one, board, clone_id(one)) == {}


def test_a_tick_does_not_accept_what_is_not_here(clones: tuple[Place, Place]) -> None:
    one, two = clones
    text = store.text_of(one, store.read(one), "config.yaml")
    change(one, WriteFile("config.yaml", text.replace("['true']", "['true'], on_success: done")))
    tip = finished(one, Card("T1", "first", "w"))
    shared(one, two)
    for place in (one, two):  # a tick merges only what it may
        config = store.read(place).config
        assert config
        trust.record(place, config)
    done = tick(two)
    assert (done.accepted, done.errors) == ((), ())
    assert any(f"T1 is not accepted here: its work is not here: commit {tip[:10]}" in line
               for line in done.notices)  # fmt: skip
    assert [each.to for each in tick(one).accepted] == ["done"]
    card = store.read(one).cards["T1"]
    assert card.merged == git(Path(one.main), "rev-parse", "main")
