"""What a board wants from this machine without its owner's permission, and what waits for it.

Values in, values out: `runs.trust` looks up programs and reads the record.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitkanban.core.agents.presets import PRESETS, preset_of
from gitkanban.core.model import Config, Worker
from gitkanban.core.names import WorkerName
from gitkanban.core.trust.trusted import (
    ACCEPTING,
    BY_NAME,
    NOTIFYING,
    PUSHING,
    STARTS,
    KeyChange,
    TrustedAct,
    Value,
    asks,
    board_values,
    changes,
    defaults_of,
)
from gitkanban.late import json
from gitkanban.typed import NamedTuple

NEVER = "its commands have not been allowed on this machine"


class Wanted(NamedTuple):
    """Everything a worker would execute, and in what environment."""

    worker: WorkerName
    runner: str
    command: tuple[str, ...]
    resume: tuple[str, ...]
    setup: tuple[str, ...]
    verify: tuple[str, ...]
    env: tuple[str, ...]  # NAME=value, from the preset and the worker's memory home
    pass_env: tuple[str, ...]
    programs: tuple[str, ...]  # of command, setup, verify: absolute; as written if not found
    memory: tuple[str, ...] = ()  # if there is a memory home: the policy, then its memory parts
    keys: Mapping[str, Value] = {}  # the keys of `core.trust.trusted` compared by value


class Record(NamedTuple):
    """What was allowed. Without a sound record `path` is empty, and nothing is allowed."""

    path: str  # PATH at that time
    workers: Mapping[str, Wanted]
    board: Mapping[str, Value]  # the board's own keys


class Withheld(NamedTuple):
    """What must wait for `gitkanban trust`: everything that differs from the record."""

    starts: Mapping[WorkerName, str] = {}  # workers that may start nothing -> why
    unasked: Mapping[WorkerName, str] = {}  # workers never allowed, or with no command -> why
    changes: tuple[KeyChange, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The changes, one line each: `coder: its profile changed from low to high`."""
        return tuple(f"{c.worker}: {c.text}" if c.worker else c.text for c in self.changes)

    def board(self, hold: TrustedAct) -> str:
        """The changes of the board's keys that hold this act back, as text; empty if none does."""
        return _join_texts(c for c in self.changes if not c.worker and hold in c.holds)

    @property
    def pushing(self) -> str:
        """Why no branch may be pushed; empty if branches may be."""
        return self.board(PUSHING)

    @property
    def notifying(self) -> str:
        """Why the notifier may not be called; empty if it may."""
        return self.board(NOTIFYING)

    def accepting(self, worker: WorkerName) -> str:
        """Why a tick may not accept the worker's work by itself; empty if it may."""
        if worker in self.unasked:
            return self.unasked[worker]
        whose = ("", worker)
        return _join_texts(c for c in self.changes if c.worker in whose and ACCEPTING in c.holds)


def _join_texts(changes: Iterable[KeyChange]) -> str:
    return "; ".join(change.text for change in changes)


def withheld(
    record: Record, config: Config, wanted: Iterable[Wanted], board_branch: str = ""
) -> Withheld:
    """Compare a config with the record: what differs, and what that holds back.

    `wanted` is what the workers would run now; `board_branch` is as for `trusted.board_values`.
    """
    changes = list(_board_changes(record, config, board_branch))
    # If nothing was ever allowed, that alone is reported for each worker.
    every = (
        _join_texts(change for change in changes if STARTS in change.holds) if record.path else ""
    )
    unasked, starts = {}, {}
    for row in wanted:
        allowed = record.workers.get(row.worker)
        if not row.command:
            why = unasked[row.worker] = f"worker {row.worker} has neither a runner nor a command"
        elif allowed is None:
            why = unasked[row.worker] = NEVER
        else:
            own = list(_worker_changes(config.workers[row.worker], row, allowed))
            why = _join_texts(own)
            changes += own
        if why or every:
            starts[row.worker] = "; ".join(filter(None, (why, every)))
    return Withheld(starts, unasked, tuple(changes))


def _board_changes(record: Record, config: Config, board_branch: str) -> Iterator[KeyChange]:
    allowed = board_values(Config()) | dict(record.board)
    allowed["kanban.base"] = allowed["kanban.base"] or board_branch
    return changes(board_values(config, board_branch), allowed)


