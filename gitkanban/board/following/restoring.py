"""Changes of the board that its branch has lost since we made them, and how they come back.

`refs/gitkanban/seen` points at the last commit that we know. A branch that was amended, reset or
replaced no longer contains it. A merge concluded from an old index contains it, with old versions
of cards on top. Lost changes are merged in again, a card by field, in one commit of their own.
Where a person changed the same field since, the person's value stays. A commit made in a checkout
that was still behind takes back all that our last moves brought, merged work included: all of it
comes back.
"""

import itertools
from collections.abc import Iterable, Iterator

from gitkanban.board.following import follow_board, follow_file
from gitkanban.board.repo import blobs, checkouts, commits, git, refs
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import KNOWN_REF
from gitkanban.core.names import NO_OID, Oid
from gitkanban.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.content.writing import NewTree

ATTEMPTS = 10
MOVES_MOST = 20  # of our last moves, searched for the one that a commit takes back
_PATHS_MOST = 100  # that git is given one by one: it compares each with every file of a folder
_VERSIONS = ("log", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "-m")


class Loss(NamedTuple):
    """A path that lost a change; object ids before it, with it and now (empty: no file)."""

    path: str
    before: Oid
    recorded: Oid
    now: Oid


def restore(place: Place) -> list[str]:
    """Bring back what the branch lost, in one commit, and return notices; none if nothing was lost.

    Does nothing while the board must not be written. Raises GitFailed, BoardBusy.
    """
    for _ in range(ATTEMPTS):
        tip, recorded = checkouts.tip(place, place.ref), checkouts.tip(place, KNOWN_REF)
        if place.aside or not recorded or not tip or recorded == tip or refs.why_not(place):
            return []
        lost = _find_losses(place, recorded, tip)
        start = _commit_behind(place, recorded, tip)
        # The person's git has brought the checkout to the tip as it is; so it is put on record.
        notices = follow_board.follow(place) if lost or start else []
        draft = _begin_tree(place, tip) if lost or start else None
        if draft and start:
            notices += _reapply_changes(draft, start, recorded)
        notices += _put_back(place, draft, lost) if draft else []
        notices = list(dict.fromkeys(notices))
        message = "kanban: bring back what the branch lost\n\n" + "".join(f"{t}\n" for t in notices)
        new = (_commit_restored(draft, message, tip) if draft else NO_OID) or tip
        if new == tip:
            git.run(place.common, "update-ref", "--no-deref", KNOWN_REF, tip, recorded, check=False)
            return notices
        follow_board.begin(place, tip)
        if refs.swap(place, tip, new, "kanban: bring back what the branch lost"):
            return notices + follow_board.follow(place)
    return []


def _begin_tree(place: Place, tip: Oid) -> "NewTree":
    from gitkanban.board.content.writing import NewTree  # late, as it is rarely needed

    return NewTree(place, tip)


def _commit_behind(place: Place, recorded: Oid, tip: Oid) -> Oid:
    """Return where those of our moves began that the next commit took back by accident; else "".

    Such a commit comes from a checkout that had not been brought along, or only halfway. So it has
    the old or the new version of each of our changes, our records included. A commit that does
    nothing else is taken as intended, and so is a `git revert`.
    """
    done = git.run(
        place.common, "log", "--first-parent", "--reverse", "--format=%H%x00%P%x00%B%x00%x00",
        f"{recorded}..{tip}",
    )  # fmt: skip
    first, _, rest = done.text.partition("\0")
    parents, _, rest = rest.partition("\0")
    if (
        not place.prefix
        or not first
        or " " in parents
        or "This reverts commit" in rest.partition("\0\0")[0]
    ):
        return NO_OID
    theirs = _path_deltas(place, recorded, Oid(first))
    board = f"{place.prefix}/"
    if len({path.startswith(board) for path in theirs}) < 2:
        return NO_OID  # it changed the board alone, so intended; or did not touch it
    behind = NO_OID
    for old in _earlier_tips(place, recorded):
        ours = _path_deltas(place, old, recorded)
        taken = {path for path in ours.keys() & theirs.keys() if theirs[path][1] == ours[path][0]}
        if ours.keys() & theirs.keys() - taken:
            continue  # neither the old version nor the new: not made before that move
        mine = {path for path in ours if path.startswith(board)}
        records = any(path.startswith((f"{board}runs/", f"{board}notes/")) for path in taken)
        if records or (mine and mine <= taken):
            behind = old
    return behind


