"""A run of another clone is given up by a person, and by nobody else."""

from pathlib import Path

from gitkanban.board import store
from gitkanban.board.repo.clone import clone_id
from gitkanban.core.model import Card
from tests.board.boards import FORMS, new
from tests.cli.calls import call, ok


def test_only_the_run_of_the_clone_that_is_named(repo: Path) -> None:
    there = Card(
        "T1", title="there", worker="coder", status="running",
        run="r1", slot="coder#1", clone="gone", host="far",
    )  # fmt: skip
    place = new(repo, FORMS[0], there)
    wrong = call(repo, "reclaim", "T1", "--from", "other")
    assert wrong.code == 1 and "is run by clone gone on far" in wrong.err
    assert ok(repo, "reclaim", "T1", "--from", "gone") == "T1 running → todo\n"
    board = store.read(place)
    card, (run,) = board.cards["T1"], board.runs_of("T1")
    assert (card.status, card.run, card.clone) == ("todo", "", "")
    assert (run.run, run.outcome, run.clone) == ("r1", "lost", "gone")
    assert run.why.endswith("gave up on clone gone")
    again = call(repo, "reclaim", "T1", "--from", "gone")
    assert again.code == 1 and "not running" in again.err


def test_a_run_of_our_own_is_not_reclaimed(repo: Path) -> None:
    place = new(repo, FORMS[0])
    own = clone_id(place)
    new_card = Card(
        "T1", title="here", worker="coder", status="running",
        run="r1", slot="coder#1", clone=own, host="here",
    )  # fmt: skip
    from gitkanban.core.changes import AddCard
    from tests.board import boards

    boards.commit(place, AddCard(new_card))
    refused = call(repo, "reclaim", "T1", "--from", own)
    assert refused.code == 1 and "this clone's own" in refused.err
