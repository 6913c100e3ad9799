"""The prompt of a session: the card, what came before it, the rules, and how to report.

Pure text from values. `.kanban/prompt.md` can replace the template. What is filled in is never
expanded again, so the text of cards stays data.
"""

from collections.abc import Mapping, Sequence

from gitkanban.core.agents.presets import commits_of
from gitkanban.core.cutting import cut, cut_bytes, cut_head
from gitkanban.core.model import Card, Note, Run, Worker
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.late import hashlib, re
from gitkanban.typed import NamedTuple

PROMPT_MOST = 120_000  # bytes; one argument of an exec may hold 131,072 on Linux (execve(2))
SUMMARY_MOST = 3_000
PATHS_MOST = 40
COMMITS_MOST = 20
HANDOFFS_MOST = 30_000  # characters for all parents together
LOG_MOST = 3_000  # characters of the last output of a failed attempt
BODY_MOST = 60_000

TEMPLATE = """\
You are working on card {card}: {title}

{body}

{acceptance}

{parents}

{attempts}

{rules}
"""

# What agents' command lines take for an option, a file to read, or a command of their own or of a
# shell, even after invisible characters.
_STEERS = re.compile(r"[^\w\s!-/:-@\[-`{-~]*[-@/!]")

FIELDS = ("card", "title", "body", "acceptance", "parents", "attempts", "rules")


class Handoff(NamedTuple):
    """What a parent card leaves to its children."""

    card: CardId
    title: str
    summary: str = ""  # by its session, then by the person who closed it
    commit: Oid = NO_OID  # the tip of its work
    paths: tuple[str, ...] = ()  # changed paths
    commits: tuple[str, ...] = ()  # `1a2b3c4 subject` of each, the newest first


class SessionSetting(NamedTuple):
    """Where the session works."""

    workspace: str
    branch: str  # empty: the shared checkout
    base: str
    program: str = "gitkanban"  # the command by which the session calls us


def unknown_fields(template: str) -> list[tuple[str, int, int]]:
    """The unknown `{words}` of a prompt template, each with line and column from 1."""
    return [
        (match[1], number, match.start() + 1)
        for number, line in enumerate(template.splitlines(), 1)
        for match in re.finditer(r"\{([a-z_]+)\}", line)
        if match[1] not in FIELDS
    ]


def compose(
    card: Card,
    worker: Worker,
    setting: SessionSetting,
    *,
    handoffs: Sequence[Handoff] = (),
    runs: Sequence[Run] = (),
    notes: Sequence[Note] = (),
    logs: Mapping[str, str] = {},
    template: str = TEMPLATE,
    extra: str = "",
) -> str:
    """Return the whole prompt, at most about PROMPT_MOST bytes, with every cut announced.

    `logs` maps failed runs to their last output; `extra` goes at the end.
    """
    parts = {
        "card": card.id,
        "title": card.title,
        "body": cut(card.body.strip(), BODY_MOST),
        "acceptance": acceptance_text(card),
        "parents": parents_text(handoffs),
        "attempts": _attempts_section(runs, notes, logs),
        "rules": _rules_section(card, worker, setting),
    }
    text = re.sub(r"\{([a-z_]+)\}", lambda m: parts.get(m[1], m[0]), template)
    text = "\n\n".join(part for part in (text, extra) if part)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    if _STEERS.match(text):
        text = f"Card {card.id}\n\n{text}"
    return cut_bytes(text + "\n", PROMPT_MOST)


def card_print(card: Card) -> str:
    """A fingerprint of what a session's prompt says about its card."""
    text = "\0".join((card.title, card.body, *card.acceptance))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def acceptance_text(card: Card) -> str:
    """The card's acceptance criteria as text; empty if it has none."""
    if not card.acceptance:
        return ""
    return "The card is done when:\n" + "\n".join(f"- {line}" for line in card.acceptance)


