"""Two tips of the board's branch merged into a commit: cards by field, the rest as git does.

No ref moves here. On a conflict there is no commit, and every conflict is named.
"""

from collections.abc import Collection, Mapping

from gitkanban import clock
from gitkanban.board.repo import blobs, commits, merging
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import AddNote
from gitkanban.core.model import STATUS_FIELDS
from gitkanban.core.names import Oid
from gitkanban.core.tick.superseded import (
    ENDED_LATE,
    LateWork,
    is_given_up,
    late_note,
    late_work,
)
from gitkanban.errors import BadData, Refused
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.board.content.writing import NewTree


class Conflicting(Refused):
    """Both sides changed the same thing; nothing was changed."""


class BoardMerge:
    """A merge of two tips of the board's branch; cards by field, the rest as git does."""

    def __init__(self, place: Place, ours: Oid, theirs: Oid, name: str) -> None:
        self.place, self.name = place, name
        self.ours, self.theirs = ours, theirs
        self.notices: list[str] = []
        self.late: list[LateWork] = []  # of our runs whose end came too late
        self.fork = commits.text(place.common, "merge-base", ours, theirs)
        if not self.fork:
            raise Refused(
                f"{name} has no history in common with {place.branch}",
                "They are two boards; fetch one of them under another name.",
            )

    def commit(self) -> Oid:
        """Make the merge commit and return its id. Raises Conflicting, naming every conflict."""
        with merging.merger(self.place.common, self.ours) as merger:
            done = merger.merge(self.theirs)
        from gitkanban.board.content.writing import NewTree

        draft = NewTree(self.place, self.ours)
        draft.start_tree = done.tree
        cards = self._cards_changed_by_both()
        twice = self._merge_runs(draft, done.conflicts)
        wrong = [
            f"{path}: both sides changed it"
            for path in done.conflicts
            if path not in cards and path not in draft.files
        ]
        wrong += self._merge_cards(draft, cards, twice)
        if wrong:
            raise Conflicting(
                f"{self.name} and {self.place.branch} conflict: {'; '.join(wrong)}",
                "Nothing was changed. Make the two agree (gitkanban edit …), then sync again.",
            )
        return draft.commit(f"kanban: merge {self.name}\n", [self.ours, self.theirs])

    def _merge_runs(self, draft: "NewTree", conflicts: Collection[str]) -> set[str]:
        """Take the remote's record of runs that both sides have ended; return their cards' paths.

        One side gave the run up while its clone was out of sight: what the remote heard first
        counts. If it is not ours, what our run left is kept apart, and a note says so.
        """
        from gitkanban.board.formats import runfile

        folder = self.place.path("runs") + "/"
        paths = [path for path in conflicts if path.startswith(folder)]
        cards = set()
        for path in paths:
            sides = [blobs.content(self.place, f"{tip}:{path}") for tip in (self.ours, self.theirs)]
            if None in sides:
                continue
            try:
                ours, theirs = (runfile.parse(text or b"", path) for text in sides)
            except BadData:
                continue
            if not is_given_up(ours) and not is_given_up(theirs):
                continue
            draft.files[path] = sides[1]
            cards.add(self.place.path(f"cards/{ours.card}.yaml"))
            left = late_work(ours.run, ours.card, ours.commit, ours.start_commit)
            if left and left.commit != theirs.commit:
                self.late.append(left)
                draft.apply([AddNote(late_note(left, ENDED_LATE, int(clock.now())))])
        return cards

    def _merge_cards(
        self,
        draft: "NewTree",
        cards: Mapping[str, tuple[str, str, str]],
        twice: Collection[str],
    ) -> list[str]:
        """Write the merged cards into the draft, and return the conflicts.

        Of the cards that end `twice` the remote's status counts.
        """
        wanted = {oid for sides in cards.values() for oid in sides if oid}
        texts = blobs.texts(self.place, wanted)
        wrong = []
        for path, sides in sorted(cards.items()):
            if any(oid and oid not in texts for oid in sides):
                wrong.append(f"{path}: it is too large for a card")
                continue
            base, ours, theirs = (texts.get(oid) if oid else None for oid in sides)
            from gitkanban.board.formats.mergefile import merge_card

            if path in twice and base and ours:
                ours = _with_status_of(base, ours)
            merged = merge_card(base, ours, theirs, ("here", self.name), strict=True)
            wrong += [f"{path}: {line}" for line in merged.notices]
            if not merged.conflicts:
                text = merged.text
                draft.files[path] = (
                    None if text is None else text.encode("utf-8", "surrogateescape")
                )
        return wrong

    def _cards_changed_by_both(self) -> dict[str, tuple[str, str, str]]:
        """Return the card files that both sides changed: (id before, ours, theirs) by path."""
        folder = self.place.path("cards") + "/"
        ours, theirs = (
            {
                change.path: change
                for change in commits.changes(self.place.common, self.fork, tip)
                if change.path.startswith(folder)
            }
            for tip in (self.ours, self.theirs)
        )
        return {
            path: (ours[path].old, ours[path].new, theirs[path].new)
            for path in ours.keys() & theirs.keys()
        }


def _with_status_of(base: str, ours: str) -> str:
    """Return our text of a card with the status that it had before both sides changed it."""
    from gitkanban.board.formats import cardfile, yamltext

    root = yamltext.load(base, "card")
    card = cardfile.from_nodes(root, getattr(root.get("id"), "text", ""))
    return cardfile.edited(ours, {name: getattr(card, name) for name in STATUS_FIELDS})
