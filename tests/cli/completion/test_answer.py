"""The words that may follow, on real boards and on broken ones,
by the door that the scripts call.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.cli.completion import candidates
from gitkanban.cli.completion.answer import answer
from gitkanban.core.model import STATUSES
from tests.cli.calls import ok
from tests.cli.completion.patience import PATIENT
from tests.conftest import git

BREAKS = " \t\n\"'><=;|&(:"  # bash's own COMP_WORDBREAKS
HOSTILE = "$(touch pwned) `touch pwned`; 'q' \"d\" : %F{red} \\ \x1b[31m \x07 \u202e | end"


@pytest.fixture
def ask(board: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Asks what follows a line, as fish does: (what it is, [(word, description)])."""
    ok(board, "status")
    monkeypatch.chdir(board)
    monkeypatch.setattr(candidates, "PATIENCE", 300)  # this process would be ended

    def asked(line: str, shell: str = "fish", *more: str) -> list[str]:
        capsys.readouterr()
        assert answer([shell, line, *more]) == 0
        done = capsys.readouterr()
        assert done.err == ""
        return done.out.splitlines()

    return asked


def test_an_answer_leaves_no_alarm_behind(ask) -> None:  # type: ignore[no-untyped-def]
    assert ask("gitkanban show ")
    assert signal.alarm(0) == 0, "it would end the process while the answer is printed"


def words(lines: list[str]) -> list[str]:
    return [line.partition("\t")[0] for line in lines[1:]]


def test_cards_come_with_their_titles_and_by_the_status_that_fits(ask, board: Path) -> None:  # type: ignore[no-untyped-def]
    assert words(ask("gitkanban show ")) == ["T0", "T1", "T2", "T3", "T4"]
    assert ask("gitkanban show T")[0] == "words"
    assert "T0\tdefine message-recall contract" in ask("gitkanban show ")
    assert ask("gitkanban accept ") == []
    ok(board, "block", "T0", "--why", "x")
    assert words(ask("gitkanban retry ")) == ["T0"]  # with the cache of the commit before
    assert words(ask("gitkanban approve ")) == []
    assert words(ask("gitkanban done T1 T2 ")) == ["T0", "T3", "T4"]  # what is there is not offered


def test_names_of_every_other_kind(ask, board: Path) -> None:  # type: ignore[no-untyped-def]
    ok(board, "edit", "T0", "--label", "area:front")
    git(board, "branch", "plan")
    git(board, "branch", "evil;$(id)")
    git(board, "tag", "v1")
    git(board, "remote", "add", "hub", ".")
    assert set(words(ask("gitkanban add -w "))) == {
        "messages-owner", "backend-hermes-pool", "frontend-hermes-pool",
    }  # fmt: skip
    assert words(ask("gitkanban list --label ")) == ["area:front"]
    assert "backend-hermes" in words(ask("gitkanban list --profile "))
    assert words(ask("gitkanban add -b ")) == ["main", "plan"]  # the third is for no shell
    assert "v1" in words(ask("gitkanban status --at "))
    assert words(ask("gitkanban sync --remote ")) == ["hub"]
    assert words(ask("gitkanban list --status re")) == [*STATUSES, "ready", "waiting"]
    assert ask("gitkanban add --body-file ") == ["files"]
    assert ask("gitkanban demo --keep ") == ["dirs"]
    assert "max_concurrency=" in words(ask("gitkanban workers set messages-owner "))
    assert ask("gitkanban workers set messages-owner ma", "bash", BREAKS)[0] == "nospace"
    assert "mode=pool" in words(ask("gitkanban workers set messages-owner mode="))


def test_a_board_on_the_branch_that_is_named(ask, board: Path) -> None:  # type: ignore[no-untyped-def]
    ok(board, "add", "planned", "--id", "NEW", "-w", "messages-owner", "-b", "plan")
    assert "NEW" in words(ask("gitkanban edit -b plan "))
    assert "NEW" not in words(ask("gitkanban edit "))


def test_bash_gets_what_begins_so_and_behind_its_word_breaks(ask, board: Path) -> None:  # type: ignore[no-untyped-def]
    ok(board, "edit", "T0", "--label", "area:front", "--label", "area:back")
    line = "gitkanban list --label="
    assert ask(line, "bash", BREAKS) == ["words", "area:back", "area:front"]
    assert ask(f"{line}area:f", "bash", BREAKS) == ["words", "front"]
    assert ask(f"{line}'area:f", "bash", BREAKS) == ["words", "--label=area:front"]
    assert ask("gitkanban show X", "bash", BREAKS) == []


