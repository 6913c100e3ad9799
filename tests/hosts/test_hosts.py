"""Several hosts on one board, each in name spaces of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitkanban.runs.supervision import kernel
from tests.hosts import chaos, spaces
from tests.hosts.play import play
from tests.hosts.scenarios import CONTROLS, SCENARIOS, Scenario
from tests.hosts.spaces import PATIENCE

ROOT = Path(__file__).parents[2]
LIMIT = 4 * PATIENCE  # seconds: what the rig itself waits for may come late, one after the other
pytestmark = [pytest.mark.slow, pytest.mark.timeout(5 * LIMIT)]


@pytest.fixture(autouse=True)
def possible() -> None:
    """Skip, with the reason, where hosts cannot be made."""
    if spaces.why_not():
        pytest.skip(spaces.why_not())


def as_parameter(scenario: Scenario):  # type: ignore[no-untyped-def]
    """A story that is known to fail must fail, until it passes."""
    marks = [pytest.mark.xfail(strict=True, reason=scenario.fails)] if scenario.fails else []
    return pytest.param(scenario, id=scenario.name.replace(" ", "-"), marks=marks)


@pytest.mark.parametrize("scenario", [as_parameter(each) for each in SCENARIOS if each.short])
def test_hosts_that_share_a_board_work_as_one(scenario: Scenario) -> None:
    assert play(scenario) == []


@pytest.mark.parametrize(
    ("broken", "scenario", "word"), CONTROLS, ids=[each[0] for each in CONTROLS]
)
def test_a_program_broken_on_purpose_is_caught(broken: str, scenario: Scenario, word: str) -> None:
    assert word in {line.partition(":")[0] for line in play(scenario, broken)}


def test_a_seed_and_a_number_make_one_story() -> None:
    assert chaos.story(7, 3) == chaos.story(7, 3) != chaos.story(7, 4)


def test_a_host_ends_whoever_would_inherit_its_processes(tmp_path: Path) -> None:
    space = spaces.Space("h1", tmp_path)
    env = {"PATH": os.environ["PATH"]}
    kernel.set_subreaper(True)  # they would be ours, and we bury none
    try:
        for _ in range(8):
            space.begin(["sleep", "1000"], env)
        until(lambda: len(space.processes()) > 8, "all of them")
        os.kill(space.processes()[-1], signal.SIGSTOP)
        space.kill()
    finally:
        kernel.set_subreaper(False)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_of_the_rig_outlives_it(tmp_path: Path, how: signal.Signals) -> None:
    words = [sys.executable, "-m", "tests.hosts", "plain, board in main"]
    env = {**os.environ, "HOSTS_ROOM": str(tmp_path)}
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stderr=subprocess.DEVNULL, start_new_session=True
    ) as rig:
        until(lambda: any(tmp_path.glob("*/h1/home/shop")), "a clone")
        os.killpg(rig.pid, how)  # as a terminal does
        rig.wait(LIMIT)
    until(lambda: not mentioning(str(tmp_path)), "the end of everything")
    if how != signal.SIGKILL:
        assert not list(tmp_path.iterdir())


def mentioning(text: str) -> list[str]:
    """Command lines of processes that name a folder of the rig."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


def until(look, what: str) -> None:  # type: ignore[no-untyped-def]
    """Wait for something that must come."""
    end = time.monotonic() + LIMIT
    while not look():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.1)
