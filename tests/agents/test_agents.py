"""The real CLIs as sessions of gitkanban, where `GITKANBAN_TEST_AGENTS` names their folder.

What they are put through is in `trials`.
"""

from pathlib import Path

import pytest

from gitkanban.core.agents.presets import PRESETS
from tests.agents import trials
from tests.agents.world import FOLDER

CASES = [
    (agent, name)
    for agent in sorted(PRESETS)
    for name in trials.TRIALS
    if trials.is_for(agent, name)
]


@pytest.mark.skipif(not FOLDER, reason="GITKANBAN_TEST_AGENTS names no folder")
@pytest.mark.parametrize(("agent", "name"), CASES)
def test_a_real_agent_does_well(tmp_path: Path, agent: str, name: str) -> None:
    trials.play(tmp_path, agent, name)
