"""What a run left in git: its commits counted, left-over changes committed, strays salvaged.

The supervisor runs it as a command (`python -m gitkanban.runs.collect <run folder>`); the tick
calls it for a run whose supervisor is gone. It judges nothing. No process of the run may be alive.
The workspace is read through `workspace_git` only: nothing in it decides what git runs.
"""

import os
import sys

from gitkanban import failpoints
from gitkanban.board.repo import checkouts, commits, git
from gitkanban.core.names import CardId, Oid, RunId
from gitkanban.core.tick.facts import Work
from gitkanban.core.visible import shown
from gitkanban.errors import GitkanbanError
from gitkanban.late import re
from gitkanban.runs import contained, watching
from gitkanban.runs.records.folders import Folder, card_of, run_of
from gitkanban.runs.workspace import (
    gathering,
    ground,
    including,
    nested,
    salvage,
    setupfiles,
    unfinished,
    worktrees,
)
from gitkanban.runs.workspace.gathering import LINK
from gitkanban.runs.workspace.workspace_git import ChangedPath, View, head_of, read_plain, read_raw
from gitkanban.typed import NamedTuple

_BEFORE = "before"  # in the run folder: the workspace's tree when the session began
_MISSED = "before-missed"  # there: paths that are not in that tree, each ended by a NUL
# Reflog entries of a worktree's HEAD that stand for a new commit.
_OWN_COMMIT = re.compile(
    r"(commit|cherry-pick|revert|am|rebase \((pick|reword|edit|squash|fixup)\))\b"
)


class _RunPlace(NamedTuple):
    """Where to look, from the run's spec."""

    run: RunId
    card: CardId
    title: str
    branch: str
    workspace: str
    admin: str
    common: str
    start: Oid
    base: str
    board: str  # path of the board in the tree; empty: none, or the run may change it
    droppings: tuple[str, ...]
    sparse: bool

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def _place_of(folder: Folder) -> _RunPlace:
    its_spec = folder.spec()
    propose = its_spec.one("board") == "propose"
    return _RunPlace(
        run_of(its_spec),
        card_of(its_spec),
        its_spec.one("title"),
        its_spec.one("branch"),
        workspace=its_spec.one("workspace"),
        admin=its_spec.one("admin"),
        common=its_spec.one("common"),
        start=Oid(its_spec.one("start_commit")),
        base=its_spec.one("base"),
        board="" if propose else its_spec.one("prefix"),
        droppings=tuple(its_spec.get("droppings", ())),
        sparse=its_spec.one("sparse") == "1",
    )


def note_before(folder: Folder) -> None:
    """Record what is in the workspace before the session begins, such as files of `setup`.

    Left-over changes are found by comparison with it. Raises GitFailed, OSError.
    """
    place = _place_of(folder)
    if not place.branch:
        return
    _, head = head_of(place.common, place.admin)
    with View(place.workspace, place.common, head, f"{place.admin}/index") as view:
        gathered = gathering.gather(view, head)
        tree = view.tree()
    if folder.spec().get("setup"):
        setupfiles.note(place.admin, gathered.changes)
    missed = "\0".join(gathered.missed).encode("utf-8", "surrogateescape")
    folder.write(_MISSED, missed, lasting=False)
    folder.write(_BEFORE, tree.encode(), lasting=False)
    failpoints.reach("collect.before-noted")


def collect(folder: Folder) -> Work:
    """Collect a run's work and record it in its folder. Doing it again changes nothing.

    Changes in the run's copy of a memory become a proposal. Raises GitFailed, BoardBusy (a live git
    is in the way), OSError.
    """
    place = _place_of(folder)
    failpoints.reach("collect.begun")
    if folder.spec().one("memory_home"):
        from gitkanban.runs.memory import (
            proposing,  # late: few runs have one, and each pays for an import
        )

        proposing.propose(folder)
    before = folder.work()
    work = Work()
    if place.branch and place.start:
        work = _collect_work(place, folder)
        if before.leftover and not work.leftover and work.tip == before.leftover:
            work = before  # already collected: the earlier record stays
    failpoints.reach("collect.record")
    folder.write_work(work)
    if folder.spec().one("contained"):
        contained.follow(folder, place.branch, work.tip)
    failpoints.reach("collect.recorded")
    return work


