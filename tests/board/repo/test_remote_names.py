"""Only what this clone's owner has configured as a remote is one."""

from pathlib import Path

import pytest

from gitkanban.board.repo import remote_names
from gitkanban.core.ids import branch_fault
from gitkanban.errors import NotFound
from tests.conftest import git


def test_a_remote_is_known_by_name_alone(repo: Path) -> None:
    git(repo, "init", "-q", "--bare", "../team.git")
    git(repo, "remote", "add", "team/x.y", str(repo.parent / "team.git"))
    common = str(repo / ".git")
    assert remote_names.check_configured(common, "team/x.y") == "team/x.y"
    for name in (str(repo.parent / "team.git"), "../team.git", ".", "", "--upload-pack=x", "team"):
        with pytest.raises(NotFound):
            remote_names.check_configured(common, name)


def test_settings_of_a_remote_without_an_address_make_none(repo: Path) -> None:
    git(repo, "config", "remote.somewhere.prune", "true")
    git(repo, "config", "remote.--upload-pack=x.url", "/x")
    assert remote_names.configured(str(repo / ".git")) == []


NAMES = ["main", "a/b", "v1.0", "-x", "--upload-pack=x", "a b", "a..b", "a//b", "/a", "a/", ".a",
         "a/.b", "a.lock", "a.lock/b", "a@{b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b",
         "a\x7f", "a\nb", "", "@a", "ä", "a.", "../x", "/tmp/x", "https://x/y"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_is_named_as_git_allows_it(repo: Path, name: str) -> None:
    import subprocess

    code = subprocess.run(
        ["git", "check-ref-format", "--branch", name], cwd=repo, capture_output=True, check=False
    ).returncode
    assert bool(branch_fault(name)) == bool(code)
