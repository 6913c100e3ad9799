"""A run's spec: NUL-separated `key=value` pairs, a key said again for each item of a list.

It knows nothing of what the keys mean. The supervisor reads it, so nothing but `os` is imported.
"""

import os

from gitkanban import failpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Spec(dict[str, list[str]]):
    """The values of each key, in the order in which they were written."""

    def one(self, key: str, default: str = "") -> str:
        """The key's only value."""
        found = self.get(key)
        return found[0] if found else default

    def number(self, key: str, default: float) -> float:
        """The key's value as a number; the default when it is missing or none."""
        try:
            return float(self.one(key))
        except ValueError:
            return default

    def pairs(self, key: str) -> dict[str, str]:
        """The key's values, each a `NAME=value` of its own."""
        return dict(item.partition("=")[::2] for item in self.get(key, ()))


def read(path: str, most: int = -1) -> Spec:
    """Read a spec, or what its first `most` bytes hold. Raises OSError.

    Damaged pairs are passed over.
    """
    with open(path, "rb") as file:
        text = file.read(most).decode("utf-8", "surrogateescape")
    items = text.split("\0")
    if len(text) >= most >= 0:
        items.pop()  # it may have been cut
    spec = Spec()
    for item in items:
        key, equals, value = item.partition("=")
        if equals:
            spec.setdefault(key, []).append(value)
    return spec


def write(path: str, values: "Mapping[str, str | Sequence[str]]") -> None:
    """Write a spec atomically. Raises ValueError when a value holds a NUL byte."""
    items = []
    for key, value in values.items():
        for item in (value,) if isinstance(value, str) else value:
            if "\0" in item:
                raise ValueError(f"{key} holds a NUL byte")
            items.append(f"{key}={item}")
    replace(path, "\0".join(items).encode("utf-8", "surrogateescape"))


def replace(path: str, content: bytes, mode: int = 0o644, lasting: bool = True) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut.

    One that is not `lasting` means nothing after a power cut, and is not synced to the disk. Raises
    OSError; the file is then as it was.
    """
    part = f"{path}.{os.getpid()}.part"
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(fd, view) :]
            failpoints.reach("file.written")
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
        failpoints.reach("file.synced")
        os.rename(part, path)
        failpoints.reach("file.renamed")
    except OSError:
        remove(part)
        raise
    if lasting:
        sync_folder(os.path.dirname(path))


def sync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: str) -> None:
    """Remove a file that may be gone already, or whose folder may be."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass


def quoted(text: str) -> str:
    """The text as a JSON string."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    chars = (
        plain.get(char) or (char if " " <= char < "\x7f" else _escaped(ord(char))) for char in text
    )
    return f'"{"".join(chars)}"'


def _escaped(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def exit_record(
    ended: int, how: str, steps: "Iterable[tuple[str, int | None, int]]", error: str = ""
) -> bytes:
    """The text of `exit.json`; steps are (name, exit, signal)."""
    rows = ", ".join(
        f'{{"name": {quoted(name)}, "exit": {"null" if code is None else code}, '
        f'"signal": {number}}}'
        for name, code, number in steps
    )
    return (
        f'{{"ended": {ended}, "how": {quoted(how)}, "steps": [{rows}], "error": {quoted(error)}}}\n'
    ).encode()
