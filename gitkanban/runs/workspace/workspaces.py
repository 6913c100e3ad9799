"""The directory a run works in: made, or continued.

It is a worktree on branch `card/<id>` in a folder beside the repository, or the main checkout for
the shared policy. `collect` collects what a run leaves in it, and `removal` removes it.
"""

import os
from functools import cache

from gitkanban import failpoints, files
from gitkanban.board.repo import checkouts, commits, git, refs
from gitkanban.board.repo.place import Place
from gitkanban.board.sharing import late_refs
from gitkanban.core.ids import branch_of, card_ref
from gitkanban.core.model import SHARED, WORKTREE
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.errors import Refused
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import (
    adding,
    ghosts,
    ground,
    including,
    unfinished,
    unreadable,
    worktree_places,
    worktrees,
)
from gitkanban.runs.workspace.workspace_git import View, read_plain
from gitkanban.typed import NamedTuple

_SETUP = "gitkanban-setup"  # there: its setup has passed


class Wish(NamedTuple):
    """What kind of workspace a run needs."""

    card: CardId
    run: str  # the run's id, or another user of the folder: salvage refs are named after it
    base: str  # branch name
    policy: str = WORKTREE
    worktrees: str = ""  # a folder; empty: `<repo>.worktrees`
    known: bool = False  # the card has run before: a branch with commits is its own
    without_board: bool = False  # leave .kanban out of the checkout (many cards in tree)
    latest: Oid = NO_OID  # a commit from another clone that the branch is brought to, if it can be


class Workspace(NamedTuple):
    """Where a run works. `admin` is the worktree's git directory, empty for the shared checkout."""

    path: str
    branch: str = ""
    start_commit: Oid = NO_OID
    fresh: bool = False  # made just now
    setup: bool = False  # its setup has yet to pass
    admin: str = ""
    sparse: bool = False
    base: str = ""  # the branch it started from
    includes: bool = False  # base has a `.worktreeinclude`
    notices: tuple[str, ...] = ()


def prepare(place: Place, locks: Locks, wish: Wish) -> Workspace:
    """Make the workspace of a run, or continue in the one of its earlier attempts.

    Call it with the card's lock held. Raises NotFound when base is missing, Refused when the path
    is occupied or the branch belongs to somebody else, BoardBusy when a live git is in the way,
    GitFailed when git itself fails.
    """
    if wish.policy == SHARED:
        return _shared_workspace(place)
    worktree_places.check_folder(place, wish.worktrees)
    path = worktrees.current_path(place, wish.card, wish.worktrees)
    admin = worktrees.admin_at(place, wish.card, path, wish.worktrees)
    notices = worktrees.make_plain(place.common, branch_of(wish.card)) + _mend_branch(place, wish)
    if os.path.lexists(path) and not (admin and worktrees.is_marked(admin)):
        with worktrees.making(locks):
            notices += unreadable.drop_empty(place, [os.path.dirname(path)], only=path)
        admin = worktrees.admin_at(place, wish.card, path, wish.worktrees)
    if not os.path.lexists(path):
        _forward_branch(place, wish)
    if admin:
        _check_ours(wish, path, admin)
        notices += ground.set_right(path, admin, wish.run)
    elif os.path.lexists(path):  # an empty folder is in use, too
        raise _occupied_error(path, "it is not a worktree of this repository")
    if os.path.lexists(path):
        ready = _continue_workspace(place, wish, path, admin, notices=notices)
    else:
        ready = _make_workspace(place, locks, wish, path, notices=notices)
    includes = bool(place.main) and including.is_asked(place.common, wish.base)
    return ready._replace(includes=includes)


def _forward_branch(place: Place, wish: Wish) -> None:
    """Bring the card's branch, of which there is no worktree, up to what another clone has left."""
    ref = card_ref(wish.card)
    tip = checkouts.tip(place, ref)
    if wish.latest and (not tip or _may_leave(place, tip, wish.latest)):
        old = tip or git.ZEROS
        git.run(place.common, "update-ref", "--no-deref", ref, wish.latest, old)


def _mend_branch(place: Place, wish: Wish) -> list[str]:
    """Bring a branch whose last commits a power loss has damaged back to one that can be read."""
    base, tip = (
        checkouts.tip(place, ref) for ref in (f"refs/heads/{wish.base}", card_ref(wish.card))
    )
    if not base or tip in ("", base):
        return []
    return list(filter(None, [refs.mend(place.common, card_ref(wish.card), base)]))


def _is_behind(place: Place, tip: Oid, other: str) -> bool:
    return commits.is_ancestor(place.common, tip, other)


def _may_leave(place: Place, tip: Oid, latest: Oid) -> bool:
    """Return whether a branch may go from `tip` to `latest` without losing work.

    Also one whose work came too late: it has been set aside, and no attempt may build on it.
    """
    return _is_behind(place, tip, latest) or late_refs.is_set_aside(place, tip)


