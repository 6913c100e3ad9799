"""docs/agents.md says what was recorded."""

from tests.agents.page import PAGE, page


def test_the_table_is_made_from_the_recorded_streams() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.agents.page"
