"""When a run that cannot be closed is tried again, and when it is given up."""

import pytest

from gitkanban.core.tick.closing import ClosingStep, Tries, next_step, unclosed_line
from gitkanban.core.tick.facts import Exit, RunFacts
from gitkanban.core.tick.verdict import verdict


def tried(*times: int) -> Tries:
    found = Tries()
    for at in times:
        found = found.failed(at, "no such\nfolder.")
    return found


@pytest.mark.parametrize(
    ("times", "passes", "asked", "step"),
    [
        ((0,), False, False, "again"),
        ((0, 300), False, False, "again"),
        ((0, 700), False, False, "again"),  # long enough, not often enough
        ((0, 1, 2, 3, 599), False, False, "again"),  # often enough, not long enough
        ((0, 300, 600), False, False, "give-up"),
        ((0, 1, 86_400), False, False, "give-up"),
        ((0, 300, 600), True, False, "wait"),  # no space: that is not the run's fault
        ((0, 300, 600), True, True, "wait"),
        ((0,), False, True, "again"),  # stopped, and collecting failed once: that may pass
        ((0, 1), False, True, "give-up"),
        ((5000, 0, 1), False, False, "again"),  # the clock was set back: the span begins again
    ],
)
def test_three_tries_in_ten_minutes(
    times: tuple[int, ...], passes: bool, asked: bool, step: ClosingStep
) -> None:
    assert next_step(tried(*times), times[-1], passes=passes, asked=asked) == step


def test_the_finding_is_one_line() -> None:
    line = unclosed_line("r1", "T1", tried(0, 300, 660))
    assert line == "run r1 of T1 cannot be closed: no such folder (3 tries in 11 min)"
    assert unclosed_line("r1", "T1", tried(0)).endswith("(1 try)")


@pytest.mark.parametrize("how", ["exited", "lost", "stop", "reboot"])
def test_a_run_that_was_given_up_is_lost_and_its_card_blocked(how: str) -> None:
    facts = RunFacts("r1", "T1", "w", "p", "p#1", 0, exit=Exit(9, how), given_up="broken")
    found = verdict(facts, [])
    assert (found.outcome, found.to, found.reason) == ("lost", "blocked", "failed")
    assert "broken" in found.why
