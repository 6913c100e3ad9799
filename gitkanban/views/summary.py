"""A board as the rows that `status`, `list` and `workers` show, all but which slots are taken now.

Plain tuples and dicts that a cache can marshal. The words for holds are the scheduler's own.
"""

from collections.abc import Collection, Mapping, Sequence

from gitkanban.clock import iso
from gitkanban.core.backoff import due
from gitkanban.core.clones import other_clones
from gitkanban.core.graph import ready
from gitkanban.core.model import BLOCKED, RUNNING, TODO, Board, Card, Config
from gitkanban.core.names import CardId, WorkerName
from gitkanban.core.situation.account import CardView, Situation, situation
from gitkanban.core.situation.figures import NO_FIGURES, Figures
from gitkanban.core.situation.moment import cause_data
from gitkanban.core.situation.rows import CARD_KEYS, QUIET
from gitkanban.core.split_cards import count_status, open_cards
from gitkanban.core.tick import agent_state, budget
from gitkanban.core.tick.closing import unclosed_line
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.holds import EVERYBODY, FOR_PEOPLE, Hold
from gitkanban.core.tick.limits import CAPACITY, EXECUTOR, HOST, PROFILE, WORKER
from gitkanban.core.tick.occupants import Occupant, occupants
from gitkanban.core.tick.room import Room
from gitkanban.core.tick.schedule import PATIENCE, Scheduled
from gitkanban.core.tick.standing import Standing
from gitkanban.typed import Any

DAY = 86400
_TIMES = tuple(CARD_KEYS.index(name) for name in ("not_before", "since"))


# Long: it gives a value to each key of the data that views share.
def summary(
    board: Board,
    observed: Observed,
    figures: Figures = NO_FIGURES,
    to_cache: bool = False,
    only: Collection[Card] | None = None,
    standings: Standing | None = None,
) -> dict[str, Any]:
    """Return the rows of a board; a card's row is in the order of `rows.CARD_KEYS`.

    If nothing is changed, they are valid until `valid_until` (epoch seconds; 0: for ever). With
    `to_cache`, times in their texts are left to `moment.put_in_words`. `only` limits the rows of
    cards, and `standings` is as for `situation`.
    """
    account = situation(board, observed, figures, to_cache, only=only, standings=standings)
    standing = account.standing
    taken = occupants(board, observed)
    room = Room(board.config or Config(), taken)
    return {
        "branch": board.branch,
        "commit": board.commit,
        "valid_until": _valid_until(board, observed, standing.scheduled, taken, spent_today=bool(account.cost_today)),
        "cards": [card_row(view) for view in account.cards],
        "left_out": _count_quiet(board, account),
        "causes": [
            cause_data(each.code, each.subjects, each.text, each.command, holds=each.holds)
            for each in account.causes
        ],
        "progress": {"done": account.done, "total": account.total},
        "cost_usd": {"today": account.cost_today, "all": account.cost_all},
        "workers": _worker_rows(board, observed, standing.holds, room),
        "host": _host_room(board, room),
        "elsewhere": [
            {"host": each.host, "clone": each.clone, "running": len(each.running), "heard": each.at}
            for each in other_clones(board, observed.clone).values()
        ],
        "profiles": _profile_room(board, room, taken),
        "capacities": _capacity_room(board, room),
        "executors": _executor_room(board, room),
        "deadlock": standing.deadlock,
        "waits_for_you": standing.waits_for_you,
        "notices": [
            *(each.line for each in observed.tampering),
            *(unclosed_line(r.run, r.card, r.tries) for r in observed.runs if r.tries.failures),
            *(f"waits for `gitkanban trust`: {line}" for line in observed.withheld),
            *agent_state.standing_lines(observed.agents, observed.now, to_cache),
            *budget.near_lines(board, observed),
        ],
        "paused": {name: pause.why for name, pause in board.paused.items()},
        "problems": [
            {"file": p.file, "line": p.line, "column": p.column, "message": p.message,
             "hint": p.hint, "card": p.card}
            for p in board.problems
        ],
    }  # fmt: skip


