"""The real shells, as people start them: what they complete,
and what `completion install` leaves.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban.cli.completion import shells
from tests.cli.calls import call, ok
from tests.cli.completion.patience import PATIENT
from tests.conftest import git
from tests.support.terminal import Terminal

BIN = Path(sys.executable).parent
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
GITS = Path("/usr/share/bash-completion/completions/git")
HOSTILE = "$(touch pwned) `touch pwned`; 'q' \"d\" : %F{red} \\ \x1b[31m | end"
# What each shell is started with, so that it reads the place where `install` has written.
ZSHRC = "fpath=(~/.local/share/zsh/site-functions $fpath)\nautoload -Uz compinit && compinit -u\n"
STARTS = {
    "bash with bash-completion": (".bashrc", f". {BASH_COMPLETION}\nPS1='READY> '\n"),
    "bash alone": (
        ".bashrc", ". ~/.local/share/bash-completion/completions/gitkanban\nPS1='READY> '\n",
    ),
    "zsh": (".zshrc", f"{ZSHRC}PROMPT='READY> '\n"),
    "fish": (".config/fish/config.fish", "function fish_prompt; echo 'READY> '; end\n"),
}  # fmt: skip


class Shell(Terminal):
    """A shell that a person types into; its text has no escapes."""

    @property
    def is_bash(self) -> bool:
        return "bash" in self.process.args  # type: ignore[operator]

    def _read(self, seconds: float) -> bool:
        came = super()._read(seconds)
        self.text = re.sub(
            r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()].|[=>A-Z])", "", self.text
        )
        return came


def start_file(start: str) -> str:
    """Write what the shell reads when it starts; its program. Skips where it is not installed."""
    shell = start.partition(" ")[0]
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    if start == "bash with bash-completion" and not BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    name, text = STARTS[start]
    file = Path(os.environ["HOME"], name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return shell


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """gitkanban on PATH, with patience, and the XDG folders in the empty home."""
    programs = tmp_path_factory.mktemp("programs")
    for name in ("gitkanban", "git-kanban"):
        (programs / name).write_text(f"#!{sys.executable}\n{PATIENT}")
        (programs / name).chmod(0o755)
    monkeypatch.setattr(shells, "_PATIENCE", 300)
    monkeypatch.setenv("PATH", f"{programs}:{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("XDG_DATA_HOME", "BASH_COMPLETION_USER_DIR", "ZDOTDIR", "FPATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["bash with bash-completion", "bash alone", "zsh"])
def terminal(request: pytest.FixtureRequest, board: Path) -> Iterator[Shell]:
    """Each shell on a terminal, in a repository with a board."""
    shell = start_file(request.param)
    ok(board, "completion", "install", "--shell", shell)
    ok(board, "add", HOSTILE, "--id", "EVIL-1", "-w", "messages-owner")
    ok(board, "add", "kind", "--id", "EVIL-2", "-w", "messages-owner")
    with Shell(board, program=[shell, "-i"], columns=120, COLUMNS="120") as made:
        made.until("READY> ")
        yield made


def test_cards_are_listed_with_titles_that_do_nothing(terminal: Shell, board: Path) -> None:
    terminal.type("gitkanban show EVIL-\t\t")
    shown = terminal.until("EVIL-2.*kind")
    assert "$(touch pwned) `touch pwned`; 'q' \"d\" : %F{red} \\ ␛[31m | end" in shown
    terminal.type("2 --js\t")
    terminal.until("--json ")
    assert not (board / "pwned").exists()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("gitkanban stat\t", r"gitkanban status "),
        ("gitkanban add --worker mess\t", r"--worker messages-owner "),
        ("gitkanban add --worker=mess\t", r"--worker=messages-owner"),
        ("gitkanban workers set messages-owner max_c\t3", r"max_concurrency=3"),
        ("gitkanban add --from READ\t", r"--from README.md"),
    ],
)
def test_a_single_word_is_put_in(terminal: Shell, typed: str, expected: str) -> None:
    terminal.type(typed)
    terminal.until(expected)


def test_git_kanban_is_completed_by_gits_own_completion(terminal: Shell) -> None:
    if terminal.is_bash and not GITS.exists():
        pytest.skip("git's own completion for bash is not installed")
    if terminal.is_bash:
        terminal.type(f". {GITS}\n")
        terminal.until("READY> ")
    terminal.type("git kanban show EVIL-\t\t")
    terminal.until("EVIL-2.*kind")


@pytest.mark.parametrize("where", ["outside", "broken"])
def test_nothing_is_printed_into_a_prompt(
    terminal: Shell, board: Path, tmp_path: Path, where: str
) -> None:
    if where == "outside":
        terminal.type(f"cd {tmp_path}\n")
        terminal.until("READY> ")
    else:
        (board / ".kanban" / "config.yaml").write_text("{[")
        git(board, "commit", "-qam", "break it")
    terminal.type("gitkanban retry \t\tX")
    shown = terminal.until("X")
    assert re.sub("\x07|.\x08", "", shown).strip() == "gitkanban retry X"


def fish(cwd: Path, line: str) -> str:
    """What fish would complete."""
    quoted = line.replace("'", "\\'")
    command = ["fish", "-c", f"complete -C '{quoted}'"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=300, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize("program", ["gitkanban", "git-kanban", "git kanban"])
def test_fish_completes_cards_options_and_files(board: Path, tmp_path: Path, program: str) -> None:
    start_file("fish")
    ok(board, "completion", "install", "--shell", "fish")
    ok(board, "add", HOSTILE, "--id", "EVIL-1", "-w", "messages-owner")
    line = "EVIL-1\t$(touch pwned) `touch pwned`; 'q' \"d\" : %F{red} \\ ␛[31m | end\n"
    assert fish(board, f"{program} show EVIL") == line
    assert "messages-owner" in fish(board, f"{program} add -w ")
    assert "--worker=messages-owner" in fish(board, f"{program} add --worker=m")
    assert "README.md" in fish(board, f"{program} add --from READ")
    assert fish(board, f"{program} accept ") == ""
    assert fish(tmp_path, f"{program} show ") == ""
    assert not (board / "pwned").exists()


@pytest.mark.parametrize("start", sorted(STARTS))
def test_install_says_what_it_did_and_uninstall_leaves_nothing(repo: Path, start: str) -> None:
    shell = start_file(start)
    done = call(repo, "completion", "install", "--shell", shell)
    assert done.code == 0 and "wrote ~/.local/share/" in done.out, done
    assert "a new shell reads it" in done.out
    again = call(repo, "completion", "install", "--shell", shell)
    assert "is up to date" in again.out and "a new shell reads it" in again.out
    folders = [path for path in Path(os.environ["HOME"]).rglob("*kanban*") if path.is_file()]
    assert len(folders) == len(shells._FILES[shell])
    assert "removed ~/.local/share/" in ok(repo, "completion", "uninstall", "--shell", shell)
    assert not any(path.exists() for path in folders)
    assert "has nothing" in ok(repo, "completion", "uninstall", "--shell", shell)


@pytest.mark.parametrize("shell", shells.SHELLS)
def test_the_line_that_it_asks_for_is_enough(repo: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    rc = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}[shell]
    file = Path(os.environ["HOME"], rc)
    file.parent.mkdir(parents=True, exist_ok=True)
    if shell == "fish":
        file.write_text("set fish_complete_path\n")
    lines = ok(repo, "completion", "install", "--shell", shell).splitlines()
    asked = [line.strip() for line in lines if line.startswith("        ")]
    assert asked and rc.rpartition("/")[2] in "".join(lines)
    file.write_text(f"{file.read_text() if file.exists() else ''}{chr(10).join(asked)}\n")
    assert "a new shell reads it" in ok(repo, "completion", "install", "--shell", shell)


def test_a_file_of_somebody_else_is_not_overwritten(repo: Path) -> None:
    file = Path(shells.folder_of("fish"), "gitkanban.fish")
    file.parent.mkdir(parents=True)
    file.write_text("mine\n")
    done = call(repo, "completion", "install", "--shell", "fish")
    assert done.code == 1 and "is not gitkanban's" in done.err and "Hint:" in done.err
    assert call(repo, "completion", "uninstall", "--shell", "fish").code == 1
    assert file.read_text() == "mine\n" and os.listdir(file.parent) == ["gitkanban.fish"]


def test_show_prints_the_script(repo: Path) -> None:
    assert "complete -F _gitkanban" in ok(repo, "completion", "show", "--shell", "bash")
    assert "#compdef gitkanban" in ok(repo, "completion", "show", SHELL="/usr/bin/zsh")
    assert call(repo, "completion", "show", SHELL="/bin/tcsh").code == 2
    for shell in shells.SHELLS:
        assert "@PROGRAM@" not in ok(repo, "completion", "show", "--shell", shell)


def test_a_session_may_not_install(repo: Path) -> None:
    done = call(repo, "completion", "install", GITKANBAN_CARD="T0", GITKANBAN_RUN="01run")
    assert done.code == 1 and "not for sessions" in done.err
