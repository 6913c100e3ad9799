"""The review's rules on boards written as lines; every rule has a case."""

import pytest

from gitkanban.core.model import Board, Config, Note, Pause, Problem, Run, Worker
from gitkanban.core.review import changerules, configrules, rules, settingrules
from gitkanban.core.review.rules import RULES
from tests.support.boards import board

# Rules about files and texts; their cases are in tests/cli/test_check.py.
ABOUT_TEXTS = frozenset(
    {"unreadable", "config", "stray-file", "layout", "former-word", "prompt-field", "prompt"}
)


def notices(found: list[rules.Finding]) -> list[str]:
    """Findings as `severity rule file@place: message`."""
    return [f"{f.severity} {f.rule} {f.file}@{'.'.join(f.at)}: {f.message}" for f in found]


STATES = {
    "a sound board": (["T0 done", "T1 todo <- T0, T9", "T2 dropped <- gone"], []),
    "an unknown parent": (
        ["T1 todo <- T8"],
        ["error unknown-parent cards/T1.yaml@parents.T8: parent T8 of T1 is not a card"],
    ),
    "a done card may wait for anything": (["T1 done <- T8 @nobody"], []),
    "a dropped parent": (
        ["T1 dropped", "T2 backlog <- T1"],
        ["warning dropped-parent cards/T2.yaml@parents.T1: T2 waits for T1, which is dropped"],
    ),
    "a ring, once": (
        ["T1 <- T3", "T2 <- T1", "T3 <- T2"],
        ["error cycle cards/T1.yaml@parents.T3: a cycle: T1 → T3 → T2 → T1"],
    ),
    "a card that waits for itself": (
        ["T1 <- T1"],
        ["error cycle cards/T1.yaml@parents.T1: a cycle: T1 → T1"],
    ),
    "nobody's card": (
        ["T1 @-", "T2 backlog @-"],
        ["warning no-worker cards/T1.yaml@title: T1 has no worker"],
    ),
    "twins": (
        ["T1", "t1"],
        ["error case-twin cards/t1.yaml@id: t1 and T1 differ only in case"],
    ),
    "no title": (["T1 title="], ["error title cards/T1.yaml@title: card T1 has no title"]),
    "capacities": (
        ["T1 needs gpu:1", "T2 needs build:3", "T3 needs build:2", "T4 done needs gpu:1"],
        [
            "error unknown-capacity cards/T1.yaml@needs.gpu: no capacity 'gpu'",
            "error never-runs cards/T2.yaml@needs.build: T2 asks for build 3, and there are 2",
        ],
    ),
    "what all cards of a worker need": (
        ["T1 @b", "T2 @b needs build:1", "T3 done @b", "T4 @c"],
        [
            "error never-runs cards/T1.yaml@worker: T1 asks for build 3, and there are 2 "
            "(all cards of b need it)",
            "error unknown-capacity cards/T4.yaml@worker: no capacity 'bild' "
            "(all cards of c need it)",
        ],
    ),
    "a choice that its worker does not offer": (
        [
            "T1 @d model=opus",
            "T2 @d model=sonnet effort=high",
            "T3 @d model=haiku",
            "T4 done @d model=x",
        ],
        [
            "error choice cards/T1.yaml@model: T1 asks for model opus, which d does not offer",
            "error choice cards/T2.yaml@effort: T2 asks for effort high, which d does not offer",
        ],
    ),
    "an id that the archive has": (
        ["T9 todo"],
        ["error duplicate-id cards/T9.yaml@id: card T9 is in the archive too"],
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_wrong_with_a_board(name: str) -> None:
    lines, expected = STATES[name]
    workers = (
        "solo lane\nb lane needs=build:3\nc lane needs=bild:1\n"
        "d lane models=sonnet model=haiku\ncapacity build 2"
    )
    made = board(*lines, workers=workers, archived=["T9"])
    assert notices(rules.state(made)) == expected


def test_a_cost_that_is_none_is_named() -> None:
    runs = [Run(f"r{n}", "T1", cost_usd=cost) for n, cost in enumerate(("", "1.5", "-1", "nan"))]
    assert notices(rules.state(board("T1", runs={"T1": tuple(runs)}))) == [
        "warning cost runs/T1/r2.yaml@cost_usd: run r2 of T1 says that it cost '-1'",
        "warning cost runs/T1/r3.yaml@cost_usd: run r3 of T1 says that it cost 'nan'",
    ]


def test_workers_that_are_unknown_or_paused() -> None:
    made = board("T1", "T2 review", "T3 backlog")
    config = made.config
    assert config is not None
    cards = {**made.cards, "T4": made.cards["T1"]._replace(id="T4", worker="sola")}
    paused = {"solo": Pause("solo", "three crashes")}
    assert notices(rules.state(made._replace(cards=cards, paused=paused))) == [
        "warning paused-worker cards/T1.yaml@worker: worker solo is paused: three crashes",
        "error unknown-worker cards/T4.yaml@worker: no worker 'sola'",
    ]
    # Of a worker that is left out for a mistake, the mistake is told, and only of that one.
    mistake = Problem(".kanban/config.yaml", 3, 1, "a lane of 3")
    left_out = made._replace(
        cards=cards, problems=(mistake,), config=config._replace(faulty={"sola": mistake})
    )
    assert not rules.state(left_out)
    assert rules.state(left_out._replace(config=config._replace(faulty={"solo2": mistake})))


def test_a_pause_of_all_is_reported_once_and_only_where_something_would_run() -> None:
    paused = {"*": Pause("*", "the weekend")}
    assert notices(rules.state(board("T1", "T2")._replace(paused=paused))) == [
        "warning paused-worker paused/*.yaml@why: every worker is paused: the weekend"
    ]
    assert not rules.state(board("T1 done", "T2 backlog")._replace(paused=paused))


CONFIGS = {
    "a sound one": ("w pool 2 needs=build:2 reserve=1\nv\nprofile w 3\ncapacity build 2", []),
    "needs that are never met": (
        "w needs=bild:1,build:3\ncapacity build 2",
        [
            "error unknown-capacity config.yaml@kanban.workers.w.needs.bild: "
            "w needs bild, which is not a capacity",
            "error never-runs config.yaml@kanban.workers.w.needs.build: "
            "w needs build 3, and there are 2",
        ],
    ),
    "nothing to run": (
        "w runner=",
        [
            "warning no-command config.yaml@kanban.workers.w: "
            "w has neither runner nor command, and starts nothing"
        ],
    ),
    "a cap for nobody": (
        "w profile=back\nprofile back-q 1",
        [
            "warning unused-profile config.yaml@kanban.profiles.back-q: "
            "no worker has the profile back-q, so its cap applies to nobody"
        ],
    ),
    "an executor for nobody": (
        "w\nv executor=cluster\nexecutor cluster\nexecutor other",
        [
            "warning unused-executor config.yaml@kanban.executors.other: "
            "no worker runs on the executor other"
        ],
    ),
    "reserves of the whole host": (
        "w\nr pool 3 reserve=2\ns reserve=5\nhost 3",
        [
            "warning reserves config.yaml@kanban.workers.r.reserve: "
            "the reserve of r, s is 3 of a host total of 3, which leaves nothing to others"
        ],
    ),
    "reserves of all there is to do": ("r reserve=1\ns reserve=1\nhost 2", []),
    "reserves of more than the host": (
        "r reserve=1\ns reserve=1\nhost 1",
        [
            "warning reserves config.yaml@kanban.workers.r.reserve: "
            "the reserve of r, s is 2 of a host total of 1, which leaves nothing to others"
        ],
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_wrong_with_a_config(name: str) -> None:
    workers, expected = CONFIGS[name]
    config = board(workers=workers).config
    assert config is not None
    assert notices(configrules.state(config)) == expected


def test_whose_profile_a_worker_with_a_mistake_has_is_not_guessed() -> None:
    mistake = Problem("config.yaml", 3, 1, "a lane of 3")
    given = Config(profiles={"p": 3}, faulty={"w": mistake})
    assert configrules.state(given) == []


def running(*lines: str) -> Board:
    return board("R running @solo", *lines, workers="solo lane")


CHANGES = {
    "nothing": (["T1"], ["T1"], []),
    "moves a person makes": (
        ["A backlog", "B", "C review", "D blocked", "E done"],
        ["A todo", "B dropped", "C done", "D todo", "E todo"],
        [],
    ),
    "moves only a tick makes": (
        ["A", "B backlog", "C", "D"],
        ["A running", "B review", "C review", "D"],
        [
            "error status-by-hand cards/A.yaml@status: A todo → running by hand",
            "error status-by-hand cards/B.yaml@status: B backlog → review by hand",
            "error status-by-hand cards/C.yaml@status: C todo → review by hand",
        ],
    ),
    "a running card moved": (
        ["A running", "B running", "C running"],
        ["A todo", "B dropped", "C running slot=solo#7"],
        [
            "error status-by-hand cards/A.yaml@status: A running → todo by hand",
            "warning running-changed cards/B.yaml@status: B runs; dropped ends its session",
            "error run-fields cards/C.yaml@slot: slot of C changed by hand",
        ],
    ),
    "a running card reworded": (
        ["A running"],
        ["A running title=other !3"],
        [
            "warning running-changed cards/A.yaml@title: A runs, and its session does not see "
            "the new title"
        ],
    ),
    "new cards": (
        [],
        ["A running", "B review", "C", "D done", "E backlog run=r1"],
        [
            "error status-by-hand cards/A.yaml@status: a new card cannot be running",
            "error status-by-hand cards/B.yaml@status: a new card cannot be review",
            "error run-fields cards/E.yaml@run: E is new and has fields of a run",
        ],
    ),
    "removed cards": (
        ["A running", "B"],
        [],
        [
            "error card-removed cards/A.yaml@: A is removed while it runs",
            "warning card-removed cards/B.yaml@: B is removed",
        ],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_change_does(name: str) -> None:
    before, after, expected = CHANGES[name]
    workers = "solo pool 9"
    found = changerules.change(board(*before, workers=workers), board(*after, workers=workers))
    assert notices(found) == expected


def test_a_change_of_an_executor_names_what_changed() -> None:
    before, after = board(workers="executor a\nexecutor b"), board(workers="executor a 3")
    executor = after.config.executors["a"]._replace(options=("--mem=8G",))  # type: ignore[union-attr]
    config = after.config._replace(executors={"a": executor})  # type: ignore[union-attr]
    lines = notices(settingrules.change(before, after._replace(config=config)))
    at = "config.yaml@kanban.executors"
    assert lines == [
        f"warning trusted {at}.b.engine: kanban.executors.b.engine: slurm → nothing",
        f"warning trusted {at}.a.options: kanban.executors.a.options: nothing → --mem=8G",
        f"warning trusted {at}.b.options: kanban.executors.b.options: nothing → nothing",
        f"warning setting {at}.a.max_concurrency: kanban.executors.a.max_concurrency: 0 → 3",
        f"warning setting {at}.b.max_concurrency: kanban.executors.b.max_concurrency: 0 → nothing",
        f"warning trusted {at}.b.workspaces: kanban.executors.b.workspaces: shared → nothing",
    ]


def test_a_card_that_moved_to_the_archive_is_not_removed() -> None:
    before = board("T1 done", runs={"T1": (Run("r1", "T1"),)}, notes={"T1": (Note("n", "T1"),)})
    assert changerules.change(before, board(archived=["T1"])) == []


def test_records_of_runs_and_notes_are_written_once() -> None:
    old = board(
        "T1",
        runs={"T1": (Run("r1", "T1", outcome="failed"), Run("r2", "T1"))},
        notes={"T1": (Note("n1", "T1", text="no"), Note("n2", "T1"))},
    )
    new = board(
        "T1",
        runs={"T1": (Run("r1", "T1", outcome="succeeded"), Run("r3", "T1"))},
        notes={"T1": (Note("n1", "T1", text="yes"), Note("n3", "T1"))},
    )
    assert notices(changerules.change(old, new)) == [
        "error run-edited runs/T1/r1.yaml@: the record of run r1 of T1 was changed",
        "error run-edited runs/T1/r2.yaml@: the record of run r2 of T1 was removed",
        "error run-edited runs/T1/r3.yaml@: the record of run r3 of T1 was added by hand",
        "warning note-edited notes/T1/n1.md@: a note on T1 was changed",
        "warning note-edited notes/T1/n2.md@: a note on T1 was removed",
    ]


def executing(**fields: object) -> Board:
    made = board("T1")
    assert made.config
    worker = Worker("w", "w", **fields)  # type: ignore[arg-type]
    return made._replace(config=made.config._replace(workers={"w": worker}))


EXECUTES = [
    ({"timeout": 1}, {"timeout": 2, "max_concurrency": 1}, []),
    ({"verify": ("a",)}, {"verify": ("a", "b c")}, ["verify: w verify: a → a 'b c'"]),
    ({}, {"setup": ("x",)}, ["setup: w setup: nothing → x"]),
    ({"pass_env": ("K",)}, {"pass_env": ("K", "S")}, ["pass_env: w pass_env: K → K S"]),
    # A preset that an upgrade changed is no change of the file.
    ({"runner": "pi", "command": ("pi",)}, {"runner": "pi", "command": ("pi", "x")},
     ["command: w command: pi → pi x"]),
    ({"memory_path": "/a"}, {"memory_path": "/b"}, ["memory_home: w memory_path: /a → /b"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), EXECUTES)
def test_what_alters_what_is_executed_is_flagged(
    before: dict[str, object], after: dict[str, object], expected: list[str]
) -> None:
    found = changerules.change(executing(**before), executing(**after))
    assert [f"{f.at[-1]}: {f.message}" for f in found] == expected
    assert {f.rule for f in found} <= {"executes"}


def test_a_new_worker_with_a_preset_is_reported_by_its_runner() -> None:
    from gitkanban.core.agents.presets import PRESETS

    made = executing(runner="claude", command=PRESETS["claude"].start)
    empty = made._replace(config=None)
    assert [f.message for f in changerules.change(empty, made)] == ["w runner: nothing → claude"]


def test_only_what_is_new_is_brought_in() -> None:
    old, new = board("T1 <- T8"), board("T1 <- T8, T7", "T2")
    found = rules.brought_in(rules.state(old), rules.state(new))
    assert [f.message for f in found] == ["parent T7 of T1 is not a card"]


def test_every_rule_has_a_case_here_or_is_about_texts() -> None:
    from pathlib import Path

    source = Path(__file__).read_text()
    missing = [name for name in RULES if name not in ABOUT_TEXTS and f" {name} " not in source]
    assert not [name for name in missing if name not in ("executes", "trusted", "setting")]
