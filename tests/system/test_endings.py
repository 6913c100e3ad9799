"""Every way a session can end, on one board: what the card says,
and that nothing is left or lost.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gitkanban.core.changes import EditCard, WriteFile
from tests.cli.calls import ok
from tests.conftest import git
from tests.support.arena import Arena, until
from tests.support.oracle import started

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 60
  workers:
    pool:
      profile: many
      mode: pool
      max_concurrency: 40
      command: [{python}, -I, -S, {agent}, {log}, pool]
      commits: supervisor
    own:
      profile: own
      mode: pool
      max_concurrency: 10
      command: [{python}, -I, -S, {agent}, {log}, own]
    gone:
      profile: gone
      command: [{python}, -I, -S, {agent}, {log}, gone]
"""


class End(NamedTuple):
    """What a session does, what somebody does to it, and what the card says then."""

    words: str
    outcome: str
    status: str
    act: Callable[[Arena, str], None] | None = None
    worker: str = "pool"
    spec: tuple[tuple[str, str], ...] = ()
    notices: str = ""  # in the run's `why`


def supervisor_of(arena: Arena, card: str) -> int:
    return next(pid for name, pid in arena.hanging() if name == card)


def session_of(arena: Arena, card: str) -> int:
    return next(int(r.rest[2]) for r in arena.oracle.rows() if r.kind == "begin" and r.card == card)


def kill_supervisor(arena: Arena, card: str) -> None:
    pid = supervisor_of(arena, card)
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in arena.supervisors(), "its end")


def kill_after_a_look(arena: Arena, card: str) -> None:
    """Once the supervisor has put on record what hides every other trace: that is its promise."""
    folder = next(f for f in arena.folders() if f.facts().one("card") == card)
    until(lambda: Path(folder.file("pids")).read_text().count("orphan") > 1, "a look at orphans")
    kill_supervisor(arena, card)


def kill_agent(arena: Arena, card: str) -> None:
    os.kill(session_of(arena, card), signal.SIGKILL)


def reboot(arena: Arena, card: str) -> None:
    kill_supervisor(arena, card)
    folder = next(f for f in arena.folders() if f.facts().one("card") == card)
    spec = Path(folder.file("spec"))
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    spec.write_text(spec.read_text().replace(boot, "another-boot"))


def freeze(arena: Arena, card: str) -> None:
    pids = {supervisor_of(arena, card), session_of(arena, card)}
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: pids <= set(arena.frozen()), "both to stand still")


def stop(arena: Arena, card: str) -> None:
    ok(arena.repo, "stop", card)


def drop(arena: Arena, card: str) -> None:
    arena.drop(card)


def block(arena: Arena, card: str) -> None:
    arena.person(card, "block", "wait for the spec")


def edit(arena: Arena, card: str) -> None:
    arena.change(lambda _: [EditCard(card, {"title": "another title"})])
    (arena.log / "edited").write_text("")


def remove_worker(arena: Arena, card: str) -> None:
    text = git(arena.repo, "show", "main:.kanban/config.yaml")
    arena.change(lambda _: [WriteFile("config.yaml", text.partition("    gone:")[0])])
    (arena.log / "removed").write_text("")


def move_branch(arena: Arena, card: str) -> None:
    git(arena.repo, "update-ref", f"refs/heads/card/{card}", "main~1")
    (arena.log / "moved").write_text("")


ORPHAN = "commit git:checkout,-q,--orphan,stray-{card} commit"
DELETED = "commit git:update-ref,-d,refs/heads/card/{card}"
# In seconds. These sessions begin before all others, so that they hang long before their limit.
QUICK, SILENT = (("timeout", "30"),), (("stall_timeout", "30"),)
ENDS = {
    "work": End("commit", "succeeded", "review"),
    "nothing": End("", "no-work", "todo"),
    "loose": End("left", "uncommitted", "todo", worker="own"),
    "loose-is-fine": End("left", "succeeded", "review"),
    "exit-3": End("commit exit:3", "failed", "todo", notices="exited with 3"),
    "exit-75": End("left exit:75", "rate-limited", "todo"),
    "signal": End("left die:11", "killed", "todo", notices="signal 11"),
    "too-long": End("left hang", "timed-out", "todo", spec=QUICK),
    "silent": End("left hang", "stalled", "todo", spec=SILENT),
    "deaf": End("left deaf hang", "timed-out", "todo", spec=QUICK, worker="own"),
    "daemon": End("daemon commit", "succeeded", "review"),
    "hidden-daemon": End("hidden commit", "succeeded", "review"),
    "flood": End("flood:3000 commit", "succeeded", "review", spec=(("log_limit", "65536"),)),
    "stopped": End("left hang", "stopped", "blocked", stop),
    "supervisor-killed": End("left hang", "lost", "todo", kill_supervisor),
    "killed-with-daemon": End("daemon hidden left hang", "lost", "todo", kill_after_a_look),
    "agent-killed": End("left hang", "killed", "todo", kill_agent, notices="signal 9"),
    "rebooted": End("left hang", "rebooted", "todo", reboot),
    "frozen": End("wait:thawed commit", "succeeded", "review", freeze),
    "dropped": End("left hang", "cancelled", "dropped", drop),
    "blocked": End("left hang", "cancelled", "blocked", block),
    "edited": End("wait:edited commit", "succeeded", "review", edit),
    "no-worker": End("wait:removed commit", "succeeded", "review", remove_worker, "gone"),
    "no-workspace": End("commit remove-workspace", "succeeded", "review", notices="was deleted"),
    "orphan-branch": End(ORPHAN, "succeeded", "review", notices="refs/gitkanban/salvage/"),
    "branch-moved": End(
        "commit wait:moved", "succeeded", "review", move_branch, notices="salvage/"
    ),
    "branch-deleted": End(DELETED, "succeeded", "review", notices="has been created again"),
}


