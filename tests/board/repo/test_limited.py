"""Commands that do not end are ended, with all that they have started; those that live are not."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from gitkanban.board.repo import git, limited


def run(script: str, **limits: float) -> limited.Ended:
    return limited.run(["sh", "-c", script], cwd="/", env=dict(os.environ), **limits)


def test_what_it_prints_and_how_it_ends() -> None:
    assert run("echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")
    many = b"x" * 300_000
    done = limited.run(["cat"], cwd="/", env={}, input=many)
    assert done == (0, many, b"")
    # One that reads nothing of its input is no failure of ours.
    assert limited.run(["true"], cwd="/", env={}, input=many).code == 0


def test_one_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! >{tmp_path}/child; wait"
    with pytest.raises(limited.TimedOut, match=r"no end in 0\.5 s"):
        run(script, limit=0.5)
    pid = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_silence_ends_it_and_signs_of_life_do_not() -> None:
    with pytest.raises(limited.TimedOut, match=r"no sign of life in 0\.6 s"):
        run("echo hello; sleep 300", silence=0.6)
    # Twice as long in all, but never that long without a sign.
    alive = "for n in 1 2 3 4 5 6; do sleep 0.2; echo . >&2; done"
    assert run(alive, silence=5.0).err == b".\n" * 6


def test_who_still_holds_its_pipes_is_not_waited_for() -> None:
    begun = time.monotonic()
    done = run("sleep 300 & echo $!")
    os.kill(int(done.out), signal.SIGKILL)
    assert (done.code, time.monotonic() - begun < 60) == (0, True)


def test_git_says_which_command_hung_and_what_may_be_done(tmp_path: Path) -> None:
    git.run(str(tmp_path), "init", "-q")
    alias = f"alias.wait=!{sys.executable} -c 'import time; time.sleep(300)'"
    with pytest.raises(git.TooSlow, match=r"git wait: no end in 0\.5 s"):
        git.run(str(tmp_path), "-c", alias, "wait", timeout=0.5)
    git.set_limit(0.5)
    try:
        with pytest.raises(git.TooSlow) as slow:
            git.run(str(tmp_path), "-c", alias, "wait")
        assert "kanban.git_timeout" in slow.value.hint
    finally:
        git.set_limit(0)
