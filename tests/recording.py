"""The picture of the demo in README.md, docs/demo.svg: `python -m tests.recording` makes it again.

The demo runs for real on a terminal of its own. Kept of what it prints are the pages on which
something starts, and its end; each becomes a frame of an SVG that moves by CSS alone: no script, no
font, nothing fetched. Frames stand longer than they did, for reading. Pages in between depend on
which of three sessions ends first, so they are left out.
"""

import re
import tempfile
from html import escape, unescape
from pathlib import Path

from tests.docs.settled import commits_of, settle_lines
from tests.support.paced_demo import play_demo, running_on

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"
COLUMNS = 92
STAND, STAND_LAST = 3.2, 6.0  # seconds that a frame is shown
CELL, LINE, SIZE, EDGE, BAR = 8.0, 18, 13, 16, 34  # pixels
TONES = {"31": "r", "32": "g", "33": "y", "36": "c", "2": "d", "1": "b"}
STYLE = """\
text { font: %(size)spx ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d8dee9 }
.r { fill: #ff7b72 } .g { fill: #7ee787 } .y { fill: #e3b341 } .c { fill: #76e3ea }
.d { fill: #8b949e } .b { font-weight: bold }
.frame { visibility: hidden } .last { visibility: visible }
@media (prefers-reduced-motion: no-preference) {
.frame { animation: %(total)gs step-end infinite }
%(moves)s}
"""

Line = list[tuple[int, str, str]]  # (column, text, tones) of each run of signs


def record_demo() -> str:
    """What the demo prints on a terminal, with its colours. Raises AssertionError when it fails."""
    with tempfile.TemporaryDirectory() as home:
        env = {
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": str(COLUMNS),
            "NO_COLOR": "",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        return play_demo(Path(home), **env)


def frames_of(printed: str) -> list[str]:
    """The pages to show: those on which something starts, and what is looked at in the end."""
    head, *pages = printed.split("\n$ ")
    pages = [f"$ {page.strip()}" for page in pages]
    tick, *rest = pages
    frames = [f"$ gitkanban demo\n{head.strip()}\n\n{tick}\n\n{rest[0]}"]
    before = running_on(rest[0])
    for page in rest[1:]:
        if page.startswith("$ gitkanban status"):
            now = running_on(page)
            if now - before or not now:
                frames.append(page)
            before = now
    graph = next(page for page in rest if page.startswith("$ git log --graph"))
    last = printed.rstrip().rpartition("\n\n")[2]
    return [*frames, f"{graph}\n\n{last}"]


def draw(frames: list[str]) -> str:
    """The frames as an SVG."""
    pages = [[parse_line(line) for line in frame.split("\n")] for frame in frames]
    rows = max(len(page) for page in pages)
    width, height = COLUMNS * CELL + 2 * EDGE, BAR + rows * LINE + EDGE
    total = STAND * (len(pages) - 1) + STAND_LAST
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" role="img">\n'
        "<title>gitkanban demo: five cards are worked by three workers, side by side</title>\n"
        "<!-- made by python -m tests.recording -->\n"
        f"<style>\n{STYLE % {'size': SIZE, 'total': total, 'moves': _moves(len(pages), total)}}</style>\n"
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#161b22"/>\n'
    ]
    parts += [
        f'<circle cx="{EDGE + 4 + 18 * place}" cy="17" r="5" fill="{colour}"/>\n'
        for place, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))
    ]
    for number, page in enumerate(pages):
        last = " last" if number == len(pages) - 1 else ""
        parts.append(f'<g class="frame{last}" id="f{number}">\n')
        parts += [_draw_line(line, row) for row, line in enumerate(page) if line]
        parts.append("</g>\n")
    return "".join([*parts, "</svg>\n"])


def _moves(count: int, total: float) -> str:
    """CSS that shows each frame in its turn, and the last one also where nothing moves."""
    lines = []
    for number in range(count):
        begin = 100 * STAND * number / total
        end = 100 * STAND * (number + 1) / total if number < count - 1 else 100
        steps = [(0.0, not number), (begin, True), (end, False)]
        text = " ".join(
            f"{at:.2f}% {{ visibility: {'visible' if on else 'hidden'} }}" for at, on in steps
        )
        lines.append(
            f"#f{number} {{ animation-name: m{number} }} @keyframes m{number} {{ {text} }}\n"
        )
    return "".join(lines)


def parse_line(line: str) -> Line:
    """The runs of one tone of a line; spaces at their ends, and two or more, only part them."""
    runs: Line = []
    column, tones = 0, ""
    for place, part in enumerate(re.split(r"\x1b\[([\d;]*)m", line)):
        if place % 2:
            tones = (
                " ".join(filter(None, [tones, TONES.get(part, "")]))
                if part not in ("", "0")
                else ""
            )
            continue
        runs += [
            (column + found.start(), found[0], tones) for found in re.finditer(r"\S+( \S+)*", part)
        ]
        column += len(part)
    return runs


def _draw_line(line: Line, row: int) -> str:
    spans = "".join(
        f'<tspan x="{EDGE + column * CELL:g}" textLength="{len(text) * CELL:g}"'
        f"{f' class={chr(34)}{tones}{chr(34)}' if tones else ''}>{escape(text, quote=False)}</tspan>"
        for column, text, tones in line
    )
    return f'<text y="{BAR + (row + 1) * LINE - 5}">{spans}</text>\n'


def read_picture(svg: str) -> list[str]:
    """The frames of a drawn SVG as text, without colours."""
    frames = []
    for group in re.findall(r'<g class="frame.*?</g>', svg, re.S):
        rows: dict[int, str] = {}
        for y, spans in re.findall(r'<text y="(\d+)">(.*?)</text>', group):
            line = ""
            for x, text in re.findall(r'<tspan x="([\d.]+)"[^>]*>(.*?)</tspan>', spans):
                line = line.ljust(round((float(x) - EDGE) / CELL)) + unescape(text)
            rows[(int(y) + 5 - BAR) // LINE - 1] = line
        frames.append("\n".join(rows.get(row, "") for row in range(max(rows) + 1)))
    return frames


def settle(frame: str) -> list[str]:
    """A frame's lines without what differs from one demo to the next: ids, seconds, the folder; of
    git's graph only the commits of sessions, for its merges depend on which card was first."""
    lines = settle_lines(frame)
    if "--graph" not in lines[0]:
        return lines
    return [line for line in commits_of(lines) if not line.startswith("ID Merge")]


if __name__ == "__main__":
    PICTURE.write_text(draw(frames_of(record_demo())), encoding="utf-8")
