"""One browser for all of these tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.driving import Browser, start_browser


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    found = start_browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.quit()


@pytest.fixture
def browser(driver: Any) -> Browser:
    return Browser(driver)
