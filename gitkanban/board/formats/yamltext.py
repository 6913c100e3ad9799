"""Reads YAML into nodes that keep source text and positions, and writes scalars.

It does not resolve types (`1.10` stays text; whoever reads a field decides on its type), and it
knows nothing of cards. Edits in place are in `yamledit`.

Only a plain subset is accepted: UTF-8, at most `sizes.FILE_MOST` bytes, one document, no tags, no
anchors or aliases, no key twice, `DEPTH` levels of `WIDTH` items or keys each. The parser is
libyaml through ruamel.yaml.clib where that is installed, else ruamel.yaml's own.
"""

from collections.abc import Iterator

from gitkanban.core import sizes
from gitkanban.core.model import Problem
from gitkanban.errors import BadData
from gitkanban.late import re
from gitkanban.typed import Any, NamedTuple, NoReturn, TypeAlias

DEPTH = 20  # levels of nesting
WIDTH = sizes.WORKERS_MOST  # items of a list, keys of a mapping


class Bad(BadData):
    """A file of the board that cannot be used; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        where = ":".join(str(p) for p in (problem.file, problem.line, problem.column) if p)
        super().__init__(f"{where}: {problem.message}" if where else problem.message, problem.hint)
        self.problem = problem


class Scalar(NamedTuple):
    """`text` is the source text of a plain scalar, or the content of a quoted or block one.

    Positions are characters and lines from 0; `style` is "" (plain), ', ", | or >.
    """

    text: str
    style: str
    start: int
    end: int
    line: int
    column: int

    @property
    def absent(self) -> bool:
        """Whether there is no value here, or null."""
        return not self.style and self.text in ("", "~", "null", "Null", "NULL")


class Sequence(NamedTuple):
    """A list; `flow`: it is written in brackets."""

    items: list["Node"]
    flow: bool
    start: int
    end: int
    line: int
    column: int


class Mapping(NamedTuple):
    """Key and value pairs in the order of the file."""

    entries: list[tuple[Scalar, "Node"]]
    flow: bool
    start: int
    end: int
    line: int
    column: int

    def get(self, key: str) -> "Node | None":
        """The value of a key, None when it is not there."""
        return next((value for name, value in self.entries if name.text == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def problem_at(file: str, node: Node, message: str, hint: str = "") -> Problem:
    """A problem at a node's position."""
    return Problem(file, node.line + 1, node.column + 1, message, hint=hint)


def refuse(file: str, node: Node, message: str, hint: str = "") -> NoReturn:
    """Raise `Bad` at a node's position."""
    raise Bad(problem_at(file, node, message, hint))


