"""How others start gitkanban: the command line of this installation."""

import os
import shutil
import sys
from shlex import quote


def command_line(in_full: bool = False) -> str:
    """Return how a shell starts gitkanban, quoted where it must be.

    Just its name if it is on PATH, unless `in_full`: for those whose PATH is another, such as cron.
    """
    on_path = shutil.which("gitkanban")
    if on_path:
        return quote(os.path.abspath(on_path)) if in_full else "gitkanban"
    beside = os.path.join(os.path.dirname(sys.executable), "gitkanban")
    if os.access(beside, os.X_OK):
        return quote(beside)
    return f"{quote(sys.executable)} -P -m gitkanban"