def _earlier_tips(place: Place, recorded: Oid) -> Iterator[Oid]:
    """Yield where the branch stood before each of our last moves, newest first."""
    done = git.run(
        place.common, "log", "-g", "-n1000", "--format=%H %gs", place.ref, "--", check=False
    )
    lines = [line.partition(" ") for line in done.lines]
    at = next((number for number, line in enumerate(lines) if line[0] == recorded), len(lines))
    for (_, _, why), (before, _, _) in itertools.pairwise(lines[at : at + MOVES_MOST]):
        if not why.startswith("kanban: "):
            return
        yield Oid(before)


def _path_deltas(place: Place, old: Oid, new: Oid) -> dict[str, tuple[Oid, Oid]]:
    """Return the object ids before and after of every path that differs between two commits."""
    changes = commits.changes(place.common, old, new)
    return {change.path: (change.old, change.new) for change in changes}


def _reapply_changes(draft: "NewTree", start: Oid, recorded: Oid) -> list[str]:
    """Merge all that lies between two commits of ours into the draft again, and return notices."""
    from gitkanban.board.repo import merging  # late, as it is rarely needed

    done = merging.merge_trees(draft.place.common, start, draft.tip, recorded)
    if not done.clean:  # changed further since: restore by field, if at all
        paths = sorted(done.conflicts)
        return [f"{path}: the branch lost a change that no longer fits" for path in paths]
    draft.start_tree = done.tree
    back = commits.changes(draft.place.common, draft.tip, done.tree)
    return [f"{change.path}: the branch had lost a change; it is back" for change in back]


def _commit_restored(draft: "NewTree", message: str, tip: Oid) -> Oid:
    return draft.commit(message, [tip])


def _find_losses(place: Place, recorded: Oid, tip: Oid) -> list[Loss]:
    fork = git.run(place.common, "merge-base", recorded, tip, check=False)
    if fork.code:
        return []  # unrelated history: somebody has rewritten all of it
    if fork.text == recorded:
        return _committed_over(place, recorded, tip)
    now = {change.path: change for change in _card_changes(place, fork.oid, tip)}
    lost = []
    for change in _card_changes(place, fork.oid, recorded):
        here = now[change.path].new if change.path in now else change.old
        if here != change.new:
            before = change.old
            if not before and here:  # added on both sides: an amended commit, most likely
                before = _path_versions(place, f"{fork.text}..{recorded}", change.path)[-1]
            lost.append(Loss(change.path, before, change.new, here))
    return lost


class _FileChange(NamedTuple):
    path: str
    old: Oid
    new: Oid


def _card_changes(place: Place, old: Oid, new: Oid) -> list[_FileChange]:
    done = git.run(
        place.common, "diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--",
        place.prefix or ".",
    )  # fmt: skip
    fields = done.text.split("\0")
    changes = []
    for meta, path in zip(fields[0::2], fields[1::2], strict=False):
        old_id, new_id = map(git.oid_of, meta.split(" ")[2:4])
        changes.append(_FileChange(path, old_id, new_id))
    return changes


