"""Who sits where by the lease tokens, read as fast as it can be.

It changes nothing and imports nothing heavy: `status` is built on it. `slots` writes the tokens.
"""

import os

MOST = 4096  # bytes of a token that are read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def held(slots: str) -> "list[dict[str, Any]]":
    """The tokens that say somebody sits there, by profile and number; damaged ones are left out."""
    if not os.path.isdir(slots):
        return []
    from gitkanban import files

    found, root = [], trusted_root(slots)
    for profile in files.names(slots, below=root):
        tokens = files.names(f"{slots}/{profile}", below=root)
        numbers = [name[:-5] for name in tokens if name.endswith(".lock")]
        for number in sorted((n for n in numbers if n.isdecimal() and len(n) < 10), key=int):
            values = _read_token(f"{slots}/{profile}/{number}.lock", root)
            if values.get("card") and values["pid"]:  # without a pid nobody sits there yet
                found.append({"profile": profile, "number": int(number), **values})
    return found


def trusted_root(slots: str) -> str:
    """The folder that holds `.kanban/slots`: nothing below it may be a link, for it may be theirs
    who sent a pull request.
    """
    return os.path.dirname(os.path.dirname(slots))


def _read_token(path: str, root: str) -> "dict[str, Any]":
    from gitkanban import files

    try:
        text = files.read(path, below=root, most=MOST).decode()
    except (OSError, UnicodeDecodeError):
        return {}
    said = {}
    for line in text.splitlines():
        key, colon, value = line.partition(": ")
        if colon and not key.startswith("#"):
            said[key] = value.strip('"')
    pid = said.get("pid", "")
    return {
        "card": said.get("card", ""),
        "run": said.get("run", ""),
        "host": said.get("host", ""),
        "pid": int(pid) if pid.isdecimal() and len(pid) < 10 else 0,
        "started": said.get("started", ""),
    }
