"""What cron mails: what any tick of the clone has done since a tick last printed,
and nothing twice.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.core.changes import EditCard
from gitkanban.runs.records import printed
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import Arena, until


@pytest.fixture
def arena(make: Callable[..., Arena]) -> Arena:
    """Two cards, one after the other; a tick has printed, and there was nothing to say."""
    arena = make({"T1": "@lane", "T2": "@lane <-T1"})
    arena.change(lambda _: [EditCard("T1", {"status": "backlog"})])
    assert mail(arena) == ""
    arena.change(lambda _: [EditCard("T1", {"status": "todo"})])
    return arena


def mail(arena: Arena, *more: str) -> str:
    """What a tick from cron prints."""
    with arena.patched():
        return ok(arena.repo, "tick", *more)


def quiet_tick(arena: Arena) -> None:
    """A tick that prints to nobody, as that of a session's own end."""
    assert arena.tick() == 0


def words(text: str) -> list[str]:
    return [" ".join(line.split()[:4]) for line in text.splitlines()]


def test_what_a_sessions_own_tick_settled_is_mailed_once(arena: Arena) -> None:
    arena.words("T2", "wait:mailed commit")
    quiet_tick(arena)
    arena.wait()
    quiet_tick(arena)
    text = mail(arena)
    assert words(text)[:2] == ["settled T1 succeeded →", f"accepted T1 {text.split()[10]}"]
    assert words(text)[-1].startswith("started T2 solo#1 /")
    assert mail(arena) == ""
    (arena.log / "mailed").touch()
    until(lambda: not arena.supervisors(), "the end of T2")
    text = mail(arena)  # now it settles by itself: the same lines, once
    assert [each.split()[0] for each in words(text)] == ["settled", "accepted"]
    assert mail(arena) == ""


def test_what_people_did_is_not_mailed(arena: Arena) -> None:
    arena.change(lambda _: [EditCard("T1", {"status": "done"}), EditCard("T2", {"status": "done"})])
    assert mail(arena) == ""


@pytest.mark.parametrize("quiet", [("--json",), ("--dry-run",)])
def test_a_tick_that_prints_something_else_leaves_it_to_the_next(
    arena: Arena, quiet: tuple[str, ...]
) -> None:
    quiet_tick(arena)
    arena.wait()
    quiet_tick(arena)
    mail(arena, *quiet)
    assert words(mail(arena))[0] == "settled T1 succeeded →"


def test_a_board_that_was_rewritten_is_begun_with_anew(arena: Arena, tmp_path: Path) -> None:
    quiet_tick(arena)
    arena.wait()
    printed.note(arena.place.private, "1" * 40)
    quiet_tick(arena)
    done = call(arena.repo, "tick")
    assert (done.code, done.err) == (0, "")
    assert printed.last(arena.place.private) == git(arena.repo, "rev-parse", "HEAD")
    (Path(arena.place.private) / "printed").write_bytes(b"\xff\xfe")
    assert call(arena.repo, "tick").code == 0


def test_what_another_clone_did_is_its_own_to_mail(arena: Arena) -> None:
    quiet_tick(arena)
    arena.wait()
    quiet_tick(arena)
    (Path(arena.place.private) / "clone").write_text("another\n")
    board = store.read(arena.place)
    assert board.cards["T1"].status == "done"
    assert "settled" not in mail(arena)


def test_that_another_tick_is_at_work_is_no_mail(arena: Arena) -> None:
    lock = arena.locks.take("tick")
    assert lock
    with lock:
        assert mail(arena) == ""
        argv = [sys.executable, "-m", "gitkanban", "tick"]
        done = subprocess.run(argv, cwd=arena.repo, capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
