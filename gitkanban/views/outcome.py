"""The outcome of a tick as JSON data and as lines for a cron mail or a person."""

from gitkanban.clock import iso
from gitkanban.core.tick.outcome import Outcome
from gitkanban.core.tick.reconcile import Settled
from gitkanban.typed import Any
from gitkanban.views.signs import table
from gitkanban.views.text import Look, plural, shown, wrapped

TEXT, NUMBER, FLAG, TEXTS, ROWS = "text", "number", "true or false", "list of texts", "list"
# Every key of `tick --json`, with and without --dry-run: (path, type, meaning).
KEYS = (
    ("settled", ROWS, "Runs whose end went onto the board."),
    ("settled.card", TEXT, "The run's card."),
    ("settled.run", TEXT, "The run."),
    ("settled.outcome", TEXT, "How it ended."),
    ("settled.to", TEXT, "Status the card went to; empty if it had moved on without the run."),
    ("settled.why", TEXT, "What decided it."),
    ("stopped", ROWS, "Live runs that must end, because their card says so."),
    ("stopped.run", TEXT, "The run."),
    ("stopped.card", TEXT, "Its card."),
    ("stopped.why", TEXT, "Why it must end."),
    ("accepted", ROWS, "Cards in review whose branch was merged into base, or did not merge."),
    ("accepted.card", TEXT, "The card."),
    ("accepted.to", TEXT, "`done` or `blocked`."),
    ("accepted.detail", TEXT, "The merge commit, or what conflicts."),
    ("accepted.notices", TEXTS, "What a person should know of it."),
    ("accepted.merged", TEXT, "Commit of base that has the work; empty if it left none."),
    ("started", ROWS, "Runs that were started, or that would start."),
    ("started.card", TEXT, "The card."),
    ("started.run", TEXT, "The run; empty in a dry run."),
    ("started.slot", TEXT, "The slot it has."),
    ("started.workspace", TEXT, "The folder it works in."),
    ("started.branch", TEXT, "The branch it works on."),
    ("started.pid", NUMBER, "Process id of its supervisor; 0 in a dry run."),
    ("holds", ROWS, "Cards that do not start."),
    ("holds.card", TEXT, "The card."),
    ("holds.reason", TEXT, "What holds it back."),
    ("holds.code", TEXT, "The same as one word."),
    ("holds.frees", TEXT, "What would free it."),
    ("holds.at", TEXT, "Earliest time at which it is known to be freed; or empty."),
    ("commit", TEXT, "The board's last commit that it made; empty: none."),
    ("notices", TEXTS, "What a person should know."),
    ("errors", TEXTS, "What went wrong."),
    ("untrusted", TEXTS, "Workers with cards that wait for `gitkanban trust`."),
    ("standstill", TEXT, "Why nothing may be committed to the board now; empty if it may."),
    ("contended", FLAG, "Another tick was at work; it makes another pass."),
    ("dry_run", FLAG, "Nothing was changed."),
)


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return the data of `tick --json`."""
    return {
        "settled": [each._asdict() for each in outcome.settled],
        "stopped": [each._asdict() for each in outcome.stopped],
        "accepted": [each._asdict() for each in outcome.accepted],
        "started": [each._asdict() for each in outcome.started],
        "holds": [
            {
                "card": each.card,
                "reason": each.text,
                "code": each.code,
                "frees": each.frees,
                "at": iso(each.at),
            }
            for each in outcome.holds
        ],
        "commit": outcome.commit,
        "notices": list(outcome.notices),
        "errors": list(outcome.errors),
        "untrusted": list(outcome.untrusted),
        "standstill": outcome.standstill,
        "contended": outcome.contended,
        "dry_run": outcome.dry_run,
    }


def outcome_page(outcome: Outcome, look: Look, verbose: bool) -> str:
    """Return the page for a terminal: a line for each card, with a sign and what happened to it.

    Cards that wait are counted, or listed with `verbose`.
    """
    rows = [_settled_row(each) for each in outcome.settled]
    rows += [("blocked", each.card, "stopping", each.why) for each in outcome.stopped]
    rows += [
        ("done", each.card, "accepted", each.detail[:10])
        if each.to == "done"
        else ("failed", each.card, "conflict", each.detail)
        for each in outcome.accepted
    ]
    rows += [("running", each.card, "started", each.slot) for each in outcome.started]
    rows += [("waiting", each.card, "held", each.text) for each in outcome.holds if verbose]
    lines = table(look, [(state, card, word, [text]) for state, card, word, text in rows], 0)
    for notice in outcome.notices:
        lines += wrapped(shown(notice), look.width, "", "  ")
    if outcome.holds and not verbose:
        lines.append(
            f"{plural(len(outcome.holds), 'card')} {'waits' if len(outcome.holds) == 1 else 'wait'}: gitkanban why"
        )
    for text in _closing_lines(outcome, bool(lines)):
        lines += wrapped(text, look.width, "", "  ")
    return look.page(lines or ["nothing to do"])


def _settled_row(each: Settled) -> tuple[str, str, str, str]:
    """Return (state, card, word, detail) for a run that ended."""
    state = {"review": "review", "done": "done", "todo": "failed", "blocked": "failed"}
    if each.outcome == "blocked":
        return "question", each.card, "asks", each.why
    return state.get(each.to, ""), each.card, each.to or "ended", f"{each.outcome}: {each.why}"


def outcome_text(outcome: Outcome, verbose: bool) -> str:
    """Return a line for each thing that happened.

    `verbose` adds the cards that are held back, and a line if nothing happened.
    """
    lines = [
        *(f"settled  {s.card}  {s.outcome}{f' → {s.to}' if s.to else ''}  ({s.why})"
          for s in outcome.settled),
        *(f"stopping {s.card}  {s.why}" for s in outcome.stopped),
        *(f"{'accepted' if a.to == 'done' else 'conflict'} {a.card}  {a.detail}"
          for a in outcome.accepted),
        *(f"started  {s.card}  {s.slot}  {s.workspace}".rstrip() for s in outcome.started),
        *outcome.notices,
        *(f"held     {h.card}  {h.text}" for h in outcome.holds if verbose),
    ]  # fmt: skip
    lines += _closing_lines(outcome, bool(lines))
    if verbose and not lines:
        lines.append("nothing to do")
    return "".join(f"{shown(line)}\n" for line in lines)


def _closing_lines(outcome: Outcome, any_before: bool) -> list[str]:
    """Return the last lines: a standstill, another tick at work, and that it was a dry run."""
    lines = []
    if outcome.standstill:
        lines.append(f"nothing is committed or started: {shown(outcome.standstill)}")
    if outcome.contended:
        lines.append("another tick is at work; it will make another pass")
    if outcome.dry_run and (lines or any_before):
        lines.append(f"(dry run: {plural(len(outcome.started), 'start')}, nothing was changed)")
    return lines
