"""Ticks of a board that has a remote: what has happened is said here first, then starts are asked.

Accepts are asked as well: base goes there with the board, or no card is done.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gitkanban import clock
from gitkanban.board.formats import cardfile
from gitkanban.board.repo import remotes
from gitkanban.board.repo.remotes import Offline
from gitkanban.core.model import Run
from gitkanban.core.tick.outcome import Outcome
from gitkanban.runs.records import reached
from gitkanban.tick import remote as remote_module
from gitkanban.tick import rounds
from gitkanban.tick.rounds import tick
from tests.conftest import git
from tests.support import points
from tests.support.arena import Arena
from tests.support.boards import board


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Arena:
    """A board on a branch of its own, with a remote; T0 has ended, and T1 waits for it."""
    arena = make({"T0": "@lane", "T1": "@lane <-T0"}, branch="kanban")
    arena.slow_down()  # what a remote answers counts for seconds
    points.share(arena)
    ticked(arena)
    arena.wait()
    assert arena.logged("end") == ["T0"]
    return arena


def ticked(arena: Arena) -> Outcome:
    with arena.patched():
        return tick(arena.place, remote="origin")


def remote_of(arena: Arena) -> Path:
    return arena.repo.parent / "remote.git"


def branches_there(arena: Arena) -> list[str]:
    return git(remote_of(arena), "branch", "--format=%(refname:short)").split()


def lost_with_the_host(arena: Arena) -> list[str]:
    """Cards that the remote calls done, by a commit that base does not have there."""
    lost = []
    base = git(remote_of(arena), "rev-list", "refs/heads/main", check=False).split()
    for name in git(remote_of(arena), "ls-tree", "--name-only", "kanban", "cards/").split():
        card = cardfile.parse(git(remote_of(arena), "show", f"kanban:{name}").encode(), name)
        if card.status == "done" and card.merged not in base:
            lost.append(str(card.id))
    return lost


def claim_without_base() -> None:
    """The mistake: a commit of merges and starts, which the remote has without base."""
    real = remote_module.Remote.claim

    def claim(self: Any, commit: str, board: Any, base: str = "") -> bool:
        return real(self, commit, board)

    remote_module.Remote.claim = claim  # type: ignore[method-assign]


@pytest.mark.parametrize("broken", [False, True], ids=["as it is", "the mistake"])
def test_a_power_cut_after_a_claim_leaves_no_done_without_its_work(
    arena: Arena, broken: bool
) -> None:
    def struck() -> None:
        if broken:
            claim_without_base()
        tick(arena.place, remote="origin")

    assert os.WIFSIGNALED(arena.act(struck, "sync.claimed:kill"))
    board = git(remote_of(arena), "show", "kanban:cards/T1.yaml")
    assert "status: running" in board  # the claim has arrived
    assert lost_with_the_host(arena) == (["T0"] if broken else [])


def test_a_remote_that_takes_no_pushes_stops_no_settlement(arena: Arena) -> None:
    hook = remote_of(arena) / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = ticked(arena)
    assert (arena.status("T0"), arena.status("T1")) == ("review", "todo")
    assert (done.accepted, done.started) == ((), ())
    [line] = [line for line in done.errors if "does not take pushes to kanban" in line]
    assert "Have origin take them; `gitkanban sync` tries at once." in line
    hook.unlink()
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    arena.wait()
    ticked(arena)
    assert lost_with_the_host(arena) == []


@pytest.mark.parametrize("when", ["before the tick", "at the claim"])
def test_a_remote_out_of_reach_stops_no_settlement(
    arena: Arena, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = remote_of(arena).with_name("away.git")
    if when == "before the tick":
        remote_of(arena).rename(away)
    else:

        def gone(*_: object, **__: object) -> None:
            raise Offline("cannot push to origin: the cable is cut")

        monkeypatch.setattr("gitkanban.board.sharing.pushing.publish", gone)
    done = ticked(arena)
    assert (arena.status("T0"), arena.status("T1"), done.started) == ("review", "todo", ())
    assert done.errors == ()
    assert any(line.startswith("warning: cannot ") for line in done.notices)


def test_what_was_accepted_without_the_remote_goes_there_with_base(arena: Arena) -> None:
    with arena.patched():
        tick(arena.place)  # without the remote: settled and accepted here alone
    assert arena.status("T0") == "done"
    assert git(remote_of(arena), "show", "kanban:cards/T0.yaml").count("status: running")
    arena.wait()
    ticked(arena)
    assert lost_with_the_host(arena) == []
    assert git(remote_of(arena), "rev-parse", "main") == git(arena.repo, "rev-parse", "main")


@pytest.mark.parametrize("clash", [False, True], ids=["merges", "conflicts"])
def test_a_base_that_moved_on_both_sides_is_merged_or_the_board_waits(
    arena: Arena, clash: bool
) -> None:
    there = remote_of(arena)
    files = git(arena.repo, "ls-tree", "-r", "--name-only", "card/T0").split()
    [name] = set(files) - set(git(arena.repo, "ls-tree", "-r", "--name-only", "main").split())
    path = name if clash else "elsewhere"
    blob = git(there, "hash-object", "-w", "--stdin", input="theirs\n")
    index = {"GIT_INDEX_FILE": str(arena.repo.parent / "index")}
    for words in (
        ("read-tree", "main"),
        ("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}"),
    ):
        subprocess.run(["git", *words], cwd=there, env={**os.environ, **index}, check=True)
    tree = subprocess.run(
        ["git", "write-tree"], cwd=there, env={**os.environ, **index}, check=True,
        capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    moved = git(there, "commit-tree", "-p", "main", "-m", "theirs", tree)
    git(there, "update-ref", "refs/heads/main", moved)
    with arena.patched():
        tick(arena.place)
    arena.wait()
    done = ticked(arena)
    arena.wait()
    assert lost_with_the_host(arena) == []
    if clash:
        assert any("main stays behind origin/main: both changed" in line for line in done.errors)
        assert git(there, "rev-parse", "main") == moved
    else:
        assert moved in git(there, "rev-list", "main").split()
        assert git(there, "rev-parse", "main") == git(arena.repo, "rev-parse", "main")


def talked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the remote from now on: fetch, push, ls-remote."""
    real, words = remotes.talk, list[str]()

    def talk(place: Any, remote: str, *given: str) -> Any:
        words.append(next(word for word in given if word in ("fetch", "push", "ls-remote")))
        return real(place, remote, *given)

    monkeypatch.setattr(remotes, "talk", talk)
    return words


