"""What is wrong around a board, fact by fact,
and that repairs are offered where nothing is lost.
"""

from pathlib import Path

import pytest

from gitkanban.core import symptom
from gitkanban.core.care.doctor import symptoms
from gitkanban.core.care.surroundings import (
    BlockingBranch,
    CardlessBranch,
    DiskState,
    ForeignFile,
    LateIndex,
    LockState,
    NotifierState,
    ProgramFault,
    Readiness,
    RunState,
    SalvageState,
    StrayWorktree,
    Surroundings,
    TokenState,
    UnreadableWorktree,
    WorktreeState,
)
from gitkanban.core.model import Board, Problem
from gitkanban.core.names import CardId
from gitkanban.core.symptom import ERROR, INFO, REPAIRS, WARNING, Symptom, would
from gitkanban.core.tick.closing import Tries
from gitkanban.core.tick.facts import AgentFault, AgentState, BadNode, Quota
from gitkanban.core.transitions import VERBS, check_verb
from tests.support.boards import CLONE, NOW, board

QUIET = Surroundings(NOW, CLONE, ticked=NOW - 30, tip_at=NOW - 40)
IDLE = board("T1 done", "T2 backlog")
BUSY = board("T1 todo")
RUNNING = board("T1 running run=r1 slot=solo#1")
LIVE = RunState("r1", "T1", "solo#1", NOW - 60, alive=True)
WELL = QUIET._replace(
    runs=(LIVE,),
    known_runs=frozenset({"r1"}),
    tokens=(TokenState("solo#1", "T1", "r1"),),
    locked_slots={"solo#1": ""},
    worktrees=(WorktreeState("/w/T1", "T1", locked_for="r1"),),
)


def found(state: Board, seen: Surroundings) -> list[Symptom]:
    return symptoms(state, seen)


def test_a_healthy_board_has_no_symptoms() -> None:
    assert found(IDLE, QUIET) == []
    assert found(RUNNING, WELL) == []


