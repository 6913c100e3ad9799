"""`--unchanged-since`: who decides on what has changed meanwhile is refused,
and nothing is done.
"""

from pathlib import Path

import pytest

from tests.cli.calls import call, ok, work_one_card
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {mode: lane, command: [sh, -c, "echo x >> work.txt"], commits: supervisor}
"""


def tip(repo: Path) -> str:
    return git(repo, "rev-parse", "HEAD")


@pytest.fixture
def in_review(repo: Path, tmp_path: Path) -> Path:
    work_one_card(repo, tmp_path / "config.yaml", CONFIG)
    return repo


@pytest.mark.parametrize(
    "argv", [("accept", "T1"), ("reject", "T1", "--why", "no"), ("drop", "T1"), ("edit", "T1", "--priority", "3")]
)  # fmt: skip
def test_a_card_that_has_changed_is_left_as_it_is(in_review: Path, argv: tuple[str, ...]) -> None:
    before = tip(in_review)
    ok(in_review, "edit", "T1", "--title", "another")
    now = tip(in_review)
    done = call(in_review, *argv, "--unchanged-since", before)
    assert done.code == 1 and not done.out
    assert done.err.splitlines() == [
        f"Error: T1 has changed since {before[:10]}, so nothing was done",
        "Hint: Look at it again: gitkanban show T1",
    ]
    assert tip(in_review) == now
    ok(in_review, *argv, "--unchanged-since", now)
    assert tip(in_review) != now


def test_changes_of_other_cards_do_not_matter(in_review: Path) -> None:
    before = tip(in_review)
    ok(in_review, "add", "another", "--id", "T2")
    ok(in_review, "note", "T1", "a note is a file of its own")
    ok(in_review, "accept", "T1", "--unchanged-since", before)


def test_work_of_another_attempt_is_not_what_was_seen(in_review: Path) -> None:
    before = tip(in_review)
    ok(in_review, "reject", "T1", "--why", "again", "--no-tick")
    ok(in_review, "tick", "--wait")
    done = call(in_review, "accept", "T1", "--unchanged-since", before)
    assert done.code == 1 and "T1 has changed since" in done.err


@pytest.mark.parametrize("since", ["nowhere", "HEAD:README.md", "--help", "a\nb"])
def test_a_commit_that_is_none_refuses(in_review: Path, since: str) -> None:
    now = tip(in_review)
    done = call(in_review, "accept", "T1", f"--unchanged-since={since}")
    assert (done.code, tip(in_review)) == (1, now)
    assert done.err.startswith("Error: no revision ")


def test_the_wrong_status_is_told_first(in_review: Path) -> None:
    before = tip(in_review)
    ok(in_review, "accept", "T1")
    done = call(in_review, "accept", "T1", "--unchanged-since", before)
    assert done.code == 1 and "T1 is already done" in done.err
    done = call(in_review, "approve", "T1", "--unchanged-since", before)
    assert done.code == 1 and "changed since" not in done.err
