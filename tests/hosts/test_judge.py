"""The judge of several hosts says what is wrong in stories that are made up, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import git
from tests.hosts.judge import Judge
from tests.hosts.remote import Update

CONFIG = """\
version: 1
kanban:
  base: main
  max_concurrency: 2
  workers:
    lane: {profile: solo}
    pool: {profile: many, mode: pool, max_concurrency: 3}
  capacities: {build: 1}
"""
SEATS = {"A": "lane solo", "B": "pool many", "C": "pool many", "D": "pool many"}


class Story:
    """Two sessions of A and B, its child, on two hosts; everything is as it should be."""

    def __init__(self, folder: Path) -> None:
        self.log, self.repo = folder / "log", folder / "repo"
        self.log.mkdir()
        git(folder, "init", "-q", "-b", "main", "repo")
        self.lines: list[str] = []
        self.updates: list[Update] = []
        self.board = {
            "config.yaml": CONFIG, "cards/A.yaml": "status: done\nneeds: {build: 1}\n",
            "cards/B.yaml": "status: done\nparents: [A]\nneeds: {build: 1}\n",
        }  # fmt: skip
        self.start = self.commit("README.md", "a shop\n")
        self.work("A", "a1", "h1", found="-")
        self.work("B", "b1", "h2", found="A")

    def commit(self, name: str, text: str, branch: str = "main") -> str:
        """A commit that adds a file; the branch is created where it is missing."""
        git(self.repo, "checkout", "-q", *([] if branch == "main" else ["-B"]), branch, check=False)
        path = self.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-qm", name)
        return git(self.repo, "rev-parse", "HEAD")

    def begin(self, card: str, run: str, host: str, found: str = "-") -> None:
        """A session begins."""
        self.lines.append(f"begin {card} {run} {host} {SEATS[card]} 1.0 {self.start} {found}")

    def work(self, card: str, run: str, host: str, found: str) -> None:
        """A run from its beginning to its record, its work in base."""
        self.begin(card, run, host, found)
        done = self.commit(f"work/{card}.txt", f"{run}\n")
        self.lines.append(f"commit {card} {run} {host} {done}")
        self.board[f"runs/{card}/{run}.yaml"] = f"outcome: succeeded\ncommit: {done}\n"

    def judged(self, clones: tuple[str, ...] = ("h1", "h2")) -> list[str]:
        """The first words of what the judge finds."""
        (self.log / "log").write_text("".join(f"{line}\n" for line in self.lines))
        git(self.repo, "checkout", "-q", "--orphan", "kanban")
        git(self.repo, "rm", "-rqf", ".")
        for name, text in self.board.items():
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-qm", "board")
        board, base = (git(self.repo, "rev-parse", each) for each in ("kanban", "main"))
        self.updates += [
            Update("2", "", "", base, "refs/heads/main"),
            Update("2", "", "", board, "refs/heads/kanban"),
        ]
        judge = Judge(self.log, self.repo, "kanban", "", dict.fromkeys(clones, self.repo))
        return sorted({line.partition(":")[0] for line in judge.violations(self.updates)})


def saw(story: Story) -> None:
    story.lines.append("saw B b1 A a1 h1 lane solo")


def same_card(story: Story) -> None:
    story.begin("A", "a2", "h2")
    story.lines.append("saw A a2 A a1 h1 lane solo")
    story.board["runs/A/a2.yaml"] = "outcome: lost\n"


def same_run(story: Story) -> None:
    story.begin("A", "a1", "h1")


def full_host(story: Story) -> None:
    for card in "CD":
        story.board[f"cards/{card}.yaml"] = "status: todo\n"
        story.lines.append(f"saw B b1 {card} {card}1 h2 {SEATS[card]}")


def no_commit(story: Story) -> None:
    story.lines.append(f"commit A a1 h1 {'1' * 40}")


def no_record(story: Story) -> None:
    del story.board["runs/B/b1.yaml"]


def not_started(story: Story) -> None:
    story.board["runs/B/b1.yaml"] = "outcome: not-started\n"


def no_parent(story: Story) -> None:
    story.lines = [
        line.removesuffix(" A") + (" -" if line.endswith(" A") else "") for line in story.lines
    ]


def base_set_back(story: Story) -> None:
    git(story.repo, "branch", "-f", "kept", "main")
    git(story.repo, "checkout", "-q", "--detach")
    git(story.repo, "branch", "-f", "main", story.start)


def late_base(story: Story) -> None:
    """The board said done, and base came with the next push."""
    git(story.repo, "checkout", "-q", "-b", "early", story.start)
    for card in "AB":
        story.commit(f"cards/{card}.yaml", "status: done\n", "early")
        story.commit(f"runs/{card}/{card.lower()}1.yaml", "outcome: succeeded\n", "early")
    early = git(story.repo, "rev-parse", "HEAD")
    story.updates = [
        Update("0", "", "", story.start, "refs/heads/main"),
        Update("1", "", "", early, "refs/heads/kanban"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: None, []),
        (saw, ["limit"]),  # of build
        (same_card, ["limit", "twice"]),
        (same_run, ["twice"]),
        (full_host, ["limit"]),
        (no_commit, ["lost"]),
        (no_record, ["unrecorded"]),
        (not_started, ["unrecorded"]),
        (no_parent, ["orphan"]),
        (base_set_back, ["undone"]),
        (late_base, ["undone"]),
    ],
)
def test_the_judge_says_what_is_wrong(
    tmp_path: Path, change: Callable[[Story], None], words: list[str]
) -> None:
    story = Story(tmp_path)
    change(story)
    assert story.judged() == words


def test_figures_above_what_is_meant_are_named(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.judged()
    judge = Judge(story.log, story.repo, "kanban", "", {})
    ticks = {"h1": [1.0, 21.0], "h2": []}
    assert [line.partition(":")[0] for line in judge.excesses(4, 5, ticks, (1.5, 2, 20))] == [
        "push", "fetch", "slow"
    ]  # fmt: skip
    assert judge.excesses(3, 4, {"h1": [20.0]}, (1.5, 2, 20)) == []
