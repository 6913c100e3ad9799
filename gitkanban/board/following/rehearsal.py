"""Whether checkouts can follow a move of their branch, found out by doing it beside them.

The files that would change are written, through that checkout's filters, into a scratch folder on
the same disk; folders that would change must be writable. The checkout itself stays as it is. If a
checkout passes here and fails later all the same, `follow_base` completes it.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from gitkanban import files
from gitkanban.board.following import follow_base
from gitkanban.board.repo import commits, standstill
from gitkanban.board.repo.checkouts import Checkout
from gitkanban.board.repo.git import PLAIN
from gitkanban.board.repo.index_file import is_index
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.scratch import scratch_in
from gitkanban.core.names import Oid
from gitkanban.errors import BoardBusy, Refused

_NAMED_MOST = 5  # paths in one message


def refuse_unable(place: Place, checkouts: Sequence[Checkout], old: Oid, new: Oid) -> None:
    """Raise Refused, with the reason, if a checkout cannot follow from `old` to `new`.

    Raises BoardBusy where the obstacle will pass by itself, and OSError.
    """
    for note in follow_base.behind(place, checkouts):
        if follow_base.is_young(note):
            raise BoardBusy(
                f"{note.checkout.root} is being brought up to date right now", "Try again."
            )
        raise Refused(
            f"{note.checkout.root} has not followed {note.ref.removeprefix('refs/heads/')} to "
            f"{note.commit[:10]} yet",
            "`gitkanban tick` tries again, and says what is in the way.",
        )
    for checkout in checkouts:
        what = standstill.unfinished(checkout)
        if what:
            raise BoardBusy(
                f"{what} is in progress in {checkout.root}", "Finish or abort it first."
            )
        if os.path.lexists(checkout.index_file) and not is_index(checkout.index_file):
            raise Refused(
                f"the index of {checkout.root} cannot be read",
                "`gitkanban doctor --fix` makes it again from its commit; files stay as they are.",
            )
        _refuse_in_the_way(checkout, old, new)
        _refuse_unwritable(checkout, old, new)
        _refuse_unfiltered(checkout, old, new)


def _refuse_in_the_way(checkout: Checkout, old: Oid, new: Oid) -> None:
    """Refuse to overwrite what a person has changed, staged or left untracked in the checkout."""
    dry_run = (*PLAIN, "read-tree", "-n", "-m", "-u", old, new)
    done = checkout.run(*dry_run, check=False)
    if done.code:  # perhaps only because of new times on unchanged files
        checkout.run("update-index", "-q", "--refresh", check=False)
        done = checkout.run(*dry_run, check=False)
    if not done.code:
        return
    error = done.err.decode("utf-8", "replace")
    if ".lock" in error:
        raise BoardBusy(f"the index of {checkout.root} is locked", "Try again.")
    raise Refused(
        f"uncommitted work in {checkout.root} is in the way: {', '.join(_named_files(error))}",
        "Commit or stash it, then try again.",
    )


def _named_files(error: str) -> list[str]:
    """Return the paths that git names, as in `error: Entry 'x' not uptodate. Cannot merge.`"""
    names = []
    for line in error.splitlines():
        name = line.partition("'")[2].rpartition("'")[0]
        if name and name not in names:
            names.append(name)
    return names or [error.strip().partition("\n")[0]]


# -- folders


def _refuse_unwritable(checkout: Checkout, old: Oid, new: Oid) -> None:
    paths = [change.path for change in commits.changes(checkout.admin, old, new)]
    stuck = [*_closed_folders(checkout.root, paths), *_fixed_files(checkout.root, paths)]
    if stuck:
        more = f" and {len(stuck) - _NAMED_MOST} more" if len(stuck) > _NAMED_MOST else ""
        raise Refused(
            f"{checkout.root} cannot follow: this user may not change "
            f"{', '.join(stuck[:_NAMED_MOST])}{more}",
            "Make it writable for yourself, then try again.",
        )


def _closed_folders(root: str, paths: Iterable[str]) -> Iterator[str]:
    for folder in sorted({_standing_folder(root, path) for path in paths}):
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            yield os.path.relpath(folder, os.path.dirname(root))


_EFFECTIVE = os.access in os.supports_effective_ids


def _standing_folder(root: str, path: str) -> str:
    """Return the innermost existing folder above a path. Git itself refuses links."""
    folder = os.path.dirname(f"{root}/{path}")
    while folder != root and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder


def _fixed_files(root: str, paths: Iterable[str]) -> Iterator[str]:
    """Yield files that cannot be removed from a writable folder: see chattr(1), chmod(1)."""
    me = os.geteuid()
    for path in paths:
        try:
            fixed, above = (
                os.lstat(f"{root}/{path}"),
                os.stat(os.path.dirname(f"{root}/{path}")),
            )
        except OSError:
            continue
        sticky = above.st_mode & stat.S_ISVTX and me not in (0, fixed.st_uid, above.st_uid)
        ours = me == 0 or (me == fixed.st_uid and fixed.st_mode & stat.S_IWUSR)
        regular = stat.S_ISREG(fixed.st_mode)
        locked = regular and ours and not os.access(f"{root}/{path}", os.W_OK)
        if sticky or locked:
            yield path


# -- filters


def _refuse_unfiltered(checkout: Checkout, old: Oid, new: Oid) -> None:
    """Write the changed files beside the checkout, by the command that will write them there."""
    at = checkout.admin if _is_same_disk(checkout.admin, checkout.root) else checkout.root
    with scratch_in(at) as folder:
        tree, index = f"{folder}/tree", f"{folder}/index"
        os.mkdir(tree)
        files.copy(checkout.index_file, index)
        words = (
            "-c",
            "core.splitIndex=false",
            "-c",
            "core.fsmonitor=false",
            *_filter_options(checkout),
        )
        beside = checkout._replace(root=tree)
        done = beside.run(
            *PLAIN, *words, "read-tree", "-m", "-u", old, new, env={"GIT_INDEX_FILE": index},
            check=False,
        )  # fmt: skip
    if done.code:
        raise Refused(
            f"{checkout.root} cannot follow: {done.last}",
            "Fix that (`git config --get-regexp filter` lists filters), then try again.",
        )


def _is_same_disk(one: str, other: str) -> bool:
    return os.stat(one).st_dev == os.stat(other).st_dev


def _filter_options(checkout: Checkout) -> Iterator[str]:
    """Yield options that run every filter in the checkout itself, where its program may be."""
    asked = ("config", "-z", "--get-regexp", r"^filter\..*\.(smudge|process)$")
    root = checkout.root.replace("'", "'\\''").replace("%", "%%")  # `%f` is the path of a file
    for entry in checkout.run(*asked, check=False).text.split("\0"):
        name, _, command = entry.partition("\n")
        if command:
            yield from ("-c", f"{name}=cd '{root}' && {command}")
