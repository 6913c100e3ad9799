"""A run of another clone is given up by a person, and by nobody else."""

import json
import os
from pathlib import Path

from gitkanban.board import store
from gitkanban.board.repo.clone import clone_id
from gitkanban.core.changes import AddCard
from gitkanban.core.model import Card
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Sighting
from gitkanban.runs.records import folders, sightings
from tests.board import boards
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
    boards.commit(place, AddCard(new_card))
    refused = call(repo, "reclaim", "T1", "--from", own)
    assert refused.code == 1 and "this clone's own" in refused.err


def running(card: str, clone: str, host: str) -> Card:
    return Card(
        card, title="there", worker="coder", status="running",
        run="01m8js7r1r8x8vjb001p", slot="coder#1", clone=clone, host=host,
    )  # fmt: skip


def test_all_runs_of_a_clone_are_given_up_at_once(repo: Path) -> None:
    cards = (running("T1", "gone", "far"), running("T2", "gone", "far"), running("T3", "b", "near"))
    place = new(repo, FORMS[0], *cards)
    shown = ok(repo, "reclaim", "--from", "gone", "--dry-run")
    assert shown.startswith("clone gone on far, last heard of ")
    assert "began)\nwould give up the run of T1\nwould give up the run of T2\n" in shown
    refused = call(repo, "reclaim", "--from", "gone")
    assert refused.code == 1 and "nothing was given up" in refused.err
    assert store.read(place).cards["T1"].status == "running"
    done = ok(repo, "reclaim", "--from", "gone", "--yes")
    assert done.endswith("T1 running → todo\nT2 running → todo\n")
    statuses = {name: card.status for name, card in store.read(place).cards.items()}
    assert {name: statuses[name] for name in ("T1", "T2", "T3")} == {
        "T1": "todo", "T2": "todo", "T3": "running",
    }  # fmt: skip
    again = call(repo, "reclaim", "--from", "gone", "--yes")
    assert again.code == 1 and "clone gone runs nothing on this board" in again.err


def test_a_whole_clone_as_json(repo: Path) -> None:
    new(repo, FORMS[0], running("T1", "gone", "far"))
    row = json.loads(ok(repo, "reclaim", "--from", "gone", "--dry-run", "--json"))
    assert (row["clone"], row["host"], row["cards"]) == ("gone", "far", ["T1"])
    assert row["last_heard"] > 1_700_000_000
    row = json.loads(ok(repo, "reclaim", "--from", "gone", "--json"))
    assert row["cards"] == [{"id": "T1", "status": "todo"}]


def test_a_run_on_a_node_that_is_gone_is_given_up_by_the_next_tick(repo: Path) -> None:
    place = new(repo, FORMS[0])
    own = clone_id(place)
    boards.commit(place, AddCard(running("T1", own, "here")))
    run = RunId(running("T1", own, "here").run)
    sightings.remember(place.private, {run: Sighting("unreachable", "n1, job 7")}, {})
    os.makedirs(folders.of(place.private, run).path)
    row = json.loads(ok(repo, "reclaim", "T1", "--from", own, "--json"))
    assert row["cards"] == ["T1"]
    assert ok(repo, "reclaim", "T1", "--from", own) == "T1: the next tick gives up its run\n"


def test_our_own_clone_is_not_given_up_as_a_whole(repo: Path) -> None:
    place = new(repo, FORMS[0])
    refused = call(repo, "reclaim", "--from", clone_id(place), "--yes")
    assert refused.code == 1 and "is this clone" in refused.err
