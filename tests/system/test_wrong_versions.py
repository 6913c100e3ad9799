"""An agent of a version that lacks an option of its preset: its own words reach a person."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.calls import ok

OLD = """\
#!/bin/sh
echo "error: unknown option '--session-id'" >&2
exit 1
"""


@pytest.mark.parametrize("agent", ["claude", "codex", "opencode"])
def test_an_option_that_it_does_not_know_is_no_attempt_and_is_said(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    program = tmp_path / "bin" / agent
    program.parent.mkdir()
    program.write_text(OLD)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    ok(repo, "init", "--runner", agent)
    ok(repo, "add", "first", "--id", "T1")
    ok(repo, "tick", "--wait")
    card = json.loads(ok(repo, "show", "T1", "--json"))
    assert card["runs"], card
    assert card["runs"][-1]["outcome"] == "not-started", card["runs"]
    assert "unknown option" in card["runs"][-1]["why"]
    assert card["status"] in ("todo", "blocked")
