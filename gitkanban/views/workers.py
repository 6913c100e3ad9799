"""Workers, profiles and capacities as tables."""

from typing import Any

from gitkanban.views.text import shown


def _share(worker: dict[str, Any]) -> str:
    """`2 (40%)`: its weight, and what that is among the workers that have work now."""
    part = f" ({worker['share']:.0%})" if worker["share"] else ""
    return f"{worker['weight']}{part}"


def workers_text(data: dict[str, Any]) -> str:
    """The page of `gitkanban workers`, from the data of `status --json`."""
    from tabulate import tabulate

    rows = [
        [
            worker["name"],
            worker["profile"],
            worker["mode"],
            f"{worker['running']}/{worker['limit']}",
            worker["ready"],
            worker["waiting"],
            worker["stuck"] or "",
            _share(worker),
            shown(worker["paused"]),
        ]
        for worker in data["workers"]
    ]
    heads = ["worker", "profile", "mode", "running", "ready", "waiting", "stuck", "share", "paused"]
    parts = [tabulate(rows, heads, tablefmt="simple")]
    for title, head in (("profiles", "profile"), ("capacities", "capacity")):
        if data[title]:
            totals = [[n, f"{t['running']}/{t['limit']}"] for n, t in sorted(data[title].items())]
            parts.append(tabulate(totals, [head, "taken"], tablefmt="simple"))
    return "\n\n".join(parts) + "\n"
