"""Runs verbs of the command line for the screen, each in a process of its own.

So a verb refuses the same things here as on the command line, in the same words, and it goes on
when the screen is left or its terminal is lost.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Sequence

from gitkanban.runs.briefing import OURS


def start(
    argv: Sequence[str], cwd: str, on_line: Callable[[str], None], on_end: Callable[[int], None]
) -> None:
    """Start `gitkanban argv`; `on_line` gets each line it prints, `on_end` its exit code.

    Both are called in a thread of their own. Raises OSError, ValueError if it cannot be started.
    """
    child = subprocess.Popen(
        [*OURS, "gitkanban", *argv],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a lost terminal ends only the screen
    )
    threading.Thread(target=_follow_child, args=(child, on_line, on_end), daemon=True).start()


def _follow_child(
    child: "subprocess.Popen[bytes]", on_line: Callable[[str], None], on_end: Callable[[int], None]
) -> None:
    with child:
        assert child.stdout
        for line in child.stdout:
            on_line(line.decode("utf-8", "replace").rstrip())
    on_end(child.returncode)
