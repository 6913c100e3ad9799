"""Lock files of a clone that machines may share lie on this machine's own disk."""

import os
from pathlib import Path

import pytest

from gitkanban import lock_files
from gitkanban.errors import Refused
from gitkanban.runs.supervision.locks import Locks


def share(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Have these folders, and what lies below, count as NFS."""

    def shared_by(folder: str) -> str:
        real = os.path.realpath(folder)
        return next((f"nfs4 at {top}" for top in folders if f"{real}/".startswith(f"{top}/")), "")

    monkeypatch.setattr(lock_files, "shared_by", shared_by)


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The private folder of a clone on a share, on a machine with a disk for its state."""
    (tmp_path / "team").mkdir()
    share(monkeypatch, tmp_path / "team")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "team/shop/.git/gitkanban"


def test_a_clone_on_a_local_disk_has_its_locks_within(tmp_path: Path) -> None:
    assert Locks(str(tmp_path)).take("tick")
    assert not lock_files.are_apart(str(tmp_path))
    assert (tmp_path / "locks/tick").is_file()


def test_a_clone_on_a_share_has_its_locks_on_the_machines_own_disk(
    private: Path, tmp_path: Path
) -> None:
    held = Locks(str(private)).take("card/T1")
    assert held
    apart = Path(os.readlink(private / "locks"))
    assert apart.parent.parent == tmp_path / "state/gitkanban"
    assert apart.parent.name.startswith("shop-")
    assert (apart / "card/T1").is_file()
    assert Locks(str(private)).locked(["card/T1"]) == {"card/T1"}
    assert Locks(str(private)).take("card/T1") is None
    held.close()
    assert Locks(str(private)).take("card/T1")


def test_another_machine_makes_the_place_on_its_own_disk(private: Path) -> None:
    held = Locks(str(private)).take("tick")
    assert held
    apart = Path(os.readlink(private / "locks"))
    apart.rename(apart.with_name("the-first-machine"))  # and what the link leads to is not there
    assert Locks(str(private)).locked(["tick"]) == set()
    assert Locks(str(private)).take("tick")
    assert (apart / "tick").is_file()


def test_where_homes_are_shared_too_the_place_is_in_var_tmp(
    private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_files, "_FALLBACK", str(tmp_path / "var"))
    share(monkeypatch, tmp_path / "team", tmp_path / "state")
    assert Locks(str(private)).take("tick")
    apart = Path(os.readlink(private / "locks"))
    assert apart.parent.parent == tmp_path / f"var/gitkanban-{os.geteuid()}"


def test_a_place_once_made_stays_though_the_environment_differs(
    private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Locks(str(private)).take("tick")
    assert first
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert Locks(str(private)).take("tick") is None
    assert not (tmp_path / "other").exists()


def test_without_any_disk_of_its_own_a_machine_is_refused(
    private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_files, "_FALLBACK", str(tmp_path / "team/var"))
    share(monkeypatch, tmp_path)
    with pytest.raises(Refused, match="locks do not hold there") as error:
        Locks(str(private)).take("tick")
    assert "XDG_STATE_HOME" in error.value.hint
    assert not os.path.lexists(private / "locks")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_place_that_somebody_else_has_made_is_refused(private: Path) -> None:
    held = Locks(str(private)).take("tick")
    assert held
    apart = Path(os.readlink(private / "locks"))
    os.chown(apart.parent.parent, 12345, 12345)
    apart.rename(apart.with_name("gone"))
    with pytest.raises(Refused, match="is not a folder of yours"):
        Locks(str(private)).take("card/T1")


def test_locks_of_a_clone_that_was_moved_to_a_share_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Locks(str(tmp_path / "shop")).take("card/T1")
    assert held
    share(monkeypatch, tmp_path)
    assert Locks(str(tmp_path / "shop")).take("card/T1") is None
    assert Locks(str(tmp_path / "shop")).take("card/T2")
    assert not lock_files.are_apart(str(tmp_path / "shop"))


@pytest.mark.parametrize(
    ("kind", "shared"),
    [("nfs4", True), ("fuse.sshfs", True), ("fuse", True), ("lustre", True), ("9p", True),
     ("ext4", False), ("fuseblk", False), ("tmpfs", False), ("overlay", False), ("zfs", False)],
)  # fmt: skip
def test_which_file_systems_machines_may_share(kind: str, shared: bool) -> None:
    assert lock_files.is_shared(kind) is shared
