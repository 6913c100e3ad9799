"""What a run left in git: its commits counted, left-over changes committed, strays salvaged.

The supervisor runs it as a command (`python -m gitkanban.runs.collect <run folder>`), the tick
calls it for a run whose supervisor is gone. It judges nothing. No process of the run may be alive.
"""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from gitkanban import failpoints, files
from gitkanban.board import checkouts, commits, git
from gitkanban.core.facts import Work
from gitkanban.errors import GitkanbanError
from gitkanban.runs import salvage, unfinished, worktrees
from gitkanban.runs.folders import Folder

_BEFORE = "before"  # in the run folder: the workspace's tree when the session began


class _Place(NamedTuple):
    """Where to look, from the run's spec."""

    run: str
    card: str
    title: str
    branch: str
    workspace: str
    admin: str
    common: str
    start: str
    base: str
    board: str  # path of the board in the tree; empty: it is not there, or may be changed
    droppings: tuple[str, ...]
    sparse: bool

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def _place(folder: Folder) -> _Place:
    found = folder.spec()
    propose = found.one("board") == "propose"
    return _Place(
        found.one("run"),
        found.one("card"),
        found.one("title"),
        found.one("branch"),
        found.one("workspace"),
        found.one("admin"),
        found.one("common"),
        found.one("start_commit"),
        found.one("base"),
        "" if propose else found.one("prefix"),
        tuple(found.get("droppings", ())),
        found.one("sparse") == "1",
    )


def note_before(folder: Folder) -> None:
    """Note what the workspace holds before the session begins: setup's files, earlier verifies'.

    Left-over changes are measured against it. Raises GitFailed, OSError.
    """
    place = _place(folder)
    if not place.branch:
        return
    tree = salvage.tree_of(place.workspace, place.admin, f"{place.admin}/gitkanban-index")
    files.replace(folder.file(_BEFORE), tree.encode(), lasting=False)
    failpoints.reach("collect.before-noted")


def collect(folder: Folder) -> Work:
    """Collect a run's work and record it in its folder. Doing it again changes nothing.

    What it changed in its copy of a memory is kept as a proposal. Raises GitFailed, BoardBusy (a
    live git is in the way), OSError.
    """
    place = _place(folder)
    failpoints.reach("collect.begun")
    if folder.spec().one("memory_home"):
        from gitkanban.runs import proposing  # late: few runs have one, and each pays for an import

        proposing.propose(folder)
    before = folder.work()
    work = Work()
    if place.branch and place.start:
        work = _collected(place, folder)
        if before.leftover and not work.leftover and work.tip == before.leftover:
            work = before  # collected already; what follows it is nothing new
    failpoints.reach("collect.record")
    folder.write_work(work)
    failpoints.reach("collect.recorded")
    return work


def _collected(place: _Place, folder: Folder) -> Work:
    told: list[str] = []
    tip = _tip(place, told)
    if not _usable(place):
        told.append("its workspace was deleted under it")
        last = worktrees.last_known(place.admin)
        kept = _stray(place, last, tip, told)
        return _counted(place, tip, Work(tip=tip, salvage=kept), told)
    unfinished.remove_stale_locks(place.common, place.admin, place.branch)
    attached = checkouts.head(place.admin) == place.ref
    head = tip if attached else commits.resolve(place.workspace, "HEAD")
    kept = _stray(place, worktrees.last_known(place.admin), tip, told) if attached else ""
    if not attached:
        tip, kept = _adopted(place, head, tip, told)
    counted = _counted(place, tip, Work(tip=tip, salvage=kept), told)
    left, paths = _leftover(place, folder, head, told)
    if not left:
        return counted._replace(told=tuple(told))
    failpoints.reach("collect.leftover-committed")
    if head == tip:
        git.run(place.common, "update-ref", place.ref, left, tip)
        failpoints.reach("collect.branch-moved")
        if not attached and not unfinished.operation(place.admin):
            git.run(place.workspace, "symbolic-ref", "HEAD", place.ref)
        return counted._replace(tip=left, leftover=left, leftover_paths=paths, told=tuple(told))
    kept = salvage.keep(place.common, place.run, left)
    told.append(f"changes that do not fit the branch are in {kept}")
    return counted._replace(salvage=kept, leftover_paths=paths, told=tuple(told))


def _usable(place: _Place) -> bool:
    return os.path.exists(f"{place.workspace}/.git") and os.path.exists(f"{place.admin}/HEAD")


def _tip(place: _Place, told: list[str]) -> str:
    """The tip of the card's branch, which is made again where it was deleted."""
    tip = checkouts.tip_in(place.common, place.ref)
    if tip:
        return tip
    last = worktrees.last_known(place.admin)
    tip = last if last and commits.resolve(place.common, last) else place.start
    git.run(place.common, "update-ref", place.ref, tip, "")
    told.append(f"branch {place.branch} was deleted under it and is made again")
    return tip


def _stray(place: _Place, commit: str, tip: str, told: list[str]) -> str:
    """Keep a commit of the run that neither its branch nor base holds."""
    if commit in ("", tip) or not commits.resolve(place.common, commit):
        return ""
    if _held(place, commit, tip):
        return ""
    kept = salvage.keep(place.common, place.run, commit)
    told.append(f"branch {place.branch} was moved under it; its own commits are in {kept}")
    return kept


