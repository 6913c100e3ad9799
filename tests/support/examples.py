"""How many examples a property gets: all of them in the whole suite, fewer in the quick part."""

from typing import Any

from hypothesis import settings

QUICK_SHARE = 0.3  # of the examples of the whole suite
USUAL = 100  # hypothesis' own default

_share = 1.0


def load_profile(quick: bool) -> None:
    """Choose for this process, before any test module is imported.

    No test depends on a fast machine, so no example has a deadline.
    """
    global _share
    _share = QUICK_SHARE if quick else 1.0
    settings.register_profile("here", deadline=None, max_examples=round(USUAL * _share))
    settings.load_profile("here")


def examples(count: int, **more: Any) -> settings:
    """The settings of a property that gets that many examples in the whole suite."""
    return settings(max_examples=round(count * _share), deadline=None, **more)
