"""A card's work merged into base as a commit that no ref points at yet.

Base decides the board, whatever the branch has done to it. The exception is the cards that a
planner proposes.
"""

from gitkanban.board.formats import cardfile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.board.repo import commits, git, merging
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.core.ids import branch_of
from gitkanban.core.model import BACKLOG, Card, Config
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.visible import shown
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple

_NAMED_MOST = 5  # files in one notice


class Boards(NamedTuple):
    """The object ids of the board's folder; empty if there is none."""

    fork: Oid
    ours: Oid
    theirs: Oid


class CardMerge:
    """One merge of a card's work, `theirs`, into `ours`."""

    def __init__(self, place: Place, config: Config, card: Card, ours: Oid, theirs: Oid) -> None:
        self.common = place.common
        self.config, self.card = config, card
        self.ours, self.theirs = ours, theirs
        from gitkanban.board.content.writing import NewTree  # late import: only a merge needs it

        self.draft = NewTree(place, ours)
        self.new = NO_OID  # the commit that base will be at; empty if there is nothing to merge
        self.conflicts: tuple[str, ...] = ()  # conflicting files
        self.notices: list[str] = []
        self._boards = Boards(NO_OID, NO_OID, NO_OID)  # of the three commits that were merged

    @property
    def proposed(self) -> bool:
        """Whether the work brings new cards, as a planner's may."""
        return bool(self.draft.files)

    def merge(self) -> None:
        """Set `new`, or `conflicts`.

        Raises Refused, GitFailed, OSError; nothing is changed then.
        """
        fork = Oid(commits.text(self.common, "merge-base", self.ours, self.theirs))
        if not fork:
            raise Refused(f"{branch_of(self.card.id)} has no history in common with base", "")
        if fork == self.theirs:
            return
        boards = Boards(*_board_folders(self.common, fork, self.ours, self.theirs))
        if boards.theirs not in (boards.fork, boards.ours):
            self._take_proposals(fork)
        same = boards.theirs == boards.ours and not self.draft.files
        if fork == self.ours and self.config.merge == "ff" and same:
            self.new = self.theirs
            return
        self._boards = boards
        tree = self._merged_tree(boards)
        if tree and (tree != self._tree_of(self.ours) or self.draft.files):
            self._commit_merge(tree)

    def rewrite_lost(self) -> bool:
        """Repeat the merge if a gc removed some of its objects, and return whether it did."""
        if self.new in ("", self.theirs):
            return False
        asked = (
            "rev-list",
            "--objects",
            "--missing=print",
            self.new,
            "--not",
            self.ours,
            self.theirs,
        )
        done = git.run(self.common, *asked, check=False)
        if not done.code and not any(line.startswith("?") for line in done.lines):
            return False
        self._merged_tree(self._boards)
        return self.draft.rewrite_lost()

    def _merged_tree(self, boards: Boards) -> Oid:
        """Return the merged tree with base's own board; empty if files conflict."""
        theirs = self.theirs
        if boards.theirs != boards.fork:  # as if the branch had not changed the board
            tree = merging.with_folder(self.common, theirs, FOLDER, boards.fork)
            theirs = merging.passing_commit(self.common, tree, theirs)
        with merging.merger(self.common, self.ours) as merger:
            done = merger.merge(theirs)
        outside = {path for path in done.conflicts if not path.startswith(f"{FOLDER}/")}
        if not done.clean and (outside or not done.conflicts):
            self.conflicts = tuple(sorted(outside)) or ("files that git does not name",)
            return NO_OID
        if _board_folders(self.common, done.tree)[0] == boards.ours:
            return done.tree
        return merging.with_folder(self.common, done.tree, FOLDER, boards.ours)

    def _commit_merge(self, tree: Oid) -> None:
        squash = self.config.merge == "squash"
        parents = [self.ours] if squash else [self.ours, self.theirs]
        self.draft.start_tree = tree
        self.new = self.draft.commit(self._merge_message(squash), parents)

    def _tree_of(self, commit: Oid) -> Oid:
        return git.run(self.common, "rev-parse", f"{commit}^{{tree}}").oid

    def _take_proposals(self, fork: Oid) -> None:
        """Put a planner's new cards into the draft; other changes of the board become notices."""
        below = f"{FOLDER}/"
        changed = [
            change
            for change in commits.changes(self.common, fork, self.theirs)
            if change.path.startswith(below)
        ]
        worker = self.config.workers.get(self.card.worker)
        if worker and worker.board == "propose":
            for change in changed:
                content = self._read_proposal(change)
                if content is not None:
                    self.draft.files[change.path] = content
        left = sorted({change.path for change in changed} - set(self.draft.files))
        if left:
            more = f" and {len(left) - _NAMED_MOST} more" if len(left) > _NAMED_MOST else ""
            self.notices.append(
                f"{self.card.id}: left on its branch, for the board is not its to change: "
                f"{', '.join(left[:_NAMED_MOST])}{more}"
            )

    def _read_proposal(self, change: commits.PathChange) -> bytes | None:
        """Return the content of a proposed card, new to base and not approved; None for others."""
        name = change.path.removeprefix(f"{FOLDER}/cards/")
        regular = change.mode in ("100644", "100755")
        if change.path == name or "/" in name or not regular:
            return None
        there = f"{self.ours}:{change.path}"
        if not git.run(self.common, "cat-file", "-e", there, check=False).code:
            return None
        content = git.run(self.common, "cat-file", "blob", change.new).out
        try:
            return content if cardfile.parse(content, change.path).status == BACKLOG else None
        except Bad:
            return None

    def _merge_message(self, squash: bool) -> str:
        title = f": {shown(self.card.title)}" if self.card.title else ""
        subject = f"{self.card.id}{title}" if squash else f"Merge {branch_of(self.card.id)}{title}"
        return f"{subject}\n\nKanban-Card: {self.card.id}\n"


def _board_folders(common: str, *trees: Oid) -> list[Oid]:
    """Return the object id of the board's folder in each commit or tree, empty if there is none."""
    asked = "".join(f"{tree}:{FOLDER}\n" for tree in trees).encode()
    answers = git.run(common, "cat-file", "--batch-check", input=asked).text.split("\n")
    return [Oid(line.split(" ")[0]) if " tree " in line else NO_OID for line in answers]
