"""The difference of two boards as markdown that renders on GitHub, with a graph.

Text of cards is foreign: it appears only in code spans and <pre>, where none of it is markup and
nobody is mentioned. The page is bounded: GitHub takes comments of up to 65,536 characters, and
mermaid graphs of some hundred links.
"""

import html
from collections.abc import Iterator

from gitkanban.core.markdown import code_span
from gitkanban.core.names import CardId
from gitkanban.core.review.diff import CardChange, Difference, FieldChange
from gitkanban.core.review.worddiff import NEW, OLD, TextPiece, changed_lines, word_diff
from gitkanban.late import re
from gitkanban.views.diff import (
    PROSE,
    SETS,
    chain_text,
    counted,
    facts,
    ring_text,
    set_change,
    starts_text,
    value_text,
)
from gitkanban.views.text import clipped, plural, shown

CARDS_MOST = 100  # changes that are listed
LINES_MOST = 40  # of one body
NODES_MOST = 60
LINKS_MOST = 200
MOST = 60_000  # characters

MARK = "<!-- gitkanban diff -->"  # by which a script can find its earlier comment and replace it


def diff_markdown(diff: Difference, a: str, b: str) -> str:
    """Return the whole page, at most MOST characters."""
    parts = [MARK, f"### Board: {code(a)} → {code(b)}", f"{counted(diff)}."]
    if not diff.empty:
        parts += [
            *_change_graph(diff),
            *_command_warning(diff),
            *_card_rows(diff),
            *_config_section(diff),
            *_outlook_section(diff),
        ]
    out = ""
    for number, part in enumerate(parts):
        if len(out) + len(part) > MOST:
            left = len(parts) - number
            return out + f"\n… cut here, {plural(left, 'part')} left out: the change is too big.\n"
        out += ("\n" if out else "") + part + "\n"
    return out


def code(text: str, most: int = 120) -> str:
    """Return one line of foreign text as a code span that nothing in it can end."""
    return code_span(clipped(shown(text), most))


def _table_cell(text: str) -> str:
    # A bar splits cells even inside code spans, unless it is escaped.
    return code(text, 80).replace("|", "\\|")


# Cards ----------------------------------------------------------------------------------------


def _card_rows(diff: Difference) -> Iterator[str]:
    listed = diff.cards[:CARDS_MOST]
    rows = [
        f"| {code(c.id)} | {_table_cell(c.card.title)} | {_table_cell(', '.join(facts(c.card)))} "
        f"| {', '.join(code(p) for p in c.card.parents) or ' '} |"
        for c in listed
        if c.kind == "added"
    ]
    if rows:
        head = "| added | title | | waits for |\n|---|---|---|---|"
        yield "\n".join([head, *rows])
    for change in listed:
        card = change.card
        if change.kind == "added" and (card.body.strip() or card.acceptance):
            done_when = "".join(f"done when: {line}\n" for line in card.acceptance)
            yield _details_block(change.id, f"{card.body.strip()}\n{done_when}".strip())
    for change in listed:
        if change.kind != "added":
            yield _change_text(change)
    if len(diff.cards) > len(listed):
        yield f"… and {len(diff.cards) - len(listed)} more."


def _details_block(card: CardId, text: str) -> str:
    lines = text.splitlines()
    more = [f"… {len(lines) - LINES_MOST} more"] if len(lines) > LINES_MOST else []
    body = "\n".join(_html_line(clipped(shown(x), 200)) for x in [*lines[:LINES_MOST], *more])
    name = f"<code>{html.escape(card)}</code> in full"
    return f"<details><summary>{name}</summary>\n<pre>{body}</pre>\n</details>"


def _html_line(text: str) -> str:
    """Return a line for an HTML block, which a blank line would end (CommonMark 0.31, 4.6)."""
    return html.escape(text) if text.strip() else "&nbsp;"


def _change_text(change: CardChange) -> str:
    if change.kind != "changed":
        return f"**{change.kind}** {code(change.id)} {code(change.card.title)}"
    lines = [f"**changed** {code(change.id)} {code(change.card.title)}"]
    for field in change.fields:
        lines += ["", *_field_lines(field)] if field.name in PROSE else _field_lines(field)
    return "\n".join(lines)


def _field_lines(field: FieldChange) -> list[str]:
    if field.name in PROSE:
        return [f"- {field.name}:", "", f"  <pre>{_prose_text(field)}</pre>"]
    if field.name in SETS:
        gone, new = set_change(field)
        words = [*(f"− {code(text)}" for text in gone), *(f"+ {code(text)}" for text in new)]
        return [f"- {field.name}: {', '.join(words) or 'another order'}"]
    before, after = (value_text(field.name, value) for value in (field.before, field.after))
    return [f"- {field.name}: {code(before)} → {code(after)}"]


def _prose_text(field: FieldChange) -> str:
    lines = changed_lines(word_diff(str(field.before), str(field.after)))
    out = ["…" if line is None else "".join(map(_mark_piece, line)) for line in lines[:LINES_MOST]]
    out += ["…"] if len(lines) > LINES_MOST else []
    return "\n  ".join(line if line.strip() else "&nbsp;" for line in out)


