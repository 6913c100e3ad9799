"""Branches of cards in review, pushed for people elsewhere, with a pull request where gh is there.

Nothing is forced, and nothing but those branches is pushed. What fails is a line to tell; it is
tried again after a while.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from gitkanban import files
from gitkanban.board import commits, git, landed
from gitkanban.board.checkouts import base_of
from gitkanban.board.place import Place
from gitkanban.core.markdown import fenced
from gitkanban.core.model import REVIEW, Board, Card
from gitkanban.core.visible import shown
from gitkanban.errors import GitFailed

AGAIN = 600  # seconds after which a failed push is tried again
PATIENCE = 120.0  # seconds that one push may take


class Publisher:
    """Pushes for one board, with what it pushed before."""

    def __init__(self, place: Place, board: Board, now: int) -> None:
        self.place, self.board, self.now = place, board, now
        assert board.config is not None
        self.config = board.config
        self.path = f"{place.private}/pushed"
        self.before = _remembered(self.path)
        self.told: list[str] = []
        self.closed: list[Card] = []  # their branches went from the remote without a merge

    def run(self) -> None:
        """Push what is new; find what was closed. Fills `told` and `closed`."""
        after = dict(self.before)
        waiting = [card for card in self.board.cards.values() if card.status == REVIEW]
        self._look_for_closed([card for card in waiting if self._pushed(card)])
        for card in waiting:
            tip = commits.resolve(self.place.common, f"refs/heads/card/{card.id}")
            known = self.before.get(card.id, {})
            due = self.now >= int(known.get("again", 0))
            if tip and known.get("tip") != tip and due:
                after[card.id] = self._push(card, tip, known)
        names = {card.id for card in waiting}
        after = {card: row for card, row in after.items() if card in names}
        if after != self.before:
            files.replace(self.path, json.dumps(after, sort_keys=True).encode(), make=True)

    def _pushed(self, card: Card) -> bool:
        return bool(self.before.get(card.id, {}).get("tip"))

    def _push(self, card: Card, tip: str, known: Mapping[str, Any]) -> dict[str, Any]:
        ref = f"refs/heads/card/{card.id}"
        failed = self._talk("push", "--quiet", self.config.push, f"{tip}:{ref}")
        if failed:
            self.told.append(f"warning: card/{card.id} is not pushed: {failed}")
            return {**known, "again": self.now + AGAIN}
        row = {"tip": tip, "request": known.get("request", "")}
        self.told.append(f"pushed {card.id}  {self.config.push} card/{card.id}")
        if self.config.pr and not row["request"]:
            row["request"] = self._request(card)
        return row

    def _request(self, card: Card) -> str:
        """Open a pull request with gh; its address, empty when it did not come about."""
        base = base_of(self.place, self.config)
        gh = shutil.which("gh")
        if gh is None:
            self.told.append(
                f"open a pull request: card/{card.id} into {base} (gh is not installed)"
            )
            return ""
        runs = self.board.runs_of(card.id)
        summary = fenced(runs[-1].summary) if runs else ""
        body = f"{summary}\nKanban-Card: {card.id}\n"
        argv = [gh, "pr", "create", "--head", f"card/{card.id}", "--base", base]
        argv += ["--title", f"{card.id}: {shown(card.title)}", "--body", body.strip()]
        try:
            done = subprocess.run(
                argv, cwd=self.place.main or self.place.common, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            self.told.append(f"warning: no pull request for {card.id}: {error}")
            return ""
        said = (done.stdout or done.stderr).strip().splitlines()
        if done.returncode:
            self.told.append(
                f"warning: no pull request for {card.id}: {said[0] if said else 'gh failed'}"
            )
            return ""
        self.told.append(f"pull request for {card.id}: {said[-1] if said else ''}")
        return said[-1] if said else "opened"

    def _look_for_closed(self, cards: list[Card]) -> None:
        """Cards whose pushed branch the remote no longer has, and whose work it did not take."""
        if not cards:
            return
        done = git.run(
            self.place.common, "ls-remote", "--heads", self.config.push, "refs/heads/card/*",
            check=False, env={"GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
        if done.code:
            return
        there = {line.split("\t")[1] for line in done.text.splitlines() if "\t" in line}
        gone = [card for card in cards if f"refs/heads/card/{card.id}" not in there]
        if not gone:
            return
        base = base_of(self.place, self.config)
        tracking = f"refs/remotes/{self.config.push}/{base}"
        if self._talk("fetch", "--quiet", self.config.push, f"+refs/heads/{base}:{tracking}"):
            return
        tips = {card.id: str(self.before[card.id]["tip"]) for card in gone}
        taken = {
            card for card, tip in tips.items()
            if commits.is_ancestor(self.place.common, tip, tracking)
        }  # fmt: skip
        taken |= landed.otherwise(
            self.place, {card: tip for card, tip in tips.items() if card not in taken}, tracking
        )
        for card in gone:
            if card.id in taken:
                self.told.append(f"{card.id} is merged on {self.config.push}: pull {base}")
            else:
                self.closed.append(card)

    def _talk(self, *words: str) -> str:
        """Run git against the remote; what it complained of, empty when it went well."""
        quiet = {"GIT_TERMINAL_PROMPT": "0"}
        try:
            done = git.run(self.place.common, *words, check=False, env=quiet, timeout=PATIENCE)
        except GitFailed as slow:
            return slow.message
        return done.said if done.code else ""


def _remembered(path: str) -> dict[str, dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return (
        {str(k): v for k, v in found.items() if isinstance(v, dict)}
        if isinstance(found, dict)
        else {}
    )