def _check_ours(wish: Wish, path: str, admin: str) -> None:
    branch = branch_of(wish.card)
    if not worktrees.is_marked(admin) and not _is_on_branch(admin, branch):
        raise _occupied_error(path, "it is a worktree that somebody made for another branch")


def _shared_workspace(place: Place) -> Workspace:
    if not place.main:
        raise Refused(
            "a bare repository has no checkout to share",
            "Use workspace_policy: worktree-per-task for this worker.",
        )
    return Workspace(place.main, start_commit=commits.resolve(place.main, "HEAD"))


def _occupied_error(path: str, why: str) -> Refused:
    return Refused(f"{path} is occupied: {why}", "Move it away; nothing there was touched.")


# -- a new one


def _make_workspace(
    place: Place, locks: Locks, wish: Wish, path: str, notices: list[str]
) -> Workspace:
    branch = branch_of(wish.card)
    base, tip = worktrees.tips(place, wish.base, branch)
    ghost = ground.registered(place.common, path)
    notices += ghosts.salvaged(place, ghost, wish.run)
    notices += unfinished.remove_stale_locks(place.common, "", branch)
    if tip and tip != base:
        notices += _check_known(place, wish, base, tip)
    ahead = bool(tip) and not commits.is_ancestor(place.common, tip, base)
    start = tip if ahead else base
    _refuse_elsewhere(place, branch, ghost)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    worktree_places.hide(os.path.dirname(path))
    if adding.is_plain(place.common, path) and not ahead:
        adding.move_branch(place, branch, tip, base)
    with worktrees.making(locks):  # others wait for it: as little as can be
        failpoints.reach("workspace.locked")
        ghosts.drop(place, path, ghost)
        admin = _add_worktree(place, wish, path, start=start, ahead=ahead)
    sparse = _fill_worktree(place, path, admin, branch, without_board=wish.without_board)
    failpoints.reach("workspace.checked-out")
    notices += _post_checkout(place.common, path, start, is_base=not ahead)
    return Workspace(
        path,
        branch,
        start,
        True,
        setup=True,
        admin=admin,
        sparse=sparse,
        base=wish.base,
        notices=tuple(notices),
    )


def _check_known(place: Place, wish: Wish, base: Oid, tip: Oid) -> list[str]:
    count = commits.text(place.common, "rev-list", "--count", tip, f"^{base}")
    if count in ("", "0"):
        return []
    branch = branch_of(wish.card)
    if not wish.known:
        raise Refused(
            f"branch {branch} already exists, with {count} commits that {wish.base} lacks",
            f"Rename it (git branch -m {branch} other/name) or merge it, then retry the card.",
        )
    return [f"continuing on {branch}, which has {count} commits"]


def _add_worktree(place: Place, wish: Wish, path: str, *, start: Oid, ahead: bool) -> str:
    """Register a worktree on the card's branch, without files; return its git directory.

    The branch is at `start`, or, if it is not `ahead` of base, may be brought there.
    """
    branch = branch_of(wish.card)
    if adding.is_plain(place.common, path):
        admin = adding.add(place, wish.card, path, commit=start, run=wish.run)
    else:
        words = (path, branch) if ahead else ("--no-track", "-B", branch, path, start)
        git.run(place.common, "worktree", "add", "--quiet", "--lock", "--no-checkout", *words)
        admin = ground.registered(place.common, path)
    failpoints.reach("workspace.added")
    worktrees.mark(place, admin, wish.card, path)
    failpoints.reach("workspace.marked")
    worktrees.lock(admin, wish.run)
    failpoints.reach("workspace.kept")
    return admin


def _refuse_elsewhere(place: Place, branch: str, ghost: str) -> None:
    """Refuse a branch that another checkout has than the card's last one, which is gone."""
    elsewhere = worktrees.checked_out(place, branch, but=ghost)
    if elsewhere:
        raise Refused(
            f"branch {branch} is checked out at {elsewhere}",
            "Switch that checkout to another branch, or remove the worktree.",
        )


def _fill_worktree(place: Place, path: str, admin: str, branch: str, without_board: bool) -> bool:
    """Check out the files of a new worktree, and return whether the board was left out."""
    rules = f"{admin}/info/sparse-checkout"
    sparse = without_board and bool(place.prefix) and not os.path.lexists(rules)
    if sparse:
        files.replace(rules, _without_board(place).encode(), below=admin, make=True)
    with _view_for_checkout(place, path, admin, branch, sparse=sparse) as view:
        view.git("reset", "--hard", "--quiet", "--no-recurse-submodules")
        view.keep_index(f"{admin}/index")
    return sparse


def _without_board(place: Place) -> str:
    return f"/*\n!/{place.prefix}/\n"


