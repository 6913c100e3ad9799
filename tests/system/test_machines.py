"""One clone that two machines reach: neither takes the other's live runs for dead."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.calls import call, ok
from tests.support.arena import Arena, until


def begun_elsewhere(arena: Arena, card: str) -> None:
    """Make the run of the card one that another machine began, whose locks are not seen here."""
    folder = next(f for f in arena.folders() if f.facts().one("card") == card)
    found = folder.spec()
    there = {"boot": "another-boot", "machine": "another-id", "host": "h2"}
    folder.write_spec({**found, **there})


def test_a_run_that_another_machine_has_open_is_left_alone_until_a_person_says_so(
    make: Callable[..., Arena],
) -> None:
    arena = make({"T1": "@lane", "T2": "@pool"})
    arena.words("T1", "commit hang")
    arena.words("T2", "commit")
    arena.tick()
    until(lambda: arena.hanging(), "the session")
    until(lambda: len(arena.supervisors()) == 1, "the end of the other")
    arena.tick()
    begun_elsewhere(arena, "T1")
    before = arena.tip()
    for words in (("tick",), ("tick", "--dry-run"), ("gc",), ("doctor", "--fix")):
        done = call(arena.repo, *words)
        assert done.code == 1, words
        assert "open on h2, which is another machine: T1" in done.err, words
    assert (arena.tip(), arena.status("T1")) == (before, "running")
    found = json.loads(call(arena.repo, "doctor", "--json").out)["symptoms"]
    assert "other-machine" in {each["code"] for each in found}
    call(arena.repo, "doctor", "--here")
    ok(arena.repo, "tick")
    record = json.loads(Path(arena.repo, ".git/gitkanban/machine").read_text())
    assert [each["host"] for each in record["given_up"]] == ["h2"]
    ok(arena.repo, "stop", "T1")
    arena.settle()


def test_a_machine_takes_over_a_clone_in_which_nothing_is_open(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@lane backlog"})
    record = Path(arena.repo, ".git/gitkanban/machine")
    last = {"boot": "another-boot", "id": "another-id", "host": "h2"}
    record.write_text(json.dumps({"last": last, "given_up": [last]}))
    line = "this clone was ticked on h2 until now, and is ticked here from now on"
    assert line in ok(arena.repo, "tick")
    assert line not in ok(arena.repo, "tick")
    assert json.loads(record.read_text())["given_up"] == []
