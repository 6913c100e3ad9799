"""The worktrees of cards by git's directory: where they are, which are ours, who locked them.

Most is read directly from git's files. `workspaces` makes them, and `removal` removes them.
"""

import os
from collections.abc import Iterator
from functools import cache

from gitkanban import files
from gitkanban.board.repo import checkouts, git, refs
from gitkanban.board.repo.checkouts import MARK, line
from gitkanban.board.repo.place import Place
from gitkanban.core.names import NO_CARD, NO_OID, CardId, Oid
from gitkanban.errors import BoardBusy, NotFound
from gitkanban.runs.supervision.locks import HeldLock, Locks
from gitkanban.runs.supervision.spec import Spec
from gitkanban.runs.workspace import ground
from gitkanban.runs.workspace.workspace_git import read_plain
from gitkanban.typed import NamedTuple

_LOCK_WAIT = 120.0  # seconds; one `worktree add --no-checkout` takes milliseconds


class Ours(NamedTuple):
    """A worktree made for a card. `there` is False when its folder was removed by hand."""

    path: str
    card: CardId
    admin: str
    there: bool
    locked_for: str = ""  # the run for which git must keep it


def folder_of(place: Place, worktrees: str = "") -> str:
    """Return the folder for worktrees: the configured one, else one beside the repository.

    The owner's setting (`git config gitkanban.worktrees`) comes before the board's. For a submodule
    the default is beside the outermost superproject: inside its tree it would be in the way.
    """
    root = place.main or place.common.removesuffix(".git").rstrip("/")
    worktrees = place.worktrees or worktrees
    if not worktrees:
        return f"{_name_outside(place) or root}.worktrees"
    return os.path.normpath(os.path.join(root, os.path.expanduser(worktrees)))


def _name_outside(place: Place) -> str:
    """Return `/x/shop.lib` for the submodule lib of /x/shop; empty without a superproject."""
    if not place.main or os.path.isdir(f"{place.main}/.git"):
        return ""
    top, above = place.main, _superproject_of(place.main, place.common)
    while above:
        top, above = above, _superproject_of(above)
    inside = os.path.relpath(place.main, top)
    return "" if inside == "." else f"{top}.{inside.replace('/', '.')}"


@cache
def _superproject_of(root: str, admin: str = "") -> str:
    which = (f"--git-dir={admin}", f"--work-tree={root}") if admin else ()
    return git.run(root, *which, "rev-parse", "--show-superproject-working-tree", check=False).text


def make_plain(common: str, branch: str) -> list[str]:
    """Make a card's branch a plain ref again, and return notices.

    A power loss may have left it without content. A session may have made it symbolic
    (`git help symbolic-ref`): commits to it would go to another branch.
    """
    ref = f"refs/heads/{branch}"
    file = f"{common}/{ref}"
    mended = refs.mend(common, ref)
    if mended:
        return [mended]
    if not os.path.islink(file) and not line(file).startswith("ref: "):
        return []
    git.run(common, "update-ref", "--no-deref", "-d", ref)
    return [f"branch {branch} stood for another branch, and is one of its own again"]


def path_of(place: Place, card: CardId, worktrees: str = "") -> str:
    """Return where a card's worktree is or would be."""
    return f"{folder_of(place, worktrees)}/{card}"


def current_path(place: Place, card: CardId, worktrees: str = "") -> str:
    """Return where a card's worktree is, or would be if there is none.

    A repository that was moved or renamed leaves its worktrees where they were, and their `.git`
    files then name a git directory that is gone.
    """
    path = path_of(place, card, worktrees)
    if os.path.lexists(path):
        return path
    ours = (each for each in _list_ours(place, card) if each.there)
    return next((each.path for each in ours if _is_left_behind(each)), path)


def _is_left_behind(each: Ours) -> bool:
    target = ground.points_at(each.path)
    same = os.path.basename(target) == os.path.basename(each.admin)
    return target == os.path.realpath(each.admin) or (same and not os.path.lexists(target))


def find_moved(place: Place, each: Ours, configured: str) -> str:
    """Return where a worktree is that was moved along with its repository; empty if it was not.

    Its `.git` file still names the old place of the repository, where nothing is any more.
    """
    path = path_of(place, each.card, configured)
    target = "" if each.there or path == each.path else ground.points_at(path)
    same = os.path.basename(target) == os.path.basename(each.admin)
    return path if same and not os.path.lexists(target) else ""


def admin_at(place: Place, card: CardId, path: str, worktrees: str = "") -> str:
    """Return the git directory of the worktree at a path, even if it moved with its repository.

    Empty if there is none.
    """
    if not os.path.lexists(path):
        return ""
    ours = _list_ours(place, card)
    return ground.registered(place.common, path) or next(
        (each.admin for each in ours if find_moved(place, each, worktrees) == path), ""
    )


def last_known(admin: str) -> Oid:
    """Return the last commit of a worktree's HEAD by its reflog; empty if it has none."""
    lines = read_plain(f"{admin}/logs/HEAD").splitlines()
    words = lines[-1].split() if lines else []
    # If the branch was deleted, the last line goes from its commit to none.
    return next((Oid(commit) for commit in words[1::-1] if commit != git.ZEROS), NO_OID)


def tips(place: Place, base: str, branch: str) -> tuple[Oid, Oid]:
    """Return the commits of base and of the card's branch (empty when it does not exist yet).

    Raises NotFound when base does not exist.
    """
    tip = checkouts.tip(place, f"refs/heads/{base}") if base else NO_OID
    if not tip:
        raise NotFound(
            f"the base branch {base} does not exist",
            "Set `kanban: base:` in config.yaml to a branch that does.",
        )
    return tip, checkouts.tip(place, f"refs/heads/{branch}")


