"""`tick --wait` stays until no session lives, and stops none when it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.runs.places import until

SCRIPT = """\
if [ "$GITKANBAN_CARD" = B ]; then touch {go}.awaited; while [ ! -e {go} ]; do sleep 0.05; done; fi
echo x >"$GITKANBAN_CARD.txt" && git add -A . && git commit -qm work
"""


@pytest.fixture
def go(repo: Path, tmp_path: Path) -> Path:
    """A board with B after A, whose session waits for this file."""
    go = tmp_path / "go"
    (tmp_path / "agent.sh").write_text(SCRIPT.format(go=go))
    config = tmp_path / "config.yaml"
    config.write_text(
        f"kanban:\n  workers:\n    w:\n      command: [sh, {tmp_path}/agent.sh]\n"
        "      on_success: done\n"
    )
    ok(repo, "init", "--config", str(config))
    ok(repo, "trust", "--yes")
    ok(repo, "add", "first", "--id", "A", "-w", "w")
    ok(repo, "add", "second", "--id", "B", "-w", "w", "--parent", "A")
    return go


def statuses(repo: Path) -> dict[str, str]:
    return {card["id"]: card["status"] for card in json.loads(ok(repo, "list", "--json"))}


def waiting(repo: Path, *prefix: str) -> subprocess.Popen[str]:
    argv = [*prefix, sys.executable, "-m", "gitkanban", "tick", "--wait"]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=repo, stdout=pipe, stderr=pipe, text=True)


def test_it_stays_until_what_follows_has_ended_too(repo: Path, go: Path) -> None:
    process = waiting(repo)
    until(lambda: go.with_suffix(".awaited").exists(), "the second session")
    assert process.poll() is None
    go.touch()
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert "started  A" in out and "another tick" not in out
    assert statuses(repo) == {"A": "done", "B": "done"}


def test_interrupted_it_stops_nothing_and_says_so(repo: Path, go: Path) -> None:
    process = waiting(repo)
    until(lambda: go.with_suffix(".awaited").exists(), "the second session")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.startswith("1 session is still running; `gitkanban stop --all` ends it\n")
    go.touch()
    until(lambda: statuses(repo)["B"] == "done", "its end, which its supervisor settles")


def test_interrupted_while_it_prints_what_a_tick_did_it_says_so_too(
    repo: Path, go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_c(*_: object) -> None:
        raise KeyboardInterrupt

    ok(repo, "tick")
    until(lambda: go.with_suffix(".awaited").exists(), "the second session")
    monkeypatch.setattr("gitkanban.cli.commands.tick._print_outcome", press_c)
    done = call(repo, "tick", "--wait")
    assert done.code == 130
    assert done.err.startswith("1 session is still running; `gitkanban stop --all` ends it\n")
    go.touch()
    until(lambda: statuses(repo)["B"] == "done", "its end")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a name space of processes")
def test_the_first_process_of_a_container_does_not_take_its_sessions_along(
    repo: Path, go: Path
) -> None:
    go.touch()
    space = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if subprocess.run([*space, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a name space of processes")
    _, err = waiting(repo, *space).communicate(timeout=300)
    assert err == ""
    assert statuses(repo) == {"A": "done", "B": "done"}


def test_a_dry_run_is_not_waited_for(repo: Path, go: Path) -> None:
    done = call(repo, "tick", "--wait", "--dry-run")
    assert (done.code, done.err) == (
        2,
        "Error: --wait and --dry-run exclude each other\nHint: A dry run starts nothing.\n",
    )
