"""Runs verbs of the command line for people who look at a live view, each in a process of its own.

So a verb refuses the same things here as on the command line, in the same words, and it goes on
when the view is left or its terminal is lost.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from gitkanban.runs.briefing import OURS
from gitkanban.typed import NamedTuple


class VerbResult(NamedTuple):
    """How a verb ended, for one line: what it did, or why it was refused, with the hint."""

    done: bool
    text: str
    hint: str = ""


def start(
    argv: Sequence[str],
    cwd: str,
    on_line: Callable[[str], None],
    on_end: Callable[[int], None],
    words: str = "",
) -> None:
    """Start `gitkanban argv`; `on_line` gets each line it prints, `on_end` its exit code.

    Both are called in a thread of their own. `words` are its standard input. Raises OSError,
    ValueError if it cannot be started.
    """
    child = subprocess.Popen(
        [*OURS, "gitkanban", *argv],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.PIPE if words else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a lost terminal ends only the view
    )
    threading.Thread(
        target=_follow_child, args=(child, words, on_line, on_end), daemon=True
    ).start()


def verb_result(what: str, code: int, lines: Sequence[str]) -> VerbResult:
    """Return how a verb ended, from its exit code and the lines that it printed."""
    printed = [line for line in lines if line.strip()]
    if not code:
        return VerbResult(True, " · ".join(printed[:3]) or f"{what}: done")
    errors = [line for line in printed if line.startswith("Error: ")]
    hint = next((line for line in printed if line.startswith("Hint: ")), "")
    text = (errors or printed[-1:] or [f"Error: {what} ended with {code}"])[0]
    return VerbResult(False, text, hint.removeprefix("Hint: "))


def _follow_child(
    child: "subprocess.Popen[bytes]",
    words: str,
    on_line: Callable[[str], None],
    on_end: Callable[[int], None],
) -> None:
    with child:
        assert child.stdout
        if child.stdin:
            with suppress(BrokenPipeError):  # it was refused before it read them
                child.stdin.write(words.encode())
                child.stdin.close()
        for line in child.stdout:
            on_line(line.decode("utf-8", "replace").rstrip())
    on_end(child.returncode)