def _committed_over(place: Place, recorded: Oid, tip: Oid) -> list[Loss]:
    """Return cards that a later commit took back to an old version, byte for byte, by accident.

    A commit that does nothing else is taken as intended, and so is a `git revert`.
    """
    if _are_all_ours(place, recorded, tip):
        return []  # as after most pulls: the history need not be searched
    taken = [
        change
        for change in _card_changes(place, recorded, tip)
        if change.old and change.new and "/cards/" in f"/{change.path}"
    ]
    old = _versions_below(place, recorded, [change.path for change in taken])
    return [
        Loss(change.path, change.new, change.old, change.new)
        for change in taken
        if (change.path, change.new) in old
        and change.new in _path_versions(place, recorded, change.path)
        and not _was_meant(place, recorded, tip, change.path)
    ]


def _are_all_ours(place: Place, recorded: Oid, tip: Oid) -> bool:
    """Return whether every commit since is one that gitkanban makes, so that `_was_meant` holds."""
    done = git.run(
        place.common, "log", "--first-parent", "-z", "--format=%P%n%B", f"{recorded}..{tip}"
    )
    commits = [each.partition("\n") for each in done.text.split("\0") if each]
    return all(" " not in parents and "\nKanban-" in message for parents, _, message in commits)


def _versions_below(place: Place, commit: Oid, paths: list[str]) -> set[tuple[str, str]]:
    """Return (path, object id) of all versions of these paths in the history of a commit.

    One git walks the history for all of them. It may name more than `_path_versions` does, because
    git leaves fewer sides of merges out where it is asked for several paths.
    """
    if not paths:
        return set()
    wanted = paths if len(paths) <= _PATHS_MOST else [place.path("cards")]
    done = git.run(place.common, *_VERSIONS, commit, "--", *wanted)
    fields = done.text.split("\0")
    pairs = zip(fields[0::2], fields[1::2], strict=False)
    return {(path, meta.split(" ")[3]) for meta, path in pairs}


def _path_versions(place: Place, commits: str, path: str) -> list[Oid]:
    """Return the object ids that a path had in a range of commits, newest first."""
    done = git.run(place.common, *_VERSIONS, commits, "--", path)
    news = (field.split(" ")[3] for field in done.text.split("\0") if field.startswith(":"))
    return [oid for oid in map(git.oid_of, news) if oid]


def _was_meant(place: Place, recorded: Oid, tip: Oid, path: str) -> bool:
    """Return whether the last commit that changed the path did it on purpose."""
    done = git.run(
        place.common, "log", "--first-parent", "-n1", "--format=%H%n%P%n%B", f"{recorded}..{tip}", "--",
        path,
    )  # fmt: skip
    if not done.text:
        return True
    commit, parents, message = done.text.split("\n", 2)
    if " " in parents:
        return False  # a merge only brings together what both sides have
    others = git.run(
        place.common, "diff-tree", "-r", "--no-commit-id", "--name-only", "-z", commit, "--", ":/",
        f":(exclude,literal){path}",
    ).text  # fmt: skip
    ours = "\nKanban-" in message
    return ours or "This reverts commit" in message or not others


def _put_back(place: Place, draft: "NewTree", lost: Iterable[Loss]) -> list[str]:
    """Merge every loss into the draft, and return a notice for each that changed something."""
    lost = list(lost)
    wanted = {oid for loss in lost for oid in loss[1:] if oid}
    texts = blobs.texts(place, wanted)
    notices = []
    for loss in lost:
        if any(oid and oid not in texts for oid in loss[1:]):
            notices.append(
                f"{loss.path}: the branch lost a change, and it is too large to bring back"
            )
            continue
        before, recorded, now = (texts.get(oid) if oid else None for oid in loss[1:])
        text, why = follow_file.merged(loss.path, before, now, recorded)
        if text != now:
            draft.files[loss.path] = (
                None if text is None else text.encode("utf-8", "surrogateescape")
            )
            notices.append(f"{loss.path}: the branch had lost a change; it is back")
        if why:
            notices.append(f"{loss.path}: the branch lost a change that no longer fits: {why}")
    return notices
