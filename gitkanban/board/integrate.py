"""A card's branch goes into base: merged in memory, and only when every checkout of base can follow.

It moves no card; nothing has changed when it raises, or when the branch conflicts.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gitkanban import failpoints
from gitkanban.board import (
    cardfile,
    cardwork,
    checkouts,
    commits,
    git,
    landed,
    mending,
    rehearsal,
    trees,
)
from gitkanban.board.base import check_base
from gitkanban.board.checkouts import Checkout, base_of
from gitkanban.board.place import FOLDER, Place, clone_id
from gitkanban.board.writing import TREE, Draft
from gitkanban.board.yamltext import Bad
from gitkanban.core.model import BACKLOG, REVIEW, Board, Card, Config, Run
from gitkanban.core.verdict import SUCCEEDED
from gitkanban.core.visible import shown
from gitkanban.errors import Refused


class Merged(NamedTuple):
    """What a merge did. `commit` is empty when there was nothing to merge, or it conflicts.

    `merged` is the commit by which base has the work then, empty where there is none.
    """

    branch: str
    base: str
    commit: str = ""
    merged: str = ""
    conflicts: tuple[str, ...] = ()  # files
    others: tuple[str, ...] = ()  # accepted cards that changed these files in the meantime
    told: tuple[str, ...] = ()


def unchecked(commit: str) -> None:
    """Every merge is fine."""


class Onto:
    """Base as it will be: its tip as it was read, and branches merged on top of it, in memory.

    `tip` is where base will be; no ref has moved and no checkout is touched until that is done.
    """

    def __init__(self, place: Place, config: Config) -> None:
        """Read base. Raises Refused when there is none, or that branch cannot be base."""
        self.place, self.config = place, config
        self.base = base_of(place, config)
        self.ref = f"refs/heads/{self.base}"
        self.old = self.tip = checkouts.tip(place, self.ref) if self.base else ""
        self.proposed = False  # whether cards have come with a branch, as a planner's may
        self.checkouts: list[Checkout] = []  # those of base, known once something was merged
        if not self.old:
            raise Refused(
                f"the base branch {self.base or 'of this repository'} does not exist",
                "`kanban.base` in config.yaml names the branch that accepted work goes to.",
            )
        check_base(place, self.base)

    def merge(
        self, card: Card, runs: Sequence[Run], check: Callable[[str], None] = unchecked
    ) -> Merged:
        """Merge a card's work by `config.merge`: a merge commit, one squashed commit, or `ff`.

        `runs` are the card's; `cardwork` says what of it is merged.

        `ff` takes the branch itself where that is possible, and merges otherwise. `check` is handed
        the new commit, and may raise. Raises Refused when the work is not here, or uncommitted work
        in a checkout of base is in the way, BoardBusy, GitFailed; base will then be as it would
        have been without.
        """
        branch = f"card/{card.id}"
        found = cardwork.find(self.place, card, runs, clone_id(self.place), self.tip)
        theirs = found.commit
        if not theirs:
            return Merged(branch, self.base, merged=found.merged)
        work = _Work(self.place, self.config, card, self.tip, theirs)
        work.merge()
        told = (*found.notices, *work.told)
        result = Merged(branch, self.base, conflicts=work.conflicts, told=told)
        if work.conflicts:
            others = _others(self.place, self.tip, theirs, work.conflicts)
            return result._replace(others=others)
        if not work.new:
            return result._replace(merged=self.tip)
        self.checkouts = checkouts.on(self.place, self.ref)
        failpoints.reach("accept.commit-made")
        rehearsal.refuse_unable(self.place, self.checkouts, self.old, work.new)
        failpoints.reach("accept.tried")
        check(work.new)
        self.tip = work.new
        self.proposed |= work.proposed
        return result._replace(commit=work.new, merged=work.new)

    def begin(self) -> None:
        """Call it before base moves, so that its checkouts are brought along whatever happens."""
        trees.begin(self.checkouts, self.ref, self.old, self.tip)

    def bring(self) -> list[str]:
        """Bring the checkouts of base along, once it has moved; lines to tell."""
        if self.tip == self.old:
            return []
        told = trees.bring(self.place, self.checkouts, self.old, self.tip)
        if self.ref != self.place.ref:  # the board's own branch is looked at by whatever writes it
            told += mending.mend(self.place, self.old, self.tip, self.ref)
        failpoints.reach("accept.checkouts-brought")
        return told


def _others(place: Place, ours: str, theirs: str, files: tuple[str, ...]) -> tuple[str, ...]:
    """The cards whose work came into base since the branch left it, and changed these files."""
    done = git.run(
        place.common, "log", "--first-parent", "--format=%(trailers:key=Kanban-Card,valueonly)",
        f"{theirs}..{ours}", "--", *(f":(top,literal){file}" for file in files), check=False,
    )  # fmt: skip
    return tuple(dict.fromkeys(line.strip() for line in done.lines if line.strip()))


class _Work:
    """One merge in memory."""

    def __init__(self, place: Place, config: Config, card: Card, ours: str, theirs: str) -> None:
        self.draft = Draft(place, ours)
        self.repo: Any = self.draft.repo
        self.config, self.card = config, card
        self.ours: Any = self.repo.commit_at(ours)
        self.theirs: Any = self.repo.commit_at(theirs)
        self.new = ""
        self.conflicts: tuple[str, ...] = ()
        self.told: list[str] = []
        self.proposed = False

    def merge(self) -> None:
        """Set `new` to the commit that base shall be at, or `conflicts` to the files in dispute."""
        found = self.repo.merge_base(self.ours.id, self.theirs.id)
        if found is None:
            raise Refused(f"card/{self.card.id} has no history in common with base", "")
        if found == self.theirs.id:
            return
        base: Any = self.repo[found]
        board = self._board(base.tree)
        clean = board == _entry(self.theirs.tree)
        if found == self.ours.id and self.config.merge == "ff" and clean:
            self.new = str(self.theirs.id)
            return
        # The board is what base says on all three sides, so it has no part in the merge.
        index = self.repo.merge_trees(
            self._with(base.tree, board), self._with(self.ours.tree, board),
            self._with(self.theirs.tree, board),
        )  # fmt: skip
        if index.conflicts:
            sides = [next(side for side in each if side) for each in index.conflicts]
            self.conflicts = tuple(sorted({side.path for side in sides}))
            return
        tree = index.write_tree(self.repo)
        if tree == self.ours.tree.id:
            return
        squash = self.config.merge == "squash"
        parents = [self.ours.id] if squash else [self.ours.id, self.theirs.id]
        self.new = self.draft.commit_tree(tree, self._message(squash), [str(p) for p in parents])

    def _with(self, tree: Any, board: Any) -> Any:
        """The tree with another board in it."""
        if _entry(tree) == board:
            return tree
        builder = self.repo.TreeBuilder(tree)
        if board is None:
            builder.remove(FOLDER)
        else:
            builder.insert(FOLDER, board, TREE)
        return self.repo[builder.write()]

    def _board(self, base: Any) -> Any:
        """Base's own board, with the cards that a planner proposes; the rest is told."""
        mine, theirs = _entry(self.ours.tree), _entry(self.theirs.tree)
        from gitkanban.board.objects import path_of

        before = _entry(base)
        if theirs in (before, mine):
            return mine
        changed = {
            path_of(delta.new_file): delta
            for delta in self.repo.diff(base, self.theirs.tree).deltas
            if path_of(delta.new_file).startswith(f"{FOLDER}/")
        }
        worker = self.config.workers.get(self.card.worker)
        come = []
        if worker and worker.board == "propose":
            come = [path for path in changed if self._proposes(path)]
            self.proposed = bool(come)
            for path in come:
                self.draft.files[path] = self.theirs.tree[path].data
            mine = _entry(self.repo[self.draft.tree()])
        left = sorted(set(changed) - set(come))
        if left:
            more = f" and {len(left) - 5} more" if len(left) > 5 else ""
            self.told.append(
                f"{self.card.id}: left on its branch, for the board is not its to change: "
                f"{', '.join(left[:5])}{more}"
            )
        return mine

    def _proposes(self, path: str) -> bool:
        """Whether the file is a card that base does not have, still to be approved."""
        name = path.removeprefix(f"{FOLDER}/cards/")
        if path == name or "/" in name or path in self.ours.tree or path not in self.theirs.tree:
            return False
        try:
            return cardfile.parse(self.theirs.tree[path].data, path).status == BACKLOG
        except Bad:
            return False

    def _message(self, squash: bool) -> str:
        title = f": {shown(self.card.title)}" if self.card.title else ""
        subject = f"{self.card.id}{title}" if squash else f"Merge card/{self.card.id}{title}"
        return f"{subject}\n\nKanban-Card: {self.card.id}\n"


