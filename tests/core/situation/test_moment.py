"""What only the moment says: when what is ready starts."""

import pytest

from gitkanban.core.situation.moment import TICKS_LATE, start_words

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("cron", "every", "runs", "words"),
    [
        (NOW - 26, 60, False, "T1 starts with the next tick (cron, in 34 s)"),
        (NOW - 26, 60, True, "T1 starts with the next tick (cron, in 34 s)"),
        (NOW - 60, 300, False, "T1 starts with the next tick (cron, in 4 min)"),
        (NOW - 70, 60, False, "T1 starts with the next tick (cron)"),
        (NOW - 26, 0, True, "T1 starts when a session ends, or with `gitkanban tick`"),
        (NOW - TICKS_LATE, 60, True, "T1 starts when a session ends, or with `gitkanban tick`"),
        (NOW - TICKS_LATE - 1, 290, True, "T1 starts with the next tick (cron)"),
        (0, 0, False, "nothing ticks here: T1 starts with `gitkanban tick` or cron (docs/cron.md)"),
    ],
)  # fmt: skip
def test_when_a_card_starts_is_said_by_who_ticks(
    cron: int, every: int, runs: bool, words: str
) -> None:
    assert start_words("T1 starts", cron, every, runs, NOW) == words
