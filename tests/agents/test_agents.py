"""The real CLIs as sessions of gitkanban, where `GITKANBAN_TEST_AGENTS` names their folder."""

from pathlib import Path

import pytest

from gitkanban.core.agents.presets import PRESETS
from tests.agents.model import ModelServer
from tests.agents.world import FOLDER, World, make_world, scenario_for

pytestmark = pytest.mark.skipif(not FOLDER, reason="GITKANBAN_TEST_AGENTS names no folder")

CONFIG = "      max_attempts: 1\n      stall_timeout: 120s\n"
WITH_SHELL = sorted(PRESETS.keys() - {"aider"})


def play(root: Path, agent: str, scenario: str, body: str = "") -> World:
    """One card, worked on once."""
    with ModelServer(scenario_for(agent, scenario)) as server:
        world = make_world(root, agent, server, CONFIG)
        world.kanban("add", "write it down", "--id", "T0", "--body", body)
        world.work()
    return world


@pytest.mark.parametrize("agent", sorted(PRESETS))
@pytest.mark.parametrize("scenario", ["ok", "failing-twice"])
def test_it_works_and_its_work_is_accepted(tmp_path: Path, agent: str, scenario: str) -> None:
    world = play(tmp_path, agent, scenario)
    card = world.card()
    assert (card["status"], card["runs"][0]["outcome"]) == ("review", "succeeded")
    assert card["runs"][0]["summary"].endswith("Wrote it down.")
    world.kanban("accept", "T0")
    assert (world.repo / "T0.md").read_text() == "hello\n"
    assert not list(world.repo.glob(".aider*"))


@pytest.mark.parametrize("agent", WITH_SHELL)
def test_it_reports(tmp_path: Path, agent: str) -> None:
    done = play(tmp_path / "done", agent, "done").card()
    assert (done["status"], done["runs"][0]["summary"]) == ("review", "all there")
    blocked = play(tmp_path / "block", agent, "block").card()
    assert (blocked["status"], blocked["why"]) == ("blocked", "which port?")
    noted = play(tmp_path / "note", agent, "note").card()
    assert [note["text"] for note in noted["notes"]] == ["a remark"]


@pytest.mark.parametrize("agent", sorted(PRESETS))
def test_a_limit_is_neutral_and_a_failure_says_why(tmp_path: Path, agent: str) -> None:
    limited = play(tmp_path / "limited", agent, "limited").card()
    assert (limited["status"], limited["runs"][0]["outcome"]) == ("todo", "rate-limited")
    failing = play(tmp_path / "failing", agent, "failing").card()
    assert failing["runs"][0]["outcome"] == "failed"
    assert failing["runs"][0]["why"].count(":")
    unknown = play(tmp_path / "no-login", agent, "no-login").card()
    assert "key" in unknown["runs"][0]["why"].lower()


@pytest.mark.parametrize("agent", sorted(PRESETS))
def test_a_card_with_a_url_quotes_and_much_text_is_worked_on(tmp_path: Path, agent: str) -> None:
    body = "see http://127.0.0.1:9/page and 'this' \"that\" `that`\n" + "words " * 12_000
    assert play(tmp_path, agent, "ok", body).card()["status"] == "review"
