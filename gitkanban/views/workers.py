"""Workers, profiles and capacities as tables."""

from typing import Any

from gitkanban.views.text import shown


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
            shown(worker["paused"]),
        ]
        for worker in data["workers"]
    ]
    heads = ["worker", "profile", "mode", "running", "ready", "waiting", "paused"]
    parts = [tabulate(rows, heads, tablefmt="simple")]
    for title in ("profiles", "capacities"):
        if data[title]:
            totals = [[n, f"{t['running']}/{t['limit']}"] for n, t in sorted(data[title].items())]
            parts.append(tabulate(totals, [title.rstrip("s"), "taken"], tablefmt="simple"))
    return "\n\n".join(parts) + "\n"
