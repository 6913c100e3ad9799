"""Foreign text for markdown on GitHub: it never becomes markup and mentions nobody.

Fences and code spans are CommonMark's (0.31, sections 4.5 and 6.1). It produces no HTML, no layout.
"""

from gitkanban.core.visible import shown, shown_lines
from gitkanban.late import re


def code_span(text: str) -> str:
    """One line of text as a code span that no character in the text can end."""
    text = shown(text)
    if not text.strip():
        return "*nothing*"
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def fenced(text: str) -> str:
    """A fenced code block, its fence longer than any in the text; empty for blank text."""
    text = shown_lines(text).strip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}\n" if text.strip() else ""


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
