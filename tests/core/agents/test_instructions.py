"""What a planning agent is told names only what there is, and leaves to people what is theirs."""

import re

import pytest

from gitkanban.cli.roster import COMMANDS
from gitkanban.core.agents.instructions import (
    file_for,
    instructions,
    with_block,
    without_block,
)
from gitkanban.core.model import Config, Worker
from gitkanban.errors import Refused


def test_it_names_the_workers_and_commands_that_exist() -> None:
    text = instructions(Config(workers={"b": Worker("b", "b"), "a": Worker("a", "a")}), "1.2")
    assert "Workers: a, b." in text
    assert "version 1.2" in text
    named = set(re.findall(r"`gitkanban (\w+)", text))
    assert named == {"status", "list", "show", "why", "add", "note"}
    assert named <= {name for _, name, _, _ in COMMANDS}


@pytest.mark.parametrize(("agent", "file"), [("claude", "CLAUDE.md"), ("codex", "AGENTS.md")])
def test_each_agent_has_its_file(agent: str, file: str) -> None:
    assert file_for(agent) == file
    assert f"Put this into {file}." in instructions(None, "1", agent)
    assert "Workers: none yet." in instructions(None, "1")


BLOCK = "# The board\n\nread it"
OTHERS = ["", "# Rules\n\nbe kind\n", "# Rules\r\n\r\nbe kind\r\n", "no newline at the end"]


@pytest.mark.parametrize("text", OTHERS)
def test_a_block_is_put_in_once_brought_up_to_date_in_place_and_taken_out(text: str) -> None:
    once = with_block(text, BLOCK)
    assert once.changed and once.text.startswith(text.rstrip())
    assert not with_block(once.text, BLOCK).changed
    moved = once.text + "\nbelow\n"
    later = with_block(moved, "# Another\n")
    assert later.changed and later.text.endswith("\nbelow\n") and "read it" not in later.text
    assert later.text.count("gitkanban: begin") == 1
    out = without_block(once.text)
    assert out.changed and out.text.split() == text.split()
    assert not without_block(text).changed
    if "\r\n" in text:
        assert "\n" not in once.text.replace("\r\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- gitkanban: begin -->\nx",
        "x\n<!-- gitkanban: end -->",
        "<!-- gitkanban: end -->\n<!-- gitkanban: begin -->",
        "<!-- gitkanban: begin -->\n<!-- gitkanban: end -->\n<!-- gitkanban: begin -->\n<!-- gitkanban: end -->",
    ],
)
def test_marks_that_are_not_one_pair_are_left_alone(text: str) -> None:
    for act in (lambda: with_block(text, BLOCK), lambda: without_block(text)):
        with pytest.raises(Refused, match="not one begin and one end"):
            act()


def test_a_skill_has_a_head_and_is_removed_whole_and_another_s_is_left_alone() -> None:
    made = with_block("", BLOCK, skill=True)
    assert made.text.startswith("---\nname: gitkanban\ndescription: ")
    assert not with_block(made.text, BLOCK, skill=True).changed
    assert without_block(made.text, skill=True) == ("", True)
    with pytest.raises(Refused, match="is there already"):
        with_block("---\nname: mine\n---\n", BLOCK, skill=True)
