"""The directory a run works in: made, continued, or removed.

A worktree on branch `card/<id>` in a folder beside the repository, or the main checkout for the
shared policy. What a run leaves in it is collected elsewhere.
"""

import os
from functools import cache
from typing import NamedTuple

from gitkanban import failpoints
from gitkanban.board import checkouts, git
from gitkanban.board.place import Place
from gitkanban.core.model import SHARED, WORKTREE
from gitkanban.errors import BoardBusy, GitFailed, NotFound, Refused
from gitkanban.runs import salvage, spec, unfinished
from gitkanban.runs.locks import Held, Locks

MARK = "gitkanban"  # in a worktree's git directory: this one is ours, with the card's id
_SETUP = "gitkanban-setup"  # there: its setup has passed
_LOCK_WAIT = 120.0  # seconds; one `worktree add --no-checkout` takes milliseconds
_NO_COMMIT = "0" * 40


class Wish(NamedTuple):
    """What kind of workspace a run needs."""

    card: str
    run: str
    base: str  # branch name
    policy: str = WORKTREE
    worktrees: str = ""  # a folder; empty: `<repo>.worktrees`
    known: bool = False  # the card has run before: a branch with commits is its own
    without_board: bool = False  # leave .kanban out of the checkout (many cards in tree)


class Workspace(NamedTuple):
    """Where a run works. `admin` is the worktree's git directory, empty for the shared checkout."""

    path: str
    branch: str = ""
    start_commit: str = ""
    fresh: bool = False  # made just now
    setup: bool = False  # its setup has yet to pass
    admin: str = ""
    sparse: bool = False
    base: str = ""  # the branch it started from
    told: tuple[str, ...] = ()


def branch_of(card: str) -> str:
    """The branch of a card."""
    return f"card/{card}"


def folder_of(place: Place, worktrees: str = "") -> str:
    """The folder that holds the worktrees: the configured one, else beside the repository."""
    root = place.main or place.common.removesuffix(".git").rstrip("/")
    if not worktrees:
        return f"{root}.worktrees"
    return os.path.normpath(os.path.join(root, os.path.expanduser(worktrees)))


def path_of(place: Place, card: str, worktrees: str = "") -> str:
    """Where a card's worktree lies or would lie."""
    return f"{folder_of(place, worktrees)}/{card}"


def prepare(place: Place, locks: Locks, wish: Wish) -> Workspace:
    """Make the workspace of a run, or continue in the one of its earlier attempts.

    Call it with the card's lock held. Raises NotFound when base is missing, Refused when the path
    is occupied or the branch belongs to somebody else, BoardBusy when a live git is in the way,
    GitFailed when git itself fails.
    """
    if wish.policy == SHARED:
        return _shared(place)
    path = path_of(place, wish.card, wish.worktrees)
    admin = admin_of(path)
    if admin and not os.path.isdir(admin):
        raise _occupied(path, "the git directory it belongs to is gone")
    if admin:
        return _continued(place, wish, path, admin)
    if os.path.isdir(path) and os.listdir(path):
        raise _occupied(path, "it is not a worktree of this repository")
    return _made(place, locks, wish, path)


def _shared(place: Place) -> Workspace:
    if not place.main:
        raise Refused(
            "a bare repository has no checkout to share",
            "Use workspace_policy: worktree-per-task for this worker.",
        )
    return Workspace(place.main, start_commit=salvage.resolve(place.main, "HEAD"))


def _occupied(path: str, why: str) -> Refused:
    return Refused(f"{path} is occupied: {why}", "Move it away; nothing there was touched.")


def admin_of(path: str) -> str:
    """The git directory of a linked worktree, empty when the path is none."""
    try:
        with open(f"{path}/.git", encoding="utf-8", errors="surrogateescape") as file:
            kind, _, target = file.read(4096).strip().partition(": ")
    except OSError:
        return ""
    return os.path.normpath(os.path.join(path, target)) if kind == "gitdir" else ""


# -- a new one


def _made(place: Place, locks: Locks, wish: Wish, path: str) -> Workspace:
    branch = branch_of(wish.card)
    base, tip = _tips(place, wish.base, branch)
    told = _salvaged_ghost(place, path, wish.run)
    if tip and tip != base:
        told += _check_known(place, wish, base, tip)
    ahead = bool(tip) and not salvage.is_ancestor(place.common, tip, base)
    start = tip if ahead else base
    with _worktrees_lock(locks):
        failpoints.reach("workspace.locked")
        _drop_ghost(place, path)
        words = (path, branch) if ahead else ("--no-track", "-B", branch, path, base)
        _add(place, branch, path, words)
        failpoints.reach("workspace.added")
        admin = admin_of(path)
        spec.replace(f"{admin}/{MARK}", f"{wish.card}\n".encode(), lasting=False)
        failpoints.reach("workspace.marked")
        lock(admin, wish.run)
        failpoints.reach("workspace.kept")
    sparse = _checkout(place, path, admin, wish.without_board)
    failpoints.reach("workspace.checked-out")
    told += _post_checkout(place.common, path, start)
    return Workspace(path, branch, start, True, True, admin, sparse, wish.base, tuple(told))