def _worker_changes(worker: Worker, now: Wanted, allowed: Wanted) -> Iterator[KeyChange]:
    keys = defaults_of(worker)
    if allowed.memory:  # an older record has the policy here
        keys["memory"] = allowed.memory[0]
    yield from _executed_changes(worker, now, allowed)
    yield from changes(now.keys, keys | dict(allowed.keys), worker.name)


def _executed_changes(worker: Worker, now: Wanted, allowed: Wanted) -> Iterator[KeyChange]:
    """The changes of commands, of their environment and of their programs."""
    for field in ("command", "resume"):
        if field == "resume" and not now.resume:
            continue  # to start a new conversation is no danger
        if getattr(now, field) != getattr(allowed, field):
            yield _say_of_preset(worker, _key_change(field, now, allowed), allowed)
            break
    yield from _environment_changes(worker, now, allowed)
    for field in ("setup", "verify"):
        if getattr(now, field) != getattr(allowed, field):
            yield _key_change(field, now, allowed)
    if asks(BY_NAME["pass_env"], now.pass_env, allowed.pass_env):
        yield _key_change("pass_env", now, allowed)
    if now.memory and allowed.memory and now.memory[1:] != allowed.memory[1:]:
        yield _key_change(
            "memory_home.memory", now, allowed, now.memory[1:], before=allowed.memory[1:]
        )
    are, were = _programs_of(now), _programs_of(allowed)
    for field in [name for name in are if name in were]:
        before, after = were[field], are[field]
        # A changed command is reported above. A vanished program is no danger: the start fails.
        same = getattr(now, field) == getattr(allowed, field)
        if same and before != after and "/" in after and "/" in before:
            words = f"{before} now resolves to {after}"
            yield KeyChange(
                now.worker, field, before, after, holds=BY_NAME[field].holds, words=words
            )


def _programs_of(row: Wanted) -> dict[str, str]:
    """The program of each command."""
    fields = (field for field in ("command", "setup", "verify") if getattr(row, field))
    return dict(zip(fields, row.programs, strict=False))


def _say_of_preset(worker: Worker, change: KeyChange, allowed: Wanted) -> KeyChange:
    """Word the change as one of the preset, if the config names the same preset as before."""
    preset = PRESETS.get(worker.runner)
    options = worker.args or worker.model or worker.effort  # these may be the difference
    own = not preset or worker.command not in ((), preset.start)
    if own or options or worker.runner != allowed.runner:
        return change
    what = f"the preset {worker.runner} runs something else than what was allowed"
    return change._replace(words=f"{what}: {change.text}")


def _environment_changes(worker: Worker, now: Wanted, allowed: Wanted) -> Iterator[KeyChange]:
    """The change of variables, except those with which a preset makes memory read-only."""
    switch = {f"{name}={value}" for name, value in preset_of(worker.runner).read_only_memory}
    after, before = (tuple(v for v in row.env if v not in switch) for row in (now, allowed))
    if now.command != allowed.command and set(after) <= set(before):
        return  # the variables of a preset go with its command, which is reported
    if after != before:
        words = f"its environment changed: {_variable_changes(after, before)}"
        was, is_now = " ".join(before) or "nothing", " ".join(after) or "nothing"
        yield KeyChange(now.worker, "environment", was, is_now, holds=(STARTS,), words=words)


def _key_change(
    field: str,
    now: Wanted,
    allowed: Wanted,
    after: tuple[str, ...] | None = None,
    before: tuple[str, ...] = (),
) -> KeyChange:
    if after is None:
        before, after = getattr(allowed, field), getattr(now, field)
    holds = BY_NAME[field].holds if field in BY_NAME else (STARTS,)
    return KeyChange(now.worker, field, _command_words(before), _command_words(after), holds=holds)


def _variable_changes(now: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """The variables that differ, in words: `A=1 is new, B=2 is gone, C=3 was 4`."""
    after, before = (dict(each.split("=", 1) for each in env) for env in (now, allowed))
    notices = []
    for name in sorted({*after, *before}):
        if name not in before:
            notices.append(f"{name}={after[name]} is new")
        elif name not in after:
            notices.append(f"{name}={before[name]} is gone")
        elif after[name] != before[name]:
            notices.append(f"{name}={after[name]} was {before[name]}")
    return ", ".join(notices) or "its order"


def _command_words(argv: tuple[str, ...]) -> str:
    return " ".join(json.dumps(word) if " " in word else word for word in argv) or "nothing"
