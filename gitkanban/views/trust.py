"""What a board asks of this machine: only what is new if anything is, else all of it."""

from collections.abc import Container, Sequence
from shlex import join

from gitkanban.core.agents.presets import preset_of, sentence
from gitkanban.core.trust.trusted import shown as value_words
from gitkanban.typed import TYPE_CHECKING, Any
from gitkanban.views.text import shown

if TYPE_CHECKING:
    from gitkanban.core.trust.tampering import TamperFinding
    from gitkanban.core.trust.trusted import KeyChange
    from gitkanban.core.trust.withheld import Wanted, Withheld

# Rows that say more about a key that has changed.
_ROWS = {
    "command": ("command", "programs"),
    "setup": ("setup", "programs"),
    "verify": ("verify", "programs"),
    "sandbox": ("sandbox",),
    "environment": ("env",),
    "pass_env": ("env",),
    "memory_home.memory": ("memory",),
}
_USUAL = {
    "on_success": "review",
    "workspace_policy": "worktree-per-task",
    "fallback": "",
    "executor": "",
}


def trust_data(
    wanted: "Sequence[Wanted]", withheld: "Withheld", tampering: "Sequence[TamperFinding]"
) -> dict[str, Any]:
    """Return the data of `trust --json`."""
    return {
        "workers": {row.worker: row._asdict() for row in wanted},
        "untrusted": dict(withheld.starts),
        "changes": [change._asdict() for change in withheld.changes],
        "tampering": [each._asdict() for each in tampering],
    }


def trust_text(wanted: "Sequence[Wanted]", withheld: "Withheld") -> str:
    """Return a paragraph for the board's keys and one for each worker.

    Only what is new is shown, or everything if nothing is.
    """
    board = [change for change in withheld.changes if not change.worker]
    parts = [[f"the board    ← {_join_changes(board)}"]] if board else []
    for row in wanted:
        changes = [each for each in withheld.changes if each.worker == row.worker]
        if changes:
            rows = {name for each in changes for name in _ROWS.get(each.key, ())}
            parts.append([f"{row.worker}    ← {_join_changes(changes)}", *_fact_lines(row, rows)])
        elif row.worker in withheld.unasked:
            why = withheld.unasked[row.worker]
            parts.append([f"{row.worker}    ← {shown(why)}", *_fact_lines(row)])
    if not parts:
        parts = [[f"{row.worker}    (trusted)", *_fact_lines(row)] for row in wanted]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _join_changes(changes: "Sequence[KeyChange]") -> str:
    return shown("; ".join(change.text for change in changes))


def _fact_lines(row: "Wanted", only: Container[str] | None = None) -> list[str]:
    keys = {name: value_words(value) if value else "" for name, value in row.keys.items()}
    choices = [keys[name] for name in ("models", "efforts") if row.keys.get(name)]
    usual = {"profile": row.worker, **_USUAL}
    facts = [
        ("allows", sentence(preset_of(row.runner))),
        ("needs", preset_of(row.runner).needs),
        ("sandbox", _sandbox_of(row)),
        ("command", join(row.command)),
        ("setup", join(row.setup)),
        ("verify", join(row.verify)),
        ("programs", "  ".join(dict.fromkeys(row.programs))),
        ("env", "  ".join((*row.env, *row.pass_env))),
        ("memory", "  ".join(row.memory)),
        ("choices", "  ".join(choices)),
        *((name, keys[name]) for name in usual if keys.get(name, usual[name]) != usual[name]),
    ]
    shown_facts = [(name, text) for name, text in facts if text and (only is None or name in only)]
    return [f"  {name + ':':<10}{shown(text)}" for name, text in shown_facts]


def _sandbox_of(row: "Wanted") -> str:
    """Return the sandbox that a worker's commands run in; empty if it has none."""
    words = row.keys.get("sandbox", ())
    return join(words) if isinstance(words, tuple) else ""
