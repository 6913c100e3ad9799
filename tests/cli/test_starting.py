"""The first steps: a board, its agent, and cards that get the only worker there is."""

from pathlib import Path

from gitkanban.board import place, store
from tests.cli.calls import call, ok


def worker_of(repo: Path, card: str) -> str:
    return store.read(place.find(str(repo))).cards[card].worker


def test_a_card_without_a_worker_is_for_the_only_one(repo: Path) -> None:
    ok(repo, "init", "--runner", "claude")
    done = call(repo, "add", "x", "--id", "T1")
    assert (done.out, done.err) == ("T1  x\n", "T1: for coder, the only worker\n")
    assert worker_of(repo, "T1") == "coder"
    plan = "- {id: T2, title: y}\n- {id: T3, title: z, worker: coder}\n- {id: T4, title: z}\n"
    done = call(repo, "add", "--from", "-", stdin=plan)
    assert done.err == "T2, T4: for coder, the only worker\n"
    assert call(repo, "add", "x", "-w", "coder").err == ""


def test_where_there_are_several_it_is_said_that_nobody_is_assigned(board: Path) -> None:
    done = call(board, "add", "x", "--id", "X1")
    assert done.err == "X1: nobody is assigned: gitkanban edit X1 --worker NAME\n"
    assert worker_of(board, "X1") == ""
    plan = "".join(f"- {{id: Y{n}, title: y}}\n" for n in range(6))
    done = call(board, "add", "--from", "-", "--json", stdin=plan)
    assert done.err == (
        "Y0, Y1, Y2, Y3, Y4, …: nobody is assigned: gitkanban edit ID --worker NAME\n"
    )
