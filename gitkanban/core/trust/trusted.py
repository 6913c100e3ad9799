"""Which keys of `config.yaml` this machine's owner must have allowed, and what waits until then.

There is an answer for every key of `board.formats.configkeys.KEYS`. A key is trusted if it decides
what runs, where, as whom, from what, or who gets the work. Limits, weights, times and texts concern
only the reviewer of a change. It compares values; `runs.trust` keeps the record.
"""

from collections.abc import Iterator, Mapping

from gitkanban.core.model import Config, Worker
from gitkanban.core.names import NOBODY, ProfileName, WorkerName
from gitkanban.typed import Literal, NamedTuple

# The value of a key, as in JSON.
Value = str | bool | int | tuple[str, ...]

# What waits until a change of a trusted key is allowed: starting sessions, pushing branches,
# accepting work, calling the notifier. For a worker's key, only what concerns that worker waits.
TrustedAct = Literal["starts", "pushing", "accepting", "notifying"]
STARTS: TrustedAct = "starts"
PUSHING: TrustedAct = "pushing"
ACCEPTING: TrustedAct = "accepting"
NOTIFYING: TrustedAct = "notifying"

_BOARD, _WORKER = "kanban.", "kanban.workers.*."


class Answer(NamedTuple):
    """How one key is trusted. Without `holds` it concerns only reviewers, and needs no trust."""

    path: str
    holds: tuple[TrustedAct, ...] = ()
    # Values, the strictest first. A change towards the front needs no trust; a value that is not
    # listed counts as the loosest.
    stricter: tuple[Value, ...] = ()
    fewer: bool = False  # for a list: fewer words are stricter
    field: str = ""  # in model.Config or model.Worker, if it is not the last word of the path
    # Compared as part of what a worker executes (`runs.trust.Wanted`, `describe_executor`), not by
    # its value.
    executed: bool = False

    @property
    def is_workers(self) -> bool:
        """Whether each worker has this key."""
        return self.path.startswith(_WORKER)

    @property
    def name(self) -> str:
        """The key as people write it: `kanban.base`, `memory_home.path`."""
        return self.path.removeprefix(_WORKER)

    @property
    def attribute(self) -> str:
        """The model's field with the value."""
        return self.field or self.path.rpartition(".")[2]


def _starts_answer(name: str, field: str = "", fewer: bool = False) -> Answer:
    """The answer for a key that is part of what a worker executes."""
    return Answer(f"{_WORKER}{name}", (STARTS,), field=field, fewer=fewer, executed=True)


ANSWERS: tuple[Answer, ...] = (
    Answer("version"),
    Answer("kanban.base", (STARTS, ACCEPTING)),
    Answer("kanban.max_concurrency"),
    Answer("kanban.max_starts_per_tick"),
    Answer("kanban.merge"),
    Answer("kanban.sign"),
    Answer("kanban.verify_accept", (ACCEPTING,), (True,)),
    Answer("kanban.worktrees", (STARTS,), ("",)),
    Answer("kanban.commit_suffix"),
    Answer("kanban.keep_runs"),
    Answer("kanban.archive_after"),
    Answer("kanban.consolidate_after"),
    Answer("kanban.git_timeout"),
    Answer("kanban.sync_work", (PUSHING,), (False,)),
    Answer("kanban.push", (PUSHING,), ("",)),
    Answer("kanban.pr", (PUSHING,), (False,)),
    Answer("kanban.on_tamper", (STARTS,), ("hold", "warn")),
    Answer("kanban.notify", (NOTIFYING,), ((),)),
    Answer("kanban.notify_every"),
    Answer("kanban.budget.card", field="budget_card"),
    Answer("kanban.budget.day", field="budget_day"),
    Answer("kanban.workers.*.profile", (STARTS,)),
    Answer("kanban.workers.*.mode"),
    Answer("kanban.workers.*.max_concurrency"),
    Answer("kanban.workers.*.workspace_policy", (STARTS,), ("worktree-per-task",)),
    _starts_answer("runner"),
    _starts_answer("command"),
    _starts_answer("resume"),
    Answer("kanban.workers.*.stdin", (STARTS,), ("none", "")),
    _starts_answer("args"),
    _starts_answer("model"),
    _starts_answer("effort"),
    Answer("kanban.workers.*.models", (STARTS,), fewer=True),
    Answer("kanban.workers.*.efforts", (STARTS,), fewer=True),
    Answer("kanban.workers.*.fallback", (STARTS,), ("",)),
    Answer("kanban.workers.*.budget.card", field="budget_card"),
    Answer("kanban.workers.*.budget.day", field="budget_day"),
    Answer("kanban.workers.*.sandbox", (STARTS,), (("bwrap",),)),
    _starts_answer("setup"),
    _starts_answer("verify")._replace(holds=(STARTS, ACCEPTING)),
    Answer("kanban.workers.*.commits"),
    Answer("kanban.workers.*.on_success", (STARTS, ACCEPTING), ("review",)),
    _starts_answer("pass_env", fewer=True),
    Answer("kanban.workers.*.timeout"),
    Answer("kanban.workers.*.stall_timeout"),
    Answer("kanban.workers.*.max_attempts"),
    Answer("kanban.workers.*.weight"),
    Answer("kanban.workers.*.reserve"),
    Answer("kanban.workers.*.needs"),
    Answer("kanban.workers.*.memory", (STARTS,), ("read-only",), field="memory_policy"),
    _starts_answer("memory_home.env", "memory_env"),
    _starts_answer("memory_home.path", "memory_path"),
    _starts_answer("memory_home.memory", "memory_parts"),
    Answer("kanban.workers.*.consolidate_to", (STARTS,), ("",)),
    Answer("kanban.workers.*.board"),
    Answer("kanban.workers.*.executor", (STARTS,)),
    Answer("kanban.executors.*.engine", (STARTS,), field="executors", executed=True),
    Answer("kanban.executors.*.options", (STARTS,), field="executors", executed=True),
    Answer("kanban.executors.*.max_concurrency"),
    Answer("kanban.executors.*.workspaces", (STARTS,), field="executors", executed=True),
    Answer("kanban.profiles.*.max_concurrency"),
    Answer("kanban.capacities"),
)
BY_NAME: Mapping[str, Answer] = {answer.name: answer for answer in ANSWERS if answer.holds}


