"""What a plain command must not import: loading modules takes most of the time of a short one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.calls import ok
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  workers:
    w: {command: ["true"]}
"""
CODE = (
    "import sys; before = set(sys.modules); from gitkanban.__main__ import main; code = main();"
    "print(*sorted(set(sys.modules) - before)); sys.exit(code)"
)
# Each costs as much as ten modules of ours.
HEAVY = {"asyncio", "click", "datetime", "enum", "inspect", "pygit2", "re", "subprocess", "typing"}
OF_BUSY_TICKS = {
    "board.content.boardfiles", "board.content.parsing", "board.content.writing", "board.sharing",
    "board.work.integrate", "cli.quick", "runs.batch", "runs.briefing", "runs.collect",
    "runs.contained", "runs.leases", "runs.memory", "runs.publishing", "runs.sessions",
    "runs.supervision.supervisor", "runs.verifying", "runs.workspace",
    "tick.foretelling", "tick.remote", "tick.starting",
}  # fmt: skip
OF_OTHER_ACCOUNTS = {
    "board.content.parsed_files", "board.repo.remote_names", "board.work.cardwork", "board.work.worksize", "cli.quick", "core.editing",
    "core.tick.letters", "core.tick.reconcile", "runs.supervision.processes",
    "runs.workspace.including", "views.message", "views.status",
}  # fmt: skip
OF_OTHER_CHANGES = {
    "board.content.board_since", "board.content.parsed_files", "board.following.follow_base",
    "board.formats.mergefile", "board.formats.notefile", "board.formats.runfile",
    "board.repo.merging", "core.merge",
}  # fmt: skip


@pytest.fixture
def idle(repo: Path) -> Path:
    """A board of cards that wait for people, with warm caches."""
    (repo / "config.yaml").write_text(CONFIG)
    ok(repo, "init", "--config", "config.yaml")
    ok(repo, "add", "first", "--id", "A", "--worker", "w", "--backlog")
    ok(repo, "add", "second", "--id", "B", "--worker", "w", "--parent", "A", "--backlog")
    for words in (["tick"], ["why", "B"], ["show", "B"]):
        ok(repo, *words)
    return repo


def modules_of(repo: Path, *argv: str) -> set[str]:
    """Return the modules that a command imports; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *argv],
        cwd=repo, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


def test_a_tick_with_nothing_to_do_imports_nothing_of_a_busy_one(idle: Path) -> None:
    loaded = modules_of(idle, "tick")
    assert "gitkanban.tick.rounds" in loaded
    assert loaded & (HEAVY | {f"gitkanban.{name}" for name in OF_BUSY_TICKS}) == set()


@pytest.mark.parametrize("verb", ["why", "show"])
def test_the_account_of_a_card_imports_nothing_heavy(idle: Path, verb: str) -> None:
    loaded = modules_of(idle, verb, "B")
    assert f"gitkanban.cli.commands.{verb}" in loaded
    assert loaded & (HEAVY | {f"gitkanban.{name}" for name in OF_OTHER_ACCOUNTS}) == set()


@pytest.mark.parametrize(
    "words", [["add", "third", "--worker", "w", "--backlog"], ["edit", "B", "--priority", "1"]]
)
def test_a_change_of_a_card_imports_nothing_of_other_changes(idle: Path, words: list[str]) -> None:
    loaded = modules_of(idle, *words)
    assert "gitkanban.board.content.writing" in loaded
    others = {"click", "hashlib", "pygit2", "re", "ruamel", "subprocess", "threading", "typing"}
    assert loaded & (others | {f"gitkanban.{name}" for name in OF_OTHER_CHANGES}) == set()


def test_what_lies_in_packs_is_read_without_importing_subprocess(idle: Path) -> None:
    git(idle, "gc", "--quiet")
    loaded = modules_of(idle, "edit", "B", "--priority", "1")
    assert "gitkanban.board.content.writing" in loaded and "subprocess" not in loaded


def test_the_rows_after_a_pull_are_made_without_what_they_do_not_need(idle: Path) -> None:
    ok(idle, "add", "third", "--worker", "w")  # somebody has to trust what it would run
    ok(idle, "status")
    card = idle / ".kanban/cards/A.yaml"
    card.write_text(card.read_text().replace("first", "pulled"))
    git(idle, "commit", "-qam", "theirs")
    loaded = modules_of(idle, "status")
    assert "gitkanban.cli.freshrows" in loaded
    unneeded = {"encodings.ascii", "gitkanban.core.engines", "gitkanban.core.moves", "math"}
    assert loaded & (HEAVY | unneeded) == set()


def test_a_change_of_a_card_does_not_compile_the_pattern_of_its_layout(idle: Path) -> None:
    code = (
        "import sys; from gitkanban.__main__ import main; main();"
        "from gitkanban.board.formats import cardfast;"
        "print(cardfast._by_hand, cardfast._compile_layout.cache_info().currsize)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "edit", "B", "--priority", "2"],
        cwd=idle, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    by_hand, compiled = done.stdout.splitlines()[-1].split()
    assert int(by_hand) > 0 and compiled == "0"


@pytest.mark.parametrize(
    "words", [["tick"], ["show", "B"], ["status"], ["edit", "B", "--title", "x"]]
)
def test_a_short_command_looks_for_no_garbage(idle: Path, words: list[str]) -> None:
    code = (
        "import gc, sys; from gitkanban.__main__ import main;"
        "passes = lambda: sum(each['collections'] for each in gc.get_stats());"
        "gc.collect(); before = passes(); code = main();"
        "print(passes() - before, gc.get_freeze_count() > 0); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=idle, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 True"
