"""Hostile sessions and pull requests come to nothing, and the judge can tell: the program, broken
on purpose, is caught (`broken`). The long rounds are `python -m tests.torture --only hostile`.
"""

import os
import random
import signal
from collections.abc import Callable

import pytest

from tests.support.arena import Arena, until
from tests.support.canaries import Canaries
from tests.system.test_oracle import whole
from tests.torture import rounds
from tests.torture.hostile import Request, unallowed, unnoticed


def a_supervisor_dies_over_a_repository_of_the_session(
    arena: Arena, _: Request, variant: str
) -> None:
    arena.words("C0", "commit left hostile:repository hang", "commit")
    arena.add("C0", "@pool")
    arena.act(arena.go)
    until(lambda: arena.logged("hangs"), "the session")
    os.kill(arena.supervisor(), signal.SIGKILL)
    until(lambda: not arena.supervisors(), "its end")
    whole(arena, variant)


def merged_once_a_card_is_in_review(arena: Arena, request: Request, variant: str) -> None:
    arena.add("C0", "@other")
    arena.act(arena.go)
    arena.wait()
    request.send(random.Random(1), [Request.accepted_at_once])
    whole(arena, variant)
    whole(arena, variant)


def merged_with_a_link(arena: Arena, request: Request, variant: str) -> None:
    def link(self: Request, _: random.Random) -> None:
        (self.board / "slots").symlink_to(self.around.outside / "slots")

    request.send(random.Random(1), [link])
    arena.add("C0", "@lane")
    whole(arena, variant)
    request.take_back()


def merged_with_an_archived_parent(arena: Arena, request: Request, variant: str) -> None:
    arena.add("A0", "@lane backlog")
    arena.add("A1", "@pool <-A0")
    request.send(random.Random(1), [Request.archived])
    whole(arena, variant)
    request.take_back()


def hooks_are_written(arena: Arena, _: Request, variant: str) -> None:
    arena.words("C0", "commit hostile:hooks")
    arena.add("C0", "@pool")
    arena.act(arena.go)
    arena.wait()
    whole(arena, variant)


def bare_while_work_is_accepted(arena: Arena, _: Request, variant: str) -> None:
    arena.words("C0", "commit hostile:bare")
    arena.add("C0", "@pool")
    arena.act(arena.go)
    arena.wait()
    whole(arena, variant)


# What is played; the ways to break the program that it shows, and what the judge then says.
CASES = {
    a_supervisor_dies_over_a_repository_of_the_session: ("git_by_discovery", "13:"),
    merged_once_a_card_is_in_review: ("commands_alone_trusted", "13:"),
    merged_with_a_link: ("written_through_links", "14:"),
    merged_with_an_archived_parent: ("", ""),
    hooks_are_written: ("nothing_noticed", "15:"),
    bare_while_work_is_accepted: ("nothing_noticed", "15:"),
}


WAYS = [(play, *way) for play, broken in CASES.items() for way in dict.fromkeys([("", ""), broken])]


@pytest.mark.parametrize(
    "play, variant, number", WAYS, ids=lambda each: getattr(each, "__name__", each) or "whole"
)
def test_it_comes_to_nothing_and_a_broken_variant_is_caught(
    make: Callable[..., Arena], play: Callable[..., None], variant: str, number: str
) -> None:
    arena = make({}, config=rounds.CONFIG)
    around = Canaries(arena.repo)
    request = Request(arena, around)
    play(arena, request, variant)
    if not variant:
        arena.settle()
    arena.wait()
    found = [*around.violations(), *unallowed(arena), *unnoticed(arena)]
    if variant:
        assert any(line.startswith(number) for line in found), found
    else:
        assert [*found, *arena.oracle.violations(people=True)] == []
