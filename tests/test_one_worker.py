"""Which tests one worker alone plays."""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.one_worker import TOGETHER, group_of

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("place", [place for places in TOGETHER.values() for place in places])
def test_its_places_exist(place: str) -> None:
    assert (ROOT / place).exists()


def test_the_scheduler_asks_for_the_group_of_a_test() -> None:
    assert "_split_scope" in vars(LoadScopeScheduling)
    assert group_of("tests/browser/test_page.py::test_a[x]") == "browser"
    assert group_of("tests/web/test_acts.py::test_a") == ""