def _mark_piece(piece: TextPiece) -> str:
    text = html.escape(clipped(shown(piece.text), 300))
    tag = {OLD: "del", NEW: "ins"}.get(piece.kind)
    return f"<{tag}>{text}</{tag}>" if tag else text


# The rest -------------------------------------------------------------------------------------


def _command_warning(diff: Difference) -> Iterator[str]:
    commands = [setting for setting in diff.settings if setting.executes]
    if commands:
        yield "> [!WARNING]\n> **What is executed changes.** Read it as you read code.\n>\n" + (
            "\n".join(
                f"> - {code(each.path)}: {code(each.before, 300)} → {code(each.after, 300)}"
                for each in commands
            )
        )


def _config_section(diff: Difference) -> Iterator[str]:
    settings = [setting for setting in diff.settings if not setting.executes]
    if settings:
        yield "**Config**\n\n" + "\n".join(
            f"- {code(each.path)}: {code(each.before)} → {code(each.after)}" for each in settings
        )


def _outlook_section(diff: Difference) -> Iterator[str]:
    lines = [
        f"- **a new cycle**: {code(ring_text(ring))}; none of them can start" for ring in diff.rings
    ]
    if diff.ready:
        lines.append(f"- becomes ready: {_id_list(diff.ready)}")
    if diff.freed:
        lines.append(f"- no longer waits for anything: {_id_list(diff.freed)}")
    lines += [f"- {code(w.card)} waits for {_id_list(w.parents)}" for w in diff.waits[:CARDS_MOST]]
    lines += _before_after("longest chain", chain_text(diff.before), chain_text(diff.after))
    lines += _before_after("a tick would start", starts_text(diff.before), starts_text(diff.after))
    for name, counts in (("run", diff.runs), ("note", diff.notes)):
        lines += [f"- {plural(count, name)} recorded for {code(card)}" for card, count in counts]
    lines += [f"- paused: {code(name)}" for name in diff.paused]
    lines += [f"- resumed: {code(name)}" for name in diff.resumed]
    lines += [f"- **can no longer be read**: {code(name)}" for name in diff.broken]
    lines += [f"- can be read again: {code(name)}" for name in diff.mended]
    yield "**What follows**\n\n" + "\n".join(lines)


def _id_list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(code(name) for name in names[:20]) + more


def _before_after(name: str, before: str, after: str) -> list[str]:
    words = f"{code(before)}; now {code(after)}" if before != after else f"{code(after)}, as before"
    return [f"- {name}: {words}"]


# The graph ------------------------------------------------------------------------------------

_CLASSES = {
    "added": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
    "changed": "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
    "removed": "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:4",
    "archived": "fill:#f6f8fa,stroke:#57606a,color:#1f2328,stroke-dasharray:4",
}


def _change_graph(diff: Difference) -> Iterator[str]:
    """Yield a mermaid graph of the cards that change and their neighbours; new links are thick."""
    kinds = {change.id: change for change in diff.cards}
    links = [(link, "old") for link in diff.links] + [(link, "cut") for link in diff.cut]
    near = [link for link in links if kinds.keys() & set(link[0])]
    names = list(dict.fromkeys([*kinds, *(name for link, _ in near for name in link)]))
    if len(names) < 2:
        return
    nodes = {name: f"n{number}" for number, name in enumerate(names[:NODES_MOST])}
    lines = ["flowchart LR"]
    for name, node in nodes.items():
        change = kinds.get(name)
        label = f"{name} {clipped(shown(change.card.title), 40)}" if change else name
        mark = f":::{change.kind}" if change else ""
        lines.append(f'  {node}["{_quote_label(label)}"]{mark}')
    drawn = [(link, kind) for link, kind in near if link[0] in nodes and link[1] in nodes]
    for (parent, child), kind in drawn[:LINKS_MOST]:
        arrow = "-. cut .->" if kind == "cut" else "==>" if _is_new(diff, parent, child) else "-->"
        lines.append(f"  {nodes[parent]} {arrow} {nodes[child]}")
    used = {change.kind for name, change in kinds.items() if name in nodes}
    lines += [f"  classDef {kind} {style}" for kind, style in _CLASSES.items() if kind in used]
    yield "```mermaid\n" + "\n".join(lines) + "\n```"
    left = len(names) - len(nodes) or len(drawn) - LINKS_MOST
    if left > 0:
        yield f"The graph shows {len(nodes)} of {plural(len(names), 'card')}."


def _is_new(diff: Difference, parent: CardId, child: str) -> bool:
    change = next((change for change in diff.cards if change.id == child), None)
    return change is not None and (change.before is None or parent not in change.before.parents)


def _quote_label(text: str) -> str:
    """Escape text for a quoted label, by mermaid's own entities: nothing ends it or is markup."""
    return re.sub(r"[^\w .,:/()+=-]", lambda match: f"#{ord(match[0])};", text)
