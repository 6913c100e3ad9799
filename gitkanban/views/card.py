"""One card with its runs and notes, as JSON data and as a page of text."""

from collections.abc import Mapping, Sequence

from gitkanban.clock import iso
from gitkanban.core.agents.cost import run_words
from gitkanban.core.cutting import cut, cut_lines
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.core.names import CardId
from gitkanban.core.split_cards import children_of
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.core.time_words import short_span
from gitkanban.late import re
from gitkanban.typed import TYPE_CHECKING, Any, NamedTuple
from gitkanban.views.signs import money, sign
from gitkanban.views.text import Look, seconds, shown, shown_lines, width, wrapped

if TYPE_CHECKING:
    from gitkanban.core.agents.prompt import Handoff

_COLOUR = re.compile(r"\x1b\[\d*m")
_WORD = re.compile(r"\s*\S+")

# What is shown of a card besides its own fields, the same in every view.
_OF_VIEW = (
    "ready", "hold", "holds", "needs_person", "group", "state", "remark", "since", "after", "tries",
    "tries_most", "last", "cost_usd", "command", "labels",
)  # fmt: skip
SUMMARY_MOST = 600  # characters of a parent's summary on the page
LINES_MOST = 12, 40  # lines of a parent's summary, and of a run's
PATHS_MOST = 10


def card_data(
    board: Board,
    card: Card,
    view: Mapping[str, Any],
    places: dict[str, str],
    received: "Sequence[Handoff]" = (),
) -> dict[str, Any]:
    """Return the data of `show ID --json`.

    `places` has `branch` and `workspace`, empty if there is none; `view` is the card's row of
    `status --json`; `received` are the handoffs from its parents.
    """
    return {
        "id": card.id,
        "title": card.title,
        "worker": card.worker,
        "status": card.status,
        **{name: view[name] for name in _OF_VIEW},
        "priority": card.priority,
        "parents": list(card.parents),
        "children": sorted(c.id for c in board.cards.values() if card.id in c.parents),
        "needs": dict(card.needs),
        "model": card.model,
        "effort": card.effort,
        "acceptance": list(card.acceptance),
        "run": card.run,
        "slot": card.slot,
        "clone": card.clone,
        "host": card.host,
        "not_before": iso(card.not_before),
        "reason": card.reason,
        "why": card.why,
        "merged": card.merged,
        "body": card.body,
        **places,
        "received": [_received_data(each) for each in received],
        "runs": [run_data(run) for run in board.runs_of(card.id)],
        "notes": [note_data(note) for note in board.notes_of(card.id)],
    }


def _received_data(handoff: "Handoff") -> dict[str, Any]:
    data = dict(handoff._asdict())
    return {**data, "paths": list(handoff.paths), "commits": list(handoff.commits)}


def run_data(run: Run) -> dict[str, Any]:
    """Return the data of an ended run; times are ISO, an absent exit code is null."""
    data: dict[str, Any] = dict(run._asdict())
    return {**data, "started": iso(run.started), "ended": iso(run.ended)}


def note_data(note: Note) -> dict[str, Any]:
    """Return the data of a note; its time is ISO."""
    return {**note._asdict(), "at": iso(note.at)}


class CardPage(NamedTuple):
    """What the page of a card shows besides the card itself.

    Its own row and those of its `neighbours` by id (as in `status --json`), its branch and
    workspace, the handoffs from its parents, the last lines of its last run if that failed, this
    clone, and lines about commits on its branch at a remote that accept would leave out.
    """

    view: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, str]
    received: "Sequence[Handoff]" = ()
    log: Sequence[str] = ()
    clone: str = ""
    left_out: Sequence[str] = ()


def neighbours(board: Board, card: Card) -> list[CardId]:
    """Return the parents and children that the page shows by name, as far as they are cards."""
    kids = children_of(board.cards, card.id)
    shown_ids = [*card.parents[:PATHS_MOST], *kids[:PATHS_MOST]]
    return [each for each in shown_ids if each in board.cards]