def _collect_work(place: _RunPlace, folder: Folder) -> Work:
    notices: list[str] = []
    if folder.spec().one("contained"):
        worktrees.make_plain(place.common, place.branch)
        notices += contained.adopt(folder, place.common, place.branch, place.start)
    tip = _branch_tip(place, notices)
    what, words = ground.look(place.workspace, place.admin)
    if what in (ground.GONE, ground.REPLACED):
        notices.append(words)
    unfinished.remove_stale_locks(place.common, place.admin, place.branch)
    named, head = place.ref, tip
    if what in (ground.INTACT, ground.CHANGED):
        named, head = head_of(place.common, place.admin)
    attached = named == place.ref
    work = Work(tip=tip)
    if attached:
        last = worktrees.last_known(place.admin)
        work = work._replace(tip=tip, salvage=_keep_stray(place, last, tip, notices))
        head = tip
    else:
        work = _adopt_head(place, head, tip, notices)
    work, links = _count_commits(place, work, notices)
    if what != ground.GONE:
        work = _with_leftover(
            place, folder, work, _Head(named, head, attached), links=links, notices=notices
        )
    notices += ground.set_right(place.workspace, place.admin, place.run)
    return work._replace(notices=tuple(notices))


class _Head(NamedTuple):
    """What HEAD named in the workspace, its commit, and whether that was the card's branch."""

    named: str
    commit: Oid
    attached: bool


def _with_leftover(
    place: _RunPlace, folder: Folder, work: Work, head: _Head, links: list[str], notices: list[str]
) -> Work:
    """Commit what the session left uncommitted, or salvage it where it does not fit."""
    index = _index_path(place)
    with View(place.workspace, place.common, head.commit, index) as view:
        left = _add_leftover(place, folder, view, links)
        _keep_histories(place, left.nested, notices)
        work = work._replace(missed=left.missed)
        if not left.paths:
            return work
        parents = (head.commit,) if head.commit else ()
        commit = salvage.commit_tree(place.common, view.tree(), parents, _commit_text(place))
        failpoints.reach("collect.leftover-committed")
        if index and os.path.lexists(index):  # else the checkout has yet to be done
            view.keep_index(index)
    work = work._replace(leftover_paths=left.paths)
    if head.commit != work.tip:
        ref = salvage.keep(place.common, place.run, commit)
        notices.append(f"changes that do not fit the branch are in {ref}")
        return work._replace(salvage=ref)
    git.run(place.common, "update-ref", "--no-deref", place.ref, commit, work.tip)
    failpoints.reach("collect.branch-moved")
    if not head.attached and not unfinished.operation(place.admin):
        ground.attach(place.admin, place.branch)
    return work._replace(tip=commit, leftover=commit)


def _branch_tip(place: _RunPlace, notices: list[str]) -> Oid:
    """Return the tip of the card's branch, which is created again if it was deleted."""
    notices += worktrees.make_plain(place.common, place.branch)
    tip = checkouts.tip_in(place.common, place.ref)
    if tip:
        return tip
    last = worktrees.last_known(place.admin)
    tip = last if last and commits.resolve(place.common, last) else place.start
    git.run(place.common, "update-ref", "--no-deref", place.ref, tip, "")
    notices.append(f"branch {place.branch} was deleted while it ran and has been created again")
    return tip


def _keep_stray(place: _RunPlace, commit: Oid, tip: Oid, notices: list[str]) -> str:
    """Salvage a commit of the run that neither its branch nor base contains."""
    if commit in ("", tip) or not commits.resolve(place.common, commit):
        return ""
    if _is_on_a_branch(place, commit, tip):
        return ""
    ref = salvage.keep(place.common, place.run, commit)
    notices.append(f"branch {place.branch} was moved while it ran; its own commits are in {ref}")
    return ref


def _is_on_a_branch(place: _RunPlace, commit: Oid, tip: Oid) -> bool:
    return commits.is_ancestor(place.common, commit, tip) or commits.is_ancestor(
        place.common, commit, f"refs/heads/{place.base}"
    )


def _adopt_head(place: _RunPlace, head: Oid, tip: Oid, notices: list[str]) -> Work:
    """Handle a HEAD off the card's branch; return the branch's tip then, and what is salvaged."""
    if not head or _is_on_a_branch(place, head, tip):
        return Work(tip=tip)
    if commits.is_ancestor(place.common, tip, head):
        git.run(place.common, "update-ref", "--no-deref", place.ref, head, tip)
        notices.append(f"it left {place.branch}; its commits are taken over")
        return Work(tip=head)
    ref = salvage.keep(place.common, place.run, head)
    notices.append(f"it left {place.branch}; commits that do not descend from it are in {ref}")
    return Work(tip=tip, salvage=ref)


def _count_commits(place: _RunPlace, work: Work, notices: list[str]) -> tuple[Work, list[str]]:
    """Count the session's commits, and return the paths of repositories that they link to too."""
    # Exclude base's commits, if there is a base: they are not the session's.
    count = int(
        commits.text(
            place.common, "rev-list", "--ignore-missing", "--count", work.tip, f"^{place.start}",
            f"^refs/heads/{place.base}",
        ) or 0
    )  # fmt: skip
    if not count:
        return work._replace(merged=_count_merged(place, work.tip, notices)), []
    words = ("--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=dirty")
    changed = read_raw(git.run(place.common, "diff", *words, f"{place.start}...{work.tip}").out)
    if place.board and any(path.startswith(f"{place.board}/") for path in changed):
        notices.append(f"its changes under {place.board}/ stay behind on the branch")
    return work._replace(session_commits=count), [
        path for path, each in changed.items() if _is_own_link(place, path, each)
    ]


