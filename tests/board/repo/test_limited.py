"""Commands that do not end are ended, with all that they have started; those that live are not."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.repo import child, git, limited
from gitkanban.runs.supervision import processes
from tests.support.patience import let_hours_pass


@pytest.fixture(autouse=True, params=[None, "/"], ids=["spawned", "by-subprocess"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The folder to run in: only where that is our own is `subprocess` not needed."""
    folder: str | None = request.param
    if folder is None:
        monkeypatch.setattr(child, "subprocess", None)
    monkeypatch.setitem(globals(), "folder", folder)
    return folder


folder: str | None = None


def run(script: str, **how: Any) -> limited.Ended:
    return limited.run(["sh", "-c", script], cwd=folder, env=dict(os.environ), **how)


def test_what_it_prints_and_how_it_ends() -> None:
    assert run("echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")
    assert run("kill -9 $$").code == -9
    many = b"x" * 300_000
    done = limited.run(["cat"], cwd=folder, env={}, input=many)
    assert done == (0, many, b"")
    # One that reads nothing of its input is no failure of ours.
    assert limited.run(["true"], cwd=folder, env={}, input=many).code == 0
    assert run("cat").out == b""  # nothing to read, and nothing to wait for
    with pytest.raises(FileNotFoundError):
        limited.run(["no-such-program-anywhere"], cwd=folder, env={})


def test_it_gets_no_descriptor_and_no_ignored_signal_of_ours_and_leads_a_group(
    tmp_path: Path,
) -> None:
    with open(tmp_path / "lock", "w") as lock:
        os.set_inheritable(lock.fileno(), True)
        listed = run("ls /proc/self/fd; grep SigIgn /proc/self/status").out.decode()
        assert str(lock.fileno()) not in listed.split()
    ignored = int(listed.splitlines()[-1].split()[-1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)
    pid, group, session = map(int, run("ps -o pid=,pgid=,sid= -p $$").out.split())
    assert (group, session) == (pid, os.getsid(0))
    pid, group, session = map(int, run("ps -o pid=,pgid=,sid= -p $$", apart=True).out.split())
    assert pid == group == session


def test_no_descriptor_of_its_pipes_stays_open() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for script in ("true", "sleep 300"):
        with contextlib.suppress(limited.TimedOut):
            run(script, input=b"x", limit=0.2 if "sleep" in script else 60)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_without_descriptors_for_its_pipes_none_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, pipe, made = sorted(os.listdir("/proc/self/fd")), os.pipe, []

    def few() -> tuple[int, int]:
        made.append(1)
        if len(made) > 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return pipe()

    with monkeypatch.context() as busy, pytest.raises(OSError, match="Too many"):
        busy.setattr(os, "pipe", few)
        run("true")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_one_that_has_ended_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    one = child.Child(["true"], dict(os.environ), folder, False, False)
    assert one.wait(60) == 0
    one.close()
    monkeypatch.setattr(os, "kill", None)  # its id may be another's by now
    one.kill()


_TAKE_AWAY = {
    "the list of descriptors": "child._inheritable_descriptors = lambda: iter([-1])",
    "standard streams": "os.closerange(0, 2)",
    "sessions": (
        "def none(*_, **__): raise NotImplementedError('setsid is not here')\n"
        "os.posix_spawnp = none"
    ),
}


@pytest.mark.parametrize("without", _TAKE_AWAY)
def test_where_a_child_cannot_be_spawned_safely_subprocess_starts_it(without: str) -> None:
    code = (
        "import os, subprocess, sys\n"
        "from gitkanban.board.repo import child, limited\n"
        f"{_TAKE_AWAY[without]}\n"
        "opened, popen = [], subprocess.Popen\n"
        "subprocess.Popen = lambda *a, **k: opened.append(a) or popen(*a, **k)\n"
        "done = limited.run(['cat'], cwd=None, env={}, input=b'text')\n"
        "assert done == (0, b'text', b'') and opened, (done, opened)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_one_that_does_not_end_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"sleep 300 & echo $! >{tmp_path}/part; mv {tmp_path}/part {tmp_path}/child; wait"
    let_hours_pass(monkeypatch, (tmp_path / "child").exists)
    with pytest.raises(limited.TimedOut, match=r"no end in 600 s"):
        run(script, limit=600)
    pid = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 60
    while (child := processes.look(pid)) and child.state != "Z":
        assert time.monotonic() < deadline, f"it is still there: {child.state}"
        time.sleep(0.01)


def test_silence_ends_it_and_signs_of_life_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(limited.TimedOut, match=r"no sign of life in 0\.6 s"):
        run("echo hello; sleep 300", silence=0.6)
    # Hours in all, and none of them without a sign.
    add, pieces = limited._Output.add, []

    def note(output: Any, piece: bytes) -> None:
        pieces.append(piece)
        add(output, piece)

    monkeypatch.setattr(limited._Output, "add", note)
    let_hours_pass(monkeypatch, lambda: len(pieces))
    alive = "for n in 1 2 3 4 5 6 7 8; do sleep 0.05; echo . >&2; done"
    assert run(alive, silence=600).err == b".\n" * 8


@pytest.mark.parametrize(
    ("how", "words"), [({"silence": 0.3}, "sign of life"), ({"limit": 0.3}, "end")]
)
def test_one_that_has_closed_its_pipes_is_limited_all_the_same(
    how: dict[str, float], words: str
) -> None:
    with pytest.raises(limited.TimedOut, match=f"no {words} in"):
        run("exec >&- 2>&-; sleep 300", **how)


def test_who_still_holds_its_pipes_is_not_waited_for() -> None:
    begun = time.monotonic()
    done = run("sleep 300 & echo $!")
    os.kill(int(done.out), signal.SIGKILL)
    assert (done.code, time.monotonic() - begun < 60) == (0, True)


@pytest.mark.timeout(180)
def test_what_it_prints_just_before_it_ends_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = child.Child.poll

    def poll_late(one: child.Child) -> int | None:
        """It prints and ends after the look at its pipes and before this look at itself."""
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
        return asked(one)

    monkeypatch.setattr(child.Child, "poll", poll_late)
    monkeypatch.setattr(limited, "_LOOK", 0.01)
    assert run("sleep 0.2; echo all of it", limit=120) == (0, b"all of it\n", b"")


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
