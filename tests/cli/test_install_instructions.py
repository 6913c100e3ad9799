"""The marked block of instructions in the files of agents: around it everything stays."""

import os
from pathlib import Path

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git


def test_it_is_written_kept_up_to_date_and_removed(board: Path) -> None:
    (board / "CLAUDE.md").write_text("# Rules\n")
    said = ok(board, "install", "instructions", "--for", "claude")
    assert said == "wrote CLAUDE.md; commit it yourself\n"
    text = (board / "CLAUDE.md").read_text()
    assert text.startswith("# Rules\n\n<!-- gitkanban: begin") and "gitkanban status" in text
    assert ok(board, "install", "instructions", "--for", "claude") == "CLAUDE.md is up to date\n"
    (board / "CLAUDE.md").write_text(text.replace("version ", "version 0."))
    assert "wrote" in ok(board, "install", "instructions", "--for", "claude")
    assert (board / "CLAUDE.md").read_text() == text
    assert "removed the block" in ok(
        board, "install", "instructions", "--for", "claude", "--remove"
    )
    assert (board / "CLAUDE.md").read_text() == "# Rules\n"
    assert git(board, "status", "--porcelain") == "?? CLAUDE.md"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "AGENTS.md"),
        (("--for", "codex"), "AGENTS.md"),
        (("--for", "gemini"), "GEMINI.md"),
        (("--skill",), ".agents/skills/gitkanban/SKILL.md"),
        (("--for", "claude", "--skill"), ".claude/skills/gitkanban/SKILL.md"),
    ],
)
def test_each_agent_s_place_and_nothing_is_left_of_it(
    board: Path, words: tuple[str, ...], name: str
) -> None:
    below = board / "src"
    assert ok(below, "install", "instructions", *words) == f"wrote {name}; commit it yourself\n"
    assert (board / name).exists()
    assert "removed" in ok(below, "install", "instructions", *words, "--remove")
    assert not (board / name).exists()
    assert "has no block" in ok(below, "install", "instructions", *words, "--remove")


def test_a_link_to_another_file_of_the_checkout_stays_a_link(board: Path) -> None:
    (board / "CLAUDE.md").write_text("# Rules\n")
    (board / "AGENTS.md").symlink_to("CLAUDE.md")
    ok(board, "install", "instructions")
    assert (board / "AGENTS.md").is_symlink()
    assert "gitkanban: begin" in (board / "CLAUDE.md").read_text()


@pytest.mark.parametrize("target", ["/etc/hosts", "../outside", ".git/config"])
def test_a_link_out_of_the_checkout_is_not_followed(board: Path, target: str) -> None:
    (board.parent / "outside").write_text("precious")
    (board / "AGENTS.md").symlink_to(target)
    before = Path(board / target).read_text()
    done = call(board, "install", "instructions")
    assert done.code == 1 and "outside this checkout" in done.err
    assert Path(board / target).read_text() == before


def test_what_is_no_text_and_what_is_not_asked_for(board: Path) -> None:
    (board / "AGENTS.md").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in call(board, "install", "instructions").err
    (board / "AGENTS.md").unlink()
    os.mkdir(board / "AGENTS.md")
    assert call(board, "install", "instructions").code == 1
    assert call(board, "install", "merge-driver", "--skill").code == 2
    inside = call(board, "install", "instructions", GITKANBAN_RUN="01run", GITKANBAN_CARD="T0")
    assert inside.code == 1 and "not for sessions" in inside.err
