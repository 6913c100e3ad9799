"""A board as the rows that `status`, `list` and `workers` show: everything but who sits where now.

Plain tuples and dicts that a cache can marshal. Held reasons are the scheduler's own.
"""

from collections.abc import Mapping
from typing import Any

from gitkanban.clock import iso
from gitkanban.core.facts import Observed
from gitkanban.core.graph import downstream_counts, ready
from gitkanban.core.model import RUNNING, TODO, Board, Card
from gitkanban.core.schedule import schedule


def summary(board: Board, now: int, clone: str, host: str) -> dict[str, Any]:
    """The rows of a board, a card's in the order of `status.CARD_KEYS`.

    `valid_until` is when time alone changes them (epoch seconds), 0 for never.
    """
    seen = Observed(now, host, clone)
    held = {each.card: each.text for each in schedule(board, seen).held}
    waits_on = downstream_counts(board)
    rows = [_row(board, card, now, held, waits_on) for _, card in sorted(board.cards.items())]
    ahead = [card.not_before for card in board.cards.values() if card.not_before > now]
    config = board.config
    return {
        "branch": board.branch,
        "commit": board.commit,
        "valid_until": min(ahead, default=0),
        "cards": rows,
        "workers": [_worker(board, name, now) for name in sorted(config.workers)] if config else [],
        "profiles": _profiles(board),
        "capacities": _capacities(board),
        "paused": {name: pause.why for name, pause in board.paused.items()},
        "problems": [
            {"file": p.file, "line": p.line, "column": p.column, "message": p.message,
             "hint": p.hint, "card": p.card}
            for p in board.problems
        ],
    }  # fmt: skip


def _row(
    board: Board, card: Card, now: int, held: dict[str, str], waits_on: Mapping[str, int]
) -> tuple[Any, ...]:
    return (
        card.id, card.title, card.worker, card.status, ready(board, card, now), card.parents,
        card.priority, card.run, card.slot, card.host, iso(card.not_before), card.reason, card.why,
        held.get(card.id, ""), waits_on.get(card.id, 0),
    )  # fmt: skip


def _worker(board: Board, name: str, now: int) -> dict[str, Any]:
    assert board.config is not None
    worker = board.config.workers[name]
    mine = [card for card in board.cards.values() if card.worker == name]
    waiting = [card for card in mine if card.status == TODO]
    can = sum(ready(board, card, now) for card in waiting)
    pause = board.paused.get(name)
    return {
        "name": name,
        "profile": worker.profile,
        "mode": worker.mode,
        "running": sum(card.status == RUNNING for card in mine),
        "limit": worker.max_concurrency,
        "ready": can,
        "waiting": len(waiting) - can,
        "paused": (pause.why or "by hand") if pause else "",
        "weight": worker.weight,
        "policy": worker.workspace_policy,
        "runner": worker.runner or "command",
    }


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
