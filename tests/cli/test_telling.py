"""What branches and commands put into a message never steers a terminal."""

import re
from pathlib import Path

import pytest

from gitkanban.cli.here import tell, tell_error
from gitkanban.core.tick.outcome import Outcome, Started
from gitkanban.errors import Refused
from gitkanban.views.outcome import outcome_text

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
