"""The config: the documented form, every problem with its place, edits in place."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import configfile, configkeys, configvalues
from gitkanban.board.formats.configedit import Value
from gitkanban.core import model
from gitkanban.core.agents import presets
from gitkanban.core.model import Config, Worker
from gitkanban.errors import UsageError

EXAMPLE = """\
version: 1
kanban:
  base: main                      # worktrees start from here; accepted work goes here
  max_concurrency: 6              # all sessions of this board on this host
  workers:
    messages-owner:
      profile: messages-hermes
      mode: lane
      max_concurrency: 1
    backend-hermes-pool:
      profile: backend-hermes
      mode: pool
      max_concurrency: 3
      workspace_policy: worktree-per-task
      runner: hermes              # a preset, or command: [argv, with, "{prompt}"]
      setup: [pip, install, -e, .]        # once, in a fresh worktree
      verify: [pytest, -q]                # decides
      commits: session            # session | supervisor: who commits the work
      on_success: review          # review (default) | done: tick accepts it into base at once
      pass_env: [ANTHROPIC_API_KEY]
      timeout: 2h                 # wall clock
      stall_timeout: 20m          # no output
      max_attempts: 2
      weight: 1                   # fair share
      memory: read-only           # read-only | read-write, handed to the session
  profiles:
    backend-hermes: {max_concurrency: 4}  # a cap over all its workers
  capacities: {build: 2, browser: 1}      # shared, named; cards ask
"""

POOL = Worker(
    name="backend-hermes-pool", profile="backend-hermes", mode="pool", max_concurrency=3,
    runner="hermes", command=presets.PRESETS["hermes"].start, setup=("pip", "install", "-e", "."),
    verify=("pytest", "-q"), commits="session", pass_env=("ANTHROPIC_API_KEY",),
    memory="read-only",
)  # fmt: skip


def read(text: str) -> tuple[Config | None, list[str]]:
    config, problems = configfile.parse(text.encode(), "config.yaml")
    return config, [f"{p.line}:{p.column}: {p.message} | {p.hint}" for p in problems]


def good(text: str) -> Config:
    config, problems = read(text)
    assert problems == [] and config is not None
    return config


def test_the_documented_form_loads_verbatim() -> None:
    assert good(EXAMPLE) == Config(
        base="main",
        workers={
            "messages-owner": Worker("messages-owner", "messages-hermes"),
            "backend-hermes-pool": POOL,
        },
        profiles={"backend-hermes": 4},
        capacities={"build": 2, "browser": 1},
    )


EVERYTHING = """\
version: 1
kanban:
  base: develop
  max_concurrency: 9
  max_starts_per_tick: 4
  merge: squash
  sign: always
  verify_accept: true
  worktrees: ../trees
  commit_suffix: "[skip ci]"
  keep_runs: 5
  git_timeout: 5m
  archive_after: 30d
  consolidate_after: 3
  sync_work: false
  push: origin
  pr: true
  capacities: {build: 2}
  profiles: {p: {max_concurrency: 4}}
  workers:
    w:
      profile: p
      mode: pool
      max_concurrency: 2
      workspace_policy: worktree-per-task
      runner: claude
      command: [my-agent, "--", "{prompt_file}", '{"json": 1}']
      setup: [make]
      verify: [make, test]
      commits: supervisor
      on_success: done
      pass_env: [A_KEY]
      timeout: 1h30m
      stall_timeout: 90
      max_attempts: 3
      weight: 2
      reserve: 1
      needs: {build: 1}
      memory: read-write
      memory_home: {env: HERMES_HOME, path: ~/.hermes, memory: [memories, skills]}
      consolidate_to: v
      board: propose
      executor: cluster
    v:
  executors:
    cluster: {engine: slurm, options: [--mem=8G, -pshort], max_concurrency: 200, workspaces: shared}
