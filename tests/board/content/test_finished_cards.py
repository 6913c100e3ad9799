"""The finished cards of a large board: cached apart, and never other than what the files say."""

import errno
import os
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from gitkanban import files
from gitkanban.board import store
from gitkanban.board.content import board_cache, finished_cards, reading
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddCard, Change, EditCard, RemoveCard
from gitkanban.core.model import DONE, Card
from gitkanban.core.split_cards import SplitCards, children_of
from tests.board.boards import new, said


@pytest.fixture
def here(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(board_cache, "_FINISHED_LEAST", 3)
    done = [Card(f"D{number}", title=f"{number}", status=DONE) for number in range(5)]
    return new(repo, "", Card("T1"), *done)


def cached(place: Place) -> store.Board:
    """The board from the cache; it must be there, in two parts, and right."""
    tip = store.read(place).commit
    found = board_cache.load(place, tip)
    assert found
    assert isinstance(found.cards, SplitCards)
    assert found == reading.board_at(place, tip)
    return found


def commit(place: Place, *changes: Change) -> None:
    assert store.commit(place, lambda _: changes, message=said).commit


def finished_file(place: Place) -> Path:
    [found] = Path(place.private, "cache").glob("finished-*")
    return found


def test_changes_of_any_card_are_in_the_cache_and_the_file_of_finished_ones_stays(
    here: Place,
) -> None:
    cached(here)
    file = finished_file(here)
    commit(here, AddCard(Card("T2", title="new")))
    commit(here, EditCard("D1", {"title": "again"}), EditCard("T1", {"status": DONE}))
    commit(here, EditCard("D3", {"status": "backlog"}))
    assert cached(here).cards["D3"].status == "backlog"
    assert cached(here).cards["D1"].title == "again"
    assert file.exists()
    commit(here, RemoveCard("D2"))  # what this leaves is read
    assert sorted(cached(here).cards) == ["D0", "D1", "D3", "D4", "T1", "T2"]


def test_after_many_changes_the_file_is_written_again(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached(here)
    file = finished_file(here)
    monkeypatch.setattr(board_cache, "_CHANGED_MOST", 1)
    commit(here, *(EditCard(f"D{number}", {"title": "again"}) for number in range(3)))
    assert not file.exists()
    assert cached(here).cards["D2"].title == "again"


def test_a_board_is_parsed_once_in_a_process(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cached(here)
    with monkeypatch.context() as once:
        once.setattr(board_cache, "_parse_rows", lambda _: pytest.fail("it was parsed again"))
        assert cached(here) == before
    commit(here, EditCard("T1", {"title": "again"}))
    assert cached(here).cards["T1"].title == "again"
    assert before.cards["T1"].title == ""


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
def test_a_damaged_file_means_that_the_board_is_read(here: Place, damage: str) -> None:
    before = cached(here)
    file = finished_file(here)
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        data = file.read_bytes()
        file.unlink()
        file.write_bytes(data[::-1])
    assert board_cache.load(here, before.commit) is None
    assert store.read(here) == before._replace(cards=dict(store.read(here).cards))


def test_after_a_power_cut_a_file_is_used_only_if_all_of_it_is_there(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cached(here)
    file = finished_file(here)
    monkeypatch.setattr(files, "boot_id", lambda: "the next boot")
    found = board_cache.load(here, before.commit)
    assert found == before
    board_cache.save(here, found)
    with monkeypatch.context() as once:  # it is not compared again in this boot
        once.setattr(finished_cards, "crc32", lambda *_: pytest.fail("the file was read whole"))
        assert board_cache.load(here, before.commit)
    status = file.stat()
    file.write_bytes(bytes(status.st_size))  # its blocks never reached the disk
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    monkeypatch.setattr(files, "boot_id", lambda: "the one after that")
    assert board_cache.load(here, before.commit) is None
    assert store.read(here) == reading.board_at(here, before.commit)


def test_finished_cards_are_never_all_in_memory(here: Place) -> None:
    size = 100_000
    done = [Card(f"L{n}", status=DONE, body="x" * size) for n in range(60)]
    commit(here, *map(AddCard, done))
    (Path(here.private) / "cache/board").unlink()
    del done
    tracemalloc.start()
    board = store.read(here)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(board.cards) == 66
    assert most < 20 * size


def test_without_room_for_the_file_the_board_is_whole_all_the_same(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_disk(path: str, content: Iterable[bytes], **_: object) -> None:
        next(iter(content))
        raise OSError(errno.ENOSPC, "No space left on device", path)

    wanted = reading.board_at(here, store.read(here).commit)
    (Path(here.private) / "cache/board").unlink()
    monkeypatch.setattr(files, "replace", fill_disk)
    monkeypatch.setattr(files, "cache", lambda *_: None)
    assert store.read(here) == wanted


def test_children_are_the_same_from_the_file_and_from_all_cards(here: Place) -> None:
    cached(here)
    commit(here, EditCard("D1", {"parents": ("D0", "T1")}), EditCard("D2", {"parents": ("D0",)}))
    (Path(here.private) / "cache/board").unlink()
    store.read(here)  # writes the file again
    commit(here, EditCard("D2", {"parents": ()}), EditCard("T1", {"parents": ("D0", "D4")}))
    cards = cached(here).cards
    every = dict(cards.items())
    for name in (*cards, "no such card"):
        assert children_of(cards, name) == children_of(every, name)
    assert children_of(cards, "D0") == ["D1", "T1"]