def _held(place: _Place, commit: str, tip: str) -> bool:
    return commits.is_ancestor(place.common, commit, tip) or commits.is_ancestor(
        place.common, commit, f"refs/heads/{place.base}"
    )


def _adopted(place: _Place, head: str, tip: str, told: list[str]) -> tuple[str, str]:
    """HEAD is not on the card's branch: (the branch's tip after that, salvage ref)."""
    if not head or _held(place, head, tip):
        return tip, ""
    if commits.is_ancestor(place.common, tip, head):
        git.run(place.common, "update-ref", place.ref, head, tip)
        told.append(f"it left {place.branch}; its commits are taken over")
        return head, ""
    kept = salvage.keep(place.common, place.run, head)
    told.append(f"it left {place.branch}; commits that do not descend from it are in {kept}")
    return tip, kept


def _counted(place: _Place, tip: str, work: Work, told: list[str]) -> Work:
    # What base has, if there is a base: its commits are not the session's.
    count = commits.text(
        place.common, "rev-list", "--ignore-missing", "--count", tip, f"^{place.start}",
        f"^refs/heads/{place.base}",
    )  # fmt: skip
    if place.board and int(count or 0):
        span = f"{place.start}...{tip}"
        if commits.text(place.common, "diff", "--name-only", span, "--", place.board):
            told.append(f"its changes under {place.board}/ stay behind on the branch")
    return work._replace(session_commits=int(count or 0), told=tuple(told))


def _leftover(
    place: _Place, folder: Folder, head: str, told: list[str]
) -> tuple[str, tuple[str, ...]]:
    """Commit what the session left uncommitted: (commit or empty, its paths). HEAD stays."""
    if not os.path.exists(f"{place.admin}/index"):
        return "", ()  # never checked out: every file would read as deleted
    where = place.workspace
    without = [f":(exclude,glob)**/{pattern}" for pattern in place.droppings]
    if place.board:
        without.append(f":(top,exclude){place.board}")
    options = worktrees.git_options(place.sparse)
    if head and not _touched(where, options, without):
        return "", ()
    sparse = ["--sparse"] if place.sparse else []
    added = git.run(
        where, *options, "add", "--all", "--ignore-errors", *sparse, "--", ".", *without,
        check=False,
    )  # fmt: skip
    if added.code:
        told.append(_first_line(added.err) or "some files could not be read")
    paths = _changed(where, head, "--cached")
    failpoints.reach("collect.staged")
    same = _unchanged(folder, where, paths)
    if same:
        _unstage(where, head, same)
        paths -= same
    if not paths:
        return "", ()
    tree = git.run(where, "write-tree").out.decode().strip()
    parents = (head,) if head else ()
    return salvage.commit_tree(where, tree, parents, _message(place)), tuple(sorted(paths))


def _touched(where: str, options: Sequence[str], without: Sequence[str]) -> bool:
    """Whether anything differs from HEAD: most sessions have committed all, and one look will do."""
    done = git.run(
        where, *options, "status", "--porcelain", "--untracked-files=normal", "--no-renames", "-z",
        "--", ".", *without, check=False,
    )  # fmt: skip
    return bool(done.code or done.out)


def _changed(where: str, head: str, *options: str) -> set[str]:
    against = head or git.run(where, "hash-object", "-t", "tree", "/dev/null").out.decode().strip()
    done = git.run(where, "diff-index", "--name-only", "-z", "--no-renames", *options, against)
    return set(done.out.decode("utf-8", "surrogateescape").split("\0")) - {""}


def _unchanged(folder: Folder, where: str, paths: set[str]) -> set[str]:
    """Those of the paths that are still as they were when the session began, as far as is known."""
    try:
        with open(folder.file(_BEFORE), encoding="ascii") as file:
            return paths - _changed(where, file.read().strip(), "--cached")
    except OSError:
        return set()


def _unstage(where: str, head: str, paths: set[str]) -> None:
    listed = "\0".join(sorted(paths)).encode("utf-8", "surrogateescape")
    git.run(
        where, "reset", "--quiet", head or "HEAD", "--pathspec-from-file=-", "--pathspec-file-nul",
        input=listed, check=False, env={"GIT_LITERAL_PATHSPECS": "1"},
    )  # fmt: skip


def _message(place: _Place) -> str:
    title = f": {place.title}" if place.title else ""
    return (
        f"{place.card}{title} (changes left by the session)\n\n"
        f"Committed by gitkanban when run {place.run} ended.\n\n"
        f"Kanban-Card: {place.card}\nKanban-Run: {place.run}\n"
    )


def _first_line(text: bytes) -> str:
    return next(iter(text.decode("utf-8", "replace").splitlines()), "")


def main(argv: list[str]) -> int:
    """`collect RUN_FOLDER`, or `collect --before RUN_FOLDER`."""
    try:
        if argv[0] == "--before":
            note_before(Folder(argv[1]))
        else:
            collect(Folder(argv[0]))
    except (GitkanbanError, OSError) as error:
        print(f"collect: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
