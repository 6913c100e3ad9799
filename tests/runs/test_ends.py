"""Every way a session can end: its record is right, nothing of it is alive, no slot is held."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from gitkanban.core.model import Config, Worker
from gitkanban.core.tick.facts import Exit, StepEnd
from gitkanban.runs import trust
from gitkanban.runs.records import folders
from gitkanban.runs.supervision import processes
from tests.runs.places import Bench, mark, until
from tests.runs.plain_user import plain_user


def step(record: Exit, name: str = "session") -> StepEnd:
    found = record.step(name)
    assert found, record
    return found


@pytest.mark.parametrize(
    ("words", "code", "number"),
    [
        (("print:hello", "exit:0"), 0, 0),
        (("exit:3",), 3, 0),
        (("exit:75",), 75, 0),
        (("die:9",), None, 9),
        (("die:11",), None, 11),
    ],
)
def test_the_exit_of_a_session_is_recorded(
    bench: Bench, words: tuple[str, ...], code: int | None, number: int
) -> None:
    running = bench.start(*words)
    record = running.end()
    assert record.how == "exited"
    assert step(record) == StepEnd("session", code, number)
    bench.nothing_left(running)


def test_its_output_is_in_two_logs(bench: Bench) -> None:
    running = bench.start("print:out", "warn:err")
    running.end()
    assert running.folder.tail("stdout.log") == ["out"]
    assert running.folder.tail("stderr.log") == ["err"]


def test_a_program_that_is_not_there_means_not_started(bench: Bench) -> None:
    running = bench.start(override={"session": ["/no/such/agent"]})
    record = running.end()
    assert record.how == "not-started"
    assert record.error == "cannot run /no/such/agent: No such file or directory"
    assert record.step("session") is None
    bench.nothing_left(running)


def test_the_wall_timeout_ends_it(bench: Bench) -> None:
    running = bench.start("hang", override={"timeout": "0.3", "grace": "60"})
    record = running.end()
    assert record.how == "timeout"
    assert step(record).signal == signal.SIGTERM
    bench.nothing_left(running)


def test_one_that_ignores_its_end_is_killed_after_the_grace(bench: Bench, tmp_path: Path) -> None:
    running = bench.start("deaf", f"tell:{tmp_path}/up", "hang", override={"grace": "0.2"})
    until(mark(str(tmp_path), "up"), "its being deaf")
    bench.local.stop(running.folder, "enough")
    record = running.end()
    assert record.how == "stop"
    assert step(record).signal == signal.SIGKILL
    bench.nothing_left(running)


def test_a_stopped_process_is_ended_too(bench: Bench) -> None:
    running = bench.start("stop-self", override={"timeout": "0.3"})
    assert running.end().how == "timeout"
    bench.nothing_left(running)


def test_silence_without_a_change_is_a_stall(bench: Bench) -> None:
    running = bench.start("hang", override={"stall_timeout": "0.5"})
    assert running.end().how == "stall"
    bench.nothing_left(running)


def test_changes_in_its_worktree_and_in_the_git_directory_of_that_count_as_no_silence(
    bench: Bench,
) -> None:
    running = bench.start("exit:0")
    assert running.end().how == "exited"
    watched = running.folder.spec()["watch"]
    assert watched == [running.workspace.path, running.workspace.admin]


def test_a_stop_request_ends_it_and_says_why(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang", override={"beat": "60"})
    until(mark(str(tmp_path), "up"))
    bench.local.stop(running.folder, "enough\nof it")
    record = running.end()
    assert (record.how, record.error) == ("stop", "enough of it")
    bench.nothing_left(running)


def test_a_supervisor_told_to_end_by_a_shutdown_ends_its_session_neutrally(
    bench: Bench, tmp_path: Path
) -> None:
    started = tmp_path / "tick"
    running = bench.start(f"tell:{tmp_path}/up", "hang", override={"tick": ["touch", str(started)]})
    until(mark(str(tmp_path), "up"))
    os.kill(running.pid, signal.SIGTERM)
    assert running.end().how == "lost"
    assert not started.exists(), "nothing new starts on a machine that goes down"
    bench.nothing_left(running)


def test_the_end_of_the_terminal_does_not_end_it(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(
        f"tell:{tmp_path}/up", "print:on", override={"setup": ["sh", "-c", "kill -HUP $PPID"]}
    )
    assert step(running.end()).exit == 0
    assert running.folder.tail("stdout.log") == ["on"]


@pytest.mark.parametrize(
    "leave",
    ["daemon", "hidden", "server", "sitting"],
    ids=[
        "double fork, deaf to TERM",
        "no descriptor, no environment, own session",
        "background server",
        "no descriptor, no environment, same session",
    ],
)
@pytest.mark.parametrize("end", ["exit:0", "hang"], ids=["clean exit", "stop"])
def test_what_forks_away_is_ended(bench: Bench, tmp_path: Path, leave: str, end: str) -> None:
    running = bench.start(f"{leave}:{tmp_path}/child", end, override={"grace": "0.2"})
    pid = int(until(mark(str(tmp_path), "child")))
    if end == "hang":
        bench.local.stop(running.folder, "enough")
    record = running.end()
    assert record.how == ("exited" if end == "exit:0" else "stop")
    assert processes.look(pid) is None
    bench.nothing_left(running)


def test_gigabytes_of_output_are_bounded_with_head_and_tail(bench: Bench, tmp_path: Path) -> None:
    limit = 256 << 10
    words = (f"flood:{8 << 10}", f"tell:{tmp_path}/flooded", f"wait:{tmp_path}/go", "print:last")
    running = bench.start("print:first", *words, override={"log_limit": str(limit)})
    path = Path(running.folder.file("stdout.log"))

    def is_cut() -> bool:
        content = path.read_bytes()
        return len(content) <= limit and b"bytes left out here]" in content

    until(mark(str(tmp_path), "flooded"))
    until(is_cut)  # what is written during a cut may be lost with the middle
    (tmp_path / "go").touch()
    running.end()
    assert path.stat().st_size <= limit
    text = path.read_text()
    assert text.startswith("first\n")
    assert text.endswith("last\n")
    assert "bytes left out here]" in text


def test_the_session_sees_this_environment_and_no_other(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("ALLOWED", "yes")
    running = bench.start(f"env:{tmp_path}/env", pass_env=("ALLOWED",))
    running.end()
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert env["GITKANBAN_CARD"] == "T1"
    assert env["GITKANBAN_RUN"] == running.folder.run
    assert env["GITKANBAN_SLOT"] == "p#1"
    assert env["GITKANBAN_PROFILE"] == "p"
    assert env["GITKANBAN_WORKSPACE"] == running.workspace.path
    assert env["GITKANBAN_MEMORY"] == "read-write"
    assert env["GITKANBAN_BOARD"] == "main"
    assert env["ALLOWED"] == "yes"
    assert "SECRET" not in env
    assert "GIT_DIR" not in env
    assert (env["GIT_CONFIG_KEY_0"], env["GIT_CONFIG_VALUE_0"]) == ("gc.auto", "0")


def test_a_session_gets_the_value_that_was_allowed_whoever_ticks(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick may have stood by since before the last `gitkanban trust`."""
    worker = Worker("w", "p", command=("true",), pass_env=("API_KEY",))
    monkeypatch.setenv("API_KEY", "new")
    trust.record(bench.place, Config(workers={"w": worker}))
    monkeypatch.setenv("API_KEY", "old")
    bench.start(f"env:{tmp_path}/env", pass_env=("API_KEY",)).end()
    assert "API_KEY=new" in (tmp_path / "env").read_text().splitlines()