def decoded(data: bytes, file: str) -> str:
    """The text of a file, without a byte order mark. Raises Bad: too big, or not UTF-8."""
    if len(data) > sizes.FILE_MOST:
        raise Bad(
            Problem(
                file, 0, 0, f"{sizes.shown(len(data))}, more than the 1 MiB a board file may have"
            )
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        hint = "Save the file as UTF-8."
        raise Bad(Problem(file, line, column, "not UTF-8", hint=hint)) from None
    return text.removeprefix("\ufeff")


def load(text: str, file: str) -> Mapping:
    """The root mapping of a document. Raises Bad for anything outside the subset.

    A last line without an end is read as if it had one, so that adding to it changes no value.
    """
    root = document(text, file)
    if not isinstance(root, Mapping):
        refuse(file, root, f"expected keys and values, found {described(root)}")
    return root


def document(text: str, file: str) -> Node:
    """Return the root of a document that is not empty. Raises Bad like `load`."""
    events = _parse_events(text if text.endswith("\n") else text + "\n", file)
    root: Node | None = None
    for event in events:
        kind = event.__class__.__name__
        if kind == "DocumentStartEvent":
            if root is not None:
                mark = event.start_mark
                place = Scalar("", "", 0, 0, line=mark.line, column=mark.column)
                refuse(file, place, "a second YAML document", "Keep one document in a file.")
            root = _build_node(next(events), events, file, 0)
    if root is None or (isinstance(root, Scalar) and root.absent):
        raise Bad(Problem(file, 1, 1, "the file is empty"))
    return root


def _parse_events(text: str, file: str) -> Iterator[Any]:
    """The parser's events; its errors become Bad."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        yield from _pull_events(text)
    except MarkedYAMLError as error:
        left = re.search("^<{7} ", text, re.MULTILINE)
        if left:
            line = text.count("\n", 0, left.start()) + 1
            hint = "Keep one side and take the marker lines out."
            raise Bad(Problem(file, line, 1, "an unresolved merge conflict", hint=hint)) from None
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise Bad(Problem(file, line, column, f"not valid YAML: {reason}")) from None
    except ReaderError as error:
        raise Bad(_odd_character(text, file, str(error.reason))) from None
    except (YAMLError, UnicodeError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise Bad(Problem(file, 0, 0, f"not valid YAML: {first}")) from None


def _pull_events(text: str) -> Iterator[Any]:
    try:
        from _ruamel_yaml import CParser  # type: ignore[import-not-found]  # compiled, no stubs
    except ImportError:
        from ruamel.yaml import YAML

        yield from YAML(typ="safe", pure=True).parse(text)
        return
    get_event = CParser(text).get_event
    event = get_event()
    while event is not None:
        yield event
        event = get_event()


_UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _odd_character(text: str, file: str, reason: str) -> Problem:
    """Return a problem at the first character that is not allowed.

    The parsers give only an offset in bytes, or none, so it is searched for here.
    """
    odd = re.search(_UNREADABLE, text)
    if not odd:
        return Problem(file, 0, 0, f"not valid YAML: {reason}")
    at = odd.start()
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    message = f"control character U+{ord(odd.group()):04X}"
    hint = 'Write it as an escape in double quotes, such as "\\e".'
    return Problem(file, line, column, message, hint=hint)


def _refuse_at(mark: Any, file: str, message: str, hint: str = "") -> NoReturn:
    """Raise `Bad` at a mark of the parser's."""
    refuse(file, Scalar("", "", 0, 0, line=mark.line, column=mark.column), message, hint)


def _build_node(event: Any, events: Iterator[Any], file: str, depth: int) -> Node:
    mark = event.start_mark
    kind = event.__class__.__name__
    if kind == "AliasEvent" or event.anchor is not None:
        _refuse_at(mark, file, "anchors and aliases are refused", "Write the value out.")
    if event.tag is not None:
        _refuse_at(mark, file, f"the tag {str(event.tag)!r} is refused", "Write plain values.")
    if kind == "ScalarEvent":
        style = event.style
        style = "" if style is None or style == "plain" else str(style)
        return Scalar(
            event.value, style, mark.index, event.end_mark.index, line=mark.line, column=mark.column
        )
    if depth >= DEPTH:
        _refuse_at(mark, file, f"nested more than {DEPTH} levels deep")
    flow = bool(event.flow_style)
    if kind == "SequenceStartEvent":
        items: list[Node] = []
        event = next(events)
        while event.__class__.__name__ != "SequenceEndEvent":
            if len(items) >= WIDTH:
                _refuse_at(event.start_mark, file, f"a list of more than {WIDTH} items")
            items.append(_build_node(event, events, file, depth + 1))
            event = next(events)
        return Sequence(
            items, flow, mark.index, event.end_mark.index, line=mark.line, column=mark.column
        )
    return _build_mapping(mark, flow, events, file, depth=depth)


def _build_mapping(mark: Any, flow: bool, events: Iterator[Any], file: str, depth: int) -> Mapping:
    entries: list[tuple[Scalar, Node]] = []
    lines: dict[str, int] = {}
    event = next(events)
    while event.__class__.__name__ != "MappingEndEvent":
        key = _build_node(event, events, file, depth + 1)
        if not isinstance(key, Scalar):
            refuse(file, key, "a key must be a word, not a list or a mapping")
        if key.text in lines:
            message = f"the key {key.text!r} is there twice, first in line {lines[key.text]}"
            refuse(file, key, message, "Keep one of them.")
        if len(entries) >= WIDTH:
            refuse(file, key, f"more than {WIDTH} keys in one mapping")
        lines[key.text] = key.line + 1
        entries.append((key, _build_node(next(events), events, file, depth + 1)))
        event = next(events)
    return Mapping(
        entries, flow, mark.index, event.end_mark.index, line=mark.line, column=mark.column
    )


def described(node: Node) -> str:
    """What a node is, in words for a message."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    if node.absent:
        return "nothing"
    return repr(node.text if len(node.text) <= 40 else node.text[:37] + "...")


def plain(node: Node) -> object:
    """Return a node without its position and layout, for comparisons.

    Blank lines at the end of a block scalar count as layout.
    """
    if isinstance(node, Scalar):
        text = re.sub(r"\n+\Z", "\n", node.text) if node.style in ("|", ">") else node.text
        return text, bool(node.style)
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    return [plain(item) for item in node.items]


# Writing ------------------------------------------------------------------------------------

# Plain for every reader: not a number, a date, a truth value or null in YAML 1.1 or 1.2.
_PLAIN = re.compile(r"[A-Za-z0-9_./(\u00c0-\u02af][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*\Z")
_NOT_TEXT = re.compile(
    r"(?i:null|true|false|yes|no|on|off|y|n)\Z"
    r"|[-+.]?[0-9][0-9_.,:]*(e[-+]?[0-9]+)?\Z|0[xob][0-9a-f_]+\Z|\.(inf|nan)\Z|[0-9]{4}-[0-9]{1,2}-",
    re.IGNORECASE,
)
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {
    "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def scalar(text: str, style: str = "") -> str:
    """Return a one-line scalar that reads back as `text`; `style` ' or " keeps that quoting.

    Lone surrogates cannot be stored and become U+FFFD.
    """
    simple = _is_simple(text)
    if style == '"' or (not simple and (_ODD.search(text) or "\n" in text or "\t" in text)):
        return double_quoted(text)
    plain = (
        not style
        and (text[:1].isalnum() or text[:1] in tuple("_./(") if simple else _PLAIN.match(text))
        and not _may_not_be_text(text, simple)
        and ": " not in text
        and " #" not in text
        and not text.endswith((" ", ":"))
        and not text.startswith(("...",))
    )
    return text if plain else "'" + text.replace("'", "''") + "'"


def _is_simple(text: str) -> bool:
    """Return whether a text is printable ASCII, as most are: no pattern is compiled for it."""
    return text.isascii() and text.isprintable()


def _may_not_be_text(text: str, simple: bool) -> bool:
    """Return whether some reader takes a plain text for a number, a date, a truth value or null."""
    if simple and text[:1] not in tuple("-+.0123456789"):
        return text.lower() in _WORDS
    return bool(_NOT_TEXT.match(text))


def item(text: str) -> str:
    """Return what `scalar` does, for use inside brackets or braces."""
    written = scalar(text)
    if written == text and any(mark in text for mark in ",[]{}:?"):
        return scalar(text, "'")
    return written


def double_quoted(text: str) -> str:
    """Return `text` in double quotes, with unprintable characters escaped."""
    return '"' + re.sub(r'["\\\t\n]|' + _ODD.pattern, _escape_character, text) + '"'


def _escape_character(match: "re.Match[str]") -> str:
    char = match.group()
    known = _ESCAPES.get(char)
    if known:
        return known
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def block(text: str, indent: str = "  ") -> str:
    """Return a literal block (`|` and its lines, without a last newline), or a quoted scalar.

    The header goes after the key. Text that no literal block can hold is double-quoted.
    """
    core = text.rstrip("\n")
    # A last line of nothing but white space cannot be distinguished from the layout around it.
    is_odd = not _is_simple(core.replace("\n", "")) and _ODD.search(text)
    if is_odd or not core.rpartition("\n")[2].strip():
        return scalar(text) if text else "''"
    tail = len(text) - len(core)
    chomp = "-" if tail == 0 else "" if tail == 1 else "+"
    width = str(len(indent)) if core[0] in " \t\n" else ""
    lines = [indent + line if line else "" for line in core.split("\n")]
    return "\n".join([f"|{width}{chomp}", *lines, *[""] * (tail - 1)])
