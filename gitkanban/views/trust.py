"""What tick would run on this machine, worker by worker, and what of it is new."""

from collections.abc import Mapping, Sequence
from shlex import join
from typing import TYPE_CHECKING

from gitkanban.views.text import shown

if TYPE_CHECKING:
    from gitkanban.core.withheld import Wanted


def trust_text(wanted: "Sequence[Wanted]", untrusted: Mapping[str, str]) -> str:
    """A paragraph a worker: command, setup, verify, programs, environment, and what is new."""
    parts = []
    for row in wanted:
        new = untrusted.get(row.worker)
        lines = [row.worker + (f"    ← {shown(new)}" if new else "    (trusted)")]
        facts = [
            ("command", join(row.command)),
            ("setup", join(row.setup)),
            ("verify", join(row.verify)),
            ("programs", "  ".join(dict.fromkeys(row.programs))),
            ("env", "  ".join((*row.env, *row.pass_env))),
            ("memory", "  ".join(row.memory)),
        ]
        lines += [f"  {name + ':':<10}{shown(text)}" for name, text in facts if text]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
