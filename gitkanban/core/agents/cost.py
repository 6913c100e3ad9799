"""What runs cost: parsed, added up by card, worker, profile or day, and put into words.

Amounts are whole millionths of a US dollar, so that sums are exact. A cost that an agent does not
report is unknown, which is never shown as zero. A text that is no cost (negative, huge, NaN) counts
as not reported.
"""

from collections.abc import Callable, Iterable, Mapping

from gitkanban.core.model import Run, Slot
from gitkanban.late import datetime, re
from gitkanban.typed import NamedTuple

DOLLAR = 1_000_000
_MOST = 1_000_000 * DOLLAR  # for one run or budget; more is a mistake
_AMOUNT = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,12}))?\Z", re.ASCII)
_NEVER_BEGAN = "not-started"


class Spent(NamedTuple):
    """The sum over some runs: `unknown` of them have no cost, and `uncounted` have no tokens."""

    runs: int = 0
    amount: int = 0
    unknown: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0


def parse_amount(text: str) -> int | None:
    """Parse `12.5` (dollars) to millionths; None if it is not an amount up to a million dollars."""
    digits = _AMOUNT.match(text)
    if not digits:
        return None
    amount = int(digits[1]) * DOLLAR + int((digits[2] or "").ljust(6, "0")[:6])
    return amount if amount <= _MOST else None


def add_up(runs: Iterable[Run]) -> Spent:
    """Add up what the runs cost; runs that never began are left out."""
    total = [0] * len(Spent._fields)
    for run in runs:
        if run.outcome == _NEVER_BEGAN and not run.cost_usd:
            continue
        cost = parse_amount(run.cost_usd)
        counted = run.tokens_in is not None and run.tokens_out is not None
        row = (1, cost or 0, cost is None, run.tokens_in or 0, run.tokens_out or 0, not counted)
        total = [before + more for before, more in zip(total, row, strict=True)]
    return Spent(*total)


def day_of(at: int) -> str:
    """The day of a time, `2026-11-28`, in UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d")


BY: Mapping[str, Callable[[Run], str]] = {
    "card": lambda run: run.card,
    "worker": lambda run: run.worker,
    "profile": lambda run: Slot.parse(run.slot).profile if run.slot else "",
    "day": lambda run: day_of(run.ended),
}


def group(runs: Iterable[Run], by: str) -> list[tuple[str, Spent]]:
    """(Name, cost of its runs) by one of `BY`: days in order, others the most expensive first."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(BY[by](run), []).append(run)
    rows = [(name, add_up(each)) for name, each in groups.items()]
    rows = [(name, spent) for name, spent in rows if spent.runs]
    if by == "day":
        return sorted(rows)
    return sorted(rows, key=lambda row: (-row[1].amount, row[0]))


def dollars(amount: int) -> str:
    """`$4.20`, with more digits below ten cents: `$0.0042`."""
    if amount and amount < DOLLAR // 10:
        return f"${amount / DOLLAR:.6f}".rstrip("0")
    return f"${amount / DOLLAR:.2f}"


def spent_words(spent: Spent) -> str:
    """`$4.20`, `$4.20 and 2 runs of unknown cost`, `unknown`."""
    if spent.unknown == spent.runs and spent.runs:
        return "unknown"
    runs = "1 run" if spent.unknown == 1 else f"{spent.unknown} runs"
    more = f" and {runs} of unknown cost" if spent.unknown else ""
    return f"{dollars(spent.amount)}{more}"


def run_words(run: Run) -> str:
    """What one run cost: `$4.20`, or its tokens if only these are known; else empty."""
    amount = parse_amount(run.cost_usd)
    if amount is not None:
        return dollars(amount)
    if run.tokens_in is None or run.tokens_out is None:
        return ""
    return f"cost unknown, {run.tokens_in} tokens in, {run.tokens_out} out"
