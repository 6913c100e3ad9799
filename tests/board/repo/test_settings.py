"""What git has answered is asked again as soon as anything that it comes from has changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board.repo import git as our_git
from gitkanban.board.repo import placefinder, settings
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card
from gitkanban.errors import GitFailed, NoBoard
from tests.board.boards import edit, new
from tests.conftest import git

HOME_CONFIG = "[user]\n\tname = Ada\n\temail = ada@example.org\n"


@pytest.fixture
def here(repo: Path) -> Place:
    """A board whose answers are cached: nothing that they come from is young."""
    made = new(repo, "", Card("T1"))
    age_sources(repo)
    ask_all(repo)
    return made


def age_sources(repo: Path) -> None:
    home = Path(os.environ["HOME"])
    for path in (repo / ".git" / "config", home / ".gitconfig", *home.glob("*.inc")):
        if path.exists():
            os.utime(path, (time.time() - 60, time.time() - 60))


def ask_all(folder: Path) -> tuple[object, ...]:
    """What a new process would be answered."""
    settings.answers_of.cache_clear()
    found = placefinder.repository(str(folder))
    who = (settings.read_identity(found.common, each) for each in ("AUTHOR", "COMMITTER"))
    return (found, *who)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The git commands that are run from now on."""
    words: list[str] = []
    run = our_git.run

    def noted(cwd: str, *args: str, **how: object) -> our_git.Done:
        words.append(args[0])
        return run(cwd, *args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(our_git, "run", noted)
    return words


@pytest.mark.usefixtures("here")
def test_a_second_process_asks_git_nothing(repo: Path, asked: list[str]) -> None:
    ask_all(repo)
    ask_all(repo / "src")
    assert asked == []


def set_in_repository(repo: Path) -> None:
    git(repo, "config", "user.name", "Bob")


def set_in_home(_: Path) -> None:
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(HOME_CONFIG.replace("Ada", "Bob"))


def set_in_a_file_that_was_not_there(_: Path) -> None:
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "git"
    folder.mkdir(parents=True)
    (folder / "config").write_text("[commit]\n\tgpgsign\n")


def set_in_environment(_: Path) -> None:
    os.environ["GIT_AUTHOR_NAME"] = "Bob"


CHANGES = [set_in_repository, set_in_home, set_in_a_file_that_was_not_there, set_in_environment]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_decides_is_seen(
    repo: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    before = ask_all(repo)
    change(repo)
    after = ask_all(repo)
    (repo / ".git" / "gitkanban" / "cache" / "answers").unlink()
    assert after == ask_all(repo) != before


@pytest.mark.usefixtures("here")
def test_an_included_file_counts_and_a_condition_is_never_cached(
    repo: Path, asked: list[str]
) -> None:
    more = Path(os.environ["HOME"]) / "more.inc"
    git(repo, "config", "include.path", str(more))
    age_sources(repo)
    assert not placefinder.repository(str(repo)).signs
    more.write_text("[commit]\n\tgpgsign = yes\n")
    assert placefinder.repository(str(repo)).signs
    git(repo, "config", f"includeIf.gitdir:{repo}/.path", str(more))
    age_sources(repo)
    ask_all(repo)
    asked.clear()
    ask_all(repo)
    assert "config" in asked


@pytest.mark.usefixtures("here")
def test_a_repository_that_comes_or_goes_below_is_found(repo: Path) -> None:
    assert placefinder.repository(str(repo / "src")).main == str(repo)
    git(repo / "src", "init", "-q")
    assert placefinder.repository(str(repo / "src")).main == str(repo / "src")
    (repo / ".git").rename(repo / "gone")
    with pytest.raises(NoBoard):
        ask_all(repo)


@pytest.mark.usefixtures("here")
def test_nobody_is_the_author_once_nothing_says_who(repo: Path) -> None:
    (Path(os.environ["HOME"]) / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    with pytest.raises(GitFailed, match="who you are"):
        ask_all(repo)


def test_a_change_of_one_card_starts_three_gits(
    here: Place, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = repo.parent / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    edit(here, "T1", title="new")
    started = [line.split("git ")[-1].split(" ")[0] for line in trace.read_text().splitlines()]
    assert started == ["unpack-objects", "update-ref", "update-index"]


def test_a_packed_board_is_looked_up_once_for_each_tip(
    here: Place, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = repo.parent / "trace"
    git(repo, "gc", "-q", "--prune=now")

    def find_board() -> list[str]:
        """What git is asked by a new process that finds the board."""
        settings.answers_of.cache_clear()
        trace.write_text("")
        with monkeypatch.context() as patch:
            patch.setenv("GIT_TRACE", str(trace))
            assert placefinder.find(str(repo)).prefix == here.prefix
        return [line.split("git ")[-1].split(" ")[0] for line in trace.read_text().splitlines()]

    assert find_board() == ["cat-file"]
    assert find_board() == []
    git(repo, "rm", "-q", "-r", "--cached", ".kanban")
    git(repo, "commit", "-qm", "the board is gone")
    git(repo, "gc", "-q", "--prune=now")
    with pytest.raises(NoBoard):
        find_board()


@pytest.mark.usefixtures("here")
def test_what_changed_while_git_was_being_asked_is_asked_again(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repo, "config", "user.name", "Before")
    age_sources(repo)
    run, now = our_git.run, time.time_ns

    def slow(cwd: str, *args: str, **how: object) -> our_git.Done:
        done = run(cwd, *args, **how)  # type: ignore[arg-type]
        if args[0] == "config":
            git(repo, "config", "user.name", "After")
            monkeypatch.setattr(time, "time_ns", lambda: now() + 5_000_000_000)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(our_git, "run", slow)
        ask_all(repo)
    settings.answers_of.cache_clear()
    assert settings.read_settings(f"{repo}/.git").values["user.name"] == "After"
