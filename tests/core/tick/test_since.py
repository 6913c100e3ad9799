"""What ticks did, read back from commits: the words of a tick, without what people did."""

import pytest

from gitkanban.core.model import Card, Pause, Run
from gitkanban.core.tick.outcome import Accepted, Outcome, Started
from gitkanban.core.tick.reconcile import Settled
from gitkanban.core.tick.since import BoardStep, outcome_since, with_earlier
from gitkanban.views.outcome import outcome_text

RUN = Run("r1", "T1", clone="here", worker="w", outcome="succeeded", why="1 commit")
RUNS = Card("T1", worker="w", status="running", run="r1", slot="w#1", clone="here")
TODO = Card("T1", worker="w")
REVIEW = Card("T1", worker="w", status="review")
DONE = Card("T1", worker="w", status="done", merged="c0ffee")

ENDED = BoardStep((RUN,), ((RUNS, REVIEW),))
STARTED = BoardStep((), ((TODO, RUNS),))


def lines(*steps: BoardStep, accepting: str = "") -> list[str]:
    return outcome_text(outcome_since(steps, "here", {accepting}), verbose=False).splitlines()


@pytest.mark.parametrize(
    ("step", "accepting", "expected"),
    [
        pytest.param(ENDED, "", ["settled  T1  succeeded → review  (1 commit)"], id="it ended"),
        pytest.param(
            BoardStep((RUN._replace(outcome="exited", why="exit 1"),), ((RUNS, TODO),)), "",
            ["settled  T1  exited → todo  (exit 1)"], id="it failed",
        ),
        pytest.param(
            BoardStep((RUN,), ((RUNS, DONE),)), "w",
            ["settled  T1  succeeded → review  (1 commit)", "accepted T1  c0ffee"],
            id="settled and accepted in one commit",
        ),
        pytest.param(
            BoardStep((RUN,), ((TODO, TODO._replace(priority=1)),)), "",
            ["settled  T1  succeeded  (1 commit)"], id="its card had moved on",
        ),
        pytest.param(
            BoardStep((RUN._replace(clone="other"),), ((RUNS._replace(clone="other"), REVIEW),)), "",
            [], id="another clone's",
        ),
        pytest.param(STARTED, "", ["started  T1  w#1"], id="it was started"),
        pytest.param(
            BoardStep((), ((TODO, RUNS._replace(clone="other")),)), "", [], id="started elsewhere"
        ),
        pytest.param(BoardStep((), ((RUNS, RUNS._replace(title="x")),)), "", [], id="edited"),
        pytest.param(BoardStep((), ((REVIEW, DONE),)), "w", ["accepted T1  c0ffee"], id="accepted"),
        pytest.param(BoardStep((), ((REVIEW, DONE),)), "", [], id="accepted by a person"),
        pytest.param(
            BoardStep((), ((REVIEW, REVIEW._replace(status="blocked", reason="conflict", why="a.py")),)),
            "w", ["conflict T1  a.py"], id="a conflict",
        ),
        pytest.param(BoardStep((), ((None, TODO),)), "", [], id="added"),
        pytest.param(BoardStep((), ((REVIEW, None),)), "", [], id="removed"),
        pytest.param(
            BoardStep((), (), (Pause("w", "3 cards ended alike", "tick", 1),)), "",
            ["worker w is paused: 3 cards ended alike"], id="paused by a tick",
        ),
        pytest.param(BoardStep((), (), (Pause("w", "lunch", "Ada", 1),)), "", [], id="by a person"),
    ],
)  # fmt: skip
def test_each_step_reads_as_the_tick_that_made_it(
    step: BoardStep, accepting: str, expected: list[str]
) -> None:
    assert lines(step, accepting=accepting) == expected


def test_a_start_that_has_ended_since_is_not_said() -> None:
    assert lines(STARTED, ENDED) == ["settled  T1  succeeded → review  (1 commit)"]


def test_what_the_tick_did_itself_is_said_once_and_last() -> None:
    own = Outcome(
        settled=(Settled("T2", "r2", "succeeded", "review", "own"),),
        accepted=(Accepted("T2", "done", "feed"),),
        started=(Started("T3", "r3", "w#1", "/there", "card/T3", 7),),
        notices=("a notice",),
        commit="c",
    )
    earlier = Outcome(
        settled=(
            Settled("T1", "r1", "succeeded", "review", "earlier"),
            Settled("T2", "r2", "succeeded", "review", "from the board"),
        ),
        accepted=(Accepted("T2", "done", "feed2"),),
        started=(Started("T3", "r3", "w#1", "", "card/T3", 0),),
    )
    both = with_earlier(own, earlier)
    assert [each.why for each in both.settled] == ["earlier", "own"]
    assert both._replace(settled=own.settled) == own
