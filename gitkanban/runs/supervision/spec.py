"""A run's spec: NUL-separated `key=value` pairs, a key repeated for each item of a list.

It does not know what the keys mean. The supervisor uses it, so it imports next to nothing.
"""

from gitkanban import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Spec(dict[str, list[str]]):
    """The values of each key, in the order in which they were written."""

    def one(self, key: str, default: str = "") -> str:
        """Return the key's only value, or the default."""
        values = self.get(key)
        return values[0] if values else default

    def number(self, key: str, default: float) -> float:
        """Return the key's value as a number; the default when it is missing or no number."""
        try:
            return float(self.one(key))
        except ValueError:
            return default

    def pairs(self, key: str) -> dict[str, str]:
        """Return the key's values, each of them a `NAME=value`, as a mapping."""
        return dict(item.partition("=")[::2] for item in self.get(key, ()))


def read(path: str, most: int = -1, until: str = "") -> Spec:
    """Read a spec, or what its first `most` bytes hold before the key `until`. Raises OSError.

    Damaged pairs are skipped.
    """
    with open(path, "rb") as file:
        text = file.read(most).decode("utf-8", "surrogateescape")
    items = text.split("\0")
    if len(text) >= most >= 0:
        items.pop()  # the last pair may be cut off
    spec = Spec()
    for item in items:
        key, equals, value = item.partition("=")
        if until and key == until:
            break
        if equals:
            spec.setdefault(key, []).append(value)
    return spec


def write(path: str, values: "Mapping[str, str | Sequence[str]]") -> None:
    """Write a spec atomically. Raises ValueError when a value has a NUL byte."""
    items = []
    for key, value in values.items():
        for item in (value,) if isinstance(value, str) else value:
            if "\0" in item:
                raise ValueError(f"{key} holds a NUL byte")
            items.append(f"{key}={item}")
    files.replace(path, "\0".join(items).encode("utf-8", "surrogateescape"))


def quoted(text: str) -> str:
    """Return the text as a JSON string."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    chars = (
        plain.get(char) or (char if " " <= char < "\x7f" else _escape_code(ord(char)))
        for char in text
    )
    return f'"{"".join(chars)}"'


def _escape_code(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def exit_record(
    ended: int, how: str, steps: "Iterable[tuple[str, int | None, int]]", error: str = ""
) -> bytes:
    """Return the text of `exit.json`; steps are (name, exit code, signal)."""
    rows = ", ".join(
        f'{{"name": {quoted(name)}, "exit": {"null" if code is None else code}, '
        f'"signal": {number}}}'
        for name, code, number in steps
    )
    return (
        f'{{"ended": {ended}, "how": {quoted(how)}, "steps": [{rows}], "error": {quoted(error)}}}\n'
    ).encode()
