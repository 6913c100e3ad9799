"""The end of a log, however large it is, and what is added to it."""

from pathlib import Path

import pytest

from gitkanban.runs.records import logtail
from gitkanban.runs.records.logtail import Follower, all_lines, last_lines


@pytest.mark.parametrize("count", [1, 3, 99])
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_last_lines_are_those_of_the_file(tmp_path: Path, count: int, end: str) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\n\nc\nd" + end)
    assert last_lines(str(path), count) == ["a", "b", "", "c", "d"][-count:]
    assert list(all_lines(str(path))) == ["a", "b", "", "c", "d"]
    assert (
        last_lines(str(tmp_path / "none"), count) == list(all_lines(str(tmp_path / "none"))) == []
    )


def test_of_a_huge_log_only_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    with open(path, "wb") as file:
        file.truncate(200 << 20)  # 200 MB that take no room
        file.seek(0, 2)
        file.write(b"\nlast but one\nlast\n")
    assert last_lines(str(path), 2) == ["last but one", "last"]
    assert Follower(str(path)).added() == ["last but one", "last"]
    monkeypatch.setattr(logtail, "MOST", 1 << 20)
    assert last_lines(str(path), 50)[-2:] == ["last but one", "last"]  # and no line cut in half


def test_what_is_added_comes_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    follower = Follower(str(path))
    assert follower.added() == []
    with open(path, "w") as file:
        file.write("one\ntw")
        file.flush()
        assert follower.added() == ["one"]
        file.write("o\nhalf")
        file.flush()
        assert follower.added() == ["two"]
        assert follower.added(ended=True) == ["half"]
        assert follower.added(ended=True) == []
    path.write_text("x\n")  # it was cut
    assert follower.added() == []
    with open(path, "a") as file:
        file.write("more\n")
    assert follower.added() == ["more"]