def test_no_file_of_a_run_holds_a_value_of_the_shell_that_ticks(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one that nobody passes on, nor one that is: that is in `trust.env` alone."""
    for name in ("AWS_SECRET", "API_KEY", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, f"value-of-{name}")
    running = bench.start(f"env:{tmp_path}/env", pass_env=("API_KEY",))
    running.end()
    assert "API_KEY=value-of-API_KEY" in (tmp_path / "env").read_text().splitlines()
    private = Path(bench.place.private)
    files = [path for path in private.rglob("*") if path.is_file()]
    assert [path for path in files if b"value-of-" in path.read_bytes()] == [private / "trust.env"]
    assert (private / "trust.env").stat().st_mode & 0o777 == 0o600


def test_what_a_later_tick_does_needs_is_in_the_spec(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "XDG_CONFIG_HOME", "GIT_SSH_COMMAND", "LC_TIME", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, name.lower())
    running = bench.start("print:x")
    assert running.folder.spec().pairs("tick.env").items() >= {
        "https_proxy": "https_proxy", "XDG_CONFIG_HOME": "xdg_config_home", "LC_TIME": "lc_time",
        "GIT_SSH_COMMAND": "git_ssh_command", "SSH_AUTH_SOCK": "ssh_auth_sock",
    }.items()  # fmt: skip
    running.end()


def test_a_pass_env_changes_nothing_that_names_the_run(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITKANBAN_RUN", "another")
    running = bench.start(f"env:{tmp_path}/env", pass_env=("GITKANBAN_RUN", "PATH"))
    running.end()
    assert f"GITKANBAN_RUN={running.folder.run}" in (tmp_path / "env").read_text().splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
def test_other_processes_of_the_user_read_nothing_of_a_supervisor_but_what_identifies_it(
    bench: Bench, tmp_path: Path
) -> None:
    running = bench.start(f"fds:{tmp_path}/begun", "hang")
    until((tmp_path / "begun").exists, "the session")
    with plain_user():
        # What a user without privileges is refused: root's CAP_PERFMON still reads the rest of it.
        with pytest.raises(PermissionError):
            os.open(f"/proc/{running.pid}/mem", os.O_RDONLY)
        with pytest.raises(PermissionError):
            os.readlink(f"/proc/{running.pid}/cwd")
        found = processes.look(running.pid)
        assert found and found.pid == running.pid
        assert bench.local.stop(running.folder, "enough"), "found by its command line"
    assert running.end().how == "stop"


def test_a_run_that_an_earlier_version_began_is_closed_and_its_environment_removed(
    bench: Bench,
) -> None:
    old = {"secrets": [], "pass_env": [], "tick.env": ["PATH=/bin", "TOKEN=hunter2"]}
    running = bench.start("print:x", override=old)
    running.end()
    assert folders.exposed(bench.place.private) == [], "not before it is settled"
    running.folder.settle("c0ffee")
    assert folders.exposed(bench.place.private) == [running.folder]
    before = running.folder.facts()
    running.folder.scrub()
    assert folders.exposed(bench.place.private) == []
    assert b"hunter2" not in Path(running.folder.file("spec")).read_bytes()
    assert running.folder.facts().one("card") == before.one("card")


def test_a_session_finds_the_program_that_it_reports_with(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it lies in an environment that is not on PATH, as in a line of cron."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    bench.start(f"env:{tmp_path}/env").end()
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert env["PATH"].startswith("/usr/bin:/bin")
    assert shutil.which("gitkanban", path=env["PATH"])


def test_a_session_inherits_no_descriptor(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"fds:{tmp_path}/fds")
    running.end()
    # 3 is the listing itself
    assert (tmp_path / "fds").read_text() == "0 1 2 3"


def test_while_a_supervisor_starts_no_other_child_could_get_its_locks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn, before = os.posix_spawn, _inheritable_descriptors()
    meanwhile = set()

    def look_and_spawn(*args: Any, **kwargs: Any) -> int:
        meanwhile.update(_inheritable_descriptors())
        return spawn(*args, **kwargs)

    monkeypatch.setattr(os, "posix_spawn", look_and_spawn)
    assert bench.start("exit:0").end().how == "exited"
    assert meanwhile and meanwhile <= before


def _inheritable_descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd") if _is_inheritable(int(name))}


def _is_inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:  # that of the listing
        return False


def test_setup_runs_once_and_its_failure_ends_the_run(bench: Bench, tmp_path: Path) -> None:
    bad = bench.start(f"tell:{tmp_path}/ran", setup=("sh", "-c", "exit 4"))
    record = bad.end()
    assert step(record, "setup").exit == 4
    assert record.step("session") is None
    good = bench.start("exit:0", setup=("sh", "-c", "echo once >> ../setup"))
    assert step(good.end(), "setup").exit == 0
    again = bench.start("exit:0", setup=("sh", "-c", "echo once >> ../setup"))
    assert again.end().step("setup") is None
    assert not (tmp_path / "ran").exists()


def test_verify_decides_nothing_but_is_recorded(bench: Bench) -> None:
    running = bench.start("commit:a.txt", verify=("sh", "-c", "echo red; test -e b.txt"))
    record = running.end()
    assert record.how == "exited"
    assert step(record, "verify").exit == 1
    assert [each.name for each in record.steps] == ["session", "collect", "verify"]
    assert running.folder.tail("verify.log") == ["red"]


def test_git_may_not_prune_its_worktree_while_it_lives(bench: Bench, tmp_path: Path) -> None:
    running = bench.start(f"tell:{tmp_path}/up", "hang")
    until(mark(str(tmp_path), "up"))
    assert Path(running.workspace.admin, "locked").exists()
    bench.local.stop(running.folder, "enough")
    running.end()
    assert not Path(running.workspace.admin, "locked").exists()


def test_verify_does_not_run_after_a_failure(bench: Bench) -> None:
    assert bench.start("exit:1", verify=("true",)).end().step("verify") is None


def test_it_becomes_the_tick_with_no_lock_and_no_marker(bench: Bench, tmp_path: Path) -> None:
    script = f"env > {tmp_path}/env; ls -l /proc/self/fd > {tmp_path}/fds; pwd > {tmp_path}/done"
    running = bench.start("exit:0", override={"tick": ["sh", "-c", script]})
    running.end()
    assert until(mark(str(tmp_path), "done")).strip() == str(bench.repo)
    assert "GITKANBAN_" not in (tmp_path / "env").read_text()
    assert "/locks/" not in (tmp_path / "fds").read_text()
    bench.nothing_left(running)


def test_a_full_set_of_words_reaches_the_program_unchanged(bench: Bench) -> None:
    odd = ["sh", "-c", 'printf "%s|" "$@"', "x", "a b", "$(touch no)", "'", "", "é\n"]
    running = bench.start(override={"session": odd})
    running.end()
    assert Path(running.folder.file("stdout.log")).read_text() == "a b|$(touch no)|'||é\n|"
