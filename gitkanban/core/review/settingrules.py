"""Changes of the keys of `config.yaml` that are compared by value, each reported once.

`changerules` examines commands and what they get; `trusted` says which keys are of which kind.
"""

from collections.abc import Iterator, Mapping

from gitkanban.core.agents.cost import dollars
from gitkanban.core.model import Board, Config, ExecutorConfig, Worker
from gitkanban.core.review.rules import Finding, finding
from gitkanban.core.trust.trusted import ANSWERS, Answer, shown
from gitkanban.typed import Any

_TRUSTED = "Machines that tick use it only once their owner has run `gitkanban trust`."
_SETTING = "It holds from the moment it is merged; no machine asks its owner."
# Reported with the commands, because sessions run as it (`changerules`).
_ELSEWHERE = ("profile",)


def change(base: Board, head: Board) -> Iterator[Finding]:
    """The settings that differ, the board's first; of a new board only the trusted ones."""
    if head.config is None:
        return
    old = base.config or Config()
    # What workers execute is reported by `changerules`; executors are not workers.
    valued = (a for a in ANSWERS if not (a.executed and a.is_workers))
    answers = [a for a in valued if base.config or a.holds]
    for answer in answers:
        if not answer.is_workers:
            yield from _of_board(answer, old, head.config)
    for name, worker in sorted(head.config.workers.items()):
        was = old.workers.get(name) or Worker(name, worker.profile, mode=worker.mode)
        for answer in answers:
            if answer.is_workers and answer.name not in _ELSEWHERE:
                values = getattr(was, answer.attribute), getattr(worker, answer.attribute)
                at = ("kanban", "workers", name, *answer.name.split("."))
                yield from _named_finding(answer, at, f"{name} {answer.name}", *values)
    for name in sorted(set(old.workers) - set(head.config.workers) - set(head.config.faulty)):
        message = f"worker {name} is removed"
        yield finding("setting", "config.yaml", ("kanban", "workers"), message, hint=_SETTING)


def _of_board(answer: Answer, old: Config, new: Config) -> Iterator[Finding]:
    path = answer.path.split(".")
    field = path[1] if "*" in path else answer.attribute
    was, now = (getattr(side, field, None) for side in (old, new))
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        yield from _named_finding(answer, tuple(path), answer.name, was, now=now)
        return
    for name in sorted({*was, *now}):
        at = ("kanban", field, name, *path[3:])
        values = (_value_of(side.get(name), path[-1]) for side in (was, now))
        yield from _named_finding(answer, at, ".".join(at), *values)


def _value_of(entry: Any, key: str) -> Any:
    """The value of one key of an executor; all other entries are values themselves."""
    return getattr(entry, key) if isinstance(entry, ExecutorConfig) else entry


def _named_finding(
    answer: Answer, at: tuple[str, ...], key: str, was: Any, now: Any
) -> Iterator[Finding]:
    if was == now:
        return
    rule, hint = ("trusted", _TRUSTED) if answer.holds else ("setting", _SETTING)
    if ".budget." in answer.path:
        was, now = (dollars(side) if side else None for side in (was, now))
    yield finding(
        rule, "config.yaml", at, f"{key}: {_value_words(was)} → {_value_words(now)}", hint=hint
    )


def _value_words(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        words = (" ".join(map(str, each)) if isinstance(each, tuple) else each for each in value)
        return ", ".join(words) or "nothing"
    return shown(value)