def _view_for_checkout(place: Place, path: str, admin: str, branch: str, sparse: bool) -> View:
    """Return a view in which git may write to the workspace, on the card's branch."""
    view = View(path, place.common, f"refs/heads/{branch}", f"{admin}/index", begin=False)
    if sparse:
        view.leave_out(_without_board(place))
    return view


@cache
def _hooks_folder(common: str) -> str:
    """Return the folder of hooks. Git is asked once, as a tick may make many worktrees."""
    configured = commits.text(common, "config", "--type=path", "core.hooksPath")
    return configured or f"{common}/hooks"


def _post_checkout(common: str, path: str, commit: Oid, is_base: bool) -> list[str]:
    """Run the hook that `git worktree add` would have run, with the arguments of its manual.

    A hook inside the worktree (`core.hooksPath` as a relative path) runs only if the worktree
    `is_base`: otherwise a session may have written it.
    """
    # A relative path starts at the root of the worktree in which the hook runs (githooks(5)).
    folder = os.path.join(path, _hooks_folder(common))
    hook = f"{folder}/post-checkout"
    if not os.access(hook, os.X_OK) or not os.path.isfile(hook):
        return []
    if not is_base and f"{os.path.normpath(folder)}/".startswith(f"{path}/"):
        return ["the post-checkout hook was not run: the card's branch may have changed it"]
    import subprocess

    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        code = subprocess.run(
            [hook, git.ZEROS, commit, "1"],
            cwd=path, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
        ).returncode  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"the post-checkout hook failed: {error}"]
    return [f"the post-checkout hook exited with {code}"] if code else []


# -- one of an earlier attempt


def _continue_workspace(
    place: Place, wish: Wish, path: str, admin: str, notices: list[str]
) -> Workspace:
    branch = branch_of(wish.card)
    notices += unfinished.remove_stale_locks(place.common, admin, branch)
    failpoints.reach("workspace.found")
    base, tip = worktrees.tips(place, wish.base, branch)
    if not tip:
        last = worktrees.last_known(admin)
        tip = last if last and commits.resolve(place.common, last) else base
        git.run(place.common, "update-ref", "--no-deref", f"refs/heads/{branch}", tip, "")
        notices.append(f"branch {branch} was missing and has been created again")
    worktrees.mark(place, admin, wish.card, path)
    worktrees.lock(admin, wish.run)
    sparse = _left_out(place, admin)
    notices += unfinished.rebuild_index(place.common, path, admin, branch)
    fresh = not os.path.exists(f"{admin}/index")
    if fresh:  # the tick that made it died before its checkout
        ground.attach(admin, branch)
        sparse = _fill_worktree(place, path, admin, branch, without_board=wish.without_board)
        notices += _post_checkout(place.common, path, tip, is_base=False)
    else:
        notices += unfinished.settle_worktree(place.common, path, admin, branch, run=wish.run)
    failpoints.reach("workspace.set-right")
    for there, may_move in ((wish.latest, _may_leave), (base, _is_behind)):
        if there and tip != there and may_move(place, tip, there):
            with _view_for_checkout(place, path, admin, branch, sparse=sparse) as view:
                tip = _bring_to_base(view, admin, branch, (tip, there), notices=notices)
    failpoints.reach("workspace.forwarded")
    setup = not os.path.exists(f"{admin}/{_SETUP}")
    return Workspace(
        path, branch, tip, fresh, setup=setup, admin=admin, sparse=sparse, base=wish.base,
        notices=tuple(notices),
    )  # fmt: skip


def _is_on_branch(admin: str, branch: str) -> bool:
    return read_plain(f"{admin}/HEAD").strip() == f"ref: refs/heads/{branch}"


def _left_out(place: Place, admin: str) -> bool:
    rules = read_plain(f"{admin}/info/sparse-checkout")
    return bool(place.prefix) and rules == _without_board(place)


def _bring_to_base(
    view: View, admin: str, branch: str, move: tuple[Oid, Oid], notices: list[str]
) -> Oid:
    """Bring a branch without work of its own up to base; return the commit where the run starts.

    Files and index come first: with an index behind its branch, the session's next commit would
    take back what base has gained. Raises GitFailed, OSError.
    """
    tip, base = move
    view.git("update-index", "-q", "--refresh", check=False)  # new times on unchanged files
    if view.git("read-tree", "-m", "-u", tip, base, check=False).code:
        notices.append("base has moved on, but changes in the workspace keep it where it was")
        return tip
    view.keep_index(f"{admin}/index")
    failpoints.reach("workspace.index-forwarded")
    why = ("-m", f"kanban: forward to {base[:10]}")
    git.run(view.common, "update-ref", *why, "--no-deref", f"refs/heads/{branch}", base, tip)
    return base


def setup_mark(admin: str) -> str:
    """Return the path of the file that marks a worktree's setup as passed."""
    return f"{admin}/{_SETUP}"
