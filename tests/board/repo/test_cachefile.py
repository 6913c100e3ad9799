"""A cache is there only if it is of this form, undamaged, and our own."""

import os
import tracemalloc
from pathlib import Path

import pytest

from gitkanban.board.repo import cachefile

FORM, VALUE = ("a form", 1), {"T1": (1, "one", None), "T2": (2, "two", b"\xff")}


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "private" / "cache" / "one")
    cachefile.save(path, FORM, VALUE)
    return path


def test_what_was_saved_is_loaded_with_the_same_form_alone(path: str) -> None:
    assert cachefile.load(path, FORM) == VALUE
    assert cachefile.load(path, ("a form", 2)) is None
    assert cachefile.load(f"{path}.not", FORM) is None


def test_damage_in_any_byte_is_noticed(path: str) -> None:
    data = Path(path).read_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        Path(path).write_bytes(damaged)
        assert cachefile.load(path, FORM) is None, at
        Path(path).write_bytes(data[:at])
        assert cachefile.load(path, FORM) is None, at


def test_a_text_in_its_place_asks_for_no_memory(path: str) -> None:
    Path(path).write_text("[1, 2")  # for `marshal` the beginning of 840 million values
    tracemalloc.start()
    try:
        assert cachefile.load(path, FORM) is None
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_file_of_another_user_is_not_even_looked_into(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(cachefile, "marshal", None)
    assert cachefile.load(path, FORM) is None


@pytest.mark.timeout(180)
def test_a_pipe_in_its_place_is_not_waited_for(path: str) -> None:
    os.unlink(path)
    os.mkfifo(path)
    assert cachefile.load(path, FORM) is None


def test_what_cannot_be_written_is_missed_only_if_somebody_says_so(path: str) -> None:
    folder = os.path.dirname(path)
    os.unlink(path)
    os.rmdir(folder)
    Path(folder).touch()
    cachefile.save(path, FORM, VALUE)
    with pytest.raises(OSError, match="cache"):
        cachefile.write(path, FORM, VALUE)
