"""Files are written whole, under names nobody can foretell, and never through somebody's link."""

import ast
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban import files

PACKAGE = Path(__file__).parents[2] / "gitkanban"


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.replace(str(path), b"one")
    files.replace(str(path), b"two", 0o640)
    assert path.read_bytes() == b"two" and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a"]


def test_what_comes_in_pieces_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def break_off() -> Iterator[bytes]:
        yield b"a piece, "
        raise KeyError

    path = tmp_path / "file"
    files.replace(str(path), iter([b"a piece, ", b"", b"another"]))
    with pytest.raises(KeyError):
        files.replace(str(path), break_off())
    assert path.read_bytes() == b"a piece, another"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("level", ["top", "top/deep", "top/deep/deeper"])
def test_no_link_on_the_way_is_followed(tmp_path: Path, level: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("precious")
    link = root / level
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    for rest in ("kept", "deep/kept", "deep/deeper/kept"):
        path = f"{link}/{rest}"
        with pytest.raises(files.InTheWay, match="symbolic link"):
            files.replace(path, b"theirs", below=str(root), make=True)
        with pytest.raises(OSError):
            files.read(path, below=str(root))
        files.remove(path, below=str(root))
    assert files.names(str(link), below=str(root)) == []
    assert os.listdir(outside) == ["kept"] and (outside / "kept").read_text() == "precious"


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_read(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "a"
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(files.InTheWay):
        files.read(str(path))
    with pytest.raises(files.InTheWay):
        files.open_own(str(path), os.O_WRONLY | os.O_CREAT)
    assert files.create(str(path), b"theirs") is False
    files.replace(str(path), b"ours")
    assert victim.read_text() == "precious" and path.read_text() == "ours"
    assert not path.is_symlink()


def test_part_files_cannot_be_foretold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[str] = []
    rename = os.rename

    def noting(old: str, new: str, **more: int) -> None:
        parts.append(old)
        rename(old, new, **more)

    monkeypatch.setattr(os, "rename", noting)
    for _ in range(3):
        files.replace(str(tmp_path / "T1.yaml"), b"")
    assert len(set(parts)) == 3 and all(files.is_part(part, "T1.yaml") for part in parts)
    assert not [part for part in parts if str(os.getpid()) == part.split(".")[-2]]


def test_a_part_file_that_is_there_already_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr(os, "urandom", lambda count: b"\0" * count)
    (tmp_path / f"a.{'00' * 8}.part").symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.replace(str(tmp_path / "a"), b"theirs")
    assert victim.read_text() == "precious"


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        with pytest.raises(OSError):
            files.open_own(str(tmp_path / "pipe"), flags)
    with pytest.raises(files.InTheWay):
        files.read(str(tmp_path / "pipe"))


def test_of_two_that_create_a_file_one_wins(tmp_path: Path) -> None:
    won: list[bool] = []
    path, ready = str(tmp_path / "clone"), threading.Barrier(8)

    def create(number: int) -> None:
        ready.wait()
        won.append(files.create(path, b"%d" % number))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True] and os.listdir(tmp_path) == ["clone"]


def test_what_a_killed_write_left_is_removed_and_what_people_own_stays(tmp_path: Path) -> None:
    mark, outside = "0123456789abcdef", tmp_path / "outside"
    for folder in (tmp_path / "cards", outside):
        folder.mkdir()
        for name in (f"T1.yaml.{mark}.part", "T1.yaml.4711.part", "draft.part", "T1.old.part"):
            (folder / name).touch()
            os.utime(folder / name, (0, 0))
    (tmp_path / "cards" / f"young.{mark}.part").touch()
    (tmp_path / "cards" / "link").symlink_to(outside)
    (tmp_path / "cards" / f"link.{mark}.part").symlink_to(outside)
    now = (tmp_path / "cards" / f"young.{mark}.part").stat().st_mtime
    files.remove_old_parts(str(tmp_path / "cards"), now)
    assert sorted(os.listdir(tmp_path / "cards")) == sorted(
        [f"young.{mark}.part", "draft.part", "T1.old.part", "link", f"link.{mark}.part"]
    )
    assert len(os.listdir(outside)) == 4


# Writing elsewhere, and why it may: no path that a pull request or a session could have prepared.
_ELSEWHERE = {
    "board/repo/refs.py": "a ref that git writes nothing over, under its own lock",
    "board/repo/merging.py": "a scratch folder of its own, in which no link is made",
    "board/following/rehearsal.py": "a scratch folder of its own",
    "cli/app.py": "a report of a bug in a new temporary file",
    "cli/commands/demo.py": "a repository of its own in a new temporary folder",
    "cli/streams.py": "the standard streams",
    "failpoints.py": "tests alone",
    "lock_files.py": "a link in the private folder to this machine's own disk, unless one is there",
    "runs/workspace/adding.py": "a git directory moved into place whole, and a worktree's folder",
    "runs/workspace/ground.py": "a folder and an index moved aside whole",
    "runs/records/machines.py": "the private folder",
    "runs/briefing.py": "folders in a new run folder",
    "runs/supervision/guard.py": "a guard, which nothing may replace",
    "runs/workspace/removal.py": "a worktree moved aside whole, and back",
    "runs/workspace/workspace_git.py": "a git directory of our own, made new",
    "runs/supervision/bell.py": "a pipe and its lock in the private folder",
    "runs/memory/homes.py": "a copy of an agent's memory in a new run folder",
    "runs/records/folders.py": "run folders, private to the user",
    "runs/memory/proposals.py": "folders of proposals, private to the user",
    "runs/memory/applying.py": "an agent's memory, where a person's links are meant to be followed",
    "care/gc.py": "run folders moved out of sight in the private folder",
    "runs/workspace/salvage.py": "an index beside that of the worktree",
    "runs/workspace/workspaces.py": "folders that hold worktrees",
}
_WRITES = {
    "rename",
    "replace",
    "link",
    "symlink",
    "makedirs",
    "mkdir",
    "copyfile",
    "copy2",
    "mkfifo",
}


def _is_write(call: ast.Call) -> bool:
    func = call.func
    if isinstance(func, ast.Name) and func.id == "open":
        mode = call.args[1] if len(call.args) > 1 else None
        return isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") != set()
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    if func.value.id == "os" and func.attr == "open":
        said = {each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute)}
        return "devnull" not in said and bool(said & {"O_WRONLY", "O_RDWR", "O_CREAT"})
    return func.value.id in ("os", "shutil") and func.attr in _WRITES


def test_files_are_written_in_one_place() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "files.py"
        and any(
            isinstance(n, ast.Call) and _is_write(n) for n in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert found - set(_ELSEWHERE) == set(), "write with gitkanban.files, or say here why not"