CASES = [
    # what differs from a healthy running board, severity, code, subject, repair
    ({"ticked": 0}, WARNING, "not-ticking", "tick", ""),
    ({"ticked": NOW - 301}, WARNING, "not-ticking", "tick", ""),
    ({"ticked": NOW + 121}, WARNING, "clock", "clock", ""),
    ({"tip_at": NOW + 7200}, WARNING, "clock", "clock", ""),
    ({"jumped": -3600}, WARNING, "clock", "clock", ""),
    ({"runs": (LIVE._replace(started=NOW + 500),)}, WARNING, "clock", "clock", ""),
    ({"shared_disk": "nfs4 at /mnt"}, ERROR, "network-file-system", "nfs4 at /mnt", ""),
    (
        {"shared_disk": "nfs4 at /mnt", "locks_apart": "/var/tmp/gitkanban-1/shop-0/locks"},
        INFO, "network-file-system", "nfs4 at /mnt", "",
    ),
    ({"executors": {"cluster": "Slurm does not answer"}}, ERROR, "executor-fault", "cluster", ""),
    ({"agents": AgentState(nodes={"c/n1": BadNode("c", "n1", 3, NOW - 60, "r1")})},
     WARNING, "bad-node", "n1", ""),
    ({"unshared": ("cluster",)}, WARNING, "executor-unshared", "cluster", ""),
    ({"untrusted": {"solo": "never allowed"}}, WARNING, "untrusted", "solo", ""),
    ({"missing": (ProgramFault("solo", "hermes"),)}, ERROR, "missing-command", "solo", ""),
    ({"notifier": NotifierState(withheld="kanban.notify changed")}, WARNING, "notifier-untrusted",
     "notifier", ""),
    ({"notifier": NotifierState(missing="cannot run x: not on PATH")}, WARNING, "notifier-missing",
     "notifier", ""),
    ({"notifier": NotifierState(failed="the notifier x exited with 1", at=NOW - 9)}, WARNING,
     "notifier-failed", "notifier", ""),
    ({"notifier": NotifierState(is_cut_off=True, at=NOW - 9)}, WARNING, "notifier-failed",
     "notifier", ""),
    ({"ready": Readiness(silent=(ProgramFault("solo", "claude", "ended with 1"),))}, ERROR,
     "agent-silent", "solo", ""),
    ({"ready": Readiness(no_base="main does not exist")}, ERROR, "no-base", "base", ""),
    ({"ready": Readiness(no_folder="/w is not a folder")}, ERROR, "no-worktrees-folder", "worktrees",
     ""),
    ({"ready": Readiness(blocking=(BlockingBranch("card", "card/…"),))}, ERROR,
     "branch-in-the-way", "card", ""),
    ({"ready": Readiness(blocking=(BlockingBranch("card/T1/x", "card/T1", True),))}, ERROR,
     "branch-in-the-way", "card/T1/x", symptom.DELETE_BRANCH),
    ({"ready": Readiness(late=(LateIndex("/repo", "main", "a" * 40),))}, ERROR, "checkout-behind",
     "/repo", ""),
    ({"ready": Readiness(stuck=(("/repo", "a merge"),))}, ERROR, "accept-blocked", "/repo", ""),
    ({"foreign": (ForeignFile("root", "ada", 3, "/r/.git/index"),)}, WARNING, "foreign-files",
     "root", ""),
    ({"ticked_first": True}, WARNING, "tick-ends-container", "tick", ""),
    ({"no_board_checkout": "/repo/.kanban"}, WARNING, "board-checkout-gone", "/repo/.kanban",
     symptom.RESTORE_CHECKOUT),
    ({"beside": (StrayWorktree("/w/T1/try", "T1", "r1"),)}, WARNING, "worktree-beside", "/w/T1/try",
     ""),
    ({"damaged": {"T1": "a" * 40}}, ERROR, "work-damaged", "T1", ""),
    ({"broken_refs": ("refs/heads/card/T2",)}, ERROR, "ref-broken", "refs/heads/card/T2",
     symptom.MEND_REF),
    ({"no_index": ("/repo",)}, ERROR, "index-damaged", "/repo", symptom.REMAKE_INDEX),
    ({"broken_refs": ("refs/heads/main",)}, ERROR, "ref-broken", "refs/heads/main", ""),
    ({"unreadable": (UnreadableWorktree("/w/T2", "/r/T2", may_go=True),)}, ERROR,
     "worktree-unreadable", "/w/T2", symptom.DROP_WORKTREE),
    ({"unreadable": (UnreadableWorktree("/w/T2", "/r/T2", may_go=False),)}, ERROR,
     "worktree-unreadable", "/w/T2", ""),
    ({"worktrees": (WorktreeState("/w/T2", "T2", astray="its .git file names /x"),)}, WARNING,
     "worktree-astray", "/w/T2", ""),
    ({"worktrees": (WorktreeState("/w/T2", "T2", astray="/x is gone", adrift=True),)}, WARNING,
     "worktree-astray", "/w/T2", symptom.POINT_WORKTREE),
    ({"runs": (LIVE._replace(owner="root"), RunState("r0", owner="root"))}, INFO,
     "run-of-another-user", "r1", ""),
    ({"sandboxes": (("solo", "No permissions"),)}, ERROR, "no-sandbox", "solo", ""),
    ({"memories": (("solo", "/h is not a folder"),)}, WARNING, "memory-home", "solo", ""),
    ({"unready": (("solo", "no sign of a login"),)}, INFO, "agent-setup", "solo", ""),
    ({"agents": AgentState(faults={"solo": AgentFault(NOW, "401", "T1", "r1")})}, ERROR,
     "agent-misconfigured", "solo", ""),
    ({"agents": AgentState({"solo": Quota(NOW - 9, NOW + 9)})}, INFO, "quota", "solo", ""),
    ({"agents": AgentState({"solo": Quota(NOW - 9, NOW - 5, 10)})}, WARNING, "quota", "solo", ""),
    ({"disks": (DiskState("/", 1 << 29),)}, WARNING, "disk-nearly-full", "/", ""),
    ({"disks": (DiskState("/", 1 << 20),)}, ERROR, "disk-nearly-full", "/", ""),
    ({"disks": (DiskState("/", 1 << 40, 12),)}, WARNING, "disk-nearly-full", "/", ""),
    ({"unwritable": ("/r/.git",)}, ERROR, "not-writable", "/r/.git", ""),
    ({"standstill": "a rebase"}, WARNING, "standstill", "main", ""),
    ({"behind": (("/repo", "main"),)}, ERROR, "checkout-behind", "/repo", ""),
    ({"unsigned": "no key"}, WARNING, "unsigned", "main", ""),
    ({"flipped": "/repo"}, ERROR, "bare-with-checkout", "/repo", ""),
    ({"locks": (LockState("/g/index.lock", 90),)}, WARNING, "stale-lock", "/g/index.lock",
     symptom.REMOVE_LOCK),
    ({"locks": (LockState("/g/index.lock", 90, "process 4"),)}, WARNING, "lock", "/g/index.lock",
     ""),
    ({"runs": (LIVE._replace(leased=False),)}, WARNING, "run-without-lease", "r1",
     symptom.WRITE_TOKEN),
    ({"runs": (LIVE._replace(alive=False),), "worktrees": (), "locked_slots": {}}, WARNING,
     "run-without-record", "r1", symptom.CLOSE_RUN),
    ({"runs": (LIVE._replace(alive=False, ended=NOW - 400),), "worktrees": (), "locked_slots": {}},
     WARNING, "run-not-settled", "r1", ""),
    ({"runs": (LIVE, RunState("r0", empty=True))}, WARNING, "run-unreadable", "r0",
     symptom.REMOVE_FOLDER),
    ({"runs": (LIVE, RunState("r0"))}, WARNING, "run-unreadable", "r0", ""),
    ({"runs": (LIVE._replace(alive=False, tries=Tries(2, NOW - 90, NOW, "a bad object")),),
      "worktrees": (), "locked_slots": {}}, WARNING, "run-not-closed", "r1", symptom.CLOSE_RUN),
    ({"runs": (LIVE._replace(moved_from="/old/.git"),)}, WARNING, "repository-moved", "r1", ""),
    ({"tampering": ("hooks/x is new while T1 (r1) ran",)}, WARNING, "tampering", "repository", ""),
    ({"exposed": ("r0",)}, WARNING, "environment-in-file", "1 run folder", symptom.SCRUB_RUNS),
    ({"elsewhere": "runs are open on h2: T1", "known_runs": frozenset()}, ERROR, "other-machine",
     "tick", ""),
    ({"tokens": (*WELL.tokens, TokenState("solo#2", "T9", "r9"))}, WARNING, "lease-without-run",
     "solo#2", symptom.REMOVE_TOKEN),
    ({"locked_slots": {"solo#1": "", "solo#2": "process 7 (sh)"}}, ERROR, "slot-without-run",
     "solo#2", ""),
    ({"known_runs": frozenset()}, WARNING, "run-unknown", "T1", ""),
    ({"clone": "another"}, INFO, "runs-elsewhere", "T1", ""),
    ({"worktrees": (WorktreeState("/w/T1", "T1", locked_for="r0"),)}, WARNING, "worktree-locked",
     "/w/T1", symptom.UNLOCK_WORKTREE),
    ({"worktrees": (WorktreeState("/w/T1", "T1", there=False),)}, WARNING, "worktree-gone",
     "/w/T1", symptom.FORGET_WORKTREE),
    ({"worktrees": (WorktreeState("/w/x"),)}, WARNING, "stranger", "/w/x", ""),
    ({"worktrees": (WorktreeState("/w/X", "X", merged=True),)}, WARNING, "worktree-without-card",
     "/w/X", symptom.REMOVE_WORKTREE),
    ({"worktrees": (WorktreeState("/w/X", "X", merged=True, dirty=True),)}, WARNING,
     "worktree-without-card", "/w/X", ""),
    ({"worktrees": (WorktreeState("/w/X", "X"),)}, WARNING, "worktree-without-card", "/w/X", ""),
    ({"branches": (CardlessBranch("X", True),)}, WARNING, "branch-without-card", "card/X",
     symptom.DELETE_BRANCH),
    ({"branches": (CardlessBranch("X", False, 2),)}, WARNING, "branch-without-card", "card/X", ""),
    ({"driver": ""}, INFO, "no-merge-driver", "merge driver", ""),
    ({"driver": "/x/gitkanban", "has_driver": False}, ERROR, "merge-driver-missing",
     "merge driver", ""),
    ({"salvages": (SalvageState("refs/s/1", NOW - 90, "x"),)}, INFO, "salvage", "refs/s/1", ""),
]  # fmt: skip


