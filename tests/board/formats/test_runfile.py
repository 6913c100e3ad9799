"""Run records, and the pauses that share their form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import pausefile, runfile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core.model import Pause, Run
from tests.board.cards import NAMES, PROSE, WORDS

FULL = Run(
    run="01jd", card="T1", slot="backend-hermes#2", host="ci-1", clone="c", worker="backend",
    started=1763935200, ended=1763936049, outcome="succeeded", exit=0, commit="12e4567",
    summary="did it\n",
)  # fmt: skip

TEXT = """\
run: 01jd
slot: backend-hermes#2
worker: backend
host: ci-1
clone: c
started: 2025-11-23T22:00:00Z
ended: 2025-11-23T22:14:09Z
outcome: succeeded
exit: 0
commit: '12e4567'
summary: |
  did it
"""


def test_the_layout_of_a_run() -> None:
    assert runfile.render(FULL) == TEXT
    assert runfile.parse(TEXT.encode(), "runs/T1/01jd.yaml") == FULL


def test_unquoted_words_stay_words() -> None:
    text = "run: 01jd\ncommit: 12e4567\nhost: 1.10\nexit: 3\ncost_usd: 0.50\nmine: [1]\n"
    run = runfile.parse(text.encode(), "archive/2026/runs/T1/01jd.yaml")
    assert run == Run("01jd", "T1", commit="12e4567", host="1.10", exit=3, cost_usd="0.50")


COUNTS = st.none() | st.integers(0, 1 << 48)
TIMES = st.just(0) | st.integers(1, 4_000_000_000)


@given(
    st.builds(
        Run, NAMES, NAMES, WORDS, WORDS, WORDS, WORDS, TIMES, TIMES, WORDS,
        st.none() | st.integers(-9, 255), st.integers(0, 64), *[WORDS] * 6, PROSE, COUNTS, COUNTS, TIMES,
    )
)  # fmt: skip
def test_every_run_reads_back(run: Run) -> None:
    assert runfile.parse(runfile.render(run).encode(), f"runs/{run.card}/{run.run}.yaml") == run


@given(st.builds(Pause, NAMES, PROSE, WORDS, TIMES))
def test_every_pause_reads_back(pause: Pause) -> None:
    text = pausefile.render(pause)
    assert pausefile.parse(text.encode(), f"paused/{pause.worker}.yaml") == pause


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: other\n", r"1:1: the run is 'other', the file is named '01jd'"),
        ("run: 01jd\nexit: x\n", r"2:7: exit must be a whole number, not 'x'"),
        ("run: 01jd\nended: later\n", r"2:8: 'later' is not a time"),
        ("run: 01jd\nhost: [a]\n", r"2:7: host must be text, not a list"),
        ("run: 01jd\nrun: 01jd\n", r"2:1: the key 'run' is there twice"),
    ],
)
def test_a_bad_run_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(Bad, match=rf"^runs/T1/01jd\.yaml:{said}"):
        runfile.parse(text.encode(), "runs/T1/01jd.yaml")
