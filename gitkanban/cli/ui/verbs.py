"""Verbs of the command line, done for the screen: each in a process of its own.

So a verb refuses here what it refuses there and says it in the same words, and it goes on when the
screen is left or its terminal is lost.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Sequence

from gitkanban.runs.briefing import OURS


def start(
    argv: Sequence[str], cwd: str, said: Callable[[str], None], ended: Callable[[int], None]
) -> None:
    """Start `gitkanban argv`; `said` gets each line it prints, `ended` its exit code.

    Both are called in a thread. Raises OSError, ValueError when it cannot be started.
    """
    child = subprocess.Popen(
        [*OURS, "gitkanban", *argv],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a lost terminal ends the screen alone
    )
    threading.Thread(target=_follow_child, args=(child, said, ended), daemon=True).start()


def _follow_child(
    child: "subprocess.Popen[bytes]", said: Callable[[str], None], ended: Callable[[int], None]
) -> None:
    with child:
        assert child.stdout
        for line in child.stdout:
            said(line.decode("utf-8", "replace").rstrip())
    ended(child.returncode)
