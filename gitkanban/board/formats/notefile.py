"""`notes/<card>/<id>.md` to a note and back: a front matter between `---` lines, then the text.

It does not edit: a note is written once.
"""

from gitkanban.board.formats import recordfile, yamltext
from gitkanban.board.formats.recordfile import TEXT, TIME
from gitkanban.core.model import Note
from gitkanban.core.names import CardId
from gitkanban.late import re

KINDS = {"by": TEXT, "at": TIME, "kind": TEXT, "run": TEXT}

_FRONT = re.compile(r"---[ \t]*\r?\n(?P<head>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def parse(data: bytes, path: str) -> Note:
    """Return the note in a file; `path` names card and note (`…/<card>/<id>.md`). Raises Bad.

    A file without front matter is a note of unknown author and time.
    """
    text = yamltext.decoded(data, path)
    folder, _, name = path.removesuffix(".md").rpartition("/")
    card = folder.rpartition("/")[2]
    front = _FRONT.match(text)
    if not front:
        return Note(name, CardId(card), text=_strip_frame(text, "\r\n" if "\r\n" in text else "\n"))
    values: dict[str, str | int | None] = {}
    if front["head"].strip():
        root = yamltext.load("\n" + front["head"], path)  # keeps the file's line numbers
        values = recordfile.read(root, KINDS, path)
    values["kind"] = values.get("kind") or "note"
    end = "\r\n" if front.group().split("\n", 1)[0].endswith("\r") else "\n"
    body = _strip_frame(text[front.end() :], end)
    return Note(name, CardId(card), text=body, **values)  # type: ignore[arg-type]  # read by KINDS


def _strip_frame(text: str, end: str) -> str:
    """Return the text without the blank line above it and the newline at its end."""
    return text.removeprefix(end).removesuffix(end)


def render(note: Note) -> str:
    """Return the text of a note's file. Lone surrogates become U+FFFD."""
    body = re.sub("[\ud800-\udfff]", "\ufffd", note.text)
    return f"---\n{recordfile.write(note._asdict(), KINDS)}---\n\n{body}\n"
