"""The command line as text files: `$ command`, its exact output, `[exit N]` when not 0.

Adding a test is adding a file under `transcripts/`; `pytest --rewrite tests/cli` writes what came
out. Each command gets a second of the clock of its own, so ids, times and commits are stable.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "transcripts"
START = 1_795_514_400  # 2026-11-24T10:00:00Z
ROOT = Path(__file__).parent.parent.parent


def commands(text: str) -> Iterator[tuple[str, str]]:
    """(command, expected output) in order; a command may go on over lines that begin with `> `."""
    for part in re.split(r"^(?=\$ )", text, flags=re.M):
        if part.startswith("$ "):
            lines = part[2:].split("\n")
            count = 1
            while count < len(lines) and lines[count].startswith("> "):
                count += 1
            command = "\n".join([lines[0], *(line[2:] for line in lines[1:count])])
            yield command, "\n".join(lines[count:])


def run(command: str, cwd: Path, home: Path, second: int) -> str:
    """What the command prints, and its exit code when it is not 0."""
    at = START + second
    env = {
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)),
        "GITKANBAN_NOW": _iso(at),
        "GIT_AUTHOR_DATE": f"{at} +0000",
        "GIT_COMMITTER_DATE": f"{at} +0000",
        "GIT_CONFIG_NOSYSTEM": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "EDITOR": "false",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    out = done.stdout.replace(str(cwd), "<repo>").replace(str(home), "<home>")
    out = out.replace(str(cwd.parent), "<beside>")
    if done.returncode:
        out += f"[exit {done.returncode}]\n"
    return out


def install_programs(**scripts: str) -> Path:
    """The HOME, with `gitkanban` and more scripts in its `bin`."""
    home = Path(os.environ["HOME"])
    (home / "bin").mkdir()
    ours = f'#!/bin/sh\nexec {sys.executable} -m gitkanban "$@"\n'
    for name, text in {"gitkanban": ours, "git-kanban": ours, **scripts}.items():
        script = home / "bin" / name
        script.write_text(text)
        script.chmod(0o755)
    return home


def _iso(at: int) -> str:
    from gitkanban.clock import iso

    return iso(at)


@pytest.mark.parametrize("file", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(file: Path, repo: Path, request: pytest.FixtureRequest) -> None:
    # A board whose agent is there; none of these starts it.
    home = install_programs(claude="#!/bin/sh\nexit 1\n")
    text = file.read_text()
    head = text[: text.index("$ ")]
    written = head
    for second, (command, _) in enumerate(commands(text)):
        out = run(command, repo, home, second)
        written += "$ " + command.replace("\n", "\n> ") + "\n" + out
        written += "\n" if not out.endswith("\n\n") and out else ""
    written = written.rstrip("\n") + "\n"
    if request.config.getoption("--rewrite"):
        file.write_text(written)
    assert written == text
