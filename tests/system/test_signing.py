"""Commits of the board and merges are signed as git's configuration and `sign` say."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo import signing
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.care.checkup import examine
from gitkanban.core.changes import WriteFile
from gitkanban.errors import GitFailed
from gitkanban.runs.supervision import processes
from gitkanban.tick.rounds import tick
from tests.board import boards
from tests.board.boards import CONFIG
from tests.conftest import git
from tests.support.arena import until
from tests.support.terminal import Terminal
from tests.system.test_accept import accept, in_review


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Leave the process as it was: what a board says of signing counts for all that it commits."""
    yield
    signing.set_policy(signing.AUTO)
    signing.take_notices()


def use_key(repo: Path, passphrase: str = "") -> None:
    """Have git sign with an ssh key, and verify with it."""
    key = repo.parent / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(key)]
    subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
    allowed = repo.parent / "allowed"
    allowed.write_text(f"* {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh", "user.signingKey": str(key), "commit.gpgsign": "true",
        "gpg.ssh.allowedSignersFile": str(allowed),
    }.items():  # fmt: skip
        git(repo, "config", name, value)


def use_signer(repo: Path, script: str) -> Path:
    """Have git sign with a program of ours; the file that gets a line whenever it runs."""
    log, program = repo.parent / "ran", repo.parent / "signer"
    program.write_text(f"#!/bin/sh\necho ran >>{log}\n{script}\n")
    program.chmod(0o755)
    git(repo, "config", "gpg.program", str(program))
    git(repo, "config", "commit.gpgsign", "true")
    return log


def signed(repo: Path, rev: str) -> bool:
    return git(repo, "log", "-1", "--format=%G?", rev) == "G"


def say(place: Place, policy: str) -> None:
    text = CONFIG.replace("kanban:\n", f"kanban:\n  sign: {policy}\n")
    boards.commit(place, WriteFile("config.yaml", text))


def edit(repo: Path) -> store.Committed:
    return boards.edit(find(str(repo)), "T1", title=os.urandom(4).hex())


@pytest.mark.parametrize("form", boards.FORMS, ids=["in-tree", "own-branch"])
def test_board_commits_and_merges_are_signed_byte_for_byte(repo: Path, form: str) -> None:
    use_key(repo)
    git(repo, "config", "user.name", "Ünal O'Hara")
    git(repo, "config", "i18n.commitEncoding", "ISO-8859-1")
    place = in_review(repo, form)
    assert signed(repo, place.branch)
    assert accept(repo, "") == 0
    assert signed(repo, place.branch)
    assert signed(repo, git(repo, "rev-list", "-1", "--merges", "main"))
    raw = git(repo, "cat-file", "commit", place.branch)
    assert "author Ünal O'Hara <" in raw and "encoding" not in raw
    git(repo, "fsck", "--strict")


def test_nothing_is_signed_unless_asked_for(repo: Path) -> None:
    use_key(repo)
    git(repo, "config", "commit.gpgsign", "no")
    place = in_review(repo, "")
    assert not signed(repo, "main")
    say(place, "always")
    edit(repo)
    assert signed(repo, "main")
    say(place, "never")
    git(repo, "config", "commit.gpgsign", "yes")
    edit(repo)
    assert not signed(repo, "main")


def test_a_signer_that_refuses_is_not_asked_for_ten_minutes(repo: Path) -> None:
    in_review(repo, "")
    log = use_signer(repo, "echo no key >&2; exit 1")
    notices = edit(repo).notices
    assert len(notices) == 1 and "not signed" in notices[0]
    assert edit(repo).notices == ()
    assert log.read_text().count("ran") == 1
    place = find(str(repo))
    codes = {each.code for each in examine(place, store.read(place), 0)}
    assert "unsigned" in codes
    os.utime(f"{place.private}/{signing.REFUSAL}", (1, 1))
    use_key(repo)
    git(repo, "config", "--unset", "gpg.program")
    assert edit(repo).notices == () and signed(repo, "main")
    assert "unsigned" not in {each.code for each in examine(place, store.read(place), 0)}


def test_a_signer_that_hangs_is_ended(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_review(repo, "")
    pid = repo.parent / "pid"
    use_signer(repo, f"sleep 1000 & echo $! >{pid}.part; mv {pid}.part {pid}; wait")
    for patience in (2.0, 20.0, 200.0):  # a busy machine may end it before it has written that
        monkeypatch.setattr(signing, "PATIENCE", patience)
        assert "did not answer" in edit(repo).notices[0]
        if pid.exists():
            break
        os.unlink(f"{find(str(repo)).private}/{signing.REFUSAL}")
    until(lambda: processes.look(int(pid.read_text())) is None, "the signer's end")


def test_always_commits_nothing_unsigned(repo: Path) -> None:
    place = in_review(repo, "")
    say(place, "always")
    use_signer(repo, "exit 1")
    before = git(repo, "rev-parse", "main")
    with pytest.raises(GitFailed, match="could not be signed"):
        edit(repo)
    assert accept(repo, "") == 1
    assert git(repo, "rev-parse", "main") == before


def test_a_tick_has_no_terminal_and_a_person_has(repo: Path) -> None:
    """The key has a passphrase, which only a person at a terminal can give."""
    in_review(repo, "")
    use_key(repo, "sesame")
    with Terminal(repo, "edit", "T1", "--title", "by a person") as terminal:
        terminal.until("assphrase")
        terminal.type("sesame\n")
        assert terminal.end() == 0
    assert signed(repo, "main")
    place = find(str(repo))
    boards.edit(place, "T1", status="todo")
    notices = tick(place).notices
    assert not any("not signed" in line for line in notices)  # it was told with the edit
    assert not signed(repo, "main")
