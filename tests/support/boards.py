"""Boards written as lines, so that a test reads like a board. It checks nothing.

    board(
        "T0 done",
        "T1 todo <- T0 @backend-hermes-pool !2 needs build:1",
        "T2 running @messages-owner",
        workers='''
            backend-hermes-pool pool 3 profile=backend-hermes weight=2
            messages-owner lane
            capacity build 2
        ''',
    )

A card: id, then in any order a status (todo), `<- parents`, `@worker` (the first there is; `@-`:
none), `!priority`, `needs name:amount …`, and `field=value` for any other field. A running card
gets a run, the next slot of its profile, and the host `here` unless it says otherwise.
A worker: name, then `lane` or `pool N`, `paused`, and `field=value`; runner is hermes. Workers that
cards name and no line does are lanes. Other lines: `host N`, `starts N`, `profile NAME N`,
`capacity NAME N`, `executor NAME [N]`. Values hold no spaces; `_` in a title reads as one.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from gitkanban.core.model import (
    LANE,
    POOL,
    RUNNING,
    STATUSES,
    Board,
    Card,
    Config,
    ExecutorConfig,
    Pause,
    Problem,
    Worker,
)
from gitkanban.core.tick.facts import Observed, RunFacts

NOW = 1_764_000_000  # 2025-11-24T16:00:00Z
HERE = "here"  # the host of a board in a test
CLONE = "clone"

DEMO = """
messages-owner lane profile=messages-hermes
backend-hermes-pool pool 3 profile=backend-hermes
frontend-hermes-pool pool 2 profile=frontend-hermes
"""


def board(
    *lines: str,
    workers: str = "",
    archived: Iterable[str] = (),
    broken: Iterable[str] = (),
    **more: Any,
) -> Board:
    """A board of cards, a line each (or many in one text).

    `archived` and `broken` are ids of cards that lie in the archive and of cards that cannot be
    read; `more` are further fields of Board.
    """
    cards = {card.id: card for card in map(_card, _lines(lines))}
    config, paused = _config(_lines([workers]))
    known = dict(config.workers)
    for card in cards.values():
        if card.worker not in ("", _NOBODY):
            known.setdefault(card.worker, Worker(card.worker, card.worker, runner="hermes"))
    first = next(iter(known), "solo")
    if not known:
        known[first] = Worker(first, first, runner="hermes")
    config = config._replace(workers=known)
    taken: set[str] = set()
    for name, card in cards.items():
        worker = {"": first, _NOBODY: ""}.get(card.worker, card.worker)
        cards[name] = _with_slots(card._replace(worker=worker), known, taken)
    problems = tuple(
        Problem(f"cards/{name}.yaml", 1, 1, "not a card", card=name) for name in broken
    )
    fields = {"paused": paused, "archived": frozenset(archived), "problems": problems, **more}
    return Board("main", "", config, cards, **fields)


def observed(now: int = NOW, **more: Any) -> Observed:
    """What was seen at `now` on the host and in the clone of these boards."""
    return Observed(now, HERE, CLONE, **more)


def live(line: str, **more: Any) -> RunFacts:
    """A live run from `R1 of T1 @worker in profile#1`."""
    words = line.replace(" of ", " ").replace(" in ", " ").split()
    run, card, worker, slot = words
    profile = slot.rpartition("#")[0]
    return RunFacts(
        run, card, worker.removeprefix("@"), profile, slot, NOW - 60, **{"phase": "live", **more}
    )


def starts(scheduled: Any) -> list[str]:
    """The starts of a schedule as `T1 backend-hermes#1`, in order."""
    return [f"{start.card} {start.slot}" for start in scheduled.starts]


def held(scheduled: Any) -> dict[str, str]:
    """What holds the cards of a schedule back: card -> code."""
    return {each.card: each.code for each in scheduled.holds}


_NOBODY = "-"


def _lines(texts: Iterable[str]) -> list[str]:
    lines = (line.strip() for text in texts for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _card(line: str) -> Card:
    name, *words = line.split()
    fields: dict[str, Any] = {"title": f"card {name}"}
    lists: dict[str, list[str]] = {"<-": [], "needs": []}
    into: list[str] | None = None
    for word in words:
        if word in lists:
            into = lists[word]
        elif word in STATUSES:
            fields["status"] = word
        elif word.startswith("@"):
            fields["worker"] = word[1:]
        elif word.startswith("!"):
            fields["priority"] = int(word[1:])
        elif "=" in word:
            fields |= _field(word, Card)
        elif into is not None:
            into += word.replace(",", " ").split()
        else:
            raise AssertionError(f"what is {word!r} in {line!r}?")
    return Card(name, parents=tuple(lists["<-"]), needs=_amounts(lists["needs"]), **fields)


def _with_slots(card: Card, workers: dict[str, Worker], taken: set[str]) -> Card:
    """A running card with the fields that tick would have given it."""
    if card.status != RUNNING:
        return card
    profile = workers[card.worker].profile if card.worker in workers else card.worker
    number = 1
    while f"{profile}#{number}" in taken:
        number += 1
    slot = card.slot or f"{profile}#{number}"
    taken.add(slot)
    run, host, clone = card.run or f"run-{card.id}", card.host or HERE, card.clone or CLONE
    return card._replace(run=run, slot=slot, host=host, clone=clone)


def _config(lines: Sequence[str]) -> tuple[Config, dict[str, Pause]]:
    workers: dict[str, Worker] = {}
    paused: dict[str, Pause] = {}
    totals: dict[str, dict[str, int]] = {"profile": {}, "capacity": {}}
    limits: dict[str, int] = {}
    executors: dict[str, ExecutorConfig] = {}
    for line in lines:
        first, *words = line.split()
        if first in totals:
            totals[first][words[0]] = int(words[1])
        elif first == "executor":
            executors[words[0]] = ExecutorConfig(
                words[0], "slurm", max_concurrency=int("".join(words[1:]) or 0)
            )
        elif first in ("host", "starts"):
            name = "max_concurrency" if first == "host" else "max_starts_per_tick"
            limits[name] = int(words[0])
        else:
            workers[first] = _worker(first, words)
            if "paused" in words:
                paused[first] = Pause(first, "by hand")
    config = Config(
        workers=workers,
        profiles=totals["profile"],
        capacities=totals["capacity"],
        executors=executors,
        **limits,
    )
    return config, paused


def _worker(name: str, words: Sequence[str]) -> Worker:
    fields: dict[str, Any] = {"profile": name, "runner": "hermes"}
    for word in words:
        if word in (LANE, POOL):
            fields["mode"] = word
        elif word.isdigit():
            fields["max_concurrency"] = int(word)
        elif word != "paused":
            fields |= _field(word, Worker)
    return Worker(name, **fields)


def _field(word: str, kind: type[Card] | type[Worker]) -> dict[str, Any]:
    """`field=value` with the value in the type of the field's default."""
    field, _, value = word.partition("=")
    if field == "needs":
        return {field: _amounts(value.split(","))}
    default = kind._field_defaults.get(field, "")
    if isinstance(default, tuple):
        return {field: tuple(filter(None, value.split(",")))}
    if isinstance(default, int):
        return {field: int(value)}
    return {field: value.replace("_", " ") if field in ("title", "why") else value}


def _amounts(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """`build:1` … as sorted pairs; no amount is 1."""
    split = (word.partition(":") for word in words if word)
    return tuple(sorted((name, int(amount or 1)) for name, _, amount in split))