def _worktrees_lock(locks: Locks) -> Held:
    held = locks.take("worktrees", wait=_LOCK_WAIT)
    if held is None:
        raise BoardBusy("another worktree is being made", "It is tried again at the next tick.")
    return held


def _tips(place: Place, base: str, branch: str) -> tuple[str, str]:
    """The commits of base and of the card's branch (empty when it does not exist yet)."""
    found = checkouts.tip(place, f"refs/heads/{base}") if base else ""
    if not found:
        raise NotFound(
            f"the base branch {base} does not exist",
            "Set `kanban: base:` in config.yaml to a branch that does.",
        )
    return found, checkouts.tip(place, f"refs/heads/{branch}")


def _check_known(place: Place, wish: Wish, base: str, tip: str) -> list[str]:
    count = salvage.text(place.common, "rev-list", "--count", tip, f"^{base}")
    if count in ("", "0"):
        return []
    branch = branch_of(wish.card)
    if not wish.known:
        raise Refused(
            f"branch {branch} is there already, with {count} commits that {wish.base} lacks",
            f"Rename it (git branch -m {branch} other/name) or merge it, then retry the card.",
        )
    return [f"continuing on {branch}, which has {count} commits"]


def _add(place: Place, branch: str, path: str, words: tuple[str, ...]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        git.run(place.common, "worktree", "add", "--quiet", "--lock", "--no-checkout", *words)
    except GitFailed as error:
        elsewhere = checked_out(place, branch)
        if elsewhere:
            raise Refused(
                f"branch {branch} is checked out at {elsewhere}",
                "Switch that checkout to another branch, or remove the worktree.",
            ) from error
        raise


def checked_out(place: Place, branch: str) -> str:
    """The checkout that a branch is checked out at; empty for none."""
    path = ""
    for line in salvage.text(place.common, "worktree", "list", "--porcelain").splitlines():
        key, _, value = line.partition(" ")
        if key == "worktree":
            path = value
        elif key == "branch" and value == f"refs/heads/{branch}":
            return path
    return ""


def _checkout(place: Place, path: str, admin: str, without_board: bool) -> bool:
    """Fill a worktree made without checkout. True when the board was left out."""
    rules = f"{admin}/info/sparse-checkout"
    sparse = without_board and bool(place.prefix) and not os.path.exists(rules)
    if sparse:
        os.makedirs(f"{admin}/info", exist_ok=True)
        spec.replace(rules, f"/*\n!/{place.prefix}/\n".encode())
    git.run(path, *git_options(sparse), "reset", "--hard", "--quiet", "--no-recurse-submodules")
    return sparse


def git_options(sparse: bool) -> list[str]:
    """`git_config` as options before a git subcommand."""
    return [word for key, value in git_config(sparse).items() for word in ("-c", f"{key}={value}")]


def git_config(sparse: bool) -> dict[str, str]:
    """Git settings for commands in a workspace; sessions get them through their environment."""
    found = {"gc.auto": "0", "maintenance.auto": "false"}
    if sparse:
        # Not written into the repository's own config, which belongs to people.
        found |= {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "false"}
    return found


@cache
def _hooks(common: str) -> str:
    """The folder of hooks, asked once: a tick may make many worktrees."""
    configured = salvage.text(common, "config", "--type=path", "core.hooksPath")
    return configured or f"{common}/hooks"


def _post_checkout(common: str, path: str, commit: str) -> list[str]:
    """Run the hook that `git worktree add` would have run, with the arguments of its manual."""
    # A configured path counts from the root of the worktree in which the hook runs (githooks(5)).
    hook = f"{os.path.join(path, _hooks(common))}/post-checkout"
    if not os.access(hook, os.X_OK) or not os.path.isfile(hook):
        return []
    import subprocess

    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        code = subprocess.run(
            [hook, _NO_COMMIT, commit, "1"],
            cwd=path, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
        ).returncode  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"the post-checkout hook failed: {error}"]
    return [f"the post-checkout hook exited with {code}"] if code else []


# -- one that is registered with git, while its folder is gone