def test_bash_lists_titles_in_its_width_and_never_inserts_them(ask) -> None:  # type: ignore[no-untyped-def]
    listed = ask("gitkanban show T", "bash", BREAKS, "1", "24")
    assert listed[1] == "T0  define message-r…"
    assert all(len(line) <= 24 for line in listed)
    assert ask("gitkanban show T0", "bash", BREAKS, "1", "80") == ["words", "T0"]
    assert ask("gitkanban show T", "bash", BREAKS, "0", "80")[1:] == ["T0", "T1", "T2", "T3", "T4"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_hostile_titles_stay_one_visible_line(ask, board: Path, shell: str) -> None:  # type: ignore[no-untyped-def]
    ok(board, "add", HOSTILE, "--id", "EVIL", "-w", "messages-owner")
    lines = ask("gitkanban show ", shell, BREAKS, "1", "200")
    assert len(lines) == 7
    (line,) = [each for each in lines if each.startswith("EVIL")]
    assert "end" in line and not set("\x1b\x07\u202e") & set(line)
    assert ask("gitkanban show ", "zsh")[1].count(":") >= 1


NOWHERE = ["outside", "empty repository", "broken card", "broken config", "no branch", "bad cache"]


@pytest.mark.parametrize("where", NOWHERE)
def test_whatever_is_wrong_nothing_is_said(where: str, board: Path, tmp_path: Path) -> None:
    ok(board, "status")
    cwd = board
    if where == "outside":
        cwd = tmp_path
    elif where == "empty repository":
        cwd = tmp_path / "new"
        git(tmp_path, "init", "-q", str(cwd))
    elif where == "no branch":
        git(board, "config", "gitkanban.branch", "gone")
    elif where == "bad cache":
        for name in ("status", "board"):
            (board / ".git/gitkanban/cache" / name).write_bytes(b"\xff" * 100)
    else:
        name = "config.yaml" if where == "broken config" else "cards/T0.yaml"
        (board / ".kanban" / name).write_text("{[")
        git(board, "commit", "-qam", "break it")
    shown = {"broken card": ["T1", "T2", "T3", "T4"], "bad cache": ["T0", "T1", "T2", "T3", "T4"]}
    for line in ("show ", "add -w ", "logs T1 --run "):
        done = complete(cwd, f"gitkanban {line}")
        assert (done.returncode, done.stderr) == (0, b"")
        if line == "show " and where != "broken config":
            assert words(done.stdout.decode().splitlines()) == shown.get(where, [])
    assert complete(cwd, "gitkanban st").stdout.count(b"\n") > 40


@pytest.mark.parametrize("argv", [[], ["fish"], ["bash", "gitkanban show ", BREAKS, "1", "wide"]])
def test_a_wrong_call_is_silent_too(argv: list[str], board: Path) -> None:
    done = complete(board, *argv, shell="")
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_unpinned_board_is_not_attached_by_a_completion(board: Path, tmp_path: Path) -> None:
    ok(board, "init", "--branch", "kanban")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(board), str(clone))
    assert complete(clone, "gitkanban show ").stdout == b""
    assert not (clone / ".kanban").exists() and git(clone, "branch", "--list", "kanban") == ""


@pytest.mark.slow
def test_ten_thousand_cards_are_answered(repo: Path) -> None:
    folder = repo / ".kanban" / "cards"
    folder.mkdir(parents=True)
    (repo / ".kanban" / "config.yaml").write_text(
        "version: 1\nkanban:\n  workers:\n    coder: {runner: claude}\n"
    )
    for number in range(10_000):
        (folder / f"C-{number}.yaml").write_text(f"id: C-{number}\n\ntitle: card {number}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a board")
    git(repo, "config", "gitkanban.branch", "main")
    ok(repo, "status")
    assert complete(repo, "gitkanban show ").stdout.count(b"\n") == 10_001
    assert complete(repo, "gitkanban show C-999").stdout.count(b"\n") == 12


def complete(cwd: Path, *argv: str, shell: str = "fish") -> "subprocess.CompletedProcess[bytes]":
    """The door itself, in a process of its own."""
    command = [sys.executable, "-c", PATIENT, "__complete", *([shell] if shell else []), *argv]
    return subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False)


LIGHT = """
import sys
from gitkanban.__main__ import main
sys.argv = ["gitkanban", "__complete", "fish", sys.argv[1]]
code = main()
heavy = {"click", "pygit2", "ruamel.yaml", "rich", "textual", "subprocess", "typing"}
sys.stderr.write(" ".join(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.parametrize("line", ["show ", "add --worker ", "edit T0 -", ""])
def test_an_answer_from_the_cache_imports_no_library(line: str, board: Path) -> None:
    git(board, "config", "gitkanban.branch", "main")  # what is not configured is not cached
    ok(board, "status")
    # -S: what the environment's own .pth files import is not ours.
    command = [sys.executable, "-S", "-c", LIGHT, f"gitkanban {line}"]
    path = str(Path(__file__).parents[3])
    done = subprocess.run(
        command, cwd=board, capture_output=True, timeout=300, check=True, env={"PYTHONPATH": path},
    )  # fmt: skip
    assert done.stdout.count(b"\n") > 2
    assert done.stderr == b""
