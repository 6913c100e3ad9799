"""What a session may do through the command line: its own card, and nothing of anybody else's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.core.model import BACKLOG, Card, Config, Worker
from gitkanban.core.tick.facts import Letter, Report
from gitkanban.core.tick.letters import report_in
from gitkanban.errors import Refused
from gitkanban.runs import mailbox, trust, verifying
from gitkanban.runs.records import folders
from tests.cli.calls import Called, call, ok
from tests.conftest import git

RUN = "01jd0000000000000000000000"


@pytest.fixture
def running(board: Path) -> Path:
    """The example board with T0 running, from whose session the calls come."""
    path = board / ".kanban" / "cards" / "T0.yaml"
    text = path.read_text().replace("status: todo", f"status: running\n\nrun: {RUN}")
    path.write_text(text)
    git(board, "commit", "-qam", "T0 runs")
    folders.of(find(str(board)).private, RUN).write_spec({"card": "T0", "run": RUN})
    return board


def inside(board: Path, *words: str, stdin: str = "") -> Called:
    return call(board, *words, stdin=stdin, GITKANBAN_RUN=RUN, GITKANBAN_CARD="T0")


def letters(board: Path) -> tuple[Letter, ...]:
    mail = mailbox.receive(folders.of(find(str(board)).private, RUN))
    assert not mail.bad
    return mail.letters


def report(board: Path) -> Report | None:
    return report_in(letters(board), "T0")


@pytest.mark.parametrize("card", [[], ["T0"]])
def test_a_session_reports_on_its_card_without_naming_it(running: Path, card: list[str]) -> None:
    done = inside(running, "done", *card, "--no-change", "--summary", "all there")
    # Not on stdout: the last words there are the session's own.
    assert done == (0, "", "reported done for T0; it counts when this session ends\n")
    assert report(running) == Report("done", True, "all there")
    assert inside(running, "block", *card, "--why", "which port?").code == 0
    assert report(running) == Report("block", reason="needs-input", why="which port?")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["a remark"], "a remark"),
        (["T0", "a remark"], "a remark"),
        (["--file", "-"], "from stdin"),
        (["T0", "--file", "-"], "from stdin"),
    ],
)
def test_a_note_without_a_card_is_on_the_session_s_own(
    running: Path, words: list[str], text: str
) -> None:
    tip = git(running, "rev-parse", "main")
    said = inside(running, "note", *words, stdin="from stdin").out
    assert said == "noted on T0; it is on the board after the next tick\n"
    assert [(each.kind, each.card, each.text) for each in letters(running)] == [
        ("note", "T0", text)
    ]
    assert git(running, "rev-parse", "main") == tip


def test_its_own_id_alone_is_no_note(running: Path) -> None:
    assert "an empty note" in inside(running, "note", "T0").err


def test_a_person_names_the_card(board: Path) -> None:
    for words in (["done"], ["block", "--why", "x"], ["note"], ["show"]):
        assert call(board, *words) == (2, "", "Error: name a card\nHint: `gitkanban list` shows them.\n")  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["done", "T1"], "`gitkanban done` is for a session's own card only, which is T0"),
        (["note", "T1", "x"], "`gitkanban note` is for a session's own card only, which is T0"),
        (["doctor", "--fix"], "`gitkanban doctor --fix` is not for sessions"),
        (["init"], "`gitkanban init` is not for sessions"),
        (["init", "--branch", "other"], "`gitkanban init` is not for sessions"),
        (["accept", "T0"], "`gitkanban accept` is not for sessions"),
        (["add", "sneaky", "-b", "other"], "-b/--branch is not for sessions"),
        (["done", "--no-change", "-b", "other"], "-b/--branch is not for sessions"),
        (["block", "--why", "x", "-b", "other"], "-b/--branch is not for sessions"),
        (["note", "x", "-b", "other"], "-b/--branch is not for sessions"),
    ],
)
def test_the_rest_is_for_people(running: Path, words: list[str], said: str) -> None:
    before = git(running, "for-each-ref")
    done = inside(running, *words)
    assert (done.code, done.out, done.err.splitlines()[0]) == (1, "", f"Error: {said}")
    assert git(running, "for-each-ref") == before
    assert report(running) is None


def test_a_session_may_add_to_the_backlog(running: Path) -> None:
    assert inside(running, "add", "more work", "--id", "N").code == 0
    (letter,) = letters(running)
    assert [(card.id, card.title, card.status) for card in letter.cards] == [
        ("N", "more work", BACKLOG)
    ]
    assert "no worker 'ghost'" in inside(running, "add", "x", "-w", "ghost").err


def test_nothing_is_left_by_a_run_that_its_card_has_left(running: Path) -> None:
    ok(running, "block", "T0", "--why", "stop")
    for words in (["done"], ["note", "x"], ["add", "more"]):
        assert "no longer the current run" in inside(running, *words).err
    assert letters(running) == ()


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc shows ancestors")
@pytest.mark.parametrize("words", [["approve", "T1"], ["trust", "--yes"], ["stop", "T0"]])
def test_an_emptied_environment_makes_no_person_of_a_session(
    running: Path, words: list[str]
) -> None:
    """Nor does one that names another run: what started it says whose it is."""
    command = [sys.executable, "-m", "gitkanban", *words]
    marked = {**os.environ, "GITKANBAN_RUN": RUN, "GITKANBAN_CARD": "T0"}
    bare = {name: value for name, value in os.environ.items() if name != "GITKANBAN_RUN"}
    for env in (bare, {**bare, "GITKANBAN_RUN": "another", "GITKANBAN_CARD": "T1"}):
        program = "import subprocess, sys; sys.exit(subprocess.run({!r}, env={!r}).returncode)"
        done = subprocess.run(
            [sys.executable, "-c", program.format(command, env)],
            cwd=running, env=marked, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "is not for sessions" in done.stderr
        assert "From inside a run: note T0" in done.stderr


def test_what_verify_runs_at_an_accept_is_no_person(board: Path) -> None:
    place = find(str(board))
    argv = (sys.executable, "-m", "gitkanban", "trust", "--yes")
    config = Config(base="main", workers={"w": Worker("w", "p", command=("true",), verify=argv)})
    trust.record(place, config)
    before = Path(place.private, "trust").read_bytes()
    with pytest.raises(Refused, match="verify fails on T0"):
        verifying.verify(place, config, Card("T0", worker="w"), git(board, "rev-parse", "main"))
    assert Path(place.private, "trust").read_bytes() == before
