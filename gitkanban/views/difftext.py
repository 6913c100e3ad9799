"""The difference of two boards as a page for a terminal, or uncut for a pipe.

Workers come first, then cards as a tree with what is new in each, then what follows from it.
"""

from collections.abc import Iterable, Iterator, Sequence

from gitkanban.core import graph
from gitkanban.core.names import CardId
from gitkanban.core.review.diff import CardChange, ChangedSetting, Difference, FieldChange
from gitkanban.core.review.worddiff import NEW, OLD, changed_lines, word_diff
from gitkanban.late import re
from gitkanban.views.diff import (
    PROSE,
    SETS,
    SIGNS,
    counted,
    facts,
    outlook_lines,
    set_change,
    value_text,
)
from gitkanban.views.text import Look, clipped, plural, shown, width

_COLOURS = {"added": "green", "removed": "red", "archived": "dim", "changed": "yellow"}
_BODY_MOST = 5  # lines of an added card's body
_LINES_MOST = 40  # lines that one text may take
_DEPTH_MOST = 12  # levels that are indented; deeper ones are not indented further
_SUMMED_UP = ("mode", "max_concurrency", "runner")  # already in the line of an added worker
_WORD = re.compile(r"\s*\S+|\s+$")

Piece = tuple[str, str]  # a text and its colour


def diff_text(diff: Difference, a: str, b: str, look: Look) -> str:
    """Return the page; it begins with what is compared, and ends with what a person must allow."""
    roots, kids, levels = _tree_of(diff.cards)
    deep = f"; {max(levels.values()) + 1} deep" if any(levels.values()) else ""
    head = f"{shown(a)} → {shown(b)}: {counted(diff)}{deep}"
    lines = _flow_pieces([(head, "bold")], look)
    parts = [
        [line for lines in _setting_groups(diff.settings) for line in _setting_lines(lines, look)],
        *(list(_branch_lines(root, kids, look)) for root in roots),
        [line for text in _other_lines(diff) for line in _flow_pieces([(text, "")], look)],
    ]
    if not diff.empty:
        after = [
            line for text in outlook_lines(diff) for line in _flow_pieces([(text, "")], look, "  ")
        ]
        parts.append([look.paint("then", "bold"), *after])
    if any(each.executes and each.after for each in diff.settings):
        parts.append([f"{look.paint('!', 'red')} runs code: gitkanban trust will ask"])
    above: list[str] = []
    for part in filter(None, parts):  # what takes one line each stands close together
        lines += [*([""] if len(part) > 1 or len(above) != 1 else []), *part]
        above = part
    return look.page(lines)


# Workers and other settings ---------------------------------------------------------------------


def _setting_groups(settings: Sequence[ChangedSetting]) -> list[list[ChangedSetting]]:
    """Group settings: those of one worker together, every other one alone."""
    groups: dict[str, list[ChangedSetting]] = {}
    for each in settings:
        groups.setdefault(_worker_in(each.path)[0] or each.path, []).append(each)
    return [*groups.values()]


def _worker_in(path: str) -> tuple[str, str]:
    """Return (worker, field) of `workers.NAME.FIELD`; names may have dots."""
    if not path.startswith("workers."):
        return "", path
    name, _, field = path.removeprefix("workers.").rpartition(".")
    return name, field


def _setting_lines(group: Sequence[ChangedSetting], look: Look) -> list[str]:
    worker, _ = _worker_in(group[0].path)
    if not worker:
        return list(_flow_pieces(_change_pieces(group[0], group[0].path), look, "~ ", "yellow"))
    fields = {_worker_in(each.path)[1]: each for each in group}
    mode = fields.get("mode")
    kind = "changed" if not mode or (mode.before and mode.after) else "added"
    kind = "removed" if mode and not mode.after else kind
    head: list[Piece] = [(f"worker {shown(worker)}", "")]
    if kind == "added":
        head.append((f"  {_worker_summary(fields)}", "dim"))
        fields = {name: each for name, each in fields.items() if name not in _SUMMED_UP}
    head += [(" !", "red")] if any(each.executes and each.after for each in group) else []
    lines = _flow_pieces(head, look, f"{SIGNS[kind]} ", _COLOURS[kind])
    if kind != "removed":
        for name, each in fields.items():
            lines += _flow_pieces(_change_pieces(each, name, kind == "added"), look, "      ")
    return lines


