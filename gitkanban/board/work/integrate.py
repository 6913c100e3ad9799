"""A card's branch goes into base: merged by git, and only if every checkout of base can follow.

It moves no card; nothing has changed when it raises, or when the branch conflicts.
"""

from collections.abc import Callable, Sequence

from gitkanban import failpoints
from gitkanban.board.following import follow_base, mending, rehearsal
from gitkanban.board.repo import checkouts, commits, git
from gitkanban.board.repo.base import check_base
from gitkanban.board.repo.checkouts import Checkout, base_of
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.board.work import cardwork, landed
from gitkanban.board.work.cardmerge import CardMerge
from gitkanban.core.ids import branch_of, card_ref
from gitkanban.core.model import REVIEW, Board, Card, Config, Run
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple


class MergeResult(NamedTuple):
    """The result of a merge. `commit` is empty when there was nothing to merge, or it conflicts.

    `merged` is the commit of base that has the work, empty if there is none.
    """

    branch: str
    base: str
    commit: Oid = NO_OID
    merged: Oid = NO_OID
    conflicts: tuple[str, ...] = ()  # files
    others: tuple[str, ...] = ()  # accepted cards that changed these files in the meantime
    notices: tuple[str, ...] = ()


def unchecked(commit: Oid) -> None:
    """Accept every merge."""


class BaseAhead:
    """Base as it will be: its tip as it was read, with branches merged on top of it.

    `tip` is where base will be. No ref is moved and no checkout touched before the caller does so.
    """

    def __init__(self, place: Place, config: Config) -> None:
        """Read base. Raises Refused when there is none, or that branch cannot be base."""
        self.place, self.config = place, config
        self.base = base_of(place, config)
        self.ref = f"refs/heads/{self.base}"
        self.old = self.tip = checkouts.tip(place, self.ref) if self.base else NO_OID
        self.proposed = False  # whether cards have come with a branch, as a planner's may
        self.checkouts: list[Checkout] = []  # those of base, known once something was merged
        self.merges: list[CardMerge] = []
        if not self.old:
            raise Refused(
                f"the base branch {self.base or 'of this repository'} does not exist",
                "`kanban.base` in config.yaml names the branch that accepted work goes to.",
            )
        check_base(place, self.base)

    def merge(
        self, card: Card, runs: Sequence[Run], check: Callable[[Oid], None] = unchecked
    ) -> MergeResult:
        """Merge a card's work by `config.merge`: a merge commit, one squashed commit, or `ff`.

        `runs` are the card's; `cardwork` decides what of its work is merged. `ff` takes the branch
        itself where that is possible, and merges otherwise. `check` gets the new commit, and may
        raise. Raises Refused when the work is not here, or uncommitted work in a checkout of base
        is in the way, BoardBusy, GitFailed; `tip` is then as before.
        """
        branch = branch_of(card.id)
        located = cardwork.find(self.place, card, runs, clone_id(self.place), base=self.tip)
        theirs = located.commit
        if not theirs:
            return MergeResult(branch, self.base, merged=located.merged)
        work = CardMerge(self.place, self.config, card, self.tip, theirs=theirs)
        work.merge()
        notices = (*located.notices, *work.notices)
        result = MergeResult(branch, self.base, conflicts=work.conflicts, notices=notices)
        if work.conflicts:
            others = _accepted_meanwhile(self.place, self.tip, theirs, work.conflicts)
            return result._replace(others=others)
        if not work.new:
            return result._replace(merged=self.tip)
        self.checkouts = checkouts.on(self.place, self.ref)
        failpoints.reach("accept.commit-made")
        rehearsal.refuse_unable(self.place, self.checkouts, self.old, work.new)
        failpoints.reach("accept.tried")
        check(work.new)
        self.tip = work.new
        self.merges.append(work)
        self.proposed |= work.proposed
        return result._replace(commit=work.new, merged=work.new)

    def rewrite_lost(self) -> bool:
        """Repeat merges that lost objects to `git gc --prune=now`; return whether any did."""
        pairs = [merge.rewrite_lost() for merge in self.merges]
        return any(pairs)

    def begin(self) -> None:
        """Note the move for base's checkouts, so that they follow even after a kill.

        Call it before base moves.
        """
        follow_base.begin(self.checkouts, self.ref, self.old, self.tip)

    def bring(self) -> list[str]:
        """Bring the checkouts of base along once it has moved, and return notices."""
        if self.tip == self.old:
            return []
        notices = follow_base.bring(self.place, self.checkouts, self.old, self.tip)
        if self.ref != self.place.ref:  # whoever commits to the board's branch mends it
            notices += mending.mend(self.place, self.old, self.tip, self.ref)
        failpoints.reach("accept.checkouts-brought")
        return notices


def _accepted_meanwhile(
    place: Place, ours: Oid, theirs: Oid, files: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the cards accepted since the branch left base whose work changed these files."""
    done = git.run(
        place.common, "log", "--first-parent", "--format=%(trailers:key=Kanban-Card,valueonly)",
        f"{theirs}..{ours}", "--", *(f":(top,literal){file}" for file in files), check=False,
    )  # fmt: skip
    return tuple(dict.fromkeys(line.strip() for line in done.lines if line.strip()))


def already_merged(place: Place, board: Board) -> dict[CardId, Oid]:
    """Return the cards in review whose work base has: merged, squashed or rebased, in which commit.

    It takes two git processes for all cards, one more where a branch is gone or has commits after
    its run, and a search for squashed and rebased work if base has changed since the last one.
    """
    ends: dict[CardId, Oid] = {}
    for card in board.cards.values():
        if card.status == REVIEW:
            runs = [run for run in board.runs_of(card.id) if run.outcome == SUCCEEDED]
            if runs and runs[-1].commit and runs[-1].commit != runs[-1].start_commit:
                ends[card.id] = runs[-1].commit
    if not ends or board.config is None:
        return {}
    base = base_of(place, board.config)
    tip = checkouts.tip(place, f"refs/heads/{base}") if base else NO_OID
    if not tip:
        return {}
    refs = [card_ref(card) for card in ends]
    here = _tips_of(place, refs)
    inside = _list_inside(place, refs, tip)
    merged, open_tips = dict[CardId, Oid](), dict[CardId, Oid]()
    for name, end in ends.items():
        ref = card_ref(name)
        if (ref in inside or ref not in here) and (
            here.get(ref) == end or commits.is_ancestor(place.common, end, tip)
        ):
            merged[name] = end
        elif ref not in inside:
            open_tips[name] = here.get(ref, end)
    return merged | dict.fromkeys(landed.otherwise(place, open_tips, tip), tip)


def _tips_of(place: Place, refs: list[str]) -> dict[str, Oid]:
    done = git.run(place.common, "for-each-ref", "--format=%(refname) %(objectname)", *refs)
    pairs = (line.split(" ") for line in done.lines)
    return {ref: Oid(oid) for ref, oid in pairs}


def _list_inside(place: Place, refs: list[str], base: Oid) -> set[str]:
    """Return the branches that base contains. One that cannot be read does not stand for others."""
    words = ("for-each-ref", "--format=%(refname)", "--merged", base)
    done = git.run(place.common, *words, *refs, check=False)
    if not done.code:
        return set(done.lines)
    return {ref for ref in refs if commits.is_ancestor(place.common, ref, base)}