def card_text(board: Board, card: Card, page: CardPage, now: float, look: Look) -> str:
    """Return the page that `show` prints; nothing is cut, and lines are folded at `look.width`."""
    view = page.view
    indent = " " * min(len(card.id) + 4, look.width // 2)
    first, *rest = wrapped(shown(card.title), look.width, " " * (len(card.id) + 4), indent)
    lines = [f"{sign(look, view['state'])} {look.paint(card.id, 'bold')}  {first.strip()}", *rest]
    lines += wrapped(_state_line(card, view, now), look.width)
    words = card.why if view["state"] == "question" else view["hold"] or view["remark"]
    if words:
        quoted = f"“{words}”" if view["state"] == "question" else words
        lines += wrapped(shown(quoted), look.width)
    facts = _fact_lines(board, card, page, now, look=look)
    lines += ["", *facts] if facts else []
    if card.acceptance:
        lines += ["", "done when:"]
        for text in card.acceptance:
            lines += wrapped(shown(text), look.width, "  - ", "    ")
    if card.body.strip():
        lines += ["", *("  " + line for line in shown_lines(card.body.strip()).split("\n"))]
    lines += _received_lines(page.received)
    lines += _story_lines(board, card, page, now, look=look)
    if page.log:
        lines += ["", "the log ends:", *("  | " + shown(line) for line in page.log)]
    if view["command"]:
        lines += ["", f"next: {look.paint(shown(view['command']), 'bold')}"]
    return look.page([part for line in lines for part in _fold_line(line, look.width)])


def _fold_line(line: str, total: int) -> list[str]:
    """Fold a line that is too long, keeping its indent; colours stay with their words."""
    plain = _COLOUR.sub("", line) if "\x1b" in line else line
    if width(plain) <= total:
        return [line]
    indent = plain[: len(plain) - len(plain.lstrip())][: total // 3]
    if plain == line and any(width(word) > total // 2 for word in line.split()):
        return wrapped(line, total, indent, indent)
    lines, used = [""], 0
    for word in _WORD.findall(line):
        size = width(_COLOUR.sub("", word))
        if used and used + size > total:
            lines.append("")
            word, used = f"{indent}  {word.lstrip()}", len(indent) + 2
            size -= 1
        lines[-1] += word
        used += size
    return lines


_STATES = {
    "question": "blocked, asks", "failed": "blocked", "conflict": "blocked, conflict",
    "review": "in review", "stuck": "cannot start as it is", "next": "todo, next",
    "waiting": "todo, waiting",
}  # fmt: skip


def _state_line(card: Card, view: Mapping[str, Any], now: float) -> str:
    """`in review 1m · backend · priority 2 · holds 3 · $0.04 · try 1 of 2`."""
    state = card.status if view["group"] == "next" and card.status == "review" else view["state"]
    since = short_span(now - seconds(view["since"])) if view["since"] else ""
    tries = f"try {view['tries']} of {view['tries_most']}" if view["tries"] else ""
    parts = [
        f"{_STATES.get(state, state)} {since}".strip(),
        card.worker or "nobody yet",
        f"priority {card.priority}" if card.priority else "",
        f"holds {view['holds']}" if view["holds"] else "",
        money(view["cost_usd"]),
        tries,
    ]
    return shown(" · ".join(filter(None, parts)))


def _fact_lines(board: Board, card: Card, page: CardPage, now: float, look: Look) -> list[str]:
    kids = children_of(board.cards, card.id)
    lines = []
    for name, ids in (("after", list(card.parents)), ("before", kids)):
        for number, each in enumerate(ids[:PATHS_MOST]):
            lines.append(_linked_line(name if not number else "", each, board, page, look=look))
        if len(ids) > PATHS_MOST:
            lines.append(f"{'':<9}and {len(ids) - PATHS_MOST} more")
    facts = [
        ("branch", page.places.get("branch", "")),
        ("open", page.places.get("workspace", "")),
        ("needs", "  ".join(f"{name} {amount}" for name, amount in card.needs)),
        ("labels", " ".join(card.labels)),
        ("model", card.model),
        ("effort", card.effort),
        ("run", f"{card.run} in {card.slot} on {card.host}" if card.run else ""),
        ("from", iso(card.not_before) if card.not_before > now else ""),
        ("merged", card.merged[:10]),
        *(("pushed", line) for line in page.left_out),
    ]
    return lines + [f"{name:<9}{shown(text)}" for name, text in facts if text]


def _linked_line(name: str, other: str, board: Board, page: CardPage, look: Look) -> str:
    """`after    ✓ CO-1 Define the checkout contract`."""
    row = page.rows.get(other)
    if row:
        return f"{name:<9}{sign(look, row['state'])} {other} {shown(row['title'])}"
    archived = other in board.archived
    return f"{name:<9}{sign(look, 'done' if archived else 'missing')} {other} " + (
        "archived" if archived else "does not exist"
    )


def _story_lines(board: Board, card: Card, page: CardPage, now: float, look: Look) -> list[str]:
    """Return the lines for a card's tries and notes, in order of time."""
    runs = board.runs_of(card.id)
    size = _short_size([run.run for run in runs])
    parts: list[tuple[int, str, list[str]]] = [
        (
            run.ended,
            run.run,
            _run_lines(run, f"try {number}", run.run[:size], page.clone, look=look),
        )
        for number, run in enumerate(runs, 1)
    ]
    parts += [(note.at, note.id, _note_lines(note, now)) for note in board.notes_of(card.id)]
    lines = [line for *_, each in sorted(parts) for line in each]
    return ["", *lines] if lines else []


def _received_lines(received: "Sequence[Handoff]") -> list[str]:
    """Return what its next session gets from its parents, shortened; `show --prompt` has it all."""
    lines = []
    for each in received:
        if not (each.summary or each.commit):
            continue
        some, rest = each.paths[:PATHS_MOST], len(each.paths) - PATHS_MOST
        changed = ", ".join(some) + (f" [cut: {rest} more]" if rest > 0 else "")
        commit = f", commit {each.commit[:10]}" if each.commit else ""
        lines.append(shown(f"  {each.card}{commit}" + (f", changed {changed}" if some else "")))
        lines += _indent_lines(cut(each.summary.strip(), SUMMARY_MOST), LINES_MOST[0])
    return ["", "received:", *lines] if lines else []


def _short_size(ids: Sequence[str]) -> int:
    """Return how many characters tell these ids apart, at least eight."""
    longest = max(map(len, ids), default=0)
    return next(
        (n for n in range(8, longest) if len({each[:n] for each in ids}) == len(ids)), longest
    )


def _run_lines(run: Run, name: str, short: str, clone: str, look: Look) -> list[str]:
    """`try 1  ✓ 11s  $0.04  backend#1  f2619f1  2 new commits`, and its summary below."""
    went_well = run.outcome == SUCCEEDED
    outcome = (
        look.paint("✓", "green") if went_well else look.paint(f"✗ {shown(run.outcome)}", "red")
    )
    away = f"on {run.host} (clone {run.clone})" if run.clone not in ("", clone) else ""
    parts = [
        short_span(run.ended - run.started) if run.started else "never began",
        run_words(run),
        run.slot,
        away,
        run.commit[:7],
        f"run {short}",
    ]
    line = shown("  ".join(filter(None, parts)))
    lines = [f"{name}  {outcome} {look.paint(line, 'dim')}"]
    lines += _indent_lines(run.why, LINES_MOST[1])
    if run.salvage:
        lines.append(shown(f"      kept: git show {run.salvage}"))
    return lines + _indent_lines(run.summary, LINES_MOST[1])


def _indent_lines(text: str, most: int) -> list[str]:
    return ["      " + line for line in shown_lines(cut_lines(text, most)).split("\n") if line]


def _note_lines(note: Note, now: float) -> list[str]:
    kind = f" ({note.kind})" if note.kind != "note" else ""
    head = f"note   {note.by}, {short_span(now - note.at)} ago{kind}"
    return [shown(head), *("      " + line for line in shown_lines(note.text.strip()).split("\n"))]
