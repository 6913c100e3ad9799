"""What a board asks of this machine: only what is new where something is, else all of it."""

from collections.abc import Sequence
from shlex import join
from typing import TYPE_CHECKING

from gitkanban.views.text import shown

if TYPE_CHECKING:
    from gitkanban.core.trusted import KeyChange
    from gitkanban.core.withheld import Wanted, Withheld


def trust_text(wanted: "Sequence[Wanted]", withheld: "Withheld") -> str:
    """A paragraph for the board's keys and one a worker; all workers where nothing is new."""
    board = [change for change in withheld.changes if not change.worker]
    parts = [["the board", *map(_changed, board)]] if board else []
    for row in wanted:
        changes = [each for each in withheld.changes if each.worker == row.worker]
        if changes:
            parts.append([row.worker, *map(_changed, changes)])
        elif not row.command or row.worker in withheld.new:
            why = withheld.starts.get(row.worker, "")
            parts.append([f"{row.worker}    ← {shown(why)}", *_facts(row)])
    if not parts:
        parts = [[f"{row.worker}    (trusted)", *_facts(row)] for row in wanted]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _changed(change: "KeyChange") -> str:
    """`  on_success: review → done  (holds starts, accepting)`."""
    words = change.words or f"{change.key}: {change.before} → {change.after}"
    return f"  {shown(words)}  (holds {', '.join(change.holds)})"


def _facts(row: "Wanted") -> list[str]:
    keys = row.keys
    facts = [
        ("command", join(row.command)),
        ("setup", join(row.setup)),
        ("verify", join(row.verify)),
        ("programs", "  ".join(dict.fromkeys(row.programs))),
        ("env", "  ".join((*row.env, *row.pass_env))),
        ("memory", "  ".join(row.memory)),
        ("profile", str(keys.get("profile", "")) if keys.get("profile") != row.worker else ""),
    ]
    for name, usual in (("on_success", "review"), ("workspace_policy", "worktree-per-task")):
        facts.append((name, str(keys[name]) if keys.get(name, usual) != usual else ""))
    return [f"  {name + ':':<10}{shown(text)}" for name, text in facts if text]