def _worker_summary(fields: dict[str, ChangedSetting]) -> str:
    """`pool of 3, claude`."""
    values = {name: each.after for name, each in fields.items()}
    most = values.get("max_concurrency", "")
    mode = values["mode"] + (f" of {most}" if most else "")
    return ", ".join(filter(None, (mode, values.get("runner", ""))))


def _change_pieces(setting: ChangedSetting, name: str, new: bool = False) -> list[Piece]:
    before, after = (shown(text) or "nothing" for text in (setting.before, setting.after))
    text = f"{name}: {after}" if new else f"{name}: {before} → {after}"
    return [(text, ""), *([("  (is executed)", "red")] if setting.executes else [])]


# Cards ------------------------------------------------------------------------------------------


def _tree_of(
    changes: Sequence[CardChange],
) -> tuple[list[CardChange], dict[CardId, list[CardChange]], dict[CardId, int]]:
    """Return (cards without a changed parent, changed children of each card, depth of each card).

    A card with several parents stands below the deepest; the cards of a cycle stand side by side.
    """
    cards = {change.id: change.card for change in changes}
    levels: dict[CardId, int] = {}
    for group in graph.components(cards):
        above = {parent for name in group for parent in cards[name].parents}
        level = 1 + max((levels[name] for name in above if name in levels), default=-1)
        levels.update(dict.fromkeys(group, level))
    roots: list[CardChange] = []
    kids: dict[CardId, list[CardChange]] = {}
    for change in changes:
        above = {
            p for p in change.card.parents if levels.get(p, levels[change.id]) < levels[change.id]
        }
        parent = max(above, key=lambda name: (levels[name], name), default=None)
        (roots if parent is None else kids.setdefault(parent, [])).append(change)
    return roots, kids, levels


def _branch_lines(
    root: CardChange, kids: dict[CardId, list[CardChange]], look: Look
) -> Iterator[str]:
    """Yield the lines of a card and of all cards below it: for each, what is new in it."""
    todo: list[tuple[CardChange, str, str, str]] = [(root, "", "", "")]
    while todo:
        change, parent, mine, below = todo.pop()
        children = kids.get(change.id, [])
        yield from _card_lines(
            change, parent, mine, below + ("│ " if children else "  "), look=look
        )
        if len(below) >= 2 * _DEPTH_MOST:
            below = below[:-2]
        for child in reversed(children):
            last = child is children[-1]
            tree = ("└ ", "  ") if last else ("├ ", "│ ")
            todo.append((child, change.id, below + tree[0], below + tree[1]))


