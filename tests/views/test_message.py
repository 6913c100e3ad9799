"""How a board commit reads in `git log`."""

import pytest

from gitkanban.core.changes import MessageLine
from gitkanban.views.message import from_lines


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        ([("T1", "todo → running (w#2)")], "T1 todo → running (w#2)"),
        (
            [("T1", "todo → running (w#1)"), ("T2", "todo → running (w#2)")],
            "2 cards todo → running",
        ),
        (
            [("T0", "running → done"), ("T1", "todo → running (w#1)"), ("T2", "todo → running")],
            "T0 running → done, 2 cards todo → running",
        ),
        ([("T1", "edited (title)"), ("T1", "note by ada")], "2 changes to 1 card"),
        ([("A" * 60, "running → done"), ("B" * 60, "added")], "2 changes to 2 cards"),
    ],
)
def test_the_subject_names_what_happened_or_counts_it(
    lines: list[tuple[str, str]], subject: str
) -> None:
    message = from_lines([MessageLine(*line) for line in lines])
    assert message.splitlines()[0] == f"kanban: {subject}"
    assert len(lines) == 1 or all(f"\n{card} {text}\n" in message for card, text in lines)
