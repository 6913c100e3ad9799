"""Branches of cards in review, pushed for people elsewhere, with a pull request where gh is there.

Nothing is forced, and nothing but those branches is pushed. A failure becomes a notice, and the
push is tried again after a while.
"""

import os
from collections.abc import Mapping

from gitkanban import files
from gitkanban.board.repo import checkouts, commits, limited, remote_names, remotes
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.remotes import Offline
from gitkanban.board.work import landed
from gitkanban.core.ids import CARD_REFS, branch_of, card_ref
from gitkanban.core.markdown import fenced
from gitkanban.core.model import REVIEW, Board, Card
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.split_cards import open_cards
from gitkanban.core.visible import shown
from gitkanban.errors import Refused
from gitkanban.late import json, shutil
from gitkanban.typed import Any

AGAIN = 600  # seconds after which a failed push is tried again
PATIENCE = 120.0  # seconds that gh may take


class Publisher:
    """Pushes the branches of one board, and knows what it pushed before."""

    def __init__(self, place: Place, board: Board, now: int) -> None:
        self.place, self.board, self.now = place, board, now
        assert board.config is not None
        self.config = board.config
        self.path = f"{place.private}/pushed"
        self.before = _read_remembered(self.path)
        self.notices: list[str] = []
        self.closed: list[Card] = []  # their branches were deleted on the remote without a merge

    def run(self) -> None:
        """Push what is new; find what was closed. Fills `notices` and `closed`.

        Raises NotFound where `push` is not the name of a remote of this clone.
        """
        if any(int(row.get("away", 0)) > self.now for row in self.before.values()):
            return  # the remote did not answer a while ago: do not make a tick wait again so soon
        waiting = [card for card in open_cards(self.board.cards) if card.status == REVIEW]
        if not waiting and not self.before:
            return
        remote_names.check_configured(self.place.common, self.config.push)
        after = {card.id: row for card in waiting if (row := self.before.get(card.id))}
        due = [(card, tip) for card in waiting if (tip := self._find_due_tip(card))]
        try:
            self._look_for_closed([card for card in waiting if self._was_pushed(card)])
            for card, tip in due:
                after[card.id] = self._push_branch(card, tip, self.before.get(card.id, {}))
        except Offline as away:
            for card, tip in due:
                if after.get(card.id, {}).get("tip") != tip:
                    self.notices.append(
                        f"warning: {branch_of(card.id)} is not pushed: {away.message}"
                    )
            later = {"away": self.now + AGAIN}
            after |= {card.id: {**after.get(card.id, {}), **later} for card in waiting}
        if after != self.before:
            files.replace(self.path, json.dumps(after, sort_keys=True).encode(), make=True)

    def _find_due_tip(self, card: Card) -> Oid:
        """Return the tip of a card's branch that must be pushed now; empty for none."""
        known = self.before.get(card.id, {})
        tip = commits.resolve(self.place.common, card_ref(card.id))
        new = tip and known.get("tip") != tip and self.now >= int(known.get("again", 0))
        return tip if new else NO_OID

    def _was_pushed(self, card: Card) -> bool:
        return bool(self.before.get(card.id, {}).get("tip"))

    def _push_branch(self, card: Card, tip: Oid, known: Mapping[str, Any]) -> dict[str, Any]:
        ref = card_ref(card.id)
        try:
            pushed = remotes.push(self.place, self.config.push, [f"{tip}:{ref}"], hooks=True)
            failed = "" if pushed.done else pushed.refused or "it has other commits there"
        except Refused as refused:
            failed = refused.message
        if failed:
            self.notices.append(f"warning: {branch_of(card.id)} is not pushed: {failed}")
            return {**known, "again": self.now + AGAIN}
        row = {"tip": tip, "request": known.get("request", "")}
        self.notices.append(f"pushed {card.id}  {self.config.push} {branch_of(card.id)}")
        if self.config.pr and not row["request"]:
            row["request"] = self._open_request(card)
        return row

    def _open_request(self, card: Card) -> str:
        """Open a pull request with gh, and return its address; empty when that failed."""
        base = checkouts.base_of(self.place, self.config)
        gh = shutil.which("gh")
        if gh is None:
            self.notices.append(
                f"open a pull request: {branch_of(card.id)} into {base} (gh is not installed)"
            )
            return ""
        runs = self.board.runs_of(card.id)
        summary = fenced(runs[-1].summary) if runs else ""
        body = f"{summary}\nKanban-Card: {card.id}\n"
        argv = [gh, "pr", "create", "--head", branch_of(card.id), "--base", base]
        argv += ["--title", f"{card.id}: {shown(card.title)}", "--body", body.strip()]
        try:
            where = self.place.main or self.place.common
            done = limited.run(argv, cwd=where, env=os.environ, limit=PATIENCE)
        except (OSError, limited.TimedOut) as error:
            self.notices.append(f"warning: no pull request for {card.id}: {error}")
            return ""
        lines = (done.out or done.err).decode("utf-8", "replace").strip().splitlines()
        if done.code:
            self.notices.append(
                f"warning: no pull request for {card.id}: {lines[0] if lines else 'gh failed'}"
            )
            return ""
        self.notices.append(f"pull request for {card.id}: {lines[-1] if lines else ''}")
        return lines[-1] if lines else "opened"

    def _look_for_closed(self, cards: list[Card]) -> None:
        """Find cards whose pushed branch is gone from the remote, their work not merged there."""
        if not cards:
            return
        words = ("ls-remote", "--heads", "--", self.config.push, f"{CARD_REFS}*")
        done = remotes.talk(self.place, self.config.push, *words)
        if done.code:
            raise Offline(f"cannot reach {self.config.push}: {done.complaint}", "")
        there = {line.split("\t")[1] for line in done.lines if "\t" in line}
        gone = [card for card in cards if card_ref(card.id) not in there]
        if not gone:
            return
        base = checkouts.base_of(self.place, self.config)
        tracking = f"refs/remotes/{self.config.push}/{base}"
        if not remotes.fetch(self.place, self.config.push, {f"refs/heads/{base}": tracking}):
            return
        theirs = checkouts.tip(self.place, tracking)
        tips = {card.id: Oid(str(self.before[card.id]["tip"])) for card in gone}
        taken = {
            card for card, tip in tips.items()
            if commits.is_ancestor(self.place.common, tip, theirs)
        }  # fmt: skip
        taken |= landed.otherwise(
            self.place, {card: tip for card, tip in tips.items() if card not in taken}, theirs
        )
        for card in gone:
            if card.id in taken:
                self.notices.append(f"{card.id} is merged on {self.config.push}: pull {base}")
            else:
                self.closed.append(card)


def _read_remembered(path: str) -> dict[str, dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
    except (OSError, ValueError):
        return {}
    return (
        {str(k): v for k, v in rows.items() if isinstance(v, dict)}
        if isinstance(rows, dict)
        else {}
    )
