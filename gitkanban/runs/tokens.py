"""Who sits where by the lease tokens, read as fast as it can be.

It changes nothing and imports nothing heavy: `status` is built on it. `slots` writes the tokens.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def held(slots: str) -> "list[dict[str, Any]]":
    """The tokens that say somebody sits there, by profile and number; damaged ones are left out."""
    found = []
    for profile in _names(slots):
        numbers = [name[:-5] for name in _names(f"{slots}/{profile}") if name.endswith(".lock")]
        for number in sorted((n for n in numbers if n.isdigit()), key=int):
            values = _token(f"{slots}/{profile}/{number}.lock")
            if values.get("card") and values["pid"]:  # without a pid nobody sits there yet
                found.append({"profile": profile, "number": int(number), **values})
    return found


def _names(folder: str) -> "list[str]":
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _token(path: str) -> "dict[str, Any]":
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(4096)
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
        "pid": int(pid) if pid.isdigit() else 0,
        "started": said.get("started", ""),
    }
