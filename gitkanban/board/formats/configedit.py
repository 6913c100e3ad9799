"""Edits of `config.yaml` in place, one key at a time, comments and layout kept.

It does not check the result; `configfile.parse` does.
"""

from collections.abc import Sequence

from gitkanban.board.formats import yamledit, yamltext
from gitkanban.board.formats.yamltext import Mapping, Node, Scalar
from gitkanban.errors import UsageError
from gitkanban.late import re
from gitkanban.typed import NamedTuple, TypeAlias

_SECTION = 2  # keys on the path of a section such as kanban.profiles
Value: TypeAlias = str | int | bool | tuple[str, ...]


class _Spot(NamedTuple):
    """The deepest mapping that exists on a path, and the rest of the path below it."""

    mapping: Mapping
    rest: tuple[str, ...]
    empty: Scalar | None  # the empty value of the last key that was found


def edited(text: str, path: Sequence[str], value: Value | None) -> str:
    """Return the text with one key set (None removes it), every other line as it was.

    `path` is, for example, ("kanban", "workers", "w", "max_concurrency"). Missing sections are
    created. Raises Bad when the text is not YAML, UsageError when a section on the path is not a
    mapping.
    """
    root = yamltext.load(text.removeprefix("\ufeff"), "config.yaml")
    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    try:
        yamledit.spans(text, root)
    except yamledit.LayoutError:
        text = yamledit.as_block(text)
        root = yamltext.load(text, "config.yaml")
    spot = _find_spot(root, tuple(path))
    if not spot.rest or (value is None and len(spot.rest) > 1):
        return mark + text
    node = spot.mapping.get(spot.rest[0]) if spot.empty is None else None
    if value is None and node is None:
        return mark + text
    if value is None:
        last = len(spot.mapping.entries) == 1
        if last and len(path) > _SECTION and not _names_worker(path[:-1]):
            return mark + edited(text, path[:-1], None)  # remove the section when it is empty
        return mark + _remove_key(text, spot.mapping, spot.rest[0])
    if node is not None:
        return mark + _replace_value(text, spot.mapping, spot.rest[0], node, value=value)
    return mark + _insert_value(text, spot, value)


def _names_worker(path: Sequence[str]) -> bool:
    return len(path) == _SECTION + 1 and path[1] == "workers"


def _find_spot(root: Mapping, path: tuple[str, ...]) -> _Spot:
    here = root
    for depth, name in enumerate(path[:-1]):
        child = here.get(name)
        if child is None:
            return _Spot(here, path[depth:], None)
        if isinstance(child, Scalar) and child.absent and not child.text:
            return _Spot(here, path[depth + 1 :], child)
        if not isinstance(child, Mapping):
            raise UsageError(f"{'.'.join(path[: depth + 1])} is not a section of config.yaml")
        here = child
    return _Spot(here, path[-1:], None)


def _inline_value(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(yamltext.item(word) for word in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    # Numbers and durations given as strings must not gain quotes.
    return value if re.fullmatch(r"[0-9]+[smhd]?", value, re.ASCII) else yamltext.item(value)


def _replace_value(text: str, mapping: Mapping, key: str, node: Node, value: Value) -> str:
    if isinstance(node, Scalar) or node.flow:
        written = _inline_value(value)
        if isinstance(node, Scalar) and node.style in ("'", '"') and isinstance(value, str):
            written = yamltext.scalar(value, node.style)
        if not isinstance(node, Scalar) or node.style not in ("|", ">"):
            gap = " " if node.start == node.end else ""
            return text[: node.start] + gap + written + text[node.end :]
    span = yamledit.spans(text, mapping)[key]
    if isinstance(value, tuple):
        words = [(word, yamltext.scalar(word)) for word in value]
        done = yamledit.relisted(text, span, node, words)
        if done is not None:
            return done
    indent = " " * mapping.entries[0][0].column
    return yamledit.replaced(
        text, span, f"{indent}{yamltext.scalar(key)}: {_inline_value(value)}\n"
    )


def _insert_value(text: str, spot: _Spot, value: Value) -> str:
    mapping = spot.mapping
    if mapping.flow:
        written = _inline_value(value)
        for name in reversed(spot.rest[1:]):
            written = f"{{{yamltext.item(name)}: {written}}}"
        comma = ", " if mapping.entries else ""
        if spot.empty is not None:
            name = yamltext.item(spot.rest[0])
            at = spot.empty.start
            return f"{text[:at]} {{{name}: {written}}}{text[at:]}"
        at = mapping.entries[-1][1].end if mapping.entries else mapping.end - 1
        return f"{text[:at]}{comma}{yamltext.item(spot.rest[0])}: {written}{text[at:]}"
    indent = mapping.entries[0][0].column
    if spot.empty is not None:
        at, indent = yamledit.line_end(text, spot.empty.start), indent + 2
    else:
        at = max(span.end for span in yamledit.spans(text, mapping).values())
    lines = "\n" if len(spot.rest) > 1 and _are_set_apart(text, mapping) else ""
    for depth, name in enumerate(spot.rest):
        last = depth == len(spot.rest) - 1
        behind = f" {_inline_value(value)}" if last else ""
        lines += f"{' ' * (indent + 2 * depth)}{yamltext.scalar(name)}:{behind}\n"
    return yamledit.inserted(text, at, lines, glued=True)


def _are_set_apart(text: str, mapping: Mapping) -> bool:
    """Return whether the last section has a blank line above, so that a new one needs it too."""
    ends = sorted(yamledit.spans(text, mapping).values())[-2:]
    between = text[ends[0].end : ends[1].start] if len(ends) > 1 else ""
    return bool(between) and not between.split("\n")[0].strip()


def _remove_key(text: str, mapping: Mapping, key: str) -> str:
    if not mapping.flow:
        if len(mapping.entries) == 1 and mapping.entries[0][0].column:
            indent = " " * mapping.entries[0][0].column  # an empty section would read as null
            return yamledit.replaced(text, yamledit.spans(text, mapping)[key], f"{indent}{{}}\n")
        return yamledit.removed(text, yamledit.spans(text, mapping)[key])
    number = [name.text for name, _ in mapping.entries].index(key)
    if number:
        start, end = mapping.entries[number - 1][1].end, mapping.entries[number][1].end
    elif len(mapping.entries) > 1:
        start, end = mapping.entries[0][0].start, mapping.entries[1][0].start
    else:
        start, end = mapping.start + 1, mapping.end - 1
    return text[:start] + text[end:]
