"""What a planning agent is told names only what there is, and leaves to people what is theirs."""

import re

import pytest

from gitkanban.cli.app import COMMANDS
from gitkanban.core.agents.instructions import file_for, instructions
from gitkanban.core.model import Config, Worker


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