@pytest.mark.parametrize("more, severity, code, subject, repair", CASES)
def test_one_thing_wrong_is_one_symptom(
    more: dict[str, object], severity: str, code: str, subject: str, repair: str
) -> None:
    [only] = found(RUNNING, WELL._replace(**more))
    assert (only.severity, only.code, only.subject, only.repair) == (
        severity, code, subject, repair,
    )  # fmt: skip
    assert only.text and (only.advice or only.repair)
    assert "\n" not in only.text + only.advice


@pytest.mark.parametrize(
    ("status", "verb"),
    [
        ("backlog", ""),
        ("todo", "retry"),
        ("running", ""),
        ("review", "reject"),
        ("blocked", "retry"),
    ],
)
def test_damaged_work_is_done_again_by_a_verb_that_its_card_allows(status: str, verb: str) -> None:
    state = board(f"T1 {status}" + (" run=r1 slot=solo#1" if status == "running" else ""))
    around = (WELL if status == "running" else QUIET)._replace(damaged={"T1": "a" * 40})
    [only] = [each for each in found(state, around) if each.code == "work-damaged"]
    advised = [each for each in VERBS if f"`gitkanban {each} T1" in only.advice]
    assert advised == ([verb] if verb else [])
    assert ("done again" in only.advice) == bool(verb)
    for each in advised:
        assert check_verb(each, CardId("T1"), status).to == "todo"


