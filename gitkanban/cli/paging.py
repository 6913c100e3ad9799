"""A page to stdout: by a pager where it is longer than the terminal, by git's own rules.

git's rules are `GIT_PAGER`, `core.pager`, `PAGER`, `less`; `cat` and an empty one mean none.
"""

import os
import sys

from gitkanban.cli.terminal import is_terminal, terminal_height


def write(text: str) -> None:
    """Print a page. A pager that cannot be run, or is left early, is no error."""
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
    """Whether the pager took the text."""
    import subprocess

    env = {"LESS": "FRX", "LV": "-c", **os.environ}  # as git sets them where they are not set
    with subprocess.Popen(["sh", "-c", pager], stdin=subprocess.PIPE, env=env) as process:
        try:
            process.communicate(text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            pass
        except KeyboardInterrupt:
            process.wait()  # it is the pager's: less goes on
            raise
    return process.returncode not in (126, 127)  # what sh gives for a command that is not there