def test_a_tick_of_a_remote_that_answered_lately_pushes_once(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = talked(monkeypatch)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    assert words == ["push"]
    arena.wait()


def test_a_tick_with_nothing_to_say_fetches_once(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticked(arena)
    arena.wait()
    ticked(arena)
    words = talked(monkeypatch)
    ticked(arena)
    assert words == ["fetch"]


def test_a_start_after_a_long_silence_is_asked_for_after_a_fetch(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = talked(monkeypatch)
    monkeypatch.setattr(remote_module, "FRESH", -1)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    assert words == ["fetch", "push"]
    arena.wait()


def test_the_work_of_a_card_goes_with_its_record_and_base_with_done(arena: Arena) -> None:
    ticked(arena)
    arena.wait()
    there = remote_of(arena)
    work = git(arena.repo, "rev-parse", "card/T0")
    assert git(there, "rev-parse", "card/T0") == work
    assert git(there, "rev-parse", "main") == git(arena.repo, "rev-parse", "main")
    assert work in git(there, "rev-list", "main")
    assert lost_with_the_host(arena) == []


def test_a_board_alone_travels_where_that_is_wanted(arena: Arena) -> None:
    config = arena.repo / ".kanban" / "config.yaml"
    config.write_text(config.read_text().replace("kanban:\n", "kanban:\n  sync_work: false\n"))
    git(config.parent, "commit", "-qam", "the board alone")
    ticked(arena)
    arena.wait()
    ticked(arena)
    assert branches_there(arena) == ["kanban", "main"]
    assert arena.status("T1") == "done"


def test_a_protected_base_is_reported_once_and_waits_for_a_person(arena: Arena) -> None:
    hook = remote_of(arena) / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
    hook.chmod(0o755)
    done = ticked(arena)
    assert (arena.status("T0"), done.started) == ("review", ())
    [line] = [line for line in done.notices if "does not take pushes to main" in line]
    assert line.startswith("warning: origin does not take pushes to main")
    again = ticked(arena)
    assert (again.notices, again.errors) == ((), ())
    assert branches_there(arena) == ["card/T0", "kanban", "main"]
    # A person merges it there: the fetched base has the work, and the child starts from it.
    hook.unlink()
    git(remote_of(arena), "update-ref", "refs/heads/main", "card/T0")
    assert [each.card for each in ticked(arena).started] == ["T1"]
    assert arena.status("T0") == "done"
    arena.wait()


def test_a_base_that_is_no_longer_protected_is_pushed_again_after_a_sync_by_hand(
    arena: Arena,
) -> None:
    hook = remote_of(arena) / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
    hook.chmod(0o755)
    ticked(arena)
    hook.unlink()
    assert (ticked(arena).started, arena.status("T0")) == ((), "review")
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    assert arena.status("T0") == "done"
    arena.wait()


def test_a_remote_out_of_reach_is_left_alone_for_a_while_and_sync_asks_at_once(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = remote_of(arena).with_name("away.git")
    remote_of(arena).rename(away)
    ticked(arena)
    words = talked(monkeypatch)
    done = ticked(arena)
    assert (words, done.started) == ([], ())
    assert any("origin was out of reach a moment ago" in line for line in done.notices)
    away.rename(remote_of(arena))
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    assert [each.card for each in ticked(arena).started] == ["T1"]
    arena.wait()


def test_work_whose_branch_has_other_commits_there_is_set_aside(arena: Arena) -> None:
    there = remote_of(arena)
    other = git(there, "commit-tree", "-p", "main", "-m", "another's", "main^{tree}")
    git(there, "update-ref", "refs/heads/card/T0", other)
    ticked(arena)
    arena.wait()
    work = git(arena.repo, "rev-parse", "card/T0")
    assert git(there, "rev-parse", "card/T0") == other
    [note] = [each for each in arena.board().notes_of("T0") if each.by == "gitkanban"]
    assert "but the branch of its card has other commits at the remote" in note.text
    assert git(there, "rev-parse", f"refs/gitkanban/salvage/{note.run}") == work
    assert git(there, "rev-parse", "kanban") == arena.board().commit
    assert arena.status("T0") == "done"
    ticked(arena)
    notes = [each.id for each in arena.board().notes_of("T0") if each.by == "gitkanban"]
    assert notes == [note.id]


def lose_answers(monkeypatch: pytest.MonkeyPatch, arrives: bool) -> None:
    """From now on no push is answered; it `arrives` all the same, or does not."""
    real = remotes.push

    def push(*given: Any, **more: Any) -> Any:
        if arrives:
            real(*given, **more)
        raise Offline("cannot push to origin: the cable is cut")

    monkeypatch.setattr(remotes, "push", push)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_claim_whose_answer_was_lost_is_no_lost_run(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    with monkeypatch.context() as patched:
        lose_answers(patched, arrives)
        assert ticked(arena).started == ()
    board = git(remote_of(arena), "show", "kanban:cards/T1.yaml")
    assert ("status: running" in board) is arrives
    claimed = [each.run for each in arena.folders() if each.has("claim")]
    assert len(claimed) == 1
    # While nobody knows, nothing is recorded.
    assert ticked(arena).settled == ()
    assert arena.board().runs_of("T1") == ()
    for each in arena.folders():  # times are compared by the second
        if each.has("claim"):
            os.utime(each.file("claim"), (1, 1))
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    ticked(arena)
    outcomes = [(run.outcome, run.why) for run in arena.board().runs_of("T1")]
    lost = ("not-started", "the remote took its claim, but the answer was lost")
    assert outcomes == ([lost] if arrives else [])
    assert [each.run for each in arena.folders() if each.has("claim") and each.run in claimed] == (
        claimed if arrives else []
    )
    arena.wait()


def without_atomic_pushes(arena: Arena, refused: str = "") -> Path:
    """Make the remote take refs one by one, but for one that its hook refuses; return the hook."""
    git(remote_of(arena), "config", "receive.advertiseAtomic", "false")
    hook = remote_of(arena) / "hooks" / "update"
    hook.write_text(f'#!/bin/sh\n[ "$1" != "refs/heads/{refused}" ]\n')
    hook.chmod(0o755)
    return hook


@pytest.mark.parametrize("refused", ["", "main", "kanban"])
def test_without_atomic_pushes_base_and_work_are_there_before_the_board_says_done(
    arena: Arena, refused: str
) -> None:
    hook = without_atomic_pushes(arena, refused)
    done = ticked(arena)
    assert lost_with_the_host(arena) == []
    assert [each.card for each in done.started] == ([] if refused else ["T1"])
    assert arena.status("T0") == ("review" if refused else "done")
    if refused == "kanban":  # base went first, and the board has not heard of it
        assert git(arena.repo, "rev-parse", "card/T0") in git(remote_of(arena), "rev-list", "main")
    hook.unlink()
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    ticked(arena)
    arena.wait()
    ticked(arena)
    assert (arena.status("T0"), arena.status("T1")) == ("done", "done")
    assert lost_with_the_host(arena) == []
    base = git(arena.repo, "rev-parse", "main")
    assert git(remote_of(arena), "rev-parse", "main") == base
    merges = git(arena.repo, "log", "--format=%(trailers:key=Kanban-Card,valueonly)", "main")
    assert sorted(merges.split()) == ["T0", "T1"]  # each once


def refusing(arena: Arena, only_base: bool) -> Path:
    """A hook of the remote that refuses whole pushes: those with base in them, or all."""
    hook = remote_of(arena) / "hooks" / "pre-receive"
    condition = "grep -q refs/heads/main || exit 0" if only_base else ":"
    hook.write_text(f"#!/bin/sh\n{condition}\necho we are moving house >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook


def closed_after(arena: Arena, seconds: int) -> set[str]:
    """The refs that a tick does not push that much later."""
    with arena.patched():
        now = int(clock.now())
    return set(reached.refused_refs(arena.place.private, "origin", now + seconds))


def test_base_alone_is_blamed_once_the_remote_takes_the_board_without_it(arena: Arena) -> None:
    hook = refusing(arena, only_base=True)
    done = ticked(arena)
    line = 'does not take pushes to main (pre-receive hook declined), saying "we are moving house"'
    assert [line in each for each in done.notices].count(True) == 1
    assert closed_after(arena, 3500) == {"refs/heads/main"}
    hook.unlink()


def test_base_is_not_blamed_for_long_where_the_remote_may_take_nothing_at_all(
    arena: Arena,
) -> None:
    refusing(arena, only_base=True)
    ticked(arena)  # the end of T0 is there, and nothing else waits
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    assert closed_after(arena, 0) == set()
    hook = refusing(arena, only_base=False)
    assert ticked(arena).accepted == ()
    assert closed_after(arena, 290) == {"refs/heads/main"}
    hook.unlink()
    arena.later(310)
    assert [each.card for each in ticked(arena).accepted] == ["T0"]
    arena.wait()


def test_a_sync_by_hand_has_the_next_tick_try_a_protected_base_again(arena: Arena) -> None:
    hook = remote_of(arena) / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
    hook.chmod(0o755)
    ticked(arena)
    hook.unlink()
    ticked(arena)
    assert arena.status("T0") == "review"
    with arena.patched():
        remote_module.sync_by_hand(arena.place, "origin", cards=False)
    ticked(arena)
    assert arena.status("T0") == "done"
    arena.wait()


@pytest.fixture
def failing(make: Callable[..., Arena]) -> Arena:
    """A board with a remote; the first attempt at T0 has left a commit and failed."""
    arena = make({"T0": "@lane"}, branch="kanban")
    arena.slow_down()
    arena.words("T0", "commit exit:3", "commit")
    points.share(arena)
    for _ in range(2):
        ticked(arena)
        arena.wait()
    [run] = arena.board().runs_of("T0")
    assert (run.outcome, arena.status("T0")) == ("failed", "todo")
    assert git(remote_of(arena), "rev-parse", "card/T0") == run.commit
    return arena


def push_by_hand(arena: Arena, *parents: str) -> str:
    """A person's commit on `card/T0` at the remote, pushed by force."""
    there = remote_of(arena)
    words = [word for parent in parents for word in ("-p", parent)]
    made = git(there, "commit-tree", *words, "-m", "a person's", f"{parents[0]}^{{tree}}")
    git(there, "update-ref", "refs/heads/card/T0", made)
    return made


@pytest.mark.parametrize("rewritten", [False, True], ids=["added", "rewritten"])
def test_an_attempt_builds_on_what_a_person_has_pushed_to_the_card_s_branch(
    failing: Arena, rewritten: bool
) -> None:
    [first] = failing.board().runs_of("T0")
    failing.later(700)
    with failing.patched():
        remote_module.sync_by_hand(failing.place, "origin", cards=False)  # so it answered lately
    theirs = push_by_hand(failing, "main" if rewritten else "card/T0")
    ticked(failing)
    failing.wait()
    ticked(failing)
    second = failing.board().runs_of("T0")[1]
    assert (second.outcome, second.start_commit) == ("succeeded", theirs)
    there = remote_of(failing)
    assert git(there, "rev-parse", "card/T0") == second.commit
    assert failing.status("T0") == "done"
    base = git(there, "rev-list", "main").split()
    assert theirs in base
    notes = [each for each in failing.board().notes_of("T0") if each.by == "gitkanban"]
    if rewritten:  # what the first attempt left is in nobody's way, and is not lost
        assert first.commit not in base
        [note] = notes
        assert "The next attempt builds on those" in note.text
        assert git(there, "rev-parse", f"refs/gitkanban/salvage/{first.run}") == first.commit
    else:
        assert first.commit in base
        assert notes == []


def test_what_a_person_pushed_during_an_attempt_is_named_and_the_next_builds_on_it(
    failing: Arena,
) -> None:
    failing.words("T0", "commit exit:3", "commit exit:3", "commit")
    failing.later(700)
    ticked(failing)
    theirs = push_by_hand(failing, "card/T0")
    failing.wait()
    ticked(failing)
    _, second = failing.board().runs_of("T0")
    [note] = [each for each in failing.board().notes_of("T0") if each.by == "gitkanban"]
    assert note.run == second.run
    failing.person("T0", "retry")
    ticked(failing)
    failing.wait()
    ticked(failing)
    third = failing.board().runs_of("T0")[2]
    assert (third.outcome, third.start_commit) == ("succeeded", theirs)
    assert git(remote_of(failing), "rev-parse", "card/T0") == third.commit
    notes = [each.run for each in failing.board().notes_of("T0") if each.by == "gitkanban"]
    assert notes == [second.run]


@pytest.mark.parametrize(
    ("given_up", "starts", "asked"),
    [((), "new", [False]), ((), "new again", [True]), ("again", "new again", [False]),
     ("again", "again", []), ("accepted", "", [])],
)  # fmt: skip
def test_the_remote_is_not_asked_for_what_this_tick_has_given_up(
    given_up: str, starts: str, asked: list[bool]
) -> None:
    found: list[bool] = []
    plan = SimpleNamespace(
        starts=[SimpleNamespace(card=card) for card in starts.split()],
        accepts=["accepted"] if given_up == "accepted" else [],
    )
    done = board(
        "new todo\nagain todo", runs={"again": (Run("r1", "again", start_commit="a", commit="b"),)}
    )
    state = SimpleNamespace(remote=SimpleNamespace(may_claim=found.append), given_up={given_up})
    rounds._may_ask(state, SimpleNamespace(plan=plan, board=done))  # type: ignore[arg-type]
    assert found == asked