def _ghost(place: Place, path: str) -> str:
    """The git directory of a worktree that was registered at `path` and whose folder is gone."""
    top = f"{place.common}/worktrees"
    names = [os.path.basename(path), *(os.listdir(top) if os.path.isdir(top) else ())]
    for name in names:
        try:
            with open(f"{top}/{name}/gitdir", encoding="utf-8", errors="surrogateescape") as file:
                if os.path.realpath(file.read().strip()) == os.path.realpath(f"{path}/.git"):
                    return f"{top}/{name}"
        except OSError:
            continue
    return ""


def _salvaged_ghost(place: Place, path: str, run: str) -> list[str]:
    admin = _ghost(place, path)
    last = last_known(admin) if admin else ""
    if not last or salvage.text(place.common, "branch", "--contains", last):
        return []
    return [f"its workspace was deleted; its last commit is in {_keep(place, run, last)}"]


def _keep(place: Place, run: str, commit: str) -> str:
    return salvage.keep(place.common, run, commit) if salvage.resolve(place.common, commit) else ""


def _drop_ghost(place: Place, path: str) -> None:
    if _ghost(place, path):
        git.run(place.common, "worktree", "remove", "--force", "--force", path)


def last_known(admin: str) -> str:
    """The commit that a worktree's HEAD last stood at by its reflog; empty when it has none."""
    try:
        with open(f"{admin}/logs/HEAD", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    words = lines[-1].split() if lines else []
    # Where the branch was deleted, the last line leads from its commit to none.
    known = [word.decode("ascii", "replace") for word in words[1::-1]]
    return next((commit for commit in known if commit != _NO_COMMIT), "")


# -- one of an earlier attempt


def _continued(place: Place, wish: Wish, path: str, admin: str) -> Workspace:
    branch = branch_of(wish.card)
    if not os.path.exists(f"{admin}/{MARK}") and not _on(admin, branch):
        raise _occupied(path, "it is a worktree that somebody made for another branch")
    told = unfinished.remove_stale_locks(place.common, admin, branch)
    failpoints.reach("workspace.found")
    base, tip = _tips(place, wish.base, branch)
    if not tip:
        last = last_known(admin)
        tip = last if last and salvage.resolve(place.common, last) else base
        git.run(place.common, "update-ref", f"refs/heads/{branch}", tip, "")
        told.append(f"branch {branch} was gone and is made again")
    spec.replace(f"{admin}/{MARK}", f"{wish.card}\n".encode(), lasting=False)
    lock(admin, wish.run)
    sparse = _left_out(place, admin)
    fresh = not os.path.exists(f"{admin}/index")
    if fresh:  # the tick that made it died before its checkout
        git.run(path, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
        sparse = _checkout(place, path, admin, wish.without_board)
        told += _post_checkout(place.common, path, tip)
    else:
        told += unfinished.settle_worktree(path, admin, branch, wish.run)
    failpoints.reach("workspace.set-right")
    tip = _forwarded(path, base, tip, told, sparse)
    failpoints.reach("workspace.forwarded")
    setup = not os.path.exists(f"{admin}/{_SETUP}")
    return Workspace(path, branch, tip, fresh, setup, admin, sparse, wish.base, tuple(told))


def _on(admin: str, branch: str) -> bool:
    try:
        with open(f"{admin}/HEAD", encoding="utf-8") as file:
            return file.read().strip() == f"ref: refs/heads/{branch}"
    except OSError:
        return False


def _left_out(place: Place, admin: str) -> bool:
    try:
        with open(f"{admin}/info/sparse-checkout", encoding="utf-8") as file:
            return bool(place.prefix) and file.read() == f"/*\n!/{place.prefix}/\n"
    except OSError:
        return False


def _forwarded(path: str, base: str, tip: str, told: list[str], sparse: bool) -> str:
    """Bring a branch without work of its own up to base; the commit at which the run starts."""
    if tip == base or not salvage.is_ancestor(path, tip, base):
        return tip
    done = git.run(path, *git_options(sparse), "reset", "--keep", "--quiet", base, check=False)
    if done.code:
        told.append("base has moved on, but changes in the workspace keep it where it was")
        return tip
    return base


def lock(admin: str, run: str) -> None:
    """Keep `git worktree prune` and `remove` off a worktree while a run lives in it.

    The file is the one of `git worktree lock`, see gitrepository-layout(5).
    """
    spec.replace(f"{admin}/locked", f"gitkanban run {run}\n".encode(), lasting=False)


def unlock(admin: str) -> None:
    """Let git remove the worktree again."""
    if admin:
        spec.remove(f"{admin}/locked")


def unlock_run(common: str, run: str) -> None:
    """Let git remove the worktree that is locked for a run, wherever it lies."""
    top = f"{common}/worktrees"
    for name in os.listdir(top) if os.path.isdir(top) else ():
        try:
            with open(f"{top}/{name}/locked", encoding="utf-8") as file:
                ours = file.read() == f"gitkanban run {run}\n"
        except OSError:
            continue
        if ours:
            unlock(f"{top}/{name}")


def setup_mark(admin: str) -> str:
    """The file that says that a worktree's setup has passed."""
    return f"{admin}/{_SETUP}"


# -- the end of one


class Removed(NamedTuple):
    """What `remove` did: whether the worktree is gone, where its content is kept, what to tell."""

    gone: bool
    salvage: str = ""
    told: tuple[str, ...] = ()


def remove(
    place: Place, locks: Locks, wish: Wish, force: bool = False, landed: str = ""
) -> Removed:
    """Remove a card's worktree, and its branch where base contains it.

    Only a clean worktree of a merged branch goes just so. Another stays, unless `force`: then its
    content and commits are salvaged first. `landed` is a commit whose content base is known to have
    by other commits; it counts as merged, and its branch stays. Call it with the card's lock held.
    Raises BoardBusy, GitFailed.
    """
    path, branch = path_of(place, wish.card, wish.worktrees), branch_of(wish.card)
    admin = admin_of(path)
    if not admin or not os.path.exists(f"{admin}/{MARK}"):
        return Removed(False, told=(f"{path} is no worktree of ours",))
    told = unfinished.remove_stale_locks(place.common, admin, branch)
    if _nested(path):
        return Removed(False, told=(f"{path} holds a repository of its own: kept",))
    base, tip = _tips(place, wish.base, branch)
    head = salvage.resolve(path, "HEAD")
    merged = all(
        c in ("", landed) or salvage.is_ancestor(place.common, c, base) for c in (tip, head)
    )
    dirty = bool(salvage.text(path, "status", "--porcelain", "--untracked-files=all"))
    if (dirty or not merged or unfinished.operation(admin)) and not force:
        why = "has changes that are not committed" if dirty else "has work that is not in base"
        return Removed(False, told=(f"{path} {why}: kept",))
    kept = salvage.snapshot(path, admin, wish.run, f"workspace of {wish.card}") if dirty else ""
    if not merged:
        kept = kept or salvage.keep(place.common, wish.run, head or tip)
    with _worktrees_lock(locks):
        unlock(admin)
        git.run(place.common, "worktree", "remove", "--force", path)
    if tip and salvage.is_ancestor(place.common, tip, base):
        git.run(place.common, "update-ref", "-d", f"refs/heads/{branch}", tip, check=False)
    if kept:
        told.append(f"what was in {path} is kept in {kept}")
    return Removed(True, kept, tuple(told))


def _nested(path: str) -> bool:
    """Whether an untracked repository lies inside, whose content no commit of ours would hold."""
    listed = salvage.text(path, "ls-files", "--others", "--directory", "--no-empty-directory", "-z")
    return any(
        os.path.exists(f"{path}/{name}.git") for name in listed.split("\0") if name.endswith("/")
    )


# -- one whose folder was removed by hand


def forget(place: Place, locks: Locks, card: str, path: str) -> list[str]:
    """Have git forget a worktree whose folder was removed by hand; what was kept of it.

    Commits that no branch has, and what was staged in it, are salvaged first. Call it with the
    card's lock held. Raises Refused when its disk may only be away, BoardBusy, GitFailed.
    """
    if not os.path.isdir(os.path.dirname(path)):
        raise Refused(
            f"{os.path.dirname(path)} is not there: is a disk not mounted?",
            "If it was removed for good: `git worktree prune`.",
        )
    admin = _ghost(place, path)
    if not admin:
        return []
    run = f"worktree-of-{card}"
    told = [*_salvaged_ghost(place, path, run), *_salvaged_index(place, card, admin, run)]
    with _worktrees_lock(locks):
        unlock(admin)
        _drop_ghost(place, path)
    return told


def _salvaged_index(place: Place, card: str, admin: str, run: str) -> list[str]:
    """Keep what was staged in a worktree that is gone, unless its last commit or its branch has it."""
    last = last_known(admin)
    if not last or not os.path.exists(f"{admin}/index"):
        return []
    env = {"GIT_INDEX_FILE": f"{admin}/index"}
    tree = git.run(place.common, "write-tree", env=env).out.decode().strip()
    for name in (last, f"refs/heads/{branch_of(card)}"):
        if salvage.text(place.common, "rev-parse", "--verify", "-q", f"{name}^{{tree}}") == tree:
            return []
    staged = salvage.commit_tree(place.common, tree, (last,), "salvage: staged in a worktree\n")
    return [f"what was staged in it is in {_keep(place, run, staged)}"]
