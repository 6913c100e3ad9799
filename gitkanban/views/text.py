"""Text aligned for a terminal: safe, in columns, ages told.

It knows nothing of cards, and imports nothing heavy, because `status` must start fast.
"""

from gitkanban.core.visible import shown, shown_lines

__all__ = ["shown", "shown_lines"]

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def patch_lines(text: str, colour: bool) -> str:
    """What `git diff` prints without colours, safe, and in our colours when `colour`."""
    if not colour:
        return shown_lines(text)
    tones = {"+": "green", "-": "red", "@": "blue", "d": "bold"}
    lines = shown_lines(text).split("\n")
    return "\n".join(coloured(line, tones.get(line[:1], ""), True) for line in lines)


def width(text: str) -> int:
    """Columns the text takes on a terminal; east-asian wide characters count two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def clipped(text: str, most: int) -> str:
    """The text in at most `most` columns, its end replaced by `…` where it does not fit."""
    if len(text) <= 4 * most and width(text) <= most:
        return text
    taken = 0
    for number, char in enumerate(text):
        taken += width(char)
        if taken > most - 1 or number >= 4 * most:  # marks that take no column are not without end
            return text[:number] + "…" if most > 0 else ""
    return text


def padded(text: str, columns: int) -> str:
    """The text, filled with spaces to `columns`."""
    return text + " " * (columns - width(text))


def age(seconds: float) -> str:
    """A duration in one or two words: `12s`, `4m`, `3h`, `2d`."""
    seconds = max(0, int(seconds))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "m"):
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def seconds(iso: str) -> int:
    """Epoch seconds of `2026-11-23T22:00:00Z`, without the import that `clock.parse` needs."""
    year, month, day, hour, minute, second = (
        int(iso[at : at + size]) for at, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))
    )
    # Days since the epoch of a proleptic Gregorian date, with March as the first month.
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)
    days = (
        365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    )
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def columns(rows: list[list[str]], total: int, stretch: int) -> list[str]:
    """Rows as lines of aligned columns in at most `total` columns, control characters visible.

    Column number `stretch` is the one that gives way (down to 12) when a row is too long.
    """
    if not rows:
        return []
    rows = [[shown(cell) for cell in row] for row in rows]
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - total
    if over > 0:
        widths[stretch] = max(12, widths[stretch] - over)
    lines = []
    for row in rows:
        cells = [padded(clipped(cell, w), w) for cell, w in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def coloured(text: str, colour: str, on: bool) -> str:
    """The text in an ANSI colour when `on`."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if on and colour else text


def plural(count: int, word: str) -> str:
    """`1 card`, `2 cards`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
