"""Whole screens as text, kept as files; `pytest --rewrite` writes them anew.
One is in docs/ui.md.
"""

import re
from pathlib import Path

import pytest

from gitkanban.cli.ui import acts
from gitkanban.views.text import Look
from tests.cli.ui.screens import Screen, drive
from tests.conftest import git

PICTURES = Path(__file__).parent / "pictures"
PAGE = Path(__file__).parents[3] / "docs" / "ui.md"
NOW = "2026-11-28T14:04:12Z"
CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 4
  workers:
    backend: {mode: pool, max_concurrency: 3, max_attempts: 2, command: ["true"]}
    coder: {mode: lane, command: ["true"]}
"""
RUN = """\
run: {run}
slot: backend#1
worker: backend
host: shop
clone: abcdefghijkm
started: 2026-11-28T14:0{minute}:02Z
ended: 2026-11-28T14:0{minute}:12Z
outcome: {outcome}
exit: {code}
cost_usd: '0.04'
why: {why}
"""
CARDS = {
    "CO-1": "title: Define the checkout contract\nworker: backend\nstatus: done\n",
    "CO-2": "title: Implement cart pricing with taxes, vouchers and rounding rules\n"
    "worker: backend\nstatus: review\nparents: [CO-1]\n",
    "CO-3": "title: 結帳頁面：付款方式與地址表單\nworker: backend\nstatus: blocked\n"
    "reason: needs-input\nwhy: 'Which payment provider: Stripe or Adyen?'\nparents: [CO-1]\n"
    "acceptance: [the address form validates]\n",
    "V1": "title: Validate vouchers\nworker: backend\nstatus: blocked\nreason: failed\n"
    "why: the session exited with 1\n",
    "CO-6": "title: Integration tests\nworker: coder\nstatus: todo\nparents: [CO-2, CO-3]\n",
    "CO-7": "title: Write docs\nworker: coder\nstatus: todo\nparents: [CO-6]\n",
    "REL": "title: Release\nworker: coder\nstatus: backlog\n",
}
RUNS = {
    "CO-1": (0, "succeeded", 0, "1 new commit"),
    "CO-2": (3, "succeeded", 0, "1 new commit"),
    "CO-3": (2, "blocked", 0, "'Which payment provider: Stripe or Adyen?'"),
    "V1": (3, "failed", 1, "the session exited with 1"),
}


@pytest.fixture
def shop(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same board at the same time, whenever and wherever."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2026-11-28T14:00:00Z")
    monkeypatch.setenv("GITKANBAN_NOW", NOW)
    root = repo / ".kanban"
    (root / "cards").mkdir(parents=True)
    (root / "config.yaml").write_text(CONFIG)
    for name, text in CARDS.items():
        (root / "cards" / f"{name}.yaml").write_text(f"id: {name}\n{text}", encoding="utf-8")
    for number, (name, (minute, outcome, code, why)) in enumerate(RUNS.items()):
        run = f"01m8hy5q0086xmc5qj{number}q"
        (root / "runs" / name).mkdir(parents=True)
        text = RUN.format(run=run, minute=minute, outcome=outcome, code=code, why=why)
        (root / "runs" / name / f"{run}.yaml").write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a board")
    return repo


@pytest.mark.parametrize(
    ("name", "size", "keys", "awaited"),
    [
        ("list-80", (80, 24), [], "done when:│try 1"),
        ("board-80", (80, 24), ["b"], "NEEDS YOU"),
        ("list-60", (60, 24), [], "NEEDS YOU"),
        ("card-60", (60, 24), ["enter"], "CO-3 · blocked 2m│the address form validates"),
        ("help-80", (80, 40), ["question_mark"], "everywhere"),
    ],
)
def test_picture(
    shop: Path,
    request: pytest.FixtureRequest,
    name: str,
    size: tuple[int, int],
    keys: list[str],
    awaited: str,
) -> None:
    async def steps(screen: Screen) -> None:
        await screen.press(*keys)
        await screen.until(*awaited.split("│"))
        text = screen.text + "\n"
        file = PICTURES / f"{name}.txt"
        if request.config.getoption("--rewrite"):
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    drive(shop, steps, size, Look(size[0]))


def test_the_page_has_the_picture_and_every_key() -> None:
    page = PAGE.read_text(encoding="utf-8")
    picture = (PICTURES / "list-80.txt").read_text(encoding="utf-8")
    assert f"```\n{picture}```" in page
    rows = re.findall(r"^\| `(\S+)` \| (.*) \|$", page, re.M)
    for act in (*acts.CARD_ACTS, *acts.BOARD_ACTS):
        assert (acts.drawn(act), act.help.rstrip(".")) in rows, act
