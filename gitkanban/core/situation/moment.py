"""What in a situation depends on the current time: ages, late ticks.

It takes the rows of `account` as plain data, cached or fresh, and imports nothing heavy, because
`status` must start fast.
"""

from gitkanban.core.situation.rows import CARD_KEYS, NEXT
from gitkanban.core.time_words import span, worded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkanban.typed import Any

TICKS_LATE = 300  # seconds without a needed tick after which people should know


def put_in_words(card: "dict[str, Any]", now: float) -> None:
    """Replace the marks for times in a cached row by words, in place."""
    card["hold"] = worded(card["hold"], now)
    card["remark"] = worded(card["remark"], now)


def card_now(
    row: "tuple[Any, ...]", running: "dict[str, dict[str, Any]]", now: float
) -> "dict[str, Any]":
    """Return a card's row as data, with the beginning of its session and times in words.

    `running` are the taken slots by run.
    """
    card = dict(zip(CARD_KEYS, row, strict=True))
    seat = running.get(card["run"])
    card["started"] = seat["started"] if seat else ""
    card["since"] = card["since"] or card["started"]
    put_in_words(card, now)
    return card


def late_ticks(cards: "list[dict[str, Any]]", ticked: int, now: float) -> "dict[str, Any] | None":
    """The root cause that no tick runs although one would start something; else None.

    `ticked` is the time of the last tick (epoch seconds; 0: never, which is not a cause yet).
    """
    would = sum(card["group"] == NEXT and not card["hold"] for card in cards)
    if not would or not ticked or now - ticked < TICKS_LATE:
        return None
    text = f"no tick for {span(int(now - ticked))}"
    return cause_data("no-tick", (), text, "gitkanban tick", holds=would)


def start_words(who: str, cron: int, every: int, runs: bool, now: float) -> str:
    """When ready cards start: `T1 starts with the next tick (cron, in 34 s)`.

    `who` includes the verb. `cron` is when cron last ticked (epoch seconds; 0: never), `every` the
    seconds between its last two ticks (0: unknown). `runs`: a session runs, whose end ticks.
    """
    if every and now - cron < max(TICKS_LATE, 2 * every):
        left = int(cron + every - now)
        when = f", in {span(left)}" if 0 < left <= every else ""
        return f"{who} with the next tick (cron{when})"
    if runs:
        return f"{who} when a session ends, or with `gitkanban tick`"
    return f"nothing ticks here: {who} with `gitkanban tick` or cron (docs/cron.md)"


def cause_data(
    code: str, subjects: "tuple[str, ...]", text: str, command: str = "", holds: int = 0
) -> "dict[str, Any]":
    """A root cause as plain data: code, subjects, text, command, and how many cards it holds."""
    return {
        "code": code, "subjects": list(subjects), "text": text, "command": command, "holds": holds
    }  # fmt: skip
