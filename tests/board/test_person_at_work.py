"""A person edits, stages, commits, amends, resets and merges while the board moves:
nothing is lost.

Random stories, each from its seed. The story keeps its own account of what every field must be; it
is compared with the board and with the checkout after each step.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board import store
from gitkanban.board.formats import cardfile
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import EditCard
from gitkanban.core.model import Card
from tests.board.conftest import change, checkout_of, make_board, root_of
from tests.conftest import git

CARDS = ("A", "B", "C")
STORIES = 3  # in each form


class Story:
    """What a person and the board do to three cards, and what must hold of them."""

    def __init__(self, place: Place, seed: str) -> None:
        self.place, self.root = place, checkout_of(place)
        self.choice = random.Random(seed)
        self.board: dict[str, dict[str, Any]] = {card: {} for card in CARDS}
        self.drafts: dict[str, dict[str, Any]] = {card: {} for card in CARDS}
        self.number = 0

    def step(self) -> str:
        """Something happens, then the board changes; the name of what happened."""
        self.number += 1
        acts: list[Callable[[str], None]] = [
            self.edit, self.edit, self.stage, self.stage_all, self.commit, self.amend, self.reset,
            self.take_back, self.stash, self.switch, self.pull_request,
        ]  # fmt: skip
        act = self.choice.choice(acts)
        if git(self.root, "symbolic-ref", "-q", "HEAD", check=False) != self.place.ref:
            act = self.switch_back
        act(self.choice.choice(CARDS))
        self.tick(self.choice.choice(CARDS))
        return act.__name__

    def tick(self, card: str) -> None:
        field = self.choice.choice(["priority", "why"])
        value: Any = self.number if field == "priority" else f"why {self.number}"
        change(self.place, EditCard(card, {field: value}))
        self.board[card][field] = value

    def edit(self, card: str) -> None:
        title = f"draft {self.number}"
        path = root_of(self.place) / f"cards/{card}.yaml"
        path.write_text(cardfile.edited(path.read_text(), {"title": title}))
        self.drafts[card]["title"] = title

    def stage(self, card: str) -> None:
        git(self.root, "add", str(root_of(self.place) / f"cards/{card}.yaml"))

    def stage_all(self, _: str) -> None:
        git(self.root, "add", "-A")

    def commit(self, _: str, *options: str) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", "by a person", *options)
        for card in CARDS:
            self.board[card] |= self.drafts[card]
            self.drafts[card] = {}

    def amend(self, card: str) -> None:
        self.commit(card, "--amend")

    def reset(self, _: str) -> None:
        if self.number > 3:
            git(self.root, "reset", "-q", "--hard", f"HEAD~{self.choice.randint(1, 3)}")
            self.drafts = {card: {} for card in CARDS}

    def take_back(self, _: str) -> None:
        git(self.root, "reset", "-q", "--soft", "HEAD~1")

    def stash(self, _: str) -> None:
        if git(self.root, "status", "--porcelain"):
            git(self.root, "stash", "-q")
            git(self.root, "stash", "pop", "-q")

    def switch(self, _: str) -> None:
        git(self.root, "switch", "-q", "-C", "other")

    def switch_back(self, _: str) -> None:
        git(self.root, "switch", "-q", self.place.branch, check=False)

    def pull_request(self, card: str) -> None:
        if any(self.drafts.values()):
            return  # git does not merge into edited cards
        away = Path(f"{self.place.main}.away")
        git(self.root, "worktree", "add", "-q", "--detach", str(away))
        path = away / self.place.path(f"cards/{card}.yaml")
        path.write_text(cardfile.edited(path.read_text(), {"body": f"text {self.number}\n"}))
        git(away, "commit", "-qam", "proposed")
        proposed = git(away, "rev-parse", "HEAD")
        git(self.root, "worktree", "remove", str(away))
        self.tick(card)
        git(self.root, "merge", "-q", "--no-edit", proposed)
        self.board[card]["body"] = f"text {self.number}\n"

    def check(self) -> None:
        board = store.read(self.place)
        at_home = git(self.root, "symbolic-ref", "-q", "HEAD", check=False) == self.place.ref
        for card in CARDS:
            assert_holds(board.cards[card], self.board[card])
            if at_home:
                data = (root_of(self.place) / f"cards/{card}.yaml").read_bytes()
                shown = cardfile.parse(data, f"cards/{card}.yaml")
                assert_holds(shown, self.board[card] | self.drafts[card])


def assert_holds(card: Card, wanted: dict[str, Any]) -> None:
    assert {field: getattr(card, field) for field in wanted} == wanted


@pytest.mark.parametrize("seed", range(STORIES))
def test_no_field_is_lost_whatever_a_person_does(repo: Path, form: str, seed: int) -> None:
    story = Story(make_board(repo, form, *map(Card, CARDS)), f"{form} {seed}")
    told = []
    for _ in range(12):
        told.append(story.step())
        try:
            story.check()
        except AssertionError as error:
            error.add_note(f"after {', '.join(told)}")
            raise