class KeyChange(NamedTuple):
    """A trusted key that differs from what was allowed. `worker` is empty for the board's keys."""

    worker: WorkerName
    key: str
    before: str
    after: str
    holds: tuple[TrustedAct, ...]
    words: str = ""  # replaces the usual `text`

    @property
    def text(self) -> str:
        """`kanban.base changed from nothing to release`, `its profile changed from low to high`."""
        if self.words:
            return self.words
        whose = "its " if self.worker else ""
        return f"{whose}{self.key} changed from {self.before} to {self.after}"


def board_values(config: Config, board_branch: str = "") -> dict[str, Value]:
    """The values of the board's trusted keys, by name.

    `board_branch` is the board's branch, if it is base when the config names none.
    """
    values = {a.name: getattr(config, a.attribute) for a in _recorded_answers(workers=False)}
    return values | {"kanban.base": config.base or board_branch}


def worker_values(worker: Worker) -> dict[str, Value]:
    """The values of a worker's trusted keys that are compared by value, by name."""
    return {a.name: getattr(worker, a.attribute) for a in _recorded_answers(workers=True)}


def defaults_of(worker: Worker) -> dict[str, Value]:
    """The `worker_values` of a worker with defaults only, for older records without these keys."""
    return worker_values(Worker(worker.name, ProfileName(worker.name), mode=worker.mode))


def describe_fallback(config: Config, worker: Worker) -> str:
    """The worker's fallback, with whatever cards get only there; empty: it has none.

    This text is the value that is allowed: if the fallback gets more later, it must be allowed
    again.
    """
    other = config.workers.get(worker.fallback)
    if other is None:
        return worker.fallback
    more = []
    if other.memory_path and other.memory_path != worker.memory_path:
        more.append(f"with the memory home {other.memory_path}")
    wider = sorted(set(other.pass_env) - set(worker.pass_env))
    if wider:
        more.append(f"which is also given {' '.join(wider)}")
    if other.sandbox != worker.sandbox:
        how = f"in {' '.join(other.sandbox)}" if other.sandbox else "without a sandbox"
        more.append(how)
    return ", ".join((worker.fallback, *more))


def describe_executor(config: Config, worker: Worker) -> str:
    """The worker's executor with all that is run for it on this machine; empty: it has none.

    This text is the value that is allowed: options that change must be allowed again.
    """
    if not worker.executor:
        return ""
    from gitkanban.core.engines import fill, find_engine  # late: few boards have executors

    executor = config.executors.get(worker.executor)
    engine = find_engine(executor.engine) if executor else None
    if executor is None or engine is None:
        return worker.executor
    submit = fill(engine.submit, {}, executor.options)
    commands = (submit, engine.look, engine.signal, engine.cancel, engine.node)
    words = "; ".join(" ".join(command) for command in commands)
    return f"{executor.name}, {executor.workspaces} workspaces, by {words}"


def _recorded_answers(workers: bool) -> list[Answer]:
    return [a for a in BY_NAME.values() if a.is_workers == workers and not a.executed]


def changes(
    now: Mapping[str, Value], allowed: Mapping[str, Value], worker: WorkerName = NOBODY
) -> Iterator[KeyChange]:
    """The keys that need to be allowed again, in the order of the table."""
    for name, answer in BY_NAME.items():
        if name in now and asks(answer, now[name], allowed[name]):
            before, after = shown(allowed[name]), shown(now[name])
            yield KeyChange(worker, name, before, after, holds=answer.holds)


def asks(answer: Answer, now: Value, allowed: Value) -> bool:
    """Whether a value differs from the allowed one, and is not stricter."""
    if now == allowed:
        return False
    if answer.fewer and isinstance(now, tuple) and isinstance(allowed, tuple):
        return not set(now) <= set(allowed)
    if now in answer.stricter:
        place = answer.stricter.index
        return allowed in answer.stricter and place(now) > place(allowed)
    return True


def shown(value: Value) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        value = " ".join(value)
    return str(value) or "nothing"