def test_every_way_a_session_can_end_is_reported_and_leaves_nothing(
    make: Callable[..., Arena],
) -> None:
    limited = [name for name, end in ENDS.items() if end.spec in (QUICK, SILENT)]
    others = [name for name in ENDS if name not in limited]
    cards = {name: f"@{end.worker}" for name, end in ENDS.items()}
    arena = make({**cards, **{name: f"{cards[name]} backlog" for name in others}}, config=CONFIG)
    arena.slow_down()  # a failed card waits ten seconds for its next try
    for name, end in ENDS.items():
        arena.words(name, f"print:hello-{name} {end.words}")
        arena.special[name] = dict(end.spec)
    assert arena.tick() == 0
    until(lambda: sorted(arena.logged("hangs")) == sorted(limited), "those with a limit")
    arena.change(lambda _: [EditCard(name, {"status": "todo"}) for name in others])
    assert arena.tick() == 0
    until(lambda: len(arena.logged("begin")) == len(ENDS), "all sessions")
    acting = {name for name, end in ENDS.items() if end.act}
    until(lambda: acting <= {name for name, _ in arena.hanging()}, "those that wait")
    for name, end in ENDS.items():
        if end.act:
            end.act(arena, name)
    assert arena.tick() == 0  # a frozen run holds its locks: it is not taken for dead
    assert arena.status("frozen") == "running"
    for pid in arena.frozen():
        os.kill(pid, signal.SIGCONT)
    (arena.log / "thawed").write_text("")
    until(lambda: not arena.supervisors(), "every end")
    assert arena.tick() == 0
    board = arena.board()
    said = {
        name: (run.outcome, board.cards[name].status, end.notices in run.why)
        for name, end in ENDS.items()
        for run in board.runs_of(name)
    }
    assert said == {name: (end.outcome, end.status, True) for name, end in ENDS.items()}
    assert board.cards["edited"].title == "another title"
    assert board.cards["blocked"].why == "wait for the spec"
    assert arena.oracle.violations() == []
    for name in ENDS:
        assert f"hello-{name}" in ok(arena.repo, "logs", name), name
    flood = next(f for f in arena.folders() if f.facts().one("card") == "flood")
    log = Path(flood.file("stdout.log"))
    assert log.stat().st_size <= 2 * 65536
    assert b"bytes left out here" in log.read_bytes()


def test_another_clone_shows_a_run_and_never_reclaims_it(
    make: Callable[..., Arena], tmp_path: Path
) -> None:
    arena = make({"T1": "@pool", "T2": "@lane"})
    arena.words("T1", "wait:go commit")
    arena.words("T2", "wait:go commit")
    arena.tick()
    until(lambda: len(arena.logged("waits")) == 2, "both sessions")
    git(tmp_path, "clone", "-q", str(arena.repo), "other")
    other = tmp_path / "other"
    ok(other, "trust", "--yes")
    ok(other, "tick")
    assert '"status": "running"' in ok(other, "show", "T1", "--json")
    assert started(str(session_of(arena, "T1")))
    (arena.log / "go").write_text("")
    until(lambda: not arena.supervisors(), "the end")
    arena.settle()
    assert arena.judged() == []


def test_a_child_that_starts_with_its_parent_s_end_is_handed_the_last_attempt(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T0": "@lane", "T1": "@lane <-T0"})
    arena.words("T0", "commit exit:3", "commit")
    arena.words("T1", "commit")
    for _ in range(3):  # its start, its failure, its second start
        arena.tick()
        arena.wait()
        arena.later(700)
    arena.tick()
    board = arena.board()
    assert (board.cards["T0"].status, board.cards["T1"].status) == ("done", "running")
    prompt = next(f for f in arena.folders() if f.facts().one("card") == "T1").file("prompt.md")
    tip = git(arena.repo, "rev-parse", "--short", "card/T0")
    assert tip in Path(prompt).read_text()
    arena.settle()
    assert arena.judged() == []
