"""What a later attempt is told of an earlier one's last words."""

from pathlib import Path

import pytest

from gitkanban.core.model import Run
from gitkanban.runs import folders, handoffs
from tests.runs.places import place_of


@pytest.mark.parametrize(
    ("out", "err", "told"),
    [
        (9, 0, "o6 o7 o8 o9"),
        (0, 9, "e6 e7 e8 e9"),
        (9, 1, "o7 o8 o9 e1"),
        (1, 9, "o1 e7 e8 e9"),
        (9, 9, "o8 o9 e8 e9"),
        (1, 1, "o1 e1"),
        (0, 0, ""),
    ],
)
def test_one_line_of_stderr_does_not_hide_what_an_agent_said(
    repo: Path, out: int, err: int, told: str
) -> None:
    place = place_of(repo)
    folder = Path(folders.of(place.private, "r1").path)
    folder.mkdir(parents=True)
    for name, letter, count in (("stdout.log", "o", out), ("stderr.log", "e", err)):
        (folder / name).write_text("".join(f"{letter}{n + 1}\n" for n in range(count)))
    found = handoffs.last_words(place, Run("r1", "T1", outcome="failed"), 4)
    assert " ".join(found) == told
