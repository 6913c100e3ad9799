"""The outcome of a tick as JSON data and as lines a cron mail or a person reads."""

from typing import Any

from gitkanban.clock import iso
from gitkanban.core.tick.outcome import Accepted, Outcome
from gitkanban.views.text import plural, shown


def accepted_data(accepted: Accepted) -> dict[str, Any]:
    """The data of one card that was accepted, or that conflicted."""
    data = accepted._asdict()
    data["told"] = data.pop("notices")
    return data


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """The data of `tick --json`."""
    return {
        "settled": [each._asdict() for each in outcome.settled],
        "stopped": [each._asdict() for each in outcome.stopped],
        "accepted": [accepted_data(each) for each in outcome.accepted],
        "started": [each._asdict() for each in outcome.started],
        "held": [
            {
                "card": each.card,
                "reason": each.text,
                "code": each.code,
                "frees": each.frees,
                "at": iso(each.at),
            }
            for each in outcome.held
        ],
        "commit": outcome.commit,
        "told": list(outcome.notices),
        "errors": list(outcome.errors),
        "untrusted": list(outcome.untrusted),
        "standstill": outcome.standstill,
        "contended": outcome.contended,
        "dry_run": outcome.dry_run,
    }


def outcome_text(outcome: Outcome, verbose: bool) -> str:
    """What happened, a line each; `verbose` adds what is held, and a line when nothing happened."""
    lines = [
        *(f"settled  {s.card}  {s.outcome}{f' → {s.to}' if s.to else ''}  ({s.why})"
          for s in outcome.settled),
        *(f"stopping {s.card}  {s.why}" for s in outcome.stopped),
        *(f"{'accepted' if a.to == 'done' else 'conflict'} {a.card}  {a.detail}"
          for a in outcome.accepted),
        *(f"started  {s.card}  {s.slot}  {s.workspace}" for s in outcome.started),
        *outcome.notices,
    ]  # fmt: skip
    if outcome.standstill:
        lines.append(f"nothing is committed or started: {outcome.standstill}")
    if verbose:
        lines += [f"held     {h.card}  {h.text}" for h in outcome.held]
    if outcome.contended:
        lines.append("another tick is at work; it will make another pass")
    elif verbose and not lines:
        lines.append("nothing to do")
    if outcome.dry_run and lines:
        lines.append(f"(dry run: {plural(len(outcome.started), 'start')}, nothing was changed)")
    return "".join(f"{shown(line)}\n" for line in lines)
