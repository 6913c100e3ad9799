"""Three-way merge of a memory file: as it was, as it is, and as proposed.

It reads and writes no files.
"""

from collections.abc import Sequence

from gitkanban.core import merge
from gitkanban.typed import NamedTuple

TAKES = ("memory", "proposal")  # the sides that can win a conflict
CONFLICT_MOST = 10  # lines of each side of a conflict
CONFLICT_WIDTH = 200  # characters of such a line
# If both sides added lines in one place of such a file, both can stay: there is no syntax to break.
_PROSE = (".md", ".markdown", ".txt", ".rst")
_FENCES = ("```", "~~~")


class MergedMemory(NamedTuple):
    """A merged memory file: its content (None: no file), and a text on its conflicts."""

    content: bytes | None
    conflict: str = ""


def merged(
    path: str, base: bytes | None, memory: bytes | None, proposed: bytes | None, take: str = ""
) -> MergedMemory:
    """Merge a proposed file into the memory's file; None stands for no file.

    If both added lines in one place of a prose file, both stay, the memory's first; lines with
    which both begin, and a block that the memory has already, are not repeated. Any other conflict
    is reported in `conflict`, unless `take` (one of TAKES) decides it.
    """
    if memory == proposed or proposed == base:
        return MergedMemory(memory)
    if memory == base:
        return MergedMemory(proposed)
    texts = [_decode_text(side) for side in (base, memory, proposed)]
    if memory is None or proposed is None or None in texts:
        if take:
            return MergedMemory(memory if take == "memory" else proposed)
        gone = "the memory" if memory is None else "the proposal" if proposed is None else ""
        why = f"changed on one side, removed by {gone}" if gone else "changed on both sides"
        return MergedMemory(memory, f"{path}: {why}")
    return _by_lines(path, *(text or "" for text in texts), take=take)


def _by_lines(path: str, base: str, memory: str, proposed: str, *, take: str) -> MergedMemory:
    prose = path.endswith(_PROSE) or "." not in path.rpartition("/")[2]
    lines: list[str] = []
    notices: list[str] = []
    for piece in merge.lines(*(_split_lines(text) for text in (base, memory, proposed))):
        if not piece.conflict:
            lines += piece.lines
        elif prose and not piece.base:
            lines += [*piece.ours, *_lacking_lines(piece.ours, piece.theirs)]
        elif take:
            lines += piece.ours if take == "memory" else piece.theirs
        else:
            notices += [
                f"{path}: both changed the same lines",
                *_side_lines("  memory:  ", piece.ours),
                *_side_lines("  proposal:", piece.theirs),
            ]
    if notices:
        return MergedMemory(memory.encode("utf-8", "surrogateescape"), "\n".join(notices))
    return MergedMemory("".join(lines).encode("utf-8", "surrogateescape"))


def _side_lines(name: str, lines: Sequence[str]) -> list[str]:
    """One side of a conflict, bounded, with the cut announced."""
    notices = [f"{name} {line.rstrip()[:CONFLICT_WIDTH]}" for line in lines[:CONFLICT_MOST]]
    if len(lines) > CONFLICT_MOST:
        notices.append(f"{name} [cut: {len(lines) - CONFLICT_MOST} more lines]")
    return notices


def _lacking_lines(ours: Sequence[str], theirs: Sequence[str]) -> Sequence[str]:
    """Those of their lines that must be added after ours.

    They are compared as a block, because a line that ours has may be needed again: the fences of a
    second piece of code, or the blank line before it.
    """
    size = len(theirs)
    if any(ours[at : at + size] == theirs for at in range(len(ours) - size + 1)):
        return ()
    same = 0
    while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
        same += 1
    while sum(line.lstrip().startswith(_FENCES) for line in theirs[:same]) % 2:
        same -= 1  # never start inside a piece of code
    begun = any(line.strip() for line in theirs[:same])  # blank lines alone do not count
    return theirs[same:] if begun else theirs


def _decode_text(content: bytes | None) -> str | None:
    """The text of a file; empty if there is no file, None if it is not text."""
    if content is None:
        return ""
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _split_lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"  # otherwise a line added after it would change it
    return lines
