"""What the page shows, as one JSON-able value that fits the page's limit in bytes.

It takes the data of `status --json`, as every view does, and adds what a browser has room for:
runs, forecast, costs, and for each card what was asked and what came of it. Control and invisible
characters in its texts are made visible, as on a terminal. `html` and the scripts make sure that no
text is taken for markup.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitkanban.core.agents.cost import add_up, group, run_words
from gitkanban.core.agents.transcript import Entry
from gitkanban.core.cutting import cut
from gitkanban.core.forecast.usual import Forecast
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.core.names import CardId
from gitkanban.core.situation.answers import answers
from gitkanban.core.situation.rows import GROUPS, QUIET
from gitkanban.core.visible import shown_lines
from gitkanban.late import json
from gitkanban.typed import Any, NamedTuple
from gitkanban.views.cost import cost_data
from gitkanban.views.status import unexplained_deadlock
from gitkanban.views.text import seconds

PAGE_MOST = 4_500_000  # bytes of the value; with script and style the page stays below 5 MB
RUNS_MOST = 5_000  # runs in the time chart
BARS_MOST = 2_000  # bars of the forecast
EVENTS_MOST = 1_000
DAYS_MOST = 60
_TITLE_MOST, _LINE_MOST, _TEXT_MOST = 400, 1_000, 60_000  # characters
# The values of a card's row, in this order.
ROW_KEYS = (
    "id", "title", "worker", "status", "group", "state", "remark", "hold", "since", "started",
    "after", "parents", "holds", "tries", "tries_most", "last", "cost_usd", "command", "verbs",
    "labels", "priority", "slot",
)  # fmt: skip


class CardPatch(NamedTuple):
    """The work of a card as a unified diff, and how many bytes of it were left out."""

    text: str
    left_out: int = 0


class CardExtras(NamedTuple):
    """What only some cards have on the page."""

    patch: CardPatch | None = None
    prompt: str = ""
    log: tuple[Entry, ...] = ()


class PageContent(NamedTuple):
    """Everything that a page is made from.

    `status` is as in `status --json`. `board` has every run and note; `runs` include those of the
    archive; `events` are those of `log`. If the page shows what a branch would change, `changes` is
    the data of `diff --format json` and `removed` has the rows of cards that the branch removes. A
    page that is not `of_now` offers no commands.
    """

    status: Mapping[str, Any]
    board: Board
    now: int
    runs: Sequence[Run] = ()
    events: Sequence[Any] = ()
    forecast: Forecast | None = None
    extras: Mapping[CardId, CardExtras] = {}
    changes: Mapping[str, Any] | None = None
    removed: Sequence[Mapping[str, Any]] = ()
    of_now: bool = True


def page_value(content: PageContent) -> dict[str, Any]:
    """Return the value of the page, limited to PAGE_MOST bytes.

    What does not fit is counted in `left_out`. Details of quiet cards are left out first, then the
    oldest quiet cards themselves.
    """
    status = content.status
    value: dict[str, Any] = {
        "now": content.now,
        "of_now": content.of_now,
        "board": dict(status["board"]),
        "ticked": seconds(status["ticked"]) if status["ticked"] else 0,
        **{key: status[key] for key in (
            "causes", "progress", "cost_usd", "workers", "host", "profiles", "capacities", "slots",
            "paused", "problems", "notes",
        )},
        "deadlock": unexplained_deadlock(status),
        "groups": list(GROUPS),
        "keys": list(ROW_KEYS),
        "runs": [_run_bar(run) for run in _newest_runs(content.runs)],
        "forecast": _forecast_data(content.forecast) if content.forecast else None,
        "cost": _cost_tables(content.runs),
        "events": [_event_data(each) for each in content.events[:EVENTS_MOST]],
        "changes": dict(content.changes) if content.changes is not None else None,
        "left_out": {
            "runs": max(0, len(content.runs) - RUNS_MOST),
            "events": max(0, len(content.events) - EVENTS_MOST),
        },
    }  # fmt: skip
    value = make_visible(value)
    room = _BytesLeft(PAGE_MOST - len(json_text(value)))
    return {**value, **_cards_within(content, room, value["left_out"])}


def json_text(value: object) -> str:
    """Return the value as JSON for a script element: no tag and no comment can begin in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def make_visible(value: Any) -> Any:
    """Return the value with control and invisible characters in its texts made visible."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else shown_lines(value)
    if isinstance(value, Mapping):
        return {make_visible(key): make_visible(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [make_visible(each) for each in value]
    return value


class _BytesLeft:
    """The number of bytes that are left on the page."""

    def __init__(self, left: int) -> None:
        self.left = left

    def takes(self, value: object) -> bool:
        """Take the room for a value if there is enough; return whether there was."""
        size = len(json_text(value).encode("utf-8", "replace")) + 20
        if size > self.left:
            return False
        self.left -= size
        return True


def _cards_within(
    content: PageContent, room: _BytesLeft, left_out: Mapping[str, int]
) -> dict[str, Any]:
    """Return the rows and details of the cards that fit, the most important first."""
    rows = [make_visible(_card_row(card, content.of_now)) for card in content.status["cards"]]
    rows += [make_visible(_card_row(card, False)) for card in content.removed]
    cards = [row for row in rows if room.takes(row)]
    details: dict[str, dict[str, Any]] = {}
    at = ROW_KEYS.index("group")
    on_page = {row[0] for row in cards}
    open_first = [row[0] for row in cards if row[at] not in QUIET]
    open_first += [row[0] for row in cards if row[at] in QUIET]
    for name, part in _details_in_order(content, open_first):
        shown_part = make_visible(part)
        if name in on_page and room.takes(shown_part):
            details.setdefault(name, {}).update(shown_part)
    known = sum(name in content.board.cards for name in on_page)
    return {
        "cards": cards,
        "details": details,
        "left_out": {
            **left_out,
            "cards": len(rows) - len(cards),
            "details": known - len(details),
        },
    }


def _details_in_order(
    content: PageContent, names: Sequence[CardId]
) -> Iterator[tuple[CardId, dict[str, Any]]]:
    """Yield parts of the details of cards, the most important first.

    First what was asked of open cards, then their work, then all the rest.
    """
    cards = content.board.cards
    quiet = {row["id"] for row in content.status["cards"] if row["group"] in QUIET}
    asked = [name for name in names if name in cards]
    for name in asked:
        if name not in quiet:
            yield name, _card_details(content.board, cards[name])
    for part in (_patch_part, _log_part, _prompt_part):
        for name in asked:
            extra = part(content.extras.get(name, CardExtras()))
            if extra:
                yield name, extra
    for name in asked:
        if name in quiet:
            yield name, _card_details(content.board, cards[name])


def _patch_part(extras: CardExtras) -> dict[str, Any]:
    return {"patch": extras.patch.text, "patch_cut": extras.patch.left_out} if extras.patch else {}


def _log_part(extras: CardExtras) -> dict[str, Any]:
    return {"log": [[e.at, e.kind, e.text, e.failed] for e in extras.log]} if extras.log else {}


def _prompt_part(extras: CardExtras) -> dict[str, Any]:
    return {"prompt": extras.prompt} if extras.prompt else {}


def _card_row(card: Mapping[str, Any], offers: bool) -> list[Any]:
    """Return a card of `status --json` as a list, by ROW_KEYS; times are in epoch seconds."""
    values = {
        **card,
        "title": cut(card["title"], _TITLE_MOST),
        "remark": cut(card["remark"], _LINE_MOST),
        "hold": "" if card["hold"] == card["remark"] else cut(card["hold"], _LINE_MOST),
        "last": cut(card["last"], _LINE_MOST),
        "since": seconds(card["since"]) if card["since"] else 0,
        "started": seconds(card["started"]) if card["started"] else 0,
        "command": card["command"] if offers else "",
        "verbs": answers(card["status"], card["state"]) if offers else (),
    }
    return [values[key] for key in ROW_KEYS]


def _card_details(board: Board, card: Card) -> dict[str, Any]:
    """Return what was asked of a card, and what came of it."""
    details: dict[str, Any] = {
        "body": cut(card.body.strip(), _TEXT_MOST),
        "acceptance": list(card.acceptance),
        "needs": dict(card.needs),
        "model": card.model,
        "effort": card.effort,
        "not_before": card.not_before,
        "merged": card.merged[:10],
        "runs": [_run_details(run) for run in board.runs_of(card.id)],
        "notes": [_note_details(note) for note in board.notes_of(card.id)],
    }
    return {key: each for key, each in details.items() if each}


def _run_details(run: Run) -> dict[str, Any]:
    details: dict[str, Any] = {
        "run": run.run,
        "slot": run.slot,
        "host": run.host,
        "started": run.started,
        "ended": run.ended,
        "outcome": run.outcome,
        "commit": run.commit[:10],
        "cost": run_words(run),
        "why": cut(run.why, _LINE_MOST),
        "summary": cut(run.summary.strip(), _TEXT_MOST),
        "salvage": run.salvage,
    }
    return {key: each for key, each in details.items() if each}


def _note_details(note: Note) -> dict[str, Any]:
    return {
        "at": note.at,
        "by": note.by,
        "kind": note.kind,
        "text": cut(note.text.strip(), _TEXT_MOST),
    }


def _newest_runs(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: -run.ended)[:RUNS_MOST]


def _run_bar(run: Run) -> list[Any]:
    """Return [card, slot, worker, started, ended, outcome]."""
    return [run.card, run.slot, run.worker, run.started or run.ended, run.ended, run.outcome]


def _forecast_data(forecast: Forecast) -> dict[str, Any]:
    """Return the forecast; bars are [card, slot, worker, start, end, is already running].

    Durations are in seconds.
    """
    done, question = forecast.done, forecast.question
    bars = done.bars[:BARS_MOST]
    return {
        "bars": [[b.card, b.slot, b.worker, b.start, b.end, b.ran] for b in bars],
        "bars_left_out": len(done.bars) - len(bars),
        "makespan": done.makespan,
        "never": len(done.never),
        "chain": list(forecast.chain),
        "chain_seconds": forecast.chain_seconds,
        "durations": {name: each.mean for name, each in question.durations.items()},
        "otherwise": question.otherwise.mean,
    }


def _cost_tables(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the costs as in `cost --json`; an unknown amount is null."""
    total = add_up(runs)
    return {
        "workers": cost_data(group(runs, "worker"), total, "worker", "")["rows"],
        "days": cost_data(group(runs, "day")[-DAYS_MOST:], total, "day", "")["rows"],
        "total": cost_data((), total, "worker", "")["total"],
    }


def _event_data(event: Any) -> list[Any]:
    """Return [at, card, text, who, commit, status after it]."""
    text = cut(" ".join(event.text.split()), 300)
    return [event.at, event.card, text, event.actor, event.commit[:10], event.status]
