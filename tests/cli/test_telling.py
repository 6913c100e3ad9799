"""What branches and commands put into a message never steers a terminal."""

import re
from pathlib import Path

import pytest

from gitkanban.cli.here import tell, tell_error
from gitkanban.errors import Refused

CLI = Path(__file__).parent.parent.parent / "gitkanban" / "cli"


def test_control_characters_of_a_message_are_made_visible(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(["verify said \x1b]0;x\x07"])
    tell_error(Refused("verify is red: \x1b[31m", "Look at \x9b."))
    said = capsys.readouterr().err
    assert said == "verify said ␛]0;x␇\nError: verify is red: ␛[31m\nHint: Look at \\x9b.\n"


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_messages_are_told_through_one_door(path: Path) -> None:
    found = re.findall(r"echo\((?:line, err=True|f\"(?:Error|Hint): \{)", path.read_text())
    assert not found or path.stem in ("app", "here")
