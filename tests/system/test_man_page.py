"""The manual page: that of the commands, without a warning, where `man` and git look for it."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import man_page
from tests.conftest import git

ROOT = Path(__file__).parents[2]
PAGE = man_page.FOLDER / "gitkanban.1"


def test_the_page_is_that_of_the_commands() -> None:
    assert PAGE.read_text() == man_page.page(), "run: python -m tests.commands_page"
    assert (man_page.FOLDER / "git-kanban.1").read_text() == ".so man1/gitkanban.1\n"


def test_the_wheel_has_it_beside_the_programs() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["shared-data"] == {"share/man": "share/man"}


@pytest.mark.parametrize(
    "lint",
    [
        ["groff", "-man", "-ww", "-Tutf8", "-z"],
        ["mandoc", "-T", "lint", "-W", "warning"],
        ["man", "--warnings=w", "-l"],
    ],
    ids=lambda argv: argv[0],
)
def test_nothing_warns_of_it(lint: list[str]) -> None:
    if shutil.which(lint[0]) is None:
        pytest.skip(f"{lint[0]} is not installed")
    done = subprocess.run(
        [*lint, str(PAGE)], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"MANPAGER": "cat"},
    )  # fmt: skip
    words = done.stderr + (done.stdout if lint[0] == "mandoc" else "")
    assert (done.returncode, words) == (0, "")
    assert lint[0] != "man" or "git kanban COMMAND" in done.stdout


def test_man_and_git_find_it_beside_the_bin_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("man") is None or not shutil.which("mandb"):
        pytest.skip("man-db is not installed")
    for name in ("bin", "share"):
        (tmp_path / name).mkdir()
    shutil.copytree(ROOT / "share" / "man", tmp_path / "share" / "man")
    program = tmp_path / "bin" / "git-kanban"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("MANPAGER", "cat")
    monkeypatch.delenv("MANPATH", raising=False)
    for argv in (["man", "gitkanban"], ["man", "git-kanban"]):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert "git kanban COMMAND" in done.stdout, done.stderr
    assert "git kanban COMMAND" in git(tmp_path, "kanban", "--help")
