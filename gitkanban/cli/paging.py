"""Prints a page, through a pager if it is longer than the terminal, by git's own rules.

git's rules are `GIT_PAGER`, `core.pager`, `PAGER`, `less`; `cat` and an empty one mean none.
"""

import os
import sys

from gitkanban.cli.terminal import is_terminal, terminal_height


def write(text: str) -> None:
    """Print a page. It is no error if the pager cannot be run, or is left early."""
    height = terminal_height()  # 0: a terminal that does not say
    if is_terminal() and 0 < height <= text.count("\n") and os.environ.get("TERM") != "dumb":
        sys.stdout.flush()
        pager = _pager_command()
        if pager not in ("", "cat") and _page_through(pager, text):
            return
    sys.stdout.write(text)


def _pager_command() -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["git", "var", "GIT_PAGER"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if not done.returncode else ""


def _page_through(pager: str, text: str) -> bool:
    """Run the pager on the text; return whether it could be run."""
    import subprocess

    env = {"LESS": "FRX", "LV": "-c", **os.environ}  # as git sets them if they are not set
    with subprocess.Popen(["sh", "-c", pager], stdin=subprocess.PIPE, env=env) as process:
        try:
            process.communicate(text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            pass
        except KeyboardInterrupt:
            process.wait()  # ^C is for the pager: less goes on
            raise
    return process.returncode not in (126, 127)  # what sh returns if it cannot run a command