def checked_out(place: Place, branch: str, *, but: str = "") -> str:
    """Return the checkout that has a branch, also while it rebases it; empty for none.

    One whose folder is gone counts, too: its disk may come back. The one with the git directory
    `but` does not.
    """
    ref = f"refs/heads/{branch}"
    if place.main and _has_branch(place.common, ref):
        return place.main
    top = f"{place.common}/worktrees"
    names = sorted(os.listdir(top)) if os.path.isdir(top) else ()
    admins = (f"{top}/{name}" for name in names)
    having = (each for each in admins if each != but and _has_branch(each, ref))
    # Git makes no links here: one is a session's, and `ghosts` removes it.
    return next((checkouts.root_of(each) for each in having if not os.path.islink(each)), "")


def _has_branch(admin: str, ref: str) -> bool:
    head = checkouts.head(admin)
    if head == ref or head.startswith("refs/"):
        return head == ref
    moved_at_its_end = read_plain(f"{admin}/rebase-merge/update-refs").splitlines()
    return ref in (checkouts.unfinished_branch(admin), *moved_at_its_end)


def making(locks: Locks) -> HeldLock:
    """Take the lock for making and removing worktrees, in which git races with itself.

    Raises BoardBusy.
    """
    lock = locks.take("worktrees", wait=_LOCK_WAIT)
    if lock is None:
        raise BoardBusy("another worktree is being created", "It is tried again at the next tick.")
    return lock


def mark(place: Place, admin: str, card: CardId, path: str) -> None:
    """Mark a worktree as a card's, in its git directory and where no session needs to write."""
    files.replace(f"{admin}/{MARK}", f"{card}\n".encode(), lasting=False)
    record = checkouts.place_record(place, admin)
    files.replace(record, os.fsencode(f"{path}\n"), lasting=False, make=True)


def is_marked(admin: str) -> bool:
    """Return whether a worktree's git directory says that it was made for a card."""
    return os.path.lexists(f"{admin}/{MARK}")


def unregister(place: Place, path: str) -> None:
    """Have git forget the worktree that was at `path`, even a locked one. Raises GitFailed."""
    admin = ground.registered(place.common, path)
    git.run(place.common, "worktree", "remove", "--force", "--force", path)
    if admin:
        files.remove(checkouts.place_record(place, admin))
        from gitkanban.runs.workspace import including  # late: most callers remove nothing

        including.forget(place.common, admin)


def lock(admin: str, run: str) -> None:
    """Keep `git worktree prune` and `remove` off a worktree while a run lives in it.

    The file is the one of `git worktree lock`, see gitrepository-layout(5).
    """
    files.replace(f"{admin}/locked", f"gitkanban run {run}\n".encode(), lasting=False)


def repair(moved_from: str, its_spec: Spec) -> None:
    """Reconnect a run's worktree with its repository, which was moved.

    It does what `git worktree repair` does, but only if the worktree's `.git` is as it was written:
    anything else there comes from the session. Raises OSError.
    """
    admin, workspace = its_spec.one("admin"), its_spec.one("workspace")
    dot = f"{workspace}/.git"
    if not admin or os.path.lexists(moved_from) or not os.path.isdir(admin):
        return
    before = moved_from + admin.removeprefix(its_spec.one("common"))
    if not os.path.islink(dot) and line(dot) == f"gitdir: {before}":
        files.replace(dot, f"gitdir: {admin}\n".encode("utf-8", "surrogateescape"))
    if os.path.lexists(dot) and not os.path.lexists(line(f"{admin}/gitdir")):
        files.replace(f"{admin}/gitdir", f"{dot}\n".encode("utf-8", "surrogateescape"))


def unlock(admin: str) -> None:
    """Let git remove the worktree again."""
    if admin:
        files.remove(f"{admin}/locked")


def unlock_run(common: str, run: str) -> None:
    """Let git remove the worktree that is locked for a run, wherever it is."""
    top = f"{common}/worktrees"
    for name in os.listdir(top) if os.path.isdir(top) else ():
        try:
            with open(f"{top}/{name}/locked", encoding="utf-8") as file:
                ours = file.read() == f"gitkanban run {run}\n"
        except OSError:
            continue
        if ours:
            unlock(f"{top}/{name}")


def git_config(sparse: bool) -> dict[str, str]:
    """Return git settings for sessions, which get them through their environment."""
    settings = {"gc.auto": "0", "maintenance.auto": "false", **git.SYNCED}
    if sparse:
        # Not written into the repository's own config, which belongs to people.
        settings |= {"core.sparseCheckout": "true", "core.sparseCheckoutCone": "false"}
    return settings


def every(place: Place) -> list[Ours]:
    """Return the worktrees that were made for cards, sorted by path."""
    return sorted(_list_ours(place))


def _list_ours(place: Place, only: CardId = NO_CARD) -> Iterator[Ours]:
    """Yield the worktrees that were made for cards; of others than `only` just the mark is read."""
    top = f"{place.common}/worktrees"
    for name in os.listdir(top) if os.path.isdir(top) else ():
        admin = f"{top}/{name}"
        card = CardId(line(f"{admin}/{MARK}"))
        if not card or (only and card != only) or not line(f"{admin}/gitdir"):
            continue
        path = checkouts.root_of(admin)
        run = line(f"{admin}/locked").partition("gitkanban run ")[2]
        yield Ours(path, card, admin, os.path.lexists(f"{path}/.git"), locked_for=run)


def at(place: Place, path: str) -> Ours | None:
    """Return the card's worktree at a path, None if there is none."""
    return next((each for each in every(place) if each.path == path), None)
