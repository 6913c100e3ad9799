"""What branches and commands put into a message never steers a terminal."""

import re
from pathlib import Path

import pytest

from gitkanban.cli.here import tell, tell_error
from gitkanban.core.tick.holds import Hold
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.errors import Refused
from gitkanban.views.outcome import outcome_page, outcome_text
from gitkanban.views.text import Look, width

CLI = Path(__file__).parent.parent.parent / "gitkanban" / "cli"


def test_control_characters_of_a_message_are_made_visible(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(["verify said \x1b]0;x\x07"])
    tell_error(Refused("verify is red: \x1b[31m", "Look at \x9b."))
    said = capsys.readouterr().err
    assert said == "verify said ␛]0;x␇\nError: verify is red: ␛[31m\nHint: Look at \\x9b.\n"


@pytest.mark.parametrize("path", sorted(CLI.rglob("*.py")), ids=lambda path: path.stem)
def test_messages_are_reported_through_one_door(path: Path) -> None:
    found = re.findall(r"echo\((?:line, err=True|f\"(?:Error|Hint): \{)", path.read_text())
    assert not found or path.stem in ("app", "here")


def test_a_tick_shows_where_sessions_work_whatever_the_folder_is_called() -> None:
    started = Started("T1", "r1", "w#1", "/w\x1b[2J/T1", "card/T1", 1)
    assert outcome_text(Outcome(started=(started,)), verbose=False) == (
        "started  T1  w#1  /w␛[2J/T1\n"
    )


def test_at_a_terminal_a_plan_looks_like_a_tick_and_says_that_it_is_none() -> None:
    held = Hold("T2", "parents", "waits for T1, " + "which takes its time " * 9, "T1 done")
    plan = Outcome(
        started=(Started("T1", "r1", "w#1", "/w/T1", "card/T1", 1),),
        holds=(held,), notices=("verify \x1b[31m" + "said " * 30,), dry_run=True,
    )  # fmt: skip
    for columns in (20, 60, 80):
        page = outcome_page(plan, Look(columns), verbose=True)
        assert "\x1b" not in page and max(map(width, page.splitlines())) <= columns
        assert re.match(r" ● T1 ", page) and "\n · T2 " in page
    assert page.endswith("(dry run: 1 start, nothing was changed)\n")
    assert "1 card waits: gitkanban why" in outcome_page(plan, Look(80), verbose=False)
    assert outcome_page(Outcome(dry_run=True), Look(80), verbose=True) == "nothing to do\n"
