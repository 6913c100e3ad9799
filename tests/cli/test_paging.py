"""A page that is longer than the terminal goes through the pager that git would take."""

from pathlib import Path

import pytest

from tests.cli.calls import ok
from tests.conftest import git
from tests.support.terminal import Terminal

PAGER = "sed s/^/paged:/"


def page(board: Path, lines: int, **env: str) -> str:
    """What `status` prints on a terminal of so many lines."""
    with Terminal(board, "status", lines=lines, **env) as terminal:
        return terminal.until(r"T4[^\n]*\n")


@pytest.mark.parametrize("how", ["GIT_PAGER", "core.pager", "PAGER"])
def test_git_s_own_rules_name_the_pager(
    board: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(board, "status")
    if how == "core.pager":
        git(board, "config", how, PAGER)
    for name in ("GIT_PAGER", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    env = {how: PAGER} if how.isupper() else {}
    assert "paged:" in page(board, 5, **env)
    assert "paged:" not in page(board, 50, **env)


@pytest.mark.parametrize(
    "env", [{"GIT_PAGER": "cat"}, {"GIT_PAGER": PAGER, "TERM": "dumb"}, {"GIT_PAGER": "/no/such"}]
)
def test_no_pager_is_no_error(board: Path, env: dict[str, str]) -> None:
    assert "paged:" not in page(board, 5, **env)
