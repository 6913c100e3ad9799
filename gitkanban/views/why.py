"""What holds cards back, as JSON data and as text."""

from collections.abc import Mapping, Sequence

from gitkanban.clock import iso
from gitkanban.core.model import TODO, Board, Card
from gitkanban.core.situation.account import CardAccount, CardView, Situation
from gitkanban.core.split_cards import open_cards
from gitkanban.core.tick.standing import Needed, Standing
from gitkanban.core.time_words import moment, short_span, span
from gitkanban.typed import TYPE_CHECKING, Any
from gitkanban.views.text import plural, seconds, shown, width, wrapped

if TYPE_CHECKING:  # not loaded if nothing is estimated
    from gitkanban.core.forecast.estimate import Estimate
    from gitkanban.core.names import CardId


def why_rows(
    cards: Sequence[Card],
    account: Situation | CardAccount,
    estimates: "Mapping[CardId, Estimate] | None" = None,
) -> list[dict[str, Any]]:
    """Return a row for each card; see `_why_data`."""
    people = {each.card: each for each in account.standing.needed}
    views = {view.id: view for view in account.cards}
    return [
        _why_data(card, account.standing, people.get(card.id), views[card.id])
        | _estimate_data((estimates or {}).get(card.id))
        for card in cards
    ]


def _why_data(
    card: Card, standing: Standing, needed: Needed | None, view: CardView
) -> dict[str, Any]:
    """Return what holds a card (an empty code: nothing), what frees it, and the earliest time.

    `needs_person` says that a person must act on this very card; `waiting` counts the cards that
    wait for it; `command` is the one that answers it.
    """
    hold = standing.holds.get(card.id)
    return {
        "card": card.id,
        "title": card.title,
        "status": card.status,
        "code": hold.code if hold else needed.state if needed else "",
        "text": hold.text if hold else needed.text if needed else _free_words(card),
        "frees": hold.frees if hold else needed.frees if needed else "",
        "at": iso(hold.at) if hold else "",
        "needs_person": needed is not None,
        "waiting": standing.waiting.get(card.id, 0),
        "state": view.state,
        "command": view.command,
    }


def _estimate_data(estimate: "Estimate | None") -> dict[str, Any]:
    """Return when a card could start, after which card's session, and how long that takes (s)."""
    if estimate is None:
        return {"could_start": "", "after": "", "takes": 0}
    return {"could_start": iso(estimate.start), "after": estimate.card, "takes": estimate.takes}


def _free_words(card: Card) -> str:
    if card.status == TODO:
        return "nothing holds it: the next tick starts it"
    return f"is {card.status}"


def all_rows(board: Board, account: Situation) -> list[dict[str, Any]]:
    """Return the rows of all that needs a person, the most important first, then other open cards.

    The row of an id that has no card has neither title nor status.
    """
    people = {each.card: each for each in account.standing.needed}
    rest = sorted(card.id for card in open_cards(board.cards))
    names = list(dict.fromkeys([*people, *rest]))
    known = why_rows([board.cards[name] for name in names if name in board.cards], account)
    rows = {row["card"]: row for row in known}
    return [rows.get(name) or _no_card(people[name]) for name in names]


def _no_card(each: Needed) -> dict[str, Any]:
    return {
        "card": each.card,
        "code": each.state,
        "text": each.text,
        "frees": each.frees,
        "at": "",
        "needs_person": True,
        "waiting": each.waiting,
    }


def why_text(
    rows: Sequence[dict[str, Any]],
    now: float,
    standing: Standing | None = None,
    total: int = 1 << 30,
) -> str:
    """Return for each row a line, then lines for how many cards wait for it and what frees it.

    If `standing` says that nothing goes on, the first line is why. Lines are folded at `total`
    columns.
    """
    lines: list[str] = []
    if standing and standing.deadlock:
        lines = [shown(f"Deadlock: {standing.deadlock}"), ""]
    elif standing and standing.waits_for_you:
        lines = [shown(f"Waits for you: {standing.waits_for_you}"), ""]
    for row in rows:
        lines.append(shown(f"{row['card']}  {row['text']}"))
        if row["needs_person"] and row["waiting"]:
            waits = "waits" if row["waiting"] == 1 else "wait"
            lines.append(f"    {plural(row['waiting'], 'card')} {waits} on it")
        if row["frees"]:
            lines.append(shown(f"    freed by {row['frees']}"))
        command = row.get("command", "")
        if command and " ".join(command.split()[:3]) not in row["frees"]:
            lines.append(shown(f"    → {command}"))
        if row.get("could_start"):
            away = _about_words(seconds(row["could_start"]) - int(now))
            takes = f"{row['after']} takes about {_about_words(row['takes'])}"
            lines.append(f"    could start in ~{away} ({takes})")
        if row["at"]:
            at = seconds(row["at"])
            lines.append(f"    at the earliest {moment(at, int(now))}, in {span(at - int(now))}")
    lines = [part for line in lines or ["no card is open"] for part in _fold_line(line, total)]
    return "\n".join(lines) + "\n"


def _about_words(length: int) -> str:
    """Return a length of time (seconds) as `20m` or `2h`, to the minute; `40s` below a minute."""
    return short_span(60 * round(length / 60) if length >= 60 else length)


def _fold_line(line: str, total: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return wrapped(line, total, indent, f"{indent}      ") if width(line) > total else [line]
