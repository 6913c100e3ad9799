"""The demo, in which nothing ends before it was shown, however fast or slow the machine is.

The demo looks at its board now and then. Where it is kept from looking for as long as a session
lasts, that session is on none of its pages.
"""

import os
import re
import shutil
from pathlib import Path

from tests.support.terminal import Terminal

MOST_SECONDS = 400  # of the demo
TOGETHER = ({"T0"}, {"T1", "T2", "T3"}, {"T4"})  # what starts at one moment
_SLEEP = """\
#!/bin/sh
for _ in $(seq 3000); do test -e "{sign}" && break; {sleep} 0.1; done
exec {sleep} "$@"
"""


def hold_sleep(programs: Path, sign: str) -> str:
    """Put a `sleep` into a new folder that begins once the file `sign` is there.

    Sessions of the demo sleep between their commits. `sign` may name their variables. Returns the
    PATH with that folder.
    """
    programs.mkdir()
    sleep = programs / "sleep"
    sleep.write_text(_SLEEP.format(sign=sign, sleep=shutil.which("sleep")))
    sleep.chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


def play_demo(home: Path, *words: str, **env: str) -> str:
    """What `gitkanban demo` prints on a terminal; HOME is `home`, an empty folder.

    Raises AssertionError when it fails.
    """
    seen = home / "seen"  # the cards that were shown to run
    seen.mkdir()
    path = hold_sleep(home / "bin", f"{seen}/$GITKANBAN_CARD")
    with Terminal(home, "demo", *words, **{"HOME": str(home), "PATH": path, **env}) as terminal:
        printed = ""
        for cards in TOGETHER:
            while not cards <= running_on(printed.rpartition("\n$ ")[2]):
                printed += terminal.until("\n")
            for card in cards:
                (seen / card).touch()
        code = terminal.end(deadline=MOST_SECONDS)
    printed += terminal.text
    assert code == 0, printed
    return printed


def running_on(page: str) -> set[str]:
    """The cards that run on a page of `status`."""
    return set(re.findall(r"● (\w+)", re.sub(r"\x1b\[[\d;]*m", "", page).partition("WAITING")[0]))