"""


def test_every_key() -> None:
    config = good(EVERYTHING)
    cluster = model.ExecutorConfig("cluster", "slurm", ("--mem=8G", "-pshort"), 200)
    assert config.workers["v"] == Worker("v", "v")
    assert config == Config(
        "develop", 9, 4, config.workers, {"p": 4}, {"build": 2}, "squash", True, "../trees",
        "[skip ci]", 5, 30 * 86400, 3, "origin", True, 300, "warn",
        "always", executors={"cluster": cluster}, sync_work=False,
    )  # fmt: skip
    assert config.workers["w"] == Worker(
        name="w", profile="p", mode="pool", max_concurrency=2, runner="claude",
        command=("my-agent", "--", "{prompt_file}", '{"json": 1}'), setup=("make",),
        verify=("make", "test"), commits="supervisor", on_success="done", pass_env=("A_KEY",),
        timeout=5400, stall_timeout=90, max_attempts=3, weight=2, reserve=1,
        needs=(("build", 1),), memory="read-write", memory_env="HERMES_HOME",
        memory_path="~/.hermes", memory_parts=("memories", "skills"), consolidate_to="v",
        board="propose", executor="cluster",
    )  # fmt: skip


EXECUTORS = [
    ("{engine: slurn}", "5:17: unknown engine 'slurn' | Did you mean 'slurm'?"),
    ("{options: [--mem=8G]}", "5:8: executor c has no engine | Write engine: slurm."),
    (
        "{engine: slurm, options: [--wrap=evil]}",
        "5:33: options of c: --wrap is refused: it would change what runs | ",
    ),
    ("{engine: slurm, max_concurrency: 0}", "5:41: max_concurrency must be a whole number from 1"),
    ("{engine: slurm, workspaces: git}", "workspaces must be shared"),
]


@pytest.mark.parametrize(("executor", "problem"), EXECUTORS)
def test_a_mistake_in_an_executor_stops_its_workers_alone(executor: str, problem: str) -> None:
    config, problems = read(
        f"version: 1\nkanban:\n  workers: {{w: {{executor: c}}, v: {{}}}}\n  executors:\n"
        f"    c: {executor}\n"
    )
    assert config and list(config.workers) == ["v"] and list(config.faulty) == ["w"]
    assert not config.executors
    assert len(problems) == 2
    assert any(problem in each for each in problems), problems


def test_a_worker_on_an_executor_that_does_not_exist_starts_nothing() -> None:
    config, problems = read(
        "version: 1\nkanban:\n  workers: {w: {executor: clutser}}\n"
        "  executors: {cluster: {engine: slurm}}\n"
    )
    assert config and not config.workers
    assert problems == ["3:27: unknown executor 'clutser' | Did you mean 'cluster'?"]


def test_the_table_of_keys_is_the_model() -> None:
    fields = {key.field or key.path.rpartition(".")[2] for key in configfile.KEYS}
    assert (set(Config._fields) | set(Worker._fields)) - {"name", "faulty"} <= fields
    assert all(key.doc.endswith(".") for key in configfile.KEYS)
    assert configkeys.BY_PATH["kanban.workers.*.mode"].kind == (model.LANE, model.POOL)


W = "kanban:\n  workers:\n    w:\n      "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{W}mode: lane\n      max_concurrency: 3\n",
         "5:24: w is a lane, which runs one card at a time, not 3 | "
         "Write mode: pool, or max_concurrency: 1."),
        (f"{W}max_concurrency: 2\n", "4:24: w is a lane, which"),
        (f"{W}mode: pool\n      max_concurrency: 2\n      workspace_policy: shared\n",
         "6:25: w is a pool of 2 without a worktree for each task"),
        (f"{W}max_concurency: 2\n",
         "4:7: unknown key 'max_concurency' in kanban.workers.NAME | "
         "Did you mean 'max_concurrency'?"),
        (f"{W}capacities: {{a: 1}}\n", "4:7: unknown key 'capacities' in kanban.workers.NAME | "
         "It belongs to kanban."),
        ("kanban: {}\nworkers: {}\n", "2:1: unknown key 'workers' in config.yaml | "
         "It belongs to kanban."),
        ("kanban:\n  mrege: ff\n", "2:3: unknown key 'mrege' in kanban | Did you mean 'merge'?"),
        ("kanban:\n  profiles:\n    p: {max: 1}\n",
         "3:9: unknown key 'max' in kanban.profiles.NAME"),
        ("kanban:\n  profiles:\n    p: 4\n",
         "3:8: kanban.profiles.* must have keys below it, not '4'"),
        (f"{W}runner: cluade\n", "4:15: unknown runner 'cluade' | Did you mean 'claude'?"),
        (f"{W}command: [a, \"{{promt}}\"]\n",
         "4:20: unknown placeholder {promt} | Did you mean 'prompt'?"),
        (f"{W}verify: pytest -q\n", "4:15: verify must be a list, not 'pytest -q' | "
         "Write verify: [one, word, each]"),
        (f"{W}command: ['']\n", "4:17: command names no command"),
        (f"{W}command: [[a]]\n", "4:17: a word of command must be text, not a list"),
        (f"{W}timeout: soon\n",
         "4:16: timeout must be a duration such as 90s, 20m or 2h, found 'soon'"),
        (f"{W}weight: 0\n", "4:15: weight must be a whole number from 1, found '0'"),
        (f"{W}weight: 1000000000\n",
         "4:15: weight must be a whole number from 1 to 999999999, found '1000000000'"),
        (f"{W}reserve: 1000000000\n",
         "4:16: reserve must be a whole number from 0 to 999999999, found '1000000000'"),
        (f"{W}needs: {{build: 1000000000}}\n",
         "4:22: needs.build must be a whole number from 1 to 999999999, found '1000000000'"),
        (f"{W}max_concurrency: 0\n",
         "4:24: max_concurrency must be a whole number from 1, found '0' | `gitkanban pause NAME`"),
        ("kanban:\n  max_concurrency: 0\n",
         "2:20: max_concurrency must be a whole number from 1, found '0' | "
         "`gitkanban pause --all`"),
        (f"{W}weight: [1]\n", "4:15: weight must be a whole number from 1, found a list"),
        (f"{W}weight: 1.5\n", "4:15: weight must be a whole number from 1, found '1.5'"),
        (f"{W}reserve: -1\n", "4:16: reserve must be a whole number from 0, found '-1'"),
        (f"{W}mode: lnae\n",
         "4:13: mode must be lane or pool, found 'lnae' | Did you mean 'lane'?"),
        (f"{W}profile: ../x\n", "4:16: '../x' cannot be a profile: it has '/' in it"),
        (f"{W}needs: {{build: 0}}\n", "4:22: needs.build must be a whole number from 1, found '0'"),
        (f"{W}consolidate_to: x\n",
         "4:23: consolidate_to names the unknown worker 'x' | Known: w."),
        (f"{W}memory_home: {{env: A}}\n", "4:20: memory_home of w has no path"),
        (f"{W}memory_home: {{env: A, path: /b}}\n", "4:20: memory_home of w has no memory"),
        (f"{W}memory_home: {{env: A, path: b, memory: [m]}}\n",
         "4:35: memory_home.path of w is b, which does not begin with / or ~/"),
        (f"{W}memory_home: {{env: A, path: $HOME/b, memory: [m]}}\n", "4:35: memory_home.path"),
        (f"{W}memory_home: {{env: A, path: ~who/b, memory: [m]}}\n", "4:35: memory_home.path"),
        (f"{W}memory_home: {{env: A, path: /b, memory: [m/, ../n]}}\n",
         "4:52: memory_home.memory of w names '../n', which is not a path in it"),
        (f"{W}memory_home: {{env: A, path: /b, memory: [.]}}\n", "4:48: memory_home.memory"),
        (f"{W}memory_home: {{env: A, path: /b, memory: [a//b]}}\n", "4:48: memory_home.memory"),
        (f"{W}memory: read-only\n      memory_home: {{env: A, path: /b, memory: [m]}}\n"
         "      consolidate_to: w\n",
         "6:23: consolidate_to names w, which may not write a memory"),
        ("kanban:\n  workers:\n    ../x: {}\n",
         "3:5: '../x' cannot be a name in kanban.workers: it has '/' in it"),
        ("kanban:\n  workers: [a]\n",
         "2:12: kanban.workers must have names below it, not a list"),
        ("kanban:\n  pr: yes\n", "2:7: pr must be true or false, found 'yes'"),
        ("kanban: 1\n", "1:9: kanban must have keys below it, not '1'"),
        ("version: 1\n", "1:1: there is no kanban: section"),
        ("version: 2\nkanban: {}\n", "1:10: version 2 of the format is not known here"),
        ("kanban:\n  base: a\n  base: b\n", "3:3: the key 'base' is there twice, first in line 2"),
        ("kanban: [\n", "2:1: not valid YAML"),
    ],
)  # fmt: skip
def test_a_problem_is_reported_with_its_place_and_a_way_out(text: str, said: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].startswith(said)


def test_a_worker_with_a_problem_is_left_out_and_the_others_stay() -> None:
    config, problems = read(EXAMPLE.replace("runner: hermes", "runner: hermse"))
    assert config is not None and list(config.workers) == ["messages-owner"]
    assert len(problems) == 1
    assert {name: one.located for name, one in config.faulty.items()} == {
        "backend-hermes-pool": "config.yaml:15:15: unknown runner 'hermse'"
    }


def test_of_several_mistakes_of_a_worker_the_first_is_kept() -> None:
    text = f"{W}max_concurrency: 2\n      weight: x\n    v: {{consolidate_to: x}}\n"
    config, problems = configfile.parse(text.encode(), "config.yaml")
    assert config is not None and len(problems) == 3
    assert [(name, one.line) for name, one in config.faulty.items()] == [("w", 4), ("v", 6)]


def test_a_limit_that_cannot_be_read_is_never_guessed() -> None:
    assert read(EXAMPLE.replace("{max_concurrency: 4}", "{max_concurrency: four}"))[0] is None
    assert read(EXAMPLE.replace("max_concurrency: 6", "max_concurrency: six"))[0] is None


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = EXAMPLE.replace("weight: 1 ", "weight: x ").replace("mode: lane", "mode: line")
    _, problems = read(text.replace("base: main", "bsae: main"))
    assert [p.split(":")[0] for p in problems] == ["3", "8", "24"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("20m", 1200),
        ("90s", 90),
        ("90", 90),
        ("1h30m", 5400),
        ("7d", 604800),
        ("0", 0),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert configvalues.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "2 h", "1.5h", "-1", "2hours", "1m2h", "٣", "9" * 99])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError):
        configvalues.duration(text)


P = ("kanban", "workers", "backend-hermes-pool")
EDITS: list[tuple[tuple[str, ...], Value | None, list[str], list[str]]] = [
    (("kanban", "max_concurrency"), 8,
     ["  max_concurrency: 6              # all sessions of this board on this host"],
     ["  max_concurrency: 8              # all sessions of this board on this host"]),
    ((*P, "max_concurrency"), 5, ["      max_concurrency: 3"], ["      max_concurrency: 5"]),
    ((*P, "timeout"), "3h", ["      timeout: 2h                 # wall clock"],
     ["      timeout: 3h                 # wall clock"]),
    ((*P, "timeout"), None, ["      timeout: 2h                 # wall clock"], []),
    ((*P, "reserve"), 1, [], ["      reserve: 1"]),
    ((*P, "verify"), ("make", "a, b", "it's {x"),
     ["      verify: [pytest, -q]                # decides"],
     ["      verify: [make, 'a, b', 'it''s {x']                # decides"]),
    ((*P, "memory_home", "env"), "H", [], ["      memory_home:", "        env: H"]),
    (("kanban", "profiles", "backend-hermes", "max_concurrency"), 7,
     ["    backend-hermes: {max_concurrency: 4}  # a cap over all its workers"],
     ["    backend-hermes: {max_concurrency: 7}  # a cap over all its workers"]),
    (("kanban", "capacities", "gpu"), 1,
     ["  capacities: {build: 2, browser: 1}      # shared, named; cards ask"],
     ["  capacities: {build: 2, browser: 1, gpu: 1}      # shared, named; cards ask"]),
    (("kanban", "capacities", "build"), None,
     ["  capacities: {build: 2, browser: 1}      # shared, named; cards ask"],
     ["  capacities: {browser: 1}      # shared, named; cards ask"]),
    (("kanban", "profiles", "backend-hermes", "max_concurrency"), None,
     ["  profiles:", "    backend-hermes: {max_concurrency: 4}  # a cap over all its workers"], []),
    (("kanban", "workers", "new", "mode"), "lane", [], ["    new:", "      mode: lane"]),
    (("kanban", "verify_accept"), True, [], ["  verify_accept: true"]),
    (("kanban", "nothing"), None, [], []),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "gone", "new"), EDITS)
def test_an_edit_touches_only_its_line(
    path: tuple[str, ...], value: Value | None, gone: list[str], new: list[str]
) -> None:
    after = configfile.edited(EXAMPLE, path, value)
    lines = list(difflib.ndiff(EXAMPLE.splitlines(), after.splitlines()))
    assert [line[2:] for line in lines if line.startswith("- ")] == gone
    assert [line[2:] for line in lines if line.startswith("+ ")] == new


def test_an_edit_fills_an_empty_section_and_empties_a_full_one() -> None:
    text = "kanban:\n  base: main\n  workers:\n"
    after = configfile.edited(text, ("kanban", "workers", "w", "weight"), 2)
    assert after == text + "    w:\n      weight: 2\n"
    again = configfile.edited(after, ("kanban", "workers", "w", "weight"), None)
    assert good(again).workers == {"w": Worker("w", "w")}
    flow = configfile.edited("kanban: {workers: {}}\n", ("kanban", "workers", "w", "mode"), "pool")
    assert flow == "kanban: {workers: {w: {mode: pool}}}\n"
    braces = configfile.edited("{kanban: {base: a}}", ("kanban", "base"), "b")
    assert good(braces).base == "b"


def test_an_edit_through_what_is_no_section_is_refused() -> None:
    with pytest.raises(UsageError, match=r"kanban\.base is not a section"):
        configfile.edited(EXAMPLE, ("kanban", "base", "x"), 1)


@given(
    st.sampled_from([(*P, "profile"), (*P, "commits"), ("kanban", "base"), ("kanban", "push")]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
)
def test_any_text_can_be_set(path: tuple[str, ...], value: str) -> None:
    from ruamel.yaml import YAML

    after = configfile.edited(EXAMPLE, path, value)
    found = YAML(typ="safe", pure=True).load(after)
    for name in path:
        found = found[name]
    assert str(found) == value


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[]", ""),
        ("[notify-send, '{title}']", ""),
        ("[/opt/tell, -v]", ""),
        ("[./tell.sh]", "'./tell.sh' lies in a folder that is not absolute"),
        ("[scripts/tell]", "'scripts/tell' lies in a folder that is not absolute"),
        ("['']", "notify names no command"),
        ("notify-send", "notify must be a list, not 'notify-send'"),
    ],
)
def test_a_notifier_is_a_program_on_path_or_an_absolute_one(written: str, problem: str) -> None:
    text = f"version: 1\nkanban:\n  notify: {written}\n  workers: {{w: {{command: [x]}}}}\n"
    config, problems = read(text)
    assert [line.partition(": ")[2].partition(" |")[0] for line in problems] == [problem] * bool(
        problem
    )
    assert (config is None) == bool(problem)


def test_a_notifier_is_called_each_five_minutes_at_most_unless_another_time_is_said() -> None:
    text = "version: 1\nkanban:\n  notify: [x]\n{}  workers: {{w: {{command: [x]}}}}\n"
    assert good(text.format("")).notify_every == 300
    assert good(text.format("  notify_every: 1h\n")).notify_every == 3600
    assert good(text.format("  notify_every: 0\n")).notify_every == 0
