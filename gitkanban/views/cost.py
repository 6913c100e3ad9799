"""What sessions cost, as JSON data and as a table."""

from collections.abc import Sequence
from decimal import Decimal

from gitkanban.core.agents.cost import DOLLAR, Spent, dollars
from gitkanban.typed import Any
from gitkanban.views.text import columns, plural, shown

CostRow = tuple[str, Spent]


def cost_data(rows: Sequence[CostRow], total: Spent, by: str, since: str) -> dict[str, Any]:
    """Return the data of `cost --json`; unknown amounts are null, never 0."""
    return {
        "by": by,
        "since": since,
        "rows": [{"name": name, **_spent_data(spent)} for name, spent in rows],
        "total": _spent_data(total),
    }


def _spent_data(spent: Spent) -> dict[str, Any]:
    return {
        "runs": spent.runs,
        "cost_usd": None if _is_unknown(spent) else float(Decimal(spent.amount) / DOLLAR),
        "unknown_runs": spent.unknown,
        "tokens_in": spent.tokens_in if _is_counted(spent) else None,
        "tokens_out": spent.tokens_out if _is_counted(spent) else None,
        "uncounted_runs": spent.uncounted,
    }


def _is_unknown(spent: Spent) -> bool:
    return bool(spent.runs) and spent.unknown == spent.runs


def _is_counted(spent: Spent) -> bool:
    """Return whether any run reports its tokens; true if there are no runs."""
    return not spent.runs or spent.uncounted < spent.runs


def cost_text(rows: Sequence[CostRow], total: Spent, by: str) -> str:
    """Return a table with a row for each name, and a total if there are several."""
    if not rows:
        return "no runs\n"
    heads = [by.upper(), "COST", "RUNS", "UNKNOWN", "TOKENS IN", "TOKENS OUT"]
    table = [heads, *(_cells_of(shown(name) or "-", spent) for name, spent in rows)]
    if len(rows) > 1:
        table.append(_cells_of("all", total))
    text = "".join(f"{line}\n" for line in columns(table, 200, 0))
    if total.unknown:
        text += f"{plural(total.unknown, 'run')} of unknown cost: the agent does not say it\n"
    return text


def _cells_of(name: str, spent: Spent) -> list[str]:
    cost = "unknown" if _is_unknown(spent) else dollars(spent.amount)
    tokens = ["unknown", "unknown"]
    if _is_counted(spent):
        tokens = [str(spent.tokens_in), str(spent.tokens_out)]
    return [name, cost, str(spent.runs), str(spent.unknown or ""), *tokens]
