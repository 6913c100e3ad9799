"""The board's branch synced with a remote's: fetched, merged field by field, pushed.

Nothing is forced, and only the board's branch (and card branches, if asked for) is pushed. On a
conflict both sides stay as they were, and the conflict is named.
"""

import time
from collections.abc import Mapping

from gitkanban import clock, failpoints
from gitkanban.board.following import follow_base, follow_board, rehearsal
from gitkanban.board.repo import (
    blobs,
    checkouts,
    commits,
    git,
    merging,
    refs,
    remote_names,
    remotes,
)
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import CARD_REFS
from gitkanban.errors import BoardBusy, BoardMoved, NotFound, Refused
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.content.writing import NewTree

ATTEMPTS = 20


class Conflicting(Refused):
    """Both sides changed the same thing; nothing was changed."""


class Synced(NamedTuple):
    """The result of a sync: the branch's commit, and whether anything was fetched or pushed."""

    commit: str
    pulled: bool = False
    pushed: bool = False
    notices: tuple[str, ...] = ()


def remote_of(place: Place, named: str = "") -> str:
    """Return the remote to sync with: the named one, the branch's own, origin, or the only one.

    Raises NotFound.
    """
    if named:
        return remote_names.check_configured(place.common, named)
    known = remote_names.configured(place.common)
    own = git.run(place.common, "config", f"branch.{place.branch}.remote", check=False).text
    for name in (own, "origin", known[0] if len(known) == 1 else ""):
        if name in known and name:
            return name
    raise NotFound(
        "this repository has no remote to sync with" if not known else "which remote?",
        "`git remote add origin URL`, or --remote NAME.",
    )


def sync(place: Place, remote: str, cards: bool = False) -> Synced:
    """Fetch, merge and push; try again a few times when somebody moves either side first.

    `cards` pushes the card branches too. Raises Offline, Conflicting, BoardBusy, Refused,
    GitFailed, BoardMoved; the branch is then as it was, or has only taken in the remote's.
    """
    pulled, notices = False, []
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(1.0, 0.01 * 2 ** min(attempt, 7)) * clock.jitter())
        theirs = _fetch_tip(place, remote)
        ours = checkouts.tip(place, place.ref)
        if theirs and not (ours and commits.is_ancestor(place.common, theirs, ours)):
            taken_in = _take_in(place, remote, ours, theirs)
            if taken_in is None:
                continue
            notices += taken_in
            pulled = True
            ours = checkouts.tip(place, place.ref)
        if ours == theirs and not cards:
            return Synced(ours, pulled, False, tuple(notices))
        if publish(place, remote, ours, cards):
            return Synced(ours, pulled, ours != theirs, tuple(notices))
    raise BoardMoved(
        f"{place.branch} moved, here or in {remote}, under each of {ATTEMPTS} attempts to sync it",
        "Try again in a moment.",
    )


def publish(place: Place, remote: str, commit: str, cards: bool = False) -> bool:
    """Push a commit as the remote's board branch; False if the remote has moved on.

    Raises Offline, Refused where the server rejects it, GitFailed.
    """
    before = remotes.tip(place, remote, place.branch)
    # Hooks of the code must not run for a branch that has only the board.
    pushed = remotes.push(place, remote, [f"{commit}:{place.ref}"], hooks=bool(place.prefix))
    if pushed.done and cards:
        spec = f"{CARD_REFS}*:{CARD_REFS}*"
        pushed = remotes.push(place, remote, [spec], hooks=True)
    if pushed.refused and not _was_first(place, remote, before, pushed.refused):
        raise Refused(
            f"{remote} does not take pushes to {place.branch} {pushed.refused}",
            "A board that ticks cannot live on a protected branch: gitkanban init --branch kanban.",
        )
    return pushed.done


def _was_first(place: Place, remote: str, before: str, why: str) -> bool:
    """Return whether a push failed because somebody else pushed: servers word that differently."""
    return _fetch_tip(place, remote) != before or "lock" in why


def _fetch_tip(place: Place, remote: str) -> str:
    """Fetch the remote's tip of the board branch and return it; empty if it has no such branch."""
    tracking = f"refs/remotes/{remote}/{place.branch}"
    there = remotes.fetch(place, remote, place.ref, tracking)
    return remotes.tip(place, remote, place.branch) if there else ""