def test_every_symptom_is_documented() -> None:
    page = Path(__file__).parents[3] / "docs" / "care.md"
    rows = {line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")}
    state = board("T1 todo", broken=["T2"])
    late = state.cards["T1"]._replace(not_before=NOW + 86_400)
    state = state._replace(cards={"T1": late})
    config = state.problems[0]._replace(card="")
    seen = symptoms(state._replace(problems=(*state.problems, config)), QUIET)
    codes = {case[2] for case in CASES} | {each.code for each in seen}
    assert rows == codes | {"budget-unknown"}


def test_every_repair_says_what_it_would_do() -> None:
    for repair in REPAIRS:
        assert "T1" in would(Symptom(WARNING, "x", "T1", "text", "", repair))


def test_broken_files_come_first_and_say_where() -> None:
    broken = board("T1 todo", broken=["T2"])
    config = Problem("config.yaml", 3, 1, "no such key", "lane?")
    state = broken._replace(config=None, problems=(*broken.problems, config))
    texts = [each.text for each in found(state, QUIET._replace(ticked=0))]
    assert texts[:2] == ["cards/T2.yaml:1:1: not a card", "config.yaml:3:1: no such key"]
    assert len(texts) == 3


def test_nobody_asks_after_cron_where_nothing_waits() -> None:
    [only] = found(IDLE, QUIET._replace(ticked=0))
    assert only.severity == INFO
    [only] = found(BUSY, QUIET._replace(ticked=NOW - 400))
    assert (only.severity, only.text) == (WARNING, "the last tick was 6 min ago")


def test_archived_and_unreadable_cards_keep_their_worktrees_and_branches() -> None:
    state = board("T1 done", archived=["T8"], broken=["T9"])._replace(problems=())
    kept = board("T1 done", archived=["T8"], broken=["T9"])
    trees = tuple(WorktreeState(f"/w/{card}", card) for card in ("T1", "T8", "T9"))
    assert [s.code for s in found(kept, QUIET._replace(worktrees=trees))] == ["unreadable-card"]
    assert [s.subject for s in found(state, QUIET._replace(worktrees=trees))] == ["/w/T9"]


def test_a_lease_whose_run_awaits_its_settling_is_no_symptom() -> None:
    ended = LIVE._replace(alive=False, ended=NOW - 5)
    assert found(RUNNING, WELL._replace(runs=(ended,), locked_slots={}, worktrees=())) == []


def test_a_lock_that_makes_the_board_stand_still_is_reported_once() -> None:
    lock = LockState("/g/index.lock", 90)
    seen = QUIET._replace(locks=(lock,), standstill="a killed git left /g/index.lock")
    assert [each.code for each in found(IDLE, seen)] == ["stale-lock"]


def test_a_worktree_and_its_branch_are_reported_once() -> None:
    seen = QUIET._replace(
        worktrees=(WorktreeState("/w/X", "X"),), branches=(CardlessBranch("X", False, 1),)
    )
    assert [each.code for each in found(IDLE, seen)] == ["worktree-without-card"]


def test_another_users_run_is_never_called_over() -> None:
    """Neither is its slot a stranger's, nor its worktree to be unlocked, whatever its locks say."""
    theirs = RunState("r1", owner="root")
    state = WELL._replace(runs=(theirs,))
    [only] = found(RUNNING, state)
    assert (only.code, "run r1 of T1 belongs to root" in only.text) == ("run-of-another-user", True)
    locked = state._replace(locked_slots={"solo#1": "process 7 (python)"})
    assert [each.code for each in found(RUNNING, locked)] == ["run-of-another-user"]


def test_a_worktree_that_a_live_run_has_turned_is_its_supervisors_to_set_right() -> None:
    turned = WorktreeState("/w/T1", "T1", locked_for="r1", astray="its .git file was changed")
    assert found(RUNNING, WELL._replace(worktrees=(turned,))) == []


def test_a_git_directory_that_may_not_be_written_is_reported_once() -> None:
    ready = Readiness(
        no_folder="you may not write in /r", stuck=(("/r", "you may not write there"),)
    )
    seen = QUIET._replace(unwritable=("/r/.git",), ready=ready)
    assert [each.code for each in found(IDLE, seen)] == ["not-writable"]


@pytest.mark.parametrize(
    ("worker", "told"),
    [
        ("solo lane runner=codex budget_day=5", True),
        ("solo lane runner=claude budget_day=5", False),
        ("solo lane runner=codex", False),
    ],
)
def test_a_budget_over_an_agent_that_names_no_cost_is_named(worker: str, told: bool) -> None:
    codes = [each.code for each in found(board("T1 done", workers=worker), QUIET)]
    assert codes == (["budget-unknown"] if told else [])


def test_a_quota_that_is_over_is_no_symptom() -> None:
    seen = QUIET._replace(agents=AgentState({"solo": Quota(NOW - 99, NOW - 1)}))
    assert found(IDLE, seen) == []
