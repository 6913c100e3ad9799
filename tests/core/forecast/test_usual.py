"""The future at the usual pace, and the longest chain of work left."""

from gitkanban.core.forecast.simulate import Duration, Question
from gitkanban.core.forecast.usual import chain_left, usual_forecast
from gitkanban.core.model import Run
from gitkanban.core.names import CardId, RunId
from tests.support.boards import NOW, board, observed


def run(worker: str, ended: int, seconds: int, outcome: str = "succeeded") -> Run:
    begun = ended - seconds if seconds else 0
    return Run(RunId("r"), CardId("T"), worker=worker, started=begun, ended=ended, outcome=outcome)


def test_the_longest_chain_is_that_of_most_work_whoever_holds_it_up() -> None:
    given = board(
        "A blocked @slow", "B todo <- A @slow", "C review @slow", "D todo <- C", "E todo <- D",
        "F done", "G todo <- F",
    )  # fmt: skip
    question = Question({"slow": Duration(1000)})
    assert chain_left(given, question) == (2000, ("A", "B"))
    assert chain_left(given, Question()) == (1200, ("A", "B"))
    assert chain_left(board("A todo", "B done", "C todo <- B"), Question()) == (0, ())


def test_a_forecast_assumes_what_sessions_took() -> None:
    given = board("A todo @a", "B todo <- A @b", workers="a lane\nb lane")
    found = usual_forecast(given, observed(), [run("a", 1000, 60), run("gone", 1000, 60)])
    assert found
    assert [(bar.card, bar.end - NOW) for bar in found.done.bars] == [("A", 60), ("B", 660)]
    assert found.question.durations == {"a": Duration(60)} and found.chain_seconds == 660
    assert usual_forecast(given._replace(config=None), observed(), []) is None
