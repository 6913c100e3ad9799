"""`init` at a terminal asks which form and which agent; options answer,
and without one nothing is asked.
"""

import os
from pathlib import Path

import pytest

from gitkanban.board.repo.company import Company, look, why_own_branch
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.terminal import Terminal


@pytest.fixture(autouse=True)
def codex(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No agent is installed but codex."""
    folder = Path(os.environ["HOME"]) / "bin"
    folder.mkdir()
    (folder / "codex").write_text("#!/bin/sh\n")
    (folder / "codex").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def commit_as(repo: Path, name: str, subject: str) -> None:
    git(
        repo, "-c", f"user.email={name}@example.org", "-c", f"user.name={name}",
        "commit", "-q", "--allow-empty", "-m", subject,
    )  # fmt: skip


def test_it_asks_for_form_and_agent(repo: Path) -> None:
    with Terminal(repo, "init") as seat:
        said = seat.until(r"Number \[1\]: ")
        assert "in .kanban/ of main" in said and "a branch of its own, kanban" in said
        seat.type("2\n")
        said = seat.until(r"Number \[1\]: ")
        assert said.index("1  codex") < said.index("hermes") and "not on PATH" in said
        for wrong in ("nobody", "0", "99"):
            seat.type(f"{wrong}\n")
            seat.until(r"Error: type a number from 1 to \d\n[^\n]*Number \[1\]: ")
        seat.type("\n")
        seat.until(
            "made a board on branch kanban.*\ncommitted: config.yaml, .gitignore, schema/\nnext: "
        )
        assert seat.end() == 0
    assert "runner: codex" in git(repo, "show", "kanban:config.yaml")


def test_the_own_branch_is_better_where_others_push(repo: Path) -> None:
    git(repo, "remote", "add", "origin", "/nowhere")
    commit_as(repo, "bob", "more")
    with Terminal(repo, "init", "--runner", "codex") as seat:
        assert "better here: somebody else commits to main too" in seat.until(r"Number \[2\]: ")
        seat.type("\n")
        seat.until("made a board on branch kanban")
        assert seat.end() == 0
    assert call(repo, "init").code == 1  # there is one


def test_options_are_the_answers(repo: Path) -> None:
    with Terminal(repo, "init", "--in-tree", "--runner", "claude") as seat:
        assert seat.end() == 0
        assert "Number" not in seat.text and "made a board in .kanban/ on branch main" in seat.text
    done = call(repo, "init", "--in-tree", "--branch", "x")
    assert done.code == 2 and "not both" in done.err


def test_without_a_terminal_nothing_is_asked(repo: Path) -> None:
    git(repo, "remote", "add", "origin", "/nowhere")
    commit_as(repo, "bob", "Merge pull request #3 from bob/x")
    said = ok(repo, "init", stdin="2\n")
    assert "made a board in .kanban/ on branch main" in said
    assert "committed: .kanban/config.yaml, .kanban/.gitignore, .kanban/schema/\n" in said
    assert "(main gets its commits by pull requests: gitkanban init --branch kanban)" in said


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["^C", "^D"])
def test_without_an_answer_nothing_is_made(repo: Path, key: str) -> None:
    tip = git(repo, "rev-parse", "HEAD")
    with Terminal(repo, "init") as seat:
        seat.until("Number")
        assert seat.end(key=key) == 130
        assert "\ninterrupted\n" in seat.text.replace("\r", "")
    assert git(repo, "rev-parse", "HEAD") == tip and not (repo / ".kanban").exists()


def test_nothing_is_asked_where_no_board_can_be(repo: Path, tmp_path: Path) -> None:
    ok(repo, "init")
    with Terminal(repo, "init") as seat:
        assert seat.end() == 1 and "there is already a board" in seat.text
    empty = tmp_path / "empty"
    empty.mkdir()
    with Terminal(empty, "init") as seat:
        assert seat.end() == 1 and "Number" not in seat.text
    git(empty, "init", "-q")
    with Terminal(empty, "init") as seat:
        assert seat.end() == 1 and "no commit yet" in seat.text and "Number" not in seat.text


@pytest.mark.parametrize(
    ("company", "why"),
    [
        (Company("main", "", 9, True), ""),
        (Company("main", "origin", 0, False), ""),
        (Company("main", "origin", 1, False), "somebody else commits to main too"),
        (Company("main", "origin", 3, False), "3 others commit to main too"),
        (Company("", "origin", 3, False), "3 others commit to this repository too"),
        (Company("main", "origin", 3, True), "main gets its commits by pull requests"),
    ],
)
def test_why_a_board_should_have_its_own_branch(company: Company, why: str) -> None:
    assert why_own_branch(company) == why


def test_who_else_commits_is_seen_in_the_history(repo: Path, tmp_path: Path) -> None:
    assert look(str(repo)) == Company("main", "", 0, False)
    git(repo, "remote", "add", "hub", "/nowhere")
    commit_as(repo, "bob", "more (#12)")
    commit_as(repo, "carol", "(#12) is not at the end")
    assert look(str(repo)) == Company("main", "hub", 2, True)
    git(repo, "checkout", "-q", "--detach")
    assert look(str(repo)).branch == ""
    assert look(str(tmp_path)) == Company()
