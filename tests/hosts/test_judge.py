"""The judge of several hosts says what is wrong in stories that are made up, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import git
from tests.hosts.judge import GivenUp, Judge
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
        self.given_up: list[GivenUp] = []
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

    def begin(
        self, card: str, run: str, host: str, found: str = "-", saw: str = "", at: float = 1.0
    ) -> None:
        """A session begins, and sees others that live, each `CARD RUN HOST`."""
        self.lines.append(f"begin {card} {run} {host} {SEATS[card]} {at} {self.start} {found}")
        for other in filter(None, saw.split(", ")):
            self.lines.append(f"saw {card} {run} {other} {SEATS[other.split()[0]]}")
        self.board.setdefault(f"runs/{card}/{run}.yaml", "outcome: lost\n")

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
        judge.given_up = {each.run: each for each in self.given_up}
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


# -- a run of C on h1, which is out of reach, is given up at 5; h1 hears so, and has ended it by 9


def given_up(story: Story) -> None:
    for card in "CD":
        story.board[f"cards/{card}.yaml"] = "status: todo\n"
    story.begin("C", "c1", "h1", at=4)
    story.given_up.append(GivenUp("c1", "h1", 5.0, 9.0))


def again_elsewhere(story: Story) -> None:
    given_up(story)
    story.begin("C", "c2", "h2", saw="C c1 h1", at=6)


def its_session_begins_late(story: Story) -> None:
    given_up(story)
    story.lines = [line for line in story.lines if not line.startswith("begin C c1")]
    story.begin("C", "c2", "h2", at=6)
    story.begin("C", "c1", "h1", saw="C c2 h2", at=7)


def before_it_was_given_up(story: Story) -> None:
    given_up(story)
    story.begin("C", "c2", "h2", saw="C c1 h1", at=4.5)


def long_after_its_host_heard(story: Story) -> None:
    given_up(story)
    story.begin("C", "c2", "h2", saw="C c1 h1", at=9.5)


def begins_long_after_its_host_heard(story: Story) -> None:
    its_session_begins_late(story)
    story.lines = [line.replace(" 7 ", " 9.5 ") for line in story.lines]


def again_on_its_own_host(story: Story) -> None:
    given_up(story)
    story.begin("C", "c2", "h1", saw="C c1 h1", at=6)


def two_after_it(story: Story) -> None:
    again_elsewhere(story)
    story.begin("C", "c3", "h3", saw="C c1 h1, C c2 h2", at=7)


def its_host_is_full(story: Story) -> None:
    given_up(story)
    story.begin("B", "b2", "h1", "A", saw="C c1 h1, D d1 h1", at=6)


def its_own_host_counts_it_in_a_lane(story: Story) -> None:
    given_up(story)
    story.board["config.yaml"] = CONFIG.replace("concurrency: 3", "concurrency: 1")
    story.begin("D", "d1", "h1", saw="C c1 h1", at=6)


def others_do_not_count_it(story: Story) -> None:
    given_up(story)
    story.board["config.yaml"] = CONFIG.replace("concurrency: 3", "concurrency: 1")
    story.begin("D", "d1", "h2", saw="C c1 h1", at=6)


def others_count_it_before(story: Story) -> None:
    given_up(story)
    story.board["config.yaml"] = CONFIG.replace("concurrency: 3", "concurrency: 1")
    story.begin("D", "d1", "h2", saw="C c1 h1", at=4.5)


def its_work_is_in_base(story: Story) -> None:
    given_up(story)
    done = story.commit("work/C.txt", "c1\n")
    story.lines.append(f"commit C c1 h1 {done}")


def its_work_is_in_its_branch(story: Story) -> None:
    given_up(story)
    done = story.commit("work/C.txt", "c1\n", "card/C")
    story.lines.append(f"commit C c1 h1 {done}")


def its_work_is_set_aside(story: Story) -> None:
    its_work_is_in_its_branch(story)
    git(story.repo, "update-ref", "refs/gitkanban/salvage/c1", "card/C")
    git(story.repo, "checkout", "-q", "main")
    git(story.repo, "branch", "-D", "card/C")


def its_end_was_there_first(story: Story) -> None:
    its_work_is_in_base(story)
    story.board["runs/C/c1.yaml"] = "outcome: succeeded\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (again_elsewhere, []),
        (its_session_begins_late, []),
        (before_it_was_given_up, ["twice"]),
        (long_after_its_host_heard, ["twice"]),
        (begins_long_after_its_host_heard, ["twice"]),
        (again_on_its_own_host, ["twice"]),
        (two_after_it, ["twice"]),
        (its_host_is_full, ["limit"]),
        (its_own_host_counts_it_in_a_lane, ["limit"]),
        (others_do_not_count_it, []),
        (others_count_it_before, ["limit"]),
        (its_work_is_in_base, ["fence"]),
        (its_work_is_in_its_branch, ["fence"]),
        (its_work_is_set_aside, []),
        (its_end_was_there_first, []),
    ],
)
def test_of_a_run_that_was_given_up_no_more_is_excused_than_nobody_could_know(
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
    busy = {"h1": [29.0, 2.0], "h2": [1.0, 10.0], "h3": [12.0]}
    assert judge.excesses(3, 4, busy, (1.5, 2, 20)) == []
    assert judge.excesses(3, 4, {**busy, "h1": [31.0]}, (1.5, 2, 20)) != []
    assert judge.excesses(3, 4, {"h1": [119.0], "h2": [119.0]}, (1.5, 2, 20)) == []
    hung = judge.excesses(3, 4, {"h1": [121.0], "h2": [121.0]}, (1.5, 2, 20))
    assert [line[:20] for line in hung] == ["slow: a tick of h1 t", "slow: a tick of h2 t"]