def _take_in(place: Place, remote: str, ours: str, theirs: str) -> list[str] | None:
    """Merge the remote's tip into the branch, bring the checkouts along, and return notices.

    None where the branch has moved in the meantime: then nothing was done.
    """
    why = refs.why_not(place)
    if why:
        raise BoardBusy(f"the board is not merged: {why}", "Finish or abort that first.")
    name = f"{remote}/{place.branch}"
    if not ours or commits.is_ancestor(place.common, ours, theirs):
        new, notices = theirs, []
    else:
        merge = _BoardMerge(place, ours, theirs, name)
        new, notices = merge.commit(), merge.notices
    # Code and board move separately. The code moves by git's two-way merge, refused where work
    # is in the way. The board moves as after every commit: an edited card is merged by field.
    stays = checkouts.on(place, place.ref) if place.prefix and ours else []
    mixed = _tree_with_old_board(place, ours, new) if stays else ""
    if stays:
        rehearsal.refuse_unable(place, stays, ours, mixed)
        follow_base.begin(stays, place.ref, ours, mixed, commit=new)
    if ours:
        follow_board.begin(place, ours)
    if not refs.swap(place, ours, new, f"kanban: merge {name}"):
        follow_base.forget(stays, mixed)
        return None
    failpoints.reach("sync.merged")
    if stays:
        notices += follow_base.bring(place, stays, ours, mixed)
    return [*notices, *follow_board.follow(place)]


def _tree_with_old_board(place: Place, old: str, new: str) -> str:
    """Return the tree of `new` with the board of `old`."""
    folder = commits.text(place.common, "rev-parse", "--verify", "-q", f"{old}:{place.prefix}")
    return merging.with_folder(place.common, new, place.prefix, folder)


class _BoardMerge:
    """A merge of two tips of the board's branch; cards by field, the rest as git does."""

    def __init__(self, place: Place, ours: str, theirs: str, name: str) -> None:
        self.place, self.name = place, name
        self.ours, self.theirs = ours, theirs
        self.notices: list[str] = []
        self.fork = commits.text(place.common, "merge-base", ours, theirs)
        if not self.fork:
            raise Refused(
                f"{name} has no history in common with {place.branch}",
                "They are two boards; fetch one of them under another name.",
            )

    def commit(self) -> str:
        """Make the merge commit and return its id. Raises Conflicting, naming every conflict."""
        with merging.merger(self.place.common, self.ours) as merger:
            done = merger.merge(self.theirs)
        from gitkanban.board.content.writing import NewTree

        draft = NewTree(self.place, self.ours)
        draft.start_tree = done.tree
        cards = self._cards()
        wrong = [f"{path}: both sides changed it" for path in done.conflicts if path not in cards]
        wrong += self._merge_cards(draft, cards)
        if wrong:
            raise Conflicting(
                f"{self.name} and {self.place.branch} conflict: {'; '.join(wrong)}",
                "Nothing was changed. Make the two agree (gitkanban edit …), then sync again.",
            )
        return draft.commit(f"kanban: merge {self.name}\n", [self.ours, self.theirs])

    def _merge_cards(
        self, draft: "NewTree", cards: Mapping[str, tuple[str, str, str]]
    ) -> list[str]:
        """Write the merged cards into the draft, and return the conflicts."""
        wanted = {oid for sides in cards.values() for oid in sides if oid}
        texts = blobs.texts(self.place, wanted)
        wrong = []
        for path, sides in sorted(cards.items()):
            if any(oid and oid not in texts for oid in sides):
                wrong.append(f"{path}: it is too large for a card")
                continue
            base, ours, theirs = (texts.get(oid) if oid else None for oid in sides)
            from gitkanban.board.formats.mergefile import merge_card

            merged = merge_card(base, ours, theirs, ("here", self.name), strict=True)
            wrong += [f"{path}: {line}" for line in merged.notices]
            if not merged.conflicts:
                text = merged.text
                draft.files[path] = (
                    None if text is None else text.encode("utf-8", "surrogateescape")
                )
        return wrong

    def _cards(self) -> dict[str, tuple[str, str, str]]:
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
