"""Several hosts on one board, each in name spaces of its own."""

import pytest

from tests.hosts import spaces
from tests.hosts.play import play
from tests.hosts.scenarios import CONTROLS, SCENARIOS, Scenario

pytestmark = [
    pytest.mark.skipif(bool(spaces.why_not()), reason=spaces.why_not() or "they can be made"),
    pytest.mark.timeout(240),
]


def as_parameter(scenario: Scenario):  # type: ignore[no-untyped-def]
    """A story that is known to fail must fail, until it passes."""
    marks = [pytest.mark.xfail(strict=True, reason=scenario.fails)] if scenario.fails else []
    return pytest.param(scenario, id=scenario.name.replace(" ", "-"), marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [as_parameter(each) for each in SCENARIOS if each.short])
def test_hosts_that_share_a_board_work_as_one(scenario: Scenario) -> None:
    assert play(scenario) == []


@pytest.mark.parametrize(
    ("broken", "scenario", "word"), CONTROLS, ids=[each[0] for each in CONTROLS]
)
def test_a_program_broken_on_purpose_is_caught(broken: str, scenario: Scenario, word: str) -> None:
    assert word in {line.partition(":")[0] for line in play(scenario, broken)}
