"""Workers, the host, profiles, capacities and executors as tables."""

from gitkanban.clock import parse
from gitkanban.core.time_words import ago
from gitkanban.typed import Any
from gitkanban.views.text import clipped, plural, shown, table

_TOTALS = {"profiles": "profile", "capacities": "capacity", "executors": "executor"}


def _share_words(worker: dict[str, Any]) -> str:
    """Return `2 (40%)`: its weight, and its share among the workers that have work now."""
    part = f" ({worker['share']:.0%})" if worker["share"] else ""
    return f"{worker['weight']}{part}"


def _taken_words(running: int, limit: int, reserved: int = 0) -> str:
    """`2/3`, or `2/3 (1 reserved)`; `2` of an executor without a limit."""
    return (f"{running}/{limit}" if limit else str(running)) + (
        f" ({reserved} reserved)" if reserved else ""
    )


def workers_tsv(data: dict[str, Any]) -> str:
    """Return a line for each worker, for programs; the command's help names the fields."""
    keys = ("name", "profile", "mode", "running", "limit", "ready", "waiting", "stuck", "weight")
    return "".join(
        "\t".join(shown(str(worker[key])) for key in (*keys, "share", "paused")) + "\n"
        for worker in data["workers"]
    )


def problem_lines(data: dict[str, Any]) -> list[str]:
    """Return the mistakes in the config, because of which workers are left out."""
    return [shown(_problem_line(each)) for each in data["problems"] if is_of_config(each)]


def workers_text(data: dict[str, Any], total: int, now: int) -> str:
    """Return the page of `gitkanban workers` from the data of `status --json`.

    `now` is in epoch seconds. Lines have at most `total` columns.
    """
    rows = [
        [
            worker["name"],
            worker["profile"],
            worker["mode"],
            _taken_words(
                worker["running"], worker["limit"], min(worker["reserve"], worker["limit"])
            ),
            worker["ready"],
            worker["waiting"],
            worker["stuck"] or "",
            _share_words(worker),
            shown(worker["paused"]),
        ]
        for worker in data["workers"]
    ]
    heads = ["worker", "profile", "mode", "running", "ready", "waiting", "stuck", "share", "paused"]
    problems = problem_lines(data)
    parts = [table(heads, rows)] if rows or not problems else []
    host = data["host"]
    if host["limit"]:
        taken = _taken_words(host["running"], host["limit"], host["reserved"])
        parts.append(table(["host", "taken"], [["this one", taken]]))
    if data["elsewhere"]:
        parts.append(_elsewhere_table(data["elsewhere"], now))
    for title, head in _TOTALS.items():
        if data[title]:
            totals = [
                [n, _taken_words(t["running"], t["limit"])] for n, t in sorted(data[title].items())
            ]
            parts.append(table([head, "taken"], totals))
    if problems:
        parts.append("\n".join([f"{plural(len(problems), 'problem')}:", *problems]))
    lines = "\n\n".join(parts).split("\n")
    return "".join(f"{clipped(line, total)}\n" for line in lines)


def _elsewhere_table(clones: list[dict[str, Any]], now: int) -> str:
    rows = [
        [
            shown(each["host"]),
            shown(each["clone"]),
            each["running"],
            ago(parse(each["heard"]), now) if each["heard"] else "",
        ]
        for each in clones
    ]
    return table(["another host", "clone", "running", "last heard of"], rows)


def is_of_config(problem: dict[str, Any]) -> bool:
    """Return whether a problem of `status --json` is in the config."""
    return not problem["card"] and str(problem["file"]).endswith("config.yaml")


def _problem_line(problem: dict[str, Any]) -> str:
    hint = f" ({problem['hint']})" if problem["hint"] else ""
    return f"  {problem['file']}:{problem['line']}:{problem['column']}: {problem['message']}{hint}"
