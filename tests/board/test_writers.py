"""Writers that die, and branches that move under a writer: no change is lost,
nothing stays locked.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card
from gitkanban.errors import BoardMoved
from tests.board.conftest import change, checkout_of, is_clean, read_card, said
from tests.conftest import git
from tests.support.arena import until

WRITER = """
import sys
from gitkanban.board import store
from gitkanban.board.repo.placefinder import find
from gitkanban.core.changes import AddNote, EditCard
from gitkanban.core.model import Note

me, times = sys.argv[1], int(sys.argv[2])
place = find(".")
for number in range(times):
    def decide(board):
        both, mine = board.cards["T0"], board.cards[f"T{me}"]
        return [
            EditCard("T0", {"priority": both.priority + 1}),
            EditCard(mine.id, {"priority": mine.priority + 1}),
            AddNote(Note(f"w{me}n{number:02}", "T0", by=me, at=1, text="seen")),
        ]
    done = store.commit(place, decide, message=lambda board, changes: f"kanban: {me} {number}\\n")
    assert done.commit
    print(done.commit, flush=True)
"""


def start(place: Place, me: int, times: int) -> "subprocess.Popen[str]":
    """A process that makes `times` changes and prints each commit."""
    argv = [sys.executable, "-W", "error", "-c", WRITER, str(me), str(times)]
    return subprocess.Popen(
        argv, cwd=place.main, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def works_in(folder: str) -> bool:
    """Whether any process works below a folder: it does so from its first moment on."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):  # it has ended
            if link.readlink().is_relative_to(folder):
                return True
    return False


def assert_sound(place: Place) -> None:
    """The repository is whole, the checkout shows the board, and nothing is locked."""
    assert git(Path(place.common), "fsck", "--no-dangling", "--no-progress") == ""
    assert list(Path(place.common).rglob("*.lock")) == []
    assert not store.read(place).problems
    assert is_clean(place)


def test_killed_in_the_middle_leaves_a_readable_board_and_no_lock(
    kanban: Callable[..., Place],
) -> None:
    place = kanban(Card("T0"), Card("T1"))
    reported = 0
    for number in range(7):
        writer = start(place, 1, 1000)
        assert writer.stdout
        lines = [writer.stdout.readline() for _ in range(1 + number % 2)]
        reported += len(lines)
        # At another point of the change each time, without waiting for any.
        subprocess.run(["sleep", f"0.0{2 * number:02}"], check=True)
        writer.send_signal(signal.SIGKILL)
        reported += len(writer.stdout.read().splitlines())
        writer.wait()
        writer.stdout.close()
        # A git that it had started does not die with it, and may write the index even now.
        until(lambda: not works_in(place.main), "the end of a git without parent")

    assert read_card(place, "T0").priority >= reported
    change(place, EditCard("T1", {"title": "after"}))  # nothing is in the way of the next
    assert read_card(place, "T1").title == "after"
    assert_sound(place)


@pytest.fixture
def no_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second change from inside a first one does not wait for its turn."""
    monkeypatch.setattr(store, "QUEUE_PATIENCE", 0.0)


@pytest.mark.usefixtures("no_queue")
def test_a_branch_moved_on_during_a_commit_is_decided_on_again(
    kanban: Callable[..., Place],
) -> None:
    place = kanban(Card("T0"))
    seen: list[int] = []

    def decide(board: store.Board) -> list[EditCard]:
        seen.append(board.cards["T0"].priority)
        if len(seen) == 1:
            change(place, EditCard("T0", {"priority": 5}))  # somebody else is faster
        return [EditCard("T0", {"title": f"after {board.cards['T0'].priority}"})]

    store.commit(place, decide, message=said)
    assert seen == [0, 5]
    card = read_card(place, "T0")
    assert (card.title, card.priority) == ("after 5", 5)
    assert_sound(place)


@pytest.mark.usefixtures("no_queue")
def test_a_branch_that_never_holds_still_is_given_up_and_nothing_is_written(
    kanban: Callable[..., Place],
) -> None:
    place = kanban(Card("T0"))

    def decide(board: store.Board) -> list[EditCard]:
        change(place, EditCard("T0", {"priority": board.cards["T0"].priority + 1}))
        return [EditCard("T0", {"title": "mine"})]

    with pytest.raises(BoardMoved):
        store.commit(place, decide, message=said, attempts=3)
    assert read_card(place, "T0") == Card("T0", priority=3)


def test_a_branch_moved_to_another_history_during_a_commit_is_read_again(
    kanban: Callable[..., Place],
) -> None:
    place = kanban(Card("T0"))
    root = checkout_of(place)
    tree = git(root, "rev-parse", f"{place.ref}^{{tree}}")
    other = git(root, "commit-tree", tree, "-m", "another beginning")
    calls: list[str] = []

    def decide(board: store.Board) -> list[EditCard]:
        calls.append(board.commit)
        if len(calls) == 1:
            git(root, "update-ref", place.ref, other)
        return [EditCard("T0", {"title": "mine"})]

    store.commit(place, decide, message=said)
    assert calls[1:] == [other]
    assert git(root, "rev-parse", f"{place.ref}^") == other
    assert read_card(place, "T0").title == "mine"
