"""A tick that finds another at work rings and leaves; whoever wants more gets the whole answer."""

from pathlib import Path

import pytest

from gitkanban.cli.quick_tick import leave_to_other
from gitkanban.runs.records import again
from gitkanban.runs.supervision.locks import Locks


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ([], True),
        (["--sync"], True),
        (["--sync", "--remote", "origin"], True),
        (["--json"], False),
        (["--dry-run"], False),
        (["--sync", "--json"], False),
        (["--sync", "--remote", "origin", "-n"], False),
    ],
)
def test_only_a_plain_tick_leaves_at_the_door(
    repo: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], short: bool
) -> None:
    monkeypatch.chdir(repo)
    private = f"{repo}/.git/gitkanban"
    held = Locks(private).take("tick")
    assert held
    with held:
        assert leave_to_other(["tick", *words]) is short
    assert again.was_asked(private) is short
    assert not leave_to_other(["tick", *words])


def test_two_that_look_at_once_do_not_take_each_other_for_a_tick(repo: Path) -> None:
    private = f"{repo}/.git/gitkanban"
    locks = Locks(private)
    held = locks.take("tick")
    assert held
    held.close()
    import fcntl

    with open(locks.path("tick")) as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # what another one's look does
        assert not again.ask_tick_at_work(private)
