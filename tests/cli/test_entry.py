"""The first lines of the command: the overview, and a system that it does not run on."""

import subprocess
import sys

ON_WINDOWS = """
import os, sys
os.name = "nt"
sys.argv = ["gitkanban", "status"]
from gitkanban.__main__ import main
code = main()
assert "fcntl" not in sys.modules and "gitkanban.cli" not in sys.modules
sys.exit(code)
"""


def test_on_windows_it_says_one_line_before_anything_of_posix_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_WINDOWS], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Windows" in done.stderr and "WSL" in done.stderr


def test_help_opens_with_the_everyday_verbs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", "--help"],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    head, _, rest = done.stdout.partition("\nEvery day:\n")
    assert head.count("\n") <= 7 and "Options:" not in head
    everyday = rest.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in everyday] == ["add", "tick", "status", "review", "accept"]
