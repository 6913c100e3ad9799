"""The lease tokens, `<slots>/<profile>/<n>.lock`, read: which there are, and what they say.

It changes nothing and imports nothing heavy: `status` is built on it. `slots` writes the tokens.
"""

import os

MOST = 4096  # bytes of a token that are read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitkanban.typed import Any


def locked_slots(slots: str) -> "list[dict[str, Any]]":
    """The tokens that say somebody sits there, by profile and number; damaged ones are left out."""
    locked = []
    for profile, number in every(slots):
        fields = read_fields(slots, profile, number)
        pid = fields.get("pid", "")
        # Without a pid nobody sits there yet.
        if fields.get("card") and pid.isdecimal() and len(pid) < 10 and int(pid):
            locked.append(
                {
                    "profile": profile,
                    "number": number,
                    "card": fields["card"],
                    "run": fields.get("run", ""),
                    "host": fields.get("host", ""),
                    "pid": int(pid),
                    "started": fields.get("started", ""),
                }
            )
    return locked


def every(slots: str) -> "Iterator[tuple[str, int]]":
    """(profile, number) of every token, sorted, whatever is in it."""
    if not os.path.isdir(slots):
        return
    from gitkanban import files

    root = trusted_root(slots)
    for profile in files.names(slots, below=root):
        names = files.names(f"{slots}/{profile}", below=root)
        numbers = [name[:-5] for name in names if name.endswith(".lock")]
        for number in sorted(int(n) for n in numbers if n.isdecimal() and len(n) < 10):
            yield profile, number


def path_of(slots: str, profile: str, number: int) -> str:
    """The path of a slot's token."""
    return f"{slots}/{profile}/{number}.lock"


def trusted_root(slots: str) -> str:
    """The folder that holds `.kanban/slots`: nothing below it may be a link, for it may be theirs
    who sent a pull request.
    """
    return os.path.dirname(os.path.dirname(slots))


def read_fields(slots: str, profile: str, number: int) -> "dict[str, str]":
    """The fields of a token as text; none when it is missing or damaged."""
    from gitkanban import files

    try:
        path, root = path_of(slots, profile, number), trusted_root(slots)
        text = files.read(path, below=root, most=MOST).decode()
    except (OSError, UnicodeDecodeError):
        return {}
    fields = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and not key.startswith("#"):
            fields[key.strip()] = _unquote_value(value.strip())
    return fields


def _unquote_value(value: str) -> str:
    if not value.startswith('"'):
        return value
    if "\\" not in value:
        return value.strip('"')
    import json  # late: few names need an escape

    try:
        return str(json.loads(value))
    except ValueError:
        return ""
