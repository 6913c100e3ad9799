"""Reads the lease tokens, `<slots>/<profile>/<n>.lock`: which exist, and what they contain.

It changes nothing, and imports nothing heavy: `status` uses it. `slots` writes the tokens.
"""

import os

MOST = 4096  # bytes of a token that are read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitkanban.typed import Any


def locked_slots(slots: str) -> "list[dict[str, Any]]":
    """Return the tokens of occupied slots, by profile and number; damaged ones are left out."""
    locked = []
    for profile, number in every(slots):
        fields = read_fields(slots, profile, number)
        pid = fields.get("pid", "")
        # Without a pid the supervisor has not started yet.
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
    """Yield (profile, number) of every token, sorted, whatever its content."""
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
    """Return the path of a slot's token."""
    return f"{slots}/{profile}/{number}.lock"


def trusted_root(slots: str) -> str:
    """Return the folder that contains `.kanban/slots`.

    Nothing below it may be a link: its content may come from somebody's pull request.
    """
    return os.path.dirname(os.path.dirname(slots))


def read_fields(slots: str, profile: str, number: int) -> "dict[str, str]":
    """Return the fields of a token as text; none when it is missing or damaged."""
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