def _entry(tree: Any) -> Any:
    """The object id of the board's folder in a tree, None where there is none."""
    return tree[FOLDER].id if FOLDER in tree else None


def merged(place: Place, board: Board) -> dict[str, str]:
    """The cards in review whose work is in base already, merged, squashed or rebased: by which
    commit of base.

    Two git processes for all of them; one more where a branch is gone or went on after its run,
    and a look at what was squashed or rebased, where base has other content than at the last look.
    """
    ends: dict[str, str] = {}
    for card in board.cards.values():
        if card.status == REVIEW:
            runs = [run for run in board.runs_of(card.id) if run.outcome == SUCCEEDED]
            if runs and runs[-1].commit and runs[-1].commit != runs[-1].start_commit:
                ends[card.id] = runs[-1].commit
    if not ends or board.config is None:
        return {}
    base = base_of(place, board.config)
    tip = checkouts.tip(place, f"refs/heads/{base}") if base else ""
    if not tip:
        return {}
    refs = [f"refs/heads/card/{card}" for card in ends]
    here = _tips(place, refs)
    inside = _tips(place, refs, "--merged", tip)
    found, open_tips = dict[str, str](), dict[str, str]()
    for name, end in ends.items():
        ref = f"refs/heads/card/{name}"
        if (ref in inside or ref not in here) and (
            here.get(ref) == end or commits.is_ancestor(place.common, end, tip)
        ):
            found[name] = end
        elif ref not in inside:
            open_tips[name] = here.get(ref, end)
    return found | dict.fromkeys(landed.otherwise(place, open_tips, tip), tip)


def _tips(place: Place, refs: list[str], *options: str) -> dict[str, str]:
    done = git.run(
        place.common, "for-each-ref", "--format=%(refname) %(objectname)", *options, *refs
    )
    return dict(line.split(" ") for line in done.lines)
