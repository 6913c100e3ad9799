"""How many examples a property gets: half of them in the whole suite, fewer in the quick part.

`just properties` gives each all of its examples, from other seeds each time.
"""

from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, settings

SUITE_SHARE, QUICK_SHARE, ALL = 0.5, 0.25, 1.0  # of the examples that a property asks for
USUAL = 100  # hypothesis' own default

_share = ALL


def load_profile(share: float) -> None:
    """Choose for this process, before any test module is imported.

    No test depends on a fast machine, so neither an example nor what it is drawn from has a time
    limit. Nor does one depend on luck: but for `ALL`, the same examples come each time, so that
    what failed fails again.
    """
    global _share
    _share = share
    settings.register_profile(
        "here",
        deadline=None,
        max_examples=round(USUAL * share),
        derandomize=share != ALL,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("here")


def examples(
    count: int, suppress_health_check: Iterable[HealthCheck] = (), **more: Any
) -> settings:
    """The settings of a property that asks for that many examples."""
    unchecked = [HealthCheck.too_slow, *suppress_health_check]
    return settings(max_examples=round(count * _share), suppress_health_check=unchecked, **more)
