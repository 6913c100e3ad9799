"""A board as the rows that `status`, `list` and `workers` show: everything but who sits where now.

Plain tuples and dicts that a cache can marshal. Held reasons are the scheduler's own.
"""

from collections.abc import Mapping
from typing import Any

from gitkanban.clock import iso
from gitkanban.core.facts import Observed
from gitkanban.core.graph import downstream_counts, ready
from gitkanban.core.held import PERSONS, deadlock
from gitkanban.core.model import (
    BACKLOG,
    BLOCKED,
    DROPPED,
    REVIEW,
    RUNNING,
    TODO,
    Board,
    Card,
)
from gitkanban.core.reasons import EVERYBODY, Held
from gitkanban.core.schedule import schedule


def summary(board: Board, now: int, clone: str, host: str) -> dict[str, Any]:
    """The rows of a board, a card's in the order of `status.CARD_KEYS`.

    `valid_until` is when time alone changes them (epoch seconds), 0 for never.
    """
    seen = Observed(now, host, clone)
    scheduled = schedule(board, seen)
    held = {each.card: each for each in scheduled.held}
    waits_on = downstream_counts(board)
    rows = [_row(board, card, now, held, waits_on) for _, card in sorted(board.cards.items())]
    ahead = [card.not_before for card in board.cards.values() if card.not_before > now]
    return {
        "branch": board.branch,
        "commit": board.commit,
        "valid_until": min(ahead, default=0),
        "cards": rows,
        "workers": _workers(board, now, held),
        "profiles": _profiles(board),
        "capacities": _capacities(board),
        "deadlock": deadlock(board, scheduled),
        "paused": {name: pause.why for name, pause in board.paused.items()},
        "problems": [
            {"file": p.file, "line": p.line, "column": p.column, "message": p.message,
             "hint": p.hint, "card": p.card}
            for p in board.problems
        ],
    }  # fmt: skip


def _row(
    board: Board, card: Card, now: int, held: Mapping[str, Held], waits_on: Mapping[str, int]
) -> tuple[Any, ...]:
    why = held.get(card.id)
    waits = waits_on.get(card.id, 0)
    return (
        card.id, card.title, card.worker, card.status, ready(board, card, now), card.parents,
        card.priority, card.run, card.slot, card.host, iso(card.not_before), card.reason, card.why,
        why.text if why else "", waits, _needs_person(board, card, why, waits),
    )  # fmt: skip


def _needs_person(board: Board, card: Card, why: Held | None, waits: int) -> bool:
    """As `held.needs_person` has it, for one card."""
    if card.status == REVIEW:
        worker = board.worker_of(card)
        return worker is None or worker.on_success == REVIEW
    if card.status in (BACKLOG, DROPPED):
        return waits > 0
    return card.status == BLOCKED or (why is not None and why.code in PERSONS)


def _workers(board: Board, now: int, held: Mapping[str, Held]) -> list[dict[str, Any]]:
    if board.config is None:
        return []
    mine: dict[str, list[Card]] = {name: [] for name in sorted(board.config.workers)}
    for card in board.cards.values():
        if card.worker in mine:
            mine[card.worker].append(card)
    rows = [_worker(board, name, cards, now, held) for name, cards in mine.items()]
    total = sum(row["weight"] for row in rows if row["running"] or row["ready"])
    for row in rows:
        busy = row["running"] or row["ready"]
        row["share"] = round(row["weight"] / total, 3) if busy else 0.0
    return rows


def _worker(
    board: Board, name: str, mine: list[Card], now: int, held: Mapping[str, Held]
) -> dict[str, Any]:
    assert board.config is not None
    worker = board.config.workers[name]
    waiting = [card for card in mine if card.status == TODO]
    can = sum(ready(board, card, now) for card in waiting)
    stuck = [each for card in waiting if (each := held.get(card.id)) and _is_stuck(each)]
    pause = board.paused.get(name) or board.paused.get(EVERYBODY)
    return {
        "name": name,
        "profile": worker.profile,
        "mode": worker.mode,
        "running": sum(card.status == RUNNING for card in mine),
        "limit": worker.max_concurrency,
        "ready": can,
        "waiting": len(waiting) - can,
        "stuck": len(stuck) + sum(card.status == BLOCKED for card in mine),
        "paused": (pause.why or "by hand") if pause else "",
        "weight": worker.weight,
        "policy": worker.workspace_policy,
        "runner": worker.runner or "command",
    }


def _is_stuck(why: Held) -> bool:
    """Whether a todo card goes on only when a person acts, on it or on one it waits for."""
    return why.code in PERSONS or why.code.startswith("parent-")


def _profiles(board: Board) -> dict[str, dict[str, int]]:
    if board.config is None:
        return {}
    owner = {name: worker.profile for name, worker in board.config.workers.items()}
    found = {
        profile: {"running": 0, "limit": board.config.profile_limit(profile)}
        for profile in sorted({*owner.values(), *board.config.profiles})
    }
    for card in board.cards.values():
        if card.status == RUNNING:
            profile = card.slot.rpartition("#")[0] or owner.get(card.worker, "")
            if profile:
                found.setdefault(profile, {"running": 0, "limit": 0})["running"] += 1
    return found


def _capacities(board: Board) -> dict[str, dict[str, int]]:
    if board.config is None:
        return {}
    found = {name: {"running": 0, "limit": most} for name, most in board.config.capacities.items()}
    for card in board.cards.values():
        if card.status == RUNNING:
            worker = board.worker_of(card)
            for name, amount in card.needs or (worker.needs if worker else ()):
                if name in found:
                    found[name]["running"] += amount
    return found
