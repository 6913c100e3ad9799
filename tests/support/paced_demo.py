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
# The `sleep` of its sessions: it begins once their card was shown to run.
_SLEEP = """\
#!/bin/sh
for _ in $(seq 3000); do test -e "{seen}/$GITKANBAN_CARD" && break; {sleep} 0.1; done
exec {sleep} "$@"
"""


def play_demo(home: Path, *words: str, **env: str) -> str:
    """What `gitkanban demo` prints on a terminal; HOME is `home`, an empty folder.

    Raises AssertionError when it fails.
    """
    seen, sleep = home / "seen", home / "bin" / "sleep"
    for folder in (seen, sleep.parent):
        folder.mkdir()
    sleep.write_text(_SLEEP.format(seen=seen, sleep=shutil.which("sleep")))
    sleep.chmod(0o755)
    path = f"{sleep.parent}:{os.environ['PATH']}"
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