def _valid_until(
    board: Board,
    observed: Observed,
    scheduled: Scheduled,
    taken: Sequence[Occupant],
    spent_today: bool,
) -> int:
    """Return when time alone will next change what holds a card back (epoch seconds; 0: never).

    That is now while something holds that can pass without a commit: a standstill, a run that the
    board does not know of, or work that is not in this clone.
    """
    running = sum(card.status == RUNNING for card in open_cards(board.cards))
    if observed.standstill or observed.elsewhere or len(taken) > running:
        return observed.now
    since = scheduled.ready_since
    turns = [agent_state.next_change(observed.agents, observed.now)]
    if spent_today or (board.config and budget.has_day(board.config)):
        turns.append(budget.day_begins(observed.now) + DAY)
    dated = (card for card in open_cards(board.cards) if card.not_before)
    turns += [due(board, card, observed.now) for card in dated]
    turns += [since[each.card] + PATIENCE for each in scheduled.holds if each.card in since]
    return min((at for at in turns if at > observed.now), default=0)


def _count_quiet(board: Board, account: Situation) -> dict[str, int]:
    """Return how many cards are in each quiet group; a card that needs a person is in none."""
    apart = [card.status for card in account.cards if card.group not in QUIET]
    return {group: count_status(board.cards, group) - apart.count(group) for group in QUIET}


def card_row(view: CardView) -> tuple[Any, ...]:
    """Return a card as plain values, with times as ISO texts, as in JSON."""
    row: list[Any] = list(view)
    for at in _TIMES:
        row[at] = iso(row[at])
    return tuple(row)


def _worker_rows(
    board: Board, observed: Observed, holds: Mapping[CardId, Hold], room: Room
) -> list[dict[str, Any]]:
    if board.config is None:
        return []
    mine: dict[WorkerName, list[Card]] = {name: [] for name in sorted(board.config.workers)}
    for card in open_cards(board.cards):
        if card.worker in mine:
            mine[card.worker].append(card)
    rows = [
        _worker_row(board, name, cards, observed, holds=holds, room=room)
        for name, cards in mine.items()
    ]
    total = sum(row["weight"] for row in rows if row["running"] or row["ready"])
    for row in rows:
        busy = row["running"] or row["ready"]
        row["share"] = round(row["weight"] / total, 3) if busy else 0.0
    return rows


def _worker_row(
    board: Board,
    name: WorkerName,
    mine: list[Card],
    observed: Observed,
    holds: Mapping[CardId, Hold],
    room: Room,
) -> dict[str, Any]:
    assert board.config is not None
    worker = board.config.workers[name]
    waiting = [card for card in mine if card.status == TODO]
    can = sum(ready(board, card, observed.now, observed.elsewhere) for card in waiting)
    stuck = [each for card in waiting if (each := holds.get(card.id)) and _is_stuck(each)]
    pause = board.paused.get(name) or board.paused.get(EVERYBODY)
    return {
        "name": name,
        "profile": worker.profile,
        "mode": worker.mode,
        "running": room.taken(WORKER, name),
        "limit": worker.max_concurrency,
        "ready": can,
        "waiting": len(waiting) - can,
        "stuck": len(stuck) + sum(card.status == BLOCKED for card in mine),
        "paused": (pause.why or "by hand") if pause else "",
        "weight": worker.weight,
        "reserve": worker.reserve,
        "policy": worker.workspace_policy,
        "runner": worker.runner or "command",
    }


def _is_stuck(why: Hold) -> bool:
    """Return whether a todo card needs a person to act, on it or on a card that it waits for."""
    return why.code in FOR_PEOPLE or why.code.startswith("parent-")


def _host_room(board: Board, room: Room) -> dict[str, int]:
    """Return how much runs on this host, its limit, and how much of that its workers reserve."""
    workers = board.config.workers.values() if board.config else ()
    return {
        "running": room.taken(HOST),
        "limit": board.config.max_concurrency if board.config else 0,
        "reserved": sum(min(worker.reserve, worker.max_concurrency) for worker in workers),
    }


def _profile_room(board: Board, room: Room, taken: Sequence[Occupant]) -> dict[str, dict[str, int]]:
    if board.config is None:
        return {}
    names = {worker.profile for worker in board.config.workers.values()}
    names |= {*board.config.profiles, *(one.profile for one in taken if one.profile)}
    return {
        name: {"running": room.taken(PROFILE, name), "limit": board.config.profile_limit(name)}
        for name in sorted(names)
    }


def _capacity_room(board: Board, room: Room) -> dict[str, dict[str, int]]:
    if board.config is None:
        return {}
    return {
        name: {"running": room.taken(CAPACITY, name), "limit": most}
        for name, most in board.config.capacities.items()
    }


def _executor_room(board: Board, room: Room) -> dict[str, dict[str, int]]:
    """Return how much runs or waits on each executor, and its limit; 0: it has none."""
    executors = board.config.executors if board.config else {}
    return {
        name: {"running": room.taken(EXECUTOR, name), "limit": each.max_concurrency}
        for name, each in executors.items()
    }
