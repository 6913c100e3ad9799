"""Proposals to a memory, as JSON data and as text."""

from collections.abc import Mapping, Sequence

from gitkanban.clock import iso
from gitkanban.core.agents.memory import WAITING, Proposal
from gitkanban.core.time_words import short_span
from gitkanban.typed import Any
from gitkanban.views.text import clipped, columns, plural, shown, shown_lines


def proposal_data(proposal: Proposal, gathered_in: str) -> dict[str, Any]:
    """Return the data of one proposal; `gathered_in` is the card that gathers it, or empty."""
    return {
        **proposal._asdict(),
        "at": iso(proposal.at),
        "files": list(proposal.files),
        "left_out": list(proposal.left_out),
        "gathered_in": gathered_in,
    }


def proposals_text(proposals: Sequence[Proposal], gathered: Mapping[str, str], now: float) -> str:
    """Return a line for each proposal, by profile, and the commands to go on with below."""
    if not proposals:
        return "no proposals are waiting\n"
    rows = [["ID", "PROFILE", "CARD", "AGE", "STATE", "WHAT"]]
    for each in sorted(proposals, key=lambda each: (each.profile, each.id)):
        card = gathered.get(each.id)
        state = f"in {card}" if card and each.state == WAITING else each.state
        past = short_span(now - each.at) if each.at else ""
        rows.append([each.id, each.profile or "?", each.card, past, state, _proposal_words(each)])
    waiting = sum(each.state == WAITING for each in proposals)
    lines = columns(rows, 120, 5)
    if waiting:
        lines += ["", "gitkanban memory show ID, then memory accept ID or memory reject ID"]
    return "\n".join(lines) + "\n"


def _proposal_words(proposal: Proposal) -> str:
    if proposal.text:
        return clipped(shown(" ".join(proposal.text.split())), 60)
    left = f", {len(proposal.left_out)} left out" if proposal.left_out else ""
    names = ", ".join(proposal.files[:2])
    return shown(f"{plural(len(proposal.files), 'file')}: {names}{left}")


def proposal_text(proposal: Proposal) -> str:
    """Return a proposal in full."""
    facts = [
        ("proposal", proposal.id),
        ("profile", proposal.profile),
        ("card", proposal.card),
        ("run", proposal.run if proposal.run != proposal.id else ""),
        ("by", proposal.by),
        ("at", iso(proposal.at)),
        ("state", proposal.state),
        ("left out", ", ".join(proposal.left_out)),
    ]
    lines = [f"{name + ':':<10}{shown(value)}" for name, value in facts if value]
    body = "\n".join(text.rstrip() for text in (proposal.text, proposal.diff) if text.strip())
    return "\n".join([*lines, "", shown_lines(body)]) + "\n"