def _card_lines(change: CardChange, parent: str, mine: str, below: str, look: Look) -> list[str]:
    """Return one card's own line, cut to fit, then its details, drawn beside the tree."""
    card = change.card
    words: list[str]
    words = [] if change.kind == "changed" else [change.kind] if not change.after else facts(card)
    after = [each for each in card.parents if each != parent]
    if change.kind == "added" and after:
        words.append(f"after {' '.join(after)}")
    rest = f"  ({', '.join(words)})" if words else ""
    head = f"{SIGNS[change.kind]} {mine}{change.id}  "
    title = shown(card.title)
    room = max(8, look.width - width(head))
    rest = clipped(shown(rest), max(0, room - min(width(title), max(8, look.width * 2 // 5))))
    title = clipped(title, max(2, room - width(rest)))
    drawn = look.paint(SIGNS[change.kind], _COLOURS[change.kind]) + head[1:]
    lines = [drawn + title + look.paint(rest, "dim")]
    indent = f"  {below}    "
    if change.kind == "added":
        for text in card.acceptance:
            lines += _flow_pieces([(f"done when: {shown(text)}", "")], look, indent)
        body = card.body.strip().splitlines()
        more = len(body) - _BODY_MOST
        shown_body = [*body[:_BODY_MOST], *([f"… {plural(more, 'more line')}"] if more > 0 else [])]
        lines += [clipped(f"{indent}| {shown(text)}".rstrip(), look.width) for text in shown_body]
    for field in change.fields:
        lines += _field_lines(field, look, indent)
    return lines


def _field_lines(field: FieldChange, look: Look, indent: str) -> list[str]:
    if field.name in PROSE and "\n" in f"{field.before}{field.after}":
        lines = [f"{indent}{field.name}:"]
        for pieces in _prose_lines(field):
            lines += _flow_pieces(pieces, look, f"{indent}  ")
        return lines
    if field.name in SETS:
        return _flow_pieces([(f"{field.name}:", ""), *_set_pieces(field)], look, indent)
    before, after = (value_text(field.name, value) for value in (field.before, field.after))
    text = f"{field.name}: {shown(before) or 'nothing'} → {shown(after) or 'nothing'}"
    return _flow_pieces([(text, "")], look, indent)


def _set_pieces(field: FieldChange) -> Iterator[Piece]:
    gone, new = set_change(field)
    if not gone and not new:
        yield " another order", ""
    for number, text in enumerate(gone):
        yield f"{'  ' if number else ' '}- {shown(text)}", "red"
    for number, text in enumerate(new):
        yield f"{'  ' if number or gone else ' '}+ {shown(text)}", "green"


def _prose_lines(field: FieldChange) -> Iterator[list[Piece]]:
    marks = {OLD: ("[-{}-]", "red"), NEW: ("{{+{}+}}", "green")}
    for line in changed_lines(word_diff(str(field.before), str(field.after))):
        if line is None:
            yield [("…", "")]
            continue
        pieces = [(*marks.get(piece.kind, ("{}", "")), shown(piece.text)) for piece in line]
        yield [(form.format(text), colour) for form, colour, text in pieces]


# The rest ---------------------------------------------------------------------------------------


def _other_lines(diff: Difference) -> Iterator[str]:
    for name, counts in (("run", diff.runs), ("note", diff.notes)):
        if counts:
            counts_of = ", ".join(f"{plural(count, name)} of {card}" for card, count in counts)
            yield f"recorded: {counts_of}"
    yield from (f"paused: {name}" for name in diff.paused)
    yield from (f"resumed: {name}" for name in diff.resumed)
    yield from (f"can no longer be read: {shown(name)}" for name in diff.broken)
    yield from (f"can be read again: {shown(name)}" for name in diff.mended)


def _flow_pieces(
    pieces: Iterable[Piece], look: Look, indent: str = "", colour: str = ""
) -> list[str]:
    """Lay out pieces of text one after the other, in lines no wider than the look.

    The first line begins with `indent` in `colour`, and the others line up below it. A word that
    fits no line is broken.
    """
    hanging = " " * len(indent) if indent.strip() in ("+", "~", "-") else indent
    room = max(8, look.width - width(indent) - 2)
    lines, line, used = [], "", 0
    for text, tone in pieces:
        text = clipped(text, _LINES_MOST * look.width)
        for word in _WORD.findall(text) if width(text) > room - used else [text]:
            while used and used + width(word) > room:
                lines.append(line)
                line, used, word = "", 0, word.lstrip()
            while width(word) > room:
                first = clipped(word, room).removesuffix("…") or word[:1]
                lines.append(look.paint(first, tone))
                word = word[len(first) :]
            line += look.paint(word, tone)
            used += width(word)
    lines.append(line)
    heads = [look.paint(indent[:1], colour) + indent[1:], *[f"{hanging}  "] * (len(lines) - 1)]
    return [(head + line).rstrip() for head, line in zip(heads, lines, strict=True)]
