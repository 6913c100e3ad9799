"""Closed and full streams, other locales, an early ^C: words and an exit code,
never a traceback.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.runs.supervision.locks import Locks
from tests.cli.calls import ok
from tests.conftest import git
from tests.support.arena import until

# As Python behaves where the locale is neither UTF-8 nor one that it takes for it.
FOREIGN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ME = f"{shlex.quote(sys.executable)} -m gitkanban"


def sh(cwd: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command.replace("gitkanban", ME, 1)],
        cwd=cwd, env=os.environ | env, capture_output=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", ["status", "list", "show T0", "log", "why T1", "check"])
@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(board: Path, words: str, closed: str) -> None:
    ok(board, "status")
    done = sh(board, f"gitkanban {words} {closed}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_tick_with_closed_streams_writes_into_none_of_its_own_files(board: Path) -> None:
    done = sh(board, "gitkanban tick <&- >&- 2>&-")
    assert done.returncode in (0, 1)
    locks = board / ".git" / "gitkanban" / "locks"
    assert all(path.read_bytes() == b"" for path in locks.rglob("*") if path.is_file())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have /dev/full")
@pytest.mark.parametrize("words", ["status", "list", "show T0", 'add "one more" --id NEW'])
def test_a_full_disk_behind_stdout_is_not_taken_for_one_under_the_board(
    board: Path, words: str
) -> None:
    ok(board, "status")
    done = sh(board, f"gitkanban {words} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: cannot write the output: no space left on device\n"
        "Hint: Everything up to that point is done; see `gitkanban log`.\n"
    )
    assert ("NEW" in git(board, "ls-tree", "-r", "--name-only", "main")) == ("add" in words)


@pytest.mark.parametrize("words", ["status", "list --json", "show T0", "log", "check", "why T0"])
def test_another_locale_changes_nothing(board: Path, words: str) -> None:
    here = board.rename(board.parent / "dépôt")
    ok(here, "edit", "T0", "--title", "größer → schöner", "--worker", "messages-owner")
    ok(here, "done", "T0")
    # `show` says how long ago; the others are asked with the caches,
    # which a fixed clock does without.
    fixed = {"GITKANBAN_NOW": "2099-01-01T00:00:00Z"} if words.startswith("show") else {}
    usual = sh(here, f"gitkanban {words}", **fixed)
    assert (usual.returncode, usual.stderr) == (0, "")
    other = sh(here, f"gitkanban {words}", **fixed, **FOREIGN)
    assert (other.returncode, other.stdout, other.stderr) == (0, usual.stdout, "")


def test_arguments_arrive_in_another_locale_as_they_were_written(board: Path) -> None:
    done = sh(board, "gitkanban add 'größer → schöner' --id NEW", **FOREIGN)
    assert done.stdout == "NEW  größer → schöner\n", done
    assert json.loads(ok(board, "show", "NEW", "--json"))["title"] == "größer → schöner"


CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    coder:
      command: [sh, -c, 'printf "%s" "$LC_ALL" > "größe-$GITKANBAN_CARD"']
      verify: ["true"]
      commits: supervisor
      on_success: done
"""


def test_runs_of_another_locale_are_settled_and_sessions_keep_it(repo: Path) -> None:
    here = repo.rename(repo.parent / "dépôt")
    ok(here, "init", "--config", "-", stdin=CONFIG)
    ok(here, "trust", "--yes")
    ok(here, "add", "größer", "--id", "A", "-w", "coder")
    ok(here, "add", "→ schöner", "--id", "B", "-w", "coder", "-p", "A")
    done = sh(here, "gitkanban tick", **FOREIGN)
    assert (done.returncode, done.stderr) == (0, "")
    until(lambda: {card["status"] for card in cards(here)} == {"done"}, "both cards")
    for card in ("A", "B"):  # B was started by what A's supervisor became
        assert git(here, "show", f"main:größe-{card}") == "C"
    private = here / ".git" / "gitkanban"
    held = Locks(str(private)).take("tick", wait=120)
    assert held
    held.close()
    logs = "".join(path.read_text() for path in private.glob("runs/*/*.log"))
    assert "Traceback" not in logs
    assert "Error" not in logs


def cards(here: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(ok(here, "list", "--json"))
    return found


def test_a_stream_of_less_than_utf_8_gets_escapes(board: Path) -> None:
    ok(board, "edit", "T0", "--title", "A → B")
    done = sh(board, "gitkanban show T0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, r"\xb7 T0  A \u2192 B")


def test_an_error_keeps_the_spelling_of_its_path(board: Path) -> None:
    done = sh(board, "gitkanban demo --keep README.md/Deep")
    assert done.stderr.startswith("Error: not a directory: ")
    assert "README.md/Deep" in done.stderr


@pytest.mark.parametrize("words", ["status", "list", "tick", "why --all"])
def test_an_interrupt_before_the_command_line_is_one_word(board: Path, words: str) -> None:
    program = (
        "import sys, gitkanban.__main__ as door\n"
        "from gitkanban.cli import app, quick, quick_tick\n"
        "def struck(*_): raise KeyboardInterrupt\n"
        "quick.answer = quick_tick.answer = app.run = struck\n"
        "sys.exit(door.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words.split()],
        cwd=board, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
