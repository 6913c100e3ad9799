"""Text aligned for a terminal: safe, in columns, with ages.

It knows nothing of cards, and imports nothing heavy, because `status` must start fast.
"""

from gitkanban.core.visible import shown, shown_lines

__all__ = ["shown", "shown_lines"]

_COLOURS = {
    "red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1",
}  # fmt: skip
# Replacements for the signs that we use ourselves, for terminals that cannot draw them.
_ASCII = str.maketrans(
    {
        **dict(zip("✗◆●○·✓–▮▯│─┼├└┌┐┘┤┬┴▸", "x*@o.+-#.|-" + "+" * 9 + ">", strict=True)),
        "…": "~",
        "“": '"',
        "”": '"',
        "−": "-",
        "→": ">",
        "×": "x",
        "↩": "<",
        "■": "#",
    }
)


class Look:
    """How a page is drawn: its width in columns, whether in colour, whether only in ASCII signs."""

    def __init__(self, width: int = 100, colour: bool = False, ascii_only: bool = False) -> None:
        self.width = width
        self.colour = colour
        self.ascii_only = ascii_only

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour, or unchanged if this look has no colours."""
        return coloured(text, colour, self.colour)

    def page(self, lines: "list[str]") -> str:
        """Join lines to a page, in signs that the terminal can draw."""
        text = "".join(f"{line}\n" for line in lines)
        if self.ascii_only:  # words that a command waits for are not what was cut off
            return text.replace('"…"', '"..."').translate(_ASCII)
        return text


def patch_lines(text: str, colour: bool) -> str:
    """Return uncoloured output of `git diff`, safe for a terminal, and with `colour` in ours."""
    if not colour:
        return shown_lines(text)
    tones = {"+": "green", "-": "red", "@": "cyan", "d": "bold"}
    lines = shown_lines(text).split("\n")
    return "\n".join(coloured(line, tones.get(line[:1], ""), True) for line in lines)


_FIRST_OTHER_WIDTH = "\u0300"  # every character before it takes one column


def width(text: str) -> int:
    """Return how many columns a text takes; East Asian wide characters and emoji take two."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(char: str) -> int:
    if char < _FIRST_OTHER_WIDTH:
        return 1
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me") and char != "\ufe0f":  # that one makes its sign wide
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def clipped(text: str, most: int) -> str:
    """Return the text in at most `most` columns, its end replaced by `…` if it does not fit."""
    if len(text) <= 4 * most and width(text) <= most:
        return text
    taken = 0
    for number, char in enumerate(text):
        taken += _columns_of(char)
        if taken > most - 1 or number >= 4 * most:  # characters of no width are limited, too
            return text[:number] + "…" if most > 0 else ""
    return text


def padded(text: str, columns: int) -> str:
    """Return the text, padded with spaces on the right to `columns`."""
    return text + " " * (columns - width(text))


def seconds(iso: str) -> int:
    """Return the epoch seconds of `2026-11-23T22:00:00Z`, without the import of `clock.parse`."""
    year, month, day, hour, minute, second = (
        int(iso[at : at + size]) for at, size in ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2))
    )
    # Days from the epoch to a proleptic Gregorian date, with March as the first month.
    year, month = (year - 1, month + 9) if month < 3 else (year, month - 3)
    days = (
        365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    )
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def wrapped(
    text: str, total: int, indent: str = "", hanging: str = "", breaks: bool = True
) -> list[str]:
    """Wrap a text into lines of at most `total` columns.

    The first line begins with `indent`, the others with `hanging`. A word longer than a line is
    broken, or, unless it `breaks`, has a line of its own.
    """
    lines, line, empty = [], indent, True
    for word in text.split():
        while True:
            gap = "" if empty else " "
            room = total - width(line) - len(gap)
            if width(word) <= room or (empty and not breaks):
                line, empty = line + gap + word, False
                break
            if empty:  # alone on its line, and too long for it
                size = _fitting_size(word, max(1, room))
                line += word[:size]
                word = word[size:]
            lines.append(line)
            line, empty = hanging, True
            if not word:
                break
    return lines if empty and lines else [*lines, line]


def _fitting_size(word: str, most: int) -> int:
    """Return how many characters of a word fit into `most` columns, at least one."""
    taken = 0
    for number, char in enumerate(word):
        taken += _columns_of(char)
        if taken > most:
            return max(1, number)
    return len(word)


def table(heads: "list[str]", rows: "list[list[str | int]]") -> str:
    """Return rows below their heads and a rule, in aligned columns; numbers stand to the right."""
    lines = [""] * (len(rows) + 2)
    for at, head in enumerate(heads):
        values = [row[at] for row in rows]
        place = padded_left if rows and all(isinstance(each, int) for each in values) else padded
        texts = [head, *map(str, values)]
        size = max(map(width, texts))
        texts.insert(1, "-" * size)
        for number, text in enumerate(texts):
            lines[number] += ("  " if at else "") + place(text, size)
    return "\n".join(line.rstrip() for line in lines)


def padded_left(text: str, columns: int) -> str:
    """Return the text, padded with spaces on the left to `columns`."""
    return " " * (columns - width(text)) + text


def columns(rows: list[list[str]], total: int, stretch: int) -> list[str]:
    """Return rows as aligned lines of at most `total` columns, control characters made visible.

    If a row is too long, column number `stretch` shrinks, down to 12.
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
    """Return the text in ANSI colours if `on`; `colour` is one or several, separated by spaces."""
    if " " in colour:
        first, _, rest = colour.partition(" ")
        return coloured(coloured(text, rest, on), first, on)
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if on and colour and text else text


def plural(count: int, word: str) -> str:
    """`1 card`, `2 cards`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
