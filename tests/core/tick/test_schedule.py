"""Who starts and what holds the others, case by case, as `tick --dry-run` words it."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.core.model import Board, Config, Problem
from gitkanban.core.tick import holds
from gitkanban.core.tick.facts import AgentState, Exit, NoProgram, Quota
from gitkanban.core.tick.fair import CLOCK, LAG, Fair, Turns
from gitkanban.core.tick.limits import Needs
from gitkanban.core.tick.plan import holds_after, plan
from gitkanban.core.tick.schedule import AGE_STEP, PATIENCE, schedule
from tests.support.boards import NOW, board, live, observed

SEED = """
    messages-owner lane profile=messages-hermes
    backend-hermes-pool pool 3 profile=backend-hermes
    frontend-hermes-pool pool 2 profile=frontend-hermes
"""


def check(given: Board, expected: str, **facts: object) -> None:
    """The plan of a board, compared as text; what is expected may be indented."""
    found = schedule(given, observed(**facts))
    lines = [f"start {start.card} {start.slot}" for start in found.starts]
    lines += [f"held  {held.card} {held.code}: {held.text}" for held in found.holds]
    assert lines == [line.strip() for line in expected.strip().splitlines()]


def starts(given: Board, **facts: object) -> list[str]:
    """The cards that start, in order."""
    return [one.card for one in schedule(given, observed(**facts)).starts]


def test_an_executor_has_a_limit_of_its_own_and_takes_nothing_of_the_host() -> None:
    given = board(
        "A @far", "B @far", "C @far", "D @near", "E @near",
        workers="far pool 5 executor=cluster\nnear pool 5\nexecutor cluster 2\nhost 1",
    )  # fmt: skip
    check(
        given,
        """
        start A far#1
        start D near#1
        start B far#2
        held  C executor: executor cluster 2/2: the next tick starts A, B first
        held  E host: host 1/1: the next tick starts D first
        """,
    )
    running = live("r1 of A @far in far#1", executor="cluster", phase="queued")
    assert starts(given, runs=(running,)) == ["B", "D"]


def test_an_executor_without_a_limit_has_none() -> None:
    given = board(
        "A @far", "B @far", workers="far pool 5 executor=cluster\nexecutor cluster\nhost 1"
    )
    assert starts(given) == ["A", "B"]


def test_an_executor_that_does_not_answer_holds_its_cards_alone() -> None:
    given = board("A @far", "B @near", workers="far executor=cluster\nnear\nexecutor cluster")
    check(
        given,
        """
        start B near#1
        held  A engine: executor cluster can start nothing: Slurm does not answer
        """,
        unready={"cluster": "Slurm does not answer"},
    )


def test_the_first_card_of_the_seed_runs_alone() -> None:
    check(
        board(
            """
            T0 todo @messages-owner
            T1 todo <- T0 @backend-hermes-pool
            T2 todo <- T0 @frontend-hermes-pool
            T3 todo <- T0 @backend-hermes-pool
            T4 todo <- T1 T2 T3 @messages-owner
            """,
            workers=SEED,
        ),
        """
        start T0 messages-hermes#1
        held  T1 parents: waits for T0 (todo)
        held  T2 parents: waits for T0 (todo)
        held  T3 parents: waits for T0 (todo)
        held  T4 parents: waits for T1 (todo), T2 (todo), T3 (todo)
        """,
    )


def test_three_cards_of_the_seed_run_at_the_same_time() -> None:
    check(
        board(
            """
            T0 done @messages-owner
            T1 todo <- T0 @backend-hermes-pool
            T2 todo <- T0 @frontend-hermes-pool
            T3 todo <- T0 @backend-hermes-pool
            T4 todo <- T1 T2 T3 @messages-owner
            """,
            workers=SEED,
        ),
        """
        start T1 backend-hermes#1
        start T2 frontend-hermes#1
        start T3 backend-hermes#2
        held  T4 parents: waits for T1 (todo), T2 (todo), T3 (todo)
        """,
    )


def test_a_pool_fills_its_limit_and_says_who_sits_in_it() -> None:
    check(
        board("T1 running\nT2 todo\nT3 todo\nT4 todo !1\nT5 todo", workers="w pool 3"),
        """
        start T4 w#2
        start T2 w#3
        held  T3 worker: worker w 3/3 held by T1; the next tick starts T2, T4 first
        held  T5 worker: worker w 3/3 held by T1; the next tick starts T2, T4 first; fair order: 1 ahead
        """,
    )


def test_what_a_tick_held_is_worded_with_its_starts_made() -> None:
    given = board(
        "A todo\nB todo\nC todo\nD todo @x\nE todo <- A", workers="w pool 2\nx lane\nstarts 2"
    )
    todo = plan(given, observed())
    assert [one.card for one in todo.starts] == ["A", "D"]
    held = {one.card: one.text for one in holds_after(todo, observed(), {"A", "D"})}
    assert held == {
        "B": "2 starts per tick, and as many come first",
        "C": "worker w 2/2 held by A; the next tick starts B first",
        "E": "waits for A (running)",
    }


LIMITS = [
    (
        "two lanes of one profile never run together unless someone says so",
        board("a todo @x\nb todo @y", workers="x profile=p\ny profile=p"),
        "start a p#1\nheld  b profile: profile p 1/1: the next tick starts a first",
    ),
    (
        "a profile's own limit",
        board("a todo @x\nb todo @y", workers="x profile=p\ny profile=p\nprofile p 2"),
        "start a p#1\nstart b p#2",
    ),
    (
        "a capacity",
        board("a todo needs build:1\nb todo needs build:1\nc todo", workers="w pool 3\ncapacity build 1"),
        "start a w#1\nstart c w#2\nheld  b capacity: capacity build 1/1: the next tick starts a first",
    ),
    (
        "a capacity taken by the piece",
        board("a running needs build:1\nb todo needs build:2\nc todo needs build:1", workers="w pool 3\ncapacity build 2"),
        "start c w#2\nheld  b capacity: capacity build 2/2 (it needs 2) held by a; the next tick starts c first",
    ),
    (
        "needs of the worker, unless the card has its own",
        board("a todo\nb todo\nc todo needs browser:1", workers="w pool 3 needs=build:1\ncapacity build 1\ncapacity browser 1"),
        "start a w#1\nstart c w#2\nheld  b capacity: capacity build 1/1: the next tick starts a first",
    ),
    (
        "nothing, though the worker's cards need something",
        board("a running\nb todo needs build:0\nc todo", workers="w pool 3 needs=build:1\ncapacity build 1"),
        "start b w#2\nheld  c capacity: capacity build 1/1 held by a",
    ),
    (
        "more than there is",
        board("a todo needs build:3\nb todo needs gpu:1", workers="w pool 3\ncapacity build 2"),
        "held  a never: needs 3 of build, of which there are 2\nheld  b never: needs gpu, which config.yaml does not have",
    ),
    (
        "one session in the shared checkout, whoever's it is",
        board("a todo @x\nb todo @y", workers="x workspace_policy=shared\ny workspace_policy=shared"),
        "start a x#1\nheld  b shared: the shared checkout: the next tick starts a first",
    ),
    (
        "two runs that write one profile's memory",
        board("a todo\nb todo", workers="w pool 2 profile=p memory=read-write memory_path=~/p"),
        "start a p#1\nheld  b memory: the memory of p: the next tick starts a first",
    ),
    (
        "read-only runs share a profile's memory",
        board("a todo\nb todo", workers="w pool 2 profile=p memory=read-only memory_path=~/p"),
        "start a p#1\nstart b p#2",
    ),
    (
        "the host",
        board("a todo @x\nb todo @y", workers="x\ny\nhost 1"),
        "start a x#1\nheld  b host: host 1/1: the next tick starts a first",
    ),
    (
        "sessions on another host do not count against this one",
        board("a running @x host=other\nb todo @y", workers="x\ny\nhost 1"),
        "start b y#1",
    ),
    (
        "but they count against everything else",
        board("a running host=other clone=far\nb todo", workers="w"),
        "held  b worker: worker w 1/1 held by a",
    ),
    (
        "a reserve is kept free for its worker",
        board("a todo @x\nb todo @x", workers="x pool 2\nreviewer reserve=1\nhost 2"),
        "start a x#1\nheld  b reserve: host 1/2: the next tick starts a first, the rest is reserved for reviewer",
    ),
    (
        "and taken by it",
        board("a todo @x\nb todo @x\nr todo @reviewer", workers="x pool 2\nreviewer reserve=1\nhost 2"),
        "start r reviewer#1\nstart a x#1\nheld  b host: host 2/2: the next tick starts a, r first",
    ),
    (
        "reserves that exceed the total do not stop everybody",
        board("a todo @x\nb todo @y", workers="x reserve=1\ny reserve=1\nhost 1"),
        "start a x#1\nheld  b host: host 1/1: the next tick starts a first",
    ),
    (
        "a paused worker reserves nothing",
        board("a todo @x\nb todo @x", workers="x pool 2\nreviewer reserve=1 paused\nhost 2"),
        "start a x#1\nstart b x#2",
    ),
    (
        "starts in one tick",
        board("a todo\nb todo", workers="w pool 2\nstarts 1"),
        "start a w#1\nheld  b starts: 1 start per tick, and as many come first",
    ),
    (
        "a limit lowered below what runs ends nothing and starts nothing",
        board("a running\nb running\nc todo", workers="w pool 1"),
        "held  c worker: worker w 2/1 held by a, b",
    ),
    ("nobody", board("a todo @-"), "held  a no-worker: nobody is assigned"),
    ("unknown", board("a todo @x")._replace(config=Config()), "held  a unknown-worker: config names no worker x"),
    (
        "a worker with a mistake",
        board("a todo @x")._replace(config=Config(faulty={"x": Problem("config.yaml", 14, 24, "weight must be a whole number")})),
        "held  a config: worker x has a mistake (config.yaml:14:24: weight must be a whole number)",
    ),
    ("no command", board("a todo", workers="w runner="), "held  a no-command: w has neither runner nor command"),
    ("no config", board("a todo")._replace(config=None), "held  a config: config.yaml cannot be read"),
    ("paused", board("a todo", workers="w paused"), "held  a paused: w is paused: by hand"),
    (
        "a time",
        board(f"a todo not_before={NOW + 90}"),
        "held  a not-before: not before 16:01:30 UTC, in 1 min",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("what", "given", "expected"), LIMITS, ids=[case[0] for case in LIMITS])
def test_limits(what: str, given: Board, expected: str) -> None:
    check(given, expected)


@pytest.mark.parametrize(
    ("what", "run", "here"),
    [
        (
            "another clone on this machine, which had another name then",
            "host=other machine=m1",
            True,
        ),
        ("a container of this host's name", "machine=m2", False),
        ("an executor", "machine=cluster", False),
        ("a version that wrote no key, here by its name", "", True),
        ("a version that wrote no key, elsewhere by its name", "host=other", False),
    ],
    ids=lambda each: str(each),
)
def test_the_limit_of_a_machine_counts_by_machine(what: str, run: str, here: bool) -> None:
    given = board(f"a running @x clone=far {run}\nb todo @y", workers="x\ny\nhost 1")
    check(given, "held  b host: host 1/1 held by a" if here else "start b y#1", machine="m1")


def test_what_a_tick_starts_counts_in_its_own_words_too() -> None:
    given = board("a todo @x\nb todo @y", workers="x\ny\nhost 1")
    seen = observed(machine="m1")
    [hold] = holds_after(plan(given, seen), seen, {"a"})
    assert (hold.card, hold.code) == ("b", "host")


def test_what_a_fallback_starts_counts_where_the_fallback_runs() -> None:
    given = board(
        "a todo @far\nb todo @near",
        workers="far profile=p fallback=near executor=cluster\nnear pool 2\nexecutor cluster\nhost 1",
    )
    seen = observed(machine="m1", agents=AgentState(quotas={"p": Quota(NOW, NOW + 60)}))
    [hold] = holds_after(plan(given, seen), seen, {"a"})
    assert (hold.card, hold.text) == ("b", "host 1/1 held by a")


def test_a_run_whose_card_moved_on_keeps_its_slot_and_its_card() -> None:
    given = board("a todo\nb todo", workers="w pool 2")
    alive = live("r1 of a @w in w#1")
    check(given, "start b w#2\nheld  a still-running: its run r1 has not ended yet", runs=(alive,))
    ended = alive._replace(phase="ended", exit=Exit(NOW, "exited"))
    check(given, "start a w#1\nstart b w#2", runs=(ended,))


def test_a_run_counts_against_what_it_took_not_against_what_the_config_says_now() -> None:
    given = board("a dropped\nb todo needs build:1", workers="w profile=new\ncapacity build 1")
    gone = live("r1 of a @old in old#1", needs=(("build", 1),))
    check(given, "held  b capacity: capacity build 1/1 held by a", runs=(gone,))


def test_a_slot_whose_lock_somebody_holds_is_taken() -> None:
    given = board("a todo\nb todo", workers="w pool 2")
    check(
        given,
        "start a w#2\nheld  b profile: profile w 2/2 held by slot w#1; the next tick starts a first",
        busy_slots=frozenset({"w#1"}),
    )


def test_a_lock_of_a_known_run_is_not_counted_twice() -> None:
    given = board("a running\nb todo", workers="w pool 2")
    check(given, "start b w#2", busy_slots=frozenset({"w#1"}))


def test_the_smallest_free_slot_is_taken() -> None:
    given = board("a running slot=w#2\nb todo\nc todo", workers="w pool 3")
    check(given, "start b w#1\nstart c w#3")


def test_nothing_starts_while_the_board_stands_still() -> None:
    check(
        board("a todo"),
        "held  a standstill: a rebase is in progress",
        standstill="a rebase is in progress",
    )


def test_an_untrusted_worker_starts_nothing_and_the_others_go_on() -> None:
    given = board("a todo @x\nb todo @y")
    check(
        given,
        "start b y#1\nheld  a untrusted: x is not trusted: its command changed",
        untrusted={"x": "its command changed"},
    )


def test_a_worker_whose_program_is_missing_starts_nothing_and_the_others_go_on() -> None:
    given = board("a todo @x\nb todo @y\nc todo @z")
    check(
        given,
        "start b y#1\n"
        "held  a no-program: cannot run claude: not on PATH\n"
        "held  c untrusted: z is not trusted: new",
        missing={"x": NoProgram("claude", "not on PATH"), "z": NoProgram("npm", "no such file")},
        untrusted={"z": "new"},
    )


def test_priority_goes_first_then_the_longest_ready_then_the_id() -> None:
    given = board("d todo\nc todo\nb todo !1\na todo", workers="w pool 4")
    assert starts(given, ready_since={"c": NOW - 5}) == ["b", "c", "a", "d"]


def test_an_hour_of_waiting_weighs_as_much_as_a_step_of_priority() -> None:
    given = board("old todo\nnew todo !2")
    assert starts(given, ready_since={"old": NOW - 2 * AGE_STEP + 1}) == ["new"]
    assert starts(given, ready_since={"old": NOW - 2 * AGE_STEP - 1}) == ["old"]


def test_priority_does_not_reach_across_workers() -> None:
    given = board("a todo @x !99\nb todo @x !99\nc todo @y", workers="x pool 2\ny\nhost 2")
    assert starts(given) == ["a", "c"]


def test_shares_go_by_weight() -> None:
    lines = "\n".join(f"{w}{n} todo @{w}" for w in "xy" for n in range(9))
    given = board(lines, workers="x pool 9 weight=3\ny pool 9\nhost 8")
    assert sorted(card[0] for card in starts(given)) == ["x"] * 6 + ["y"] * 2


def test_a_worker_that_was_idle_comes_back_at_the_current_time_not_with_savings() -> None:
    fair = Fair({CLOCK: 100.0, "x": 100.5, "idle": 99.0})
    fair.settle({"x"})
    assert (fair.tag("x"), fair.tag("idle")) == (100.5, 100.0)
    fair.serve("idle", 1)
    fair.settle({"x"})
    assert fair.served() == {CLOCK: 100.0, "idle": 101.0, "x": 100.5}


def test_a_worker_that_waits_keeps_its_place_but_saves_no_more_than_the_lag() -> None:
    fair = Fair({CLOCK: 0.0})
    fair.settle({"x"})
    for _ in range(50):
        fair.serve("y", 1)
        fair.settle({"x"})
    assert fair.tag("x") == 0.0
    fair.serve("x", 1)
    assert fair.tag("x") == fair.time - LAG + 1


def test_lost_tags_change_the_order_and_nothing_else() -> None:
    given = board("a todo @x\nb todo @y", workers="x\ny\nhost 1")
    assert starts(given, served={CLOCK: 5.0, "x": 6.0}) == ["b"]
    assert starts(given) == ["a"]


def test_a_card_that_asks_for_much_gets_its_turn_after_half_an_hour() -> None:
    given = board(
        "run running needs build:1\nbig todo needs build:2 !1\nsmall todo needs build:1\nnone todo",
        workers="w pool 4\ncapacity build 2",
    )
    assert starts(given, ready_since={"big": NOW - PATIENCE + 1}) == ["none", "small"]
    check(
        given,
        """
        start none w#2
        held  big capacity: capacity build 1/2 (it needs 2) held by run
        held  small kept: build is kept for big, which has waited a long time
        """,
        ready_since={"big": NOW - PATIENCE},
    )


def test_what_is_no_longer_kept_is_given_away_at_once() -> None:
    given = board(
        """
        run running @v needs build:1
        other running @v needs gpu:1
        small todo @v needs build:1
        big todo @x needs build:3
        front todo @y !5
        oldest todo @y needs gpu:1 build:1
        """,
        workers="v pool 3\nx\ny pool 2\ncapacity build 3\ncapacity gpu 1",
    )
    # Once `front` has started, `oldest` comes first in its line and keeps,
    # and `big` no longer does.
    since = {"big": NOW - 2 * PATIENCE, "oldest": NOW - 3 * PATIENCE}
    assert starts(given, ready_since=since) == ["front", "small"]


WAITS = [
    ("T1 todo <- T0\nT0 blocked reason=needs-input why=which_port?",
     "parent-blocked: waits for T0, which is blocked: needs-input (which port?)"),
    ("T1 todo <- T0\nT0 todo <- Tb @y\nTb blocked reason=failed",
     "parent-blocked: waits for T0, behind Tb, which is blocked: failed"),
    ("T1 todo <- T0\nT0 dropped", "parent-dropped: waits for T0, which is dropped"),
    ("T1 todo <- T0\nT0 review", "parent-review: waits for T0, which is in review"),
    ("T1 todo <- T0\nT0 backlog", "parent-backlog: waits for T0, which is backlog"),
    ("T1 todo <- gone", "parent-missing: waits for gone, which does not exist"),
    ("T1 todo <- bad", "parent-unreadable: waits for bad, which cannot be read (cards/bad.yaml:1: not a card)"),
    ("T1 todo <- T2\nT2 todo <- T1", "ring: waits in a cycle: T1 → T2 → T1"),
    ("T1 todo <- T1 T0\nT0 review <- T1", "ring: waits in a cycle: T1 → T1"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "text"), WAITS)
def test_waiting_for_parents_in_words(lines: str, text: str) -> None:
    held = {one.card: one for one in schedule(board(lines, broken=["bad"]), observed()).holds}
    assert f"{held['T1'].code}: {held['T1'].text}" == text
    assert held["T1"].frees


SCRIPT = """
from tests.support.boards import board, observed
from gitkanban.core.tick.schedule import schedule
lines = "\\n".join(
    f"c{n} todo @w{n % 5} needs {'a' if n % 2 else 'b'}:1" for n in range(40)
)
workers = "\\n".join(
    f"w{n} pool 3 profile=p{n % 2} weight={n + 1} reserve={n % 2}" for n in range(5)
)
given = board(lines, workers=workers + "\\ncapacity a 4\\ncapacity b 5\\nhost 9")
done = schedule(given, observed(busy_slots=frozenset({"p0#1", "p1#2", "x#1"})))
print("start", done)
"""


def test_equal_boards_give_equal_plans_on_any_hash_seed() -> None:
    root = Path(__file__).parents[3]
    texts = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "77")
    }
    assert len(texts) == 1 and "start" in texts.pop()


def test_a_run_takes_what_it_took_when_it_began_whatever_is_edited_since() -> None:
    workers = """
        a pool 3
        b pool 1
        capacity build 2
    """
    # K1 began with build:1 and K2 as a card of b; both were edited while they ran.
    given = board(
        """
        K1 running @a slot=a#1
        K2 running @a slot=b#1
        K3 todo @a needs build:2
        K4 todo @b
        K5 todo @a
        """,
        workers=workers,
    )
    runs = (
        live(f"{given.cards['K1'].run} of K1 @a in a#1", needs=(("build", 1),)),
        live(f"{given.cards['K2'].run} of K2 @b in b#1"),
    )
    check(
        given,
        """
        start K5 a#2
        held  K3 capacity: capacity build 1/2 (it needs 2) held by K1
        held  K4 worker: worker b 1/1 held by K2
        """,
        runs=runs,
    )


LANES = "x profile=p\ny profile=p\nz\ncapacity build 1"


def test_a_card_that_finds_no_slot_keeps_the_next_one_and_leaves_the_rest_in_use() -> None:
    given = board(
        "run running @y\nold todo @x needs build:1\nyoung todo @y\nnew todo @z needs build:1",
        workers=LANES,
    )
    assert starts(given, ready_since={"old": NOW - PATIENCE}) == ["new"]
    ended = board(
        "run running @z needs build:1\nold todo @x needs build:1\nyoung todo @y", workers=LANES
    )
    assert starts(ended, ready_since={"old": NOW - PATIENCE + 1}) == ["young"]
    check(
        ended,
        """
        held  old capacity: capacity build 1/1 held by run
        held  young kept: the next slot of p is kept for old, which has waited a long time
        """,
        ready_since={"old": NOW - PATIENCE},
    )


def test_a_card_with_a_slot_keeps_what_it_needs_while_the_host_is_full() -> None:
    given = board(
        "run running @z\nother running @y\nold todo @x needs build:1\nnew todo @s needs build:1",
        workers="x\ny\nz\ns reserve=1\ncapacity build 1\nhost 3",
    )
    check(
        given,
        """
        held  new kept: build is kept for old, which has waited a long time
        held  old reserve: host 2/3 held by other, run, the rest is reserved for s
        """,
        ready_since={"old": NOW - PATIENCE},
    )


def test_who_is_not_next_in_its_line_keeps_nothing() -> None:
    given = board(
        "run running @y\nold todo @x needs build:1\nfirst todo @x !5\nnew todo @z needs build:1",
        workers=LANES,
    )
    assert starts(given, ready_since={"old": NOW - PATIENCE}) == ["new"]


def test_a_card_that_can_never_start_is_nobodys_next_and_keeps_nothing() -> None:
    given = board(
        "run running @z needs build:1\nold todo @x needs build:1\n"
        "never todo @x !5 needs gpu:1\nyoung todo @y",
        workers=LANES,
    )
    assert starts(given, ready_since={"old": NOW - PATIENCE, "never": NOW - PATIENCE}) == []
    whole = board(
        "old todo @x needs build:1\nnew todo @r needs build:1",
        workers="x\nr reserve=1\ncapacity build 1\nhost 1",
    )
    assert starts(whole, ready_since={"old": NOW - PATIENCE}) == ["new"]


def test_two_cards_that_ask_for_different_things_keep_at_the_same_time() -> None:
    given = board(
        """
        r1 running @r needs build:1
        r2 running @r needs gpu:1
        big todo @x needs build:2
        large todo @y needs gpu:2
        a todo @r needs build:1
        b todo @r needs gpu:1
        """,
        workers="r pool 9\nx\ny\ncapacity build 2\ncapacity gpu 2",
    )
    assert starts(given, ready_since={"big": NOW - PATIENCE, "large": NOW - PATIENCE}) == []


@pytest.mark.parametrize(
    "workers",
    [
        "x pool 4\nrev pool 2 reserve=2 profile=p\nprofile p 1\nhost 4",
        "x pool 4\nrev pool 2 reserve=2 needs=gpu:1\ncapacity gpu 1\nhost 4",
        "x pool 4\nrev reserve=2\nhost 4",
    ],
)
def test_no_more_is_reserved_than_the_limits_of_its_worker_let_run(workers: str) -> None:
    given = board("r todo @rev\na todo @x\nb todo @x\nc todo @x", workers=workers)
    assert sorted(starts(given)) == ["a", "b", "c", "r"]


def test_a_reserve_is_no_ticket_into_that_of_another() -> None:
    given = board("a running @x\nb todo @x", workers="x pool 2 reserve=1\ny reserve=1\nhost 2")
    check(given, "held  b reserve: host 1/2 held by a, the rest is reserved for y")


@pytest.mark.parametrize(
    ("lines", "workers", "keeps"),
    [
        ("r running @x\nb todo @x", "x", False),  # its own limit is full
        ("r running @y\nb todo @x needs gpu:9", "x", False),  # it can never start
        ("r running @x\nb todo @x", "x pool 2 profile=p\nprofile p 1", False),  # filled by itself
        ("r running @y\nb todo @x", "x profile=p\ny profile=p", True),  # by another one
        ("r running @y needs build:1\nb todo @x needs build:1", "x", True),
        ("r running @y needs build:1\nb todo @x needs build:1\nc todo @x needs gpu:9", "x", True),
    ],
)
def test_who_waits_on_its_own_account_saves_nothing(lines: str, workers: str, keeps: bool) -> None:
    given = board(lines, workers=f"{workers}\ncapacity build 1")
    served = schedule(given, observed(served={CLOCK: 9.0, "x": 8.0})).served
    assert served.get("x") == (8.0 if keeps else None)


def test_a_card_grows_older_while_something_but_its_parents_or_its_time_holds_it() -> None:
    given = board(
        "a todo @x\nb todo @-\nc todo <- a @x\nd todo not_before=9999999999", workers="x paused"
    )
    since = dict.fromkeys("abcd", NOW - 50)
    found = schedule(given, observed(ready_since=since)).ready_since
    assert found == {"a": NOW - 50, "b": NOW - 50}


def test_turns_go_by_weight_and_whoever_comes_in_has_saved_none() -> None:
    turns, order = Turns(), ""
    for at in range(12):
        waiting = "ab" if at < 6 else "abc"  # c comes in late
        turns.advance(waiting)
        first = min(waiting, key=lambda name: (turns.tag(name), name))
        turns.serve(first, 2 if first == "a" else 1)
        order += first
    assert order == "abaabacabaca"
    assert Turns(turns.served()).served() == turns.served()


def test_starts_of_earlier_rounds_count_in_this_tick() -> None:
    given = board("a todo\nb todo\nc todo", workers="w pool 3\nstarts 2")
    assert starts(given, started=1) == ["a"]
    check(
        board("a todo", workers="w pool 3\nstarts 2"),
        "held  a starts: 2 starts per tick, and as many come first",
        started=2,
    )
    assert starts(board("a todo", workers="w pool 3"), started=9) == ["a"]


def test_holds_are_put_into_words_only_when_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given = board("A @w", "B @w", "C @w <- A", "D @w <- C", workers="w lane")

    def fail(*_: object) -> None:
        pytest.fail("a hold was put into words")

    with monkeypatch.context() as counting:
        counting.setattr("gitkanban.core.tick.schedule._holds_of_line", fail)
        counting.setattr(holds.Reasons, "_parents", fail)
        done = schedule(given, observed())
        assert [start.card for start in done.starts] == ["A"]
        assert len(done.holds) == 3
    assert [hold.card for hold in done.holds] == ["B", "C", "D"]


def test_the_constants_are_what_the_docs_say() -> None:
    assert (AGE_STEP, PATIENCE, LAG) == (3600, 1800, 4.0)


def test_what_cards_of_one_kind_share_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def too_much(_: object, needs: Needs) -> None:
        asked.append(needs)

    monkeypatch.setattr(holds, "too_much", too_much)
    lines = [f"T{n} todo needs build:{n % 2}" for n in range(40)]
    given = board(*lines, workers="w pool 3\ncapacity build 2")
    schedule(given, observed())
    assert len(asked) == 2
    asked.clear()
    assert given.config  # what a card has cost is its own
    schedule(given._replace(config=given.config._replace(budget_card=1)), observed())
    assert len(asked) == 40