def _is_own_link(place: _RunPlace, path: str, entry: ChangedPath) -> bool:
    """Return whether a change is a new link to another repository's commit, not one of base's."""
    if entry.mode != LINK or entry.before == LINK:
        return False
    base = f"refs/heads/{place.base}"
    return not commits.text(place.common, "ls-tree", base, "--", path).startswith(LINK)


def _count_merged(place: _RunPlace, tip: Oid, notices: list[str]) -> int:
    """Return how many of the session's own commits base has because the session merged them."""
    if tip == place.start:
        return 0
    rows = [line.partition("\t") for line in read_plain(f"{place.admin}/logs/HEAD").splitlines()]
    merges = {row[0].split(" ")[1] for row in rows if _OWN_COMMIT.match(row[2]) and " " in row[0]}
    listed = commits.text(place.common, "rev-list", tip, f"^{place.start}").split()
    count = len(merges.intersection(listed))
    if count:
        notices.append(f"it merged its work into {place.base} itself, without review")
    return count


def _index_path(place: _RunPlace) -> str:
    """Return the workspace's index; empty if a link leads to it, so that it may be another's."""
    return "" if os.path.islink(place.admin) else f"{place.admin}/index"


class _Left(NamedTuple):
    """What the session left uncommitted, and which of it could not be committed."""

    paths: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()


def _add_leftover(place: _RunPlace, folder: Folder, view: View, links: list[str]) -> _Left:
    """Add left-over changes to the view's index, without what was there before the session."""
    without = [
        f":(exclude,glob)**/{pattern}{below}"
        for pattern in place.droppings
        for below in ("", "/**")
    ]
    if place.board:
        without.append(f":(top,exclude){place.board}")
    if not links and view.head and not view.status(*without):
        return _Left()
    index = _index_path(place)
    checked_out = not index or os.path.lexists(index)
    gathered = gathering.gather(view, view.head, without, links, removals=checked_out)
    failpoints.reach("collect.staged")
    paths = set(gathered.changes)
    before = read_plain(folder.file(_BEFORE))
    same = paths - set(view.changes(before)) if before else set()
    same |= including.put_there(place.common, place.admin, gathered.changes)
    if same:
        _unstage_paths(view, same)
    missed = set(gathered.missed) - set(read_plain(folder.file(_MISSED)).split("\0"))
    return _Left(tuple(sorted(paths - same)), tuple(sorted(missed)), gathered.nested)


def _unstage_paths(view: View, paths: set[str]) -> None:
    listed = "\0".join(sorted(paths)).encode("utf-8", "surrogateescape")
    view.git(
        "reset", "--quiet", view.head or "HEAD", "--pathspec-from-file=-", "--pathspec-file-nul",
        input=listed, check=False, env={"GIT_LITERAL_PATHSPECS": "1"},
    )  # fmt: skip


def _keep_histories(place: _RunPlace, paths: tuple[str, ...], notices: list[str]) -> None:
    """Salvage the commits of repositories that the session made inside, whose files were taken."""
    known = nested.find(place.workspace, place.admin) if paths or _is_own(place) else []
    for each in known:
        if not each.store or each.path not in (*paths, "."):
            continue
        where = "its workspace" if each.path == "." else f"{each.path}/"
        try:
            tips = nested.only_here(place.common, each)
        except (GitkanbanError, OSError):  # it keeps the worktree from being removed
            notices.append(f"the commits of the repository in {where} cannot be read")
            continue
        if not tips:
            continue
        if not nested.take_in(place.common, each, tips):
            notices.append(f"the commits of the repository in {where} could not be salvaged")
            continue
        refs = {salvage.keep(place.common, place.run, tip) for tip in tips}
        notices.append(f"the commits of the repository in {where} are in {', '.join(sorted(refs))}")


def _is_own(place: _RunPlace) -> bool:
    return os.path.isdir(f"{place.workspace}/.git")


def _commit_text(place: _RunPlace) -> str:
    title = f": {shown(place.title)}" if place.title else ""
    return (
        f"{place.card}{title} (changes left by the session)\n\n"
        f"Committed by gitkanban when run {place.run} ended.\n\n"
        f"Kanban-Card: {place.card}\nKanban-Run: {place.run}\n"
    )


def main(argv: list[str]) -> int:
    """`collect RUN_FOLDER`, or `collect --before RUN_FOLDER`."""
    try:
        if argv[0] == "--before":
            note_before(Folder(argv[1]))
            watching.begin_again(Folder(argv[1]))
        else:
            collect(Folder(argv[0]))
    except (GitkanbanError, OSError) as error:
        print(f"collect: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
