"""Install the real agent CLIs, each into a folder of its own.

    python -m tests.agents.install FOLDER [NAME…]

They come from npm and PyPI through npm, pip and nothing else, take about 2 GB, and are found there
by `tests/agents` when `GITKANBAN_TEST_AGENTS` names the folder. Each agent gets `bin/<program>`
on a PATH of its own, so that no test finds another agent's tools, and none of one's own.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    """Where one agent's program comes from."""

    agent: str
    program: str
    manager: str  # npm | pip
    spec: str


PACKAGES = (
    Package("claude", "claude", "npm", "@anthropic-ai/claude-code@2.1.332"),
    Package("codex", "codex", "npm", "@openai/codex@0.171.0"),
    Package("gemini", "gemini", "npm", "@google/gemini-cli@0.61.0"),
    Package("opencode", "opencode", "npm", "opencode-ai@1.18.33"),
    Package("pi", "pi", "npm", "@mariozechner/pi-coding-agent@0.73.1"),
    Package("aider", "aider", "pip", "aider-chat==0.86.2"),
    Package("hermes", "hermes", "pip", "hermes-agent==0.19.0"),
)


def install(folder: Path, package: Package) -> Path:
    """Install one agent unless it is there; the path of its program.

    Raises CalledProcessError when npm or pip cannot.
    """
    home = folder / package.agent
    stamp = home / "installed"
    program = find_program(folder, package)
    if stamp.exists() and stamp.read_text() == package.spec and program.exists():
        return program
    home.mkdir(parents=True, exist_ok=True)
    if package.manager == "npm":
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), package.spec]
    else:
        venv.create(home / "venv", with_pip=True)
        command = [str(home / "venv/bin/python"), "-m", "pip", "install", "-q", package.spec]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    stamp.write_text(package.spec)
    return program


def find_program(folder: Path, package: Package) -> Path:
    """Where the agent's program lies once it is installed."""
    below = "node_modules/.bin" if package.manager == "npm" else "venv/bin"
    return folder / package.agent / below / package.program


def main() -> int:
    """Install what the command line names, or all; 1 if one of them failed."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, names = Path(sys.argv[1]).absolute(), sys.argv[2:]
    failed = 0
    for package in PACKAGES:
        if names and package.agent not in names:
            continue
        try:
            program = install(folder, package)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{package.agent}: not installed: {error}", file=sys.stderr)
            failed = 1
            continue
        version = subprocess.run(
            [program, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder / package.agent)}, check=False,
        )  # fmt: skip
        print(f"{package.agent}: {version.stdout.strip() or version.stderr.strip()}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