def parents_text(handoffs: Sequence[Handoff]) -> str:
    """What a card gets from its parents: for each its summary, commits and changed paths.

    The more parents, the smaller the share of each; none is left out.
    """
    if not handoffs:
        return ""
    most = max(300, min(SUMMARY_MOST, HANDOFFS_MOST // len(handoffs)))
    fewer = max(3, most * PATHS_MOST // SUMMARY_MOST)
    parts = ["Results of the cards that this one builds on (their work is already in your branch):"]
    for handoff in handoffs:
        parts.append(f"## {handoff.card}: {handoff.title}")
        if handoff.summary:
            parts.append(cut(handoff.summary.strip(), most))
        if handoff.commit:
            parts.append(f"commit {handoff.commit}")
        if len(handoff.commits) > 1:
            some = handoff.commits[: min(fewer, COMMITS_MOST)]
            rest = len(handoff.commits) - len(some)
            more = [f"[cut: {rest} more]"] if rest else []
            parts.append("\n".join(["commits:", *(f"- {one}" for one in some), *more]))
        if handoff.paths:
            shown = handoff.paths[:fewer]
            rest = len(handoff.paths) - len(shown)
            parts.append(
                "changed files: " + ", ".join(shown) + (f" [cut: {rest} more]" if rest else "")
            )
    return "\n\n".join(parts)


def note_line(note: Note) -> str:
    """A note as an item of a list: `- sent back by Ada: …`."""
    words = {"reject": "sent back by", "retry": "answer from"}.get(note.kind, f"{note.kind} by")
    body = cut(note.text.strip(), SUMMARY_MOST).replace("\n", "\n  ")
    return f"- {words} {note.by}: {body}"


def _attempts_section(runs: Sequence[Run], notes: Sequence[Note], logs: Mapping[str, str]) -> str:
    """Earlier attempts and people's notes, in chronological order."""
    entries: list[tuple[str, str]] = []
    for run in runs:
        text = f"- attempt {run.run}: {run.outcome}"
        if run.why:
            text += " ({})".format(run.why.replace("\n", "\n  "))
        if run.summary:
            text += "\n  " + cut(run.summary.strip(), SUMMARY_MOST).replace("\n", "\n  ")
        if run.run in logs:
            log = cut_head(logs[run.run].strip(), LOG_MOST).replace("\n", "\n  | ")
            text += f"\n  its last output:\n  | {log}"
        entries.append((run.run, text))
    for note in notes:
        if note.kind == "memory":
            continue
        entries.append((note.id, note_line(note)))
    if not entries:
        return ""
    lines = [text for _, text in sorted(entries)]
    return (
        "What happened before (you continue in the directory as the last attempt left it):\n"
        + "\n".join(lines)
    )


def _rules_section(card: Card, worker: Worker, setting: SessionSetting) -> str:
    lines = [f"Work only in {setting.workspace}."]
    if setting.branch:
        lines.append(f"You are on branch {setting.branch}; stay on it.")
        if commits_of(worker) == "supervisor":
            lines.append(
                "Do not commit: leave your changes in the files, and they are committed for you."
            )
        else:
            lines.append("Commit your work on it; uncommitted work does not count.")
        lines.append(
            "Never use `git stash`: all worktrees share it. Do not push, merge or rebase, and leave "
            "`.kanban/` alone."
        )
    else:
        lines.append("People use this checkout too: do not switch branches, and do not stash.")
    if worker.verify:
        lines.append(f"Your work is then checked with: {' '.join(worker.verify)}")
    us = setting.program
    if worker.memory_policy == "read-only":
        how = "Your memory is read-only in this session."
        if worker.memory_env:
            how = "Your memory is a copy; what you change in it becomes a proposal."
        lines.append(f'{how} To have something remembered: `{us} note {card.id} --memory "…"`.')
    lines += [
        "",
        "Report with these commands, from this directory:",
        f'- finished: {us} done {card.id} --summary "what you did, for whoever continues from it"',
        f"- finished, and no change was needed: {us} done {card.id} --no-change --summary …",
        f'- you need a person: {us} block {card.id} --why "what you need to know"',
        f'- a comment: {us} note {card.id} "…"',
        f'- you found more work: {us} add "title" --parent {card.id} (a person approves it first)',
    ]
    return "\n".join(lines)
