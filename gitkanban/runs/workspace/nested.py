"""The git repositories inside a worktree, and what of them is nowhere else.

Their files are read directly: a session may have made them, and a git run in one does what its
configuration says. They are not changed.
"""

import os
import stat
from collections.abc import Iterator

from gitkanban.board.repo import commits, ref_files
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitkanbanError
from gitkanban.late import re
from gitkanban.runs.workspace.workspace_git import View, read_plain
from gitkanban.typed import NamedTuple

_PARTS = {"HEAD", "objects", "refs"}  # what makes a folder a git directory, gitrepository-layout(5)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class Nested(NamedTuple):
    """A repository inside a worktree: its path from the worktree's folder, and its git directory.

    `store` is empty if that is outside of the worktree, and so is not removed with it. `checkout`:
    whether it has files.
    """

    path: str
    store: str
    checkout: bool = True


def find(folder: str, admin: str) -> list[Nested]:
    """Return all repositories in a worktree, ignored ones too, and its stores of submodules."""
    repositories = []
    modules = f"{admin}/modules"
    for path, names in _walk_folders(folder):
        name = os.path.relpath(path, folder)
        if ".git" in names and _is_folder(f"{path}/.git"):
            repositories.append(Nested(name, f"{path}/.git"))
        elif ".git" in names and name != ".":
            store = _pointed_at(path)
            inside = any(store.startswith(f"{top}/") for top in (folder, modules))
            repositories.append(Nested(name, store if inside else ""))
        elif names >= _PARTS and name != ".":
            repositories.append(Nested(name, path, checkout=False))
    known = {each.store for each in repositories}
    tops = [modules, *(f"{each.store}/modules" for each in repositories if each.store)]
    stores = {path for top in tops for path, names in _walk_folders(top) if names >= _PARTS}
    lone = [Nested(os.path.relpath(path, admin), path, False) for path in sorted(stores - known)]
    return repositories + lone


def _walk_folders(top: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the folder and all below it, with the names in each. Links are not followed.

    The content of git directories is left out, except for the stores of submodules.
    """
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as entries:
                rows = [(each.name, each.is_dir(follow_symlinks=False)) for each in entries]
        except OSError:  # missing or unreadable: nothing below it can be removed, either
            continue
        names = {name for name, _ in rows}
        yield path, names
        if names >= _PARTS:
            waiting += [f"{path}/modules"] if "modules" in names else []
        else:
            waiting += [f"{path}/{name}" for name, folder in rows if folder and name != ".git"]


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _pointed_at(path: str) -> str:
    """Return the git directory that a `.git` file names; empty for none."""
    kind, _, target = _first_line(f"{path}/.git").partition(": ")
    return os.path.normpath(os.path.join(path, target)) if kind == "gitdir" else ""


def only_here(common: str, nested: Nested) -> list[Oid]:
    """Return the tips of refs whose commits are nowhere else, as far as is visible.

    Elsewhere means a remote of that repository, or the one at `common`. Raises OSError, GitFailed.
    """
    own, remote = read_tips(nested.store)
    tips = [tip for tip in sorted(own - remote) if not _is_reachable(common, tip)]
    if not tips:
        return []
    with View(common, common, tips[0], store=nested.store) as view:
        known = [f"^{tip}" for tip in sorted(remote)]
        words = ("rev-list", "--max-count=1", "--ignore-missing", "--stdin")
        looks = {tip: "\n".join((tip, *known)).encode() for tip in tips}
        done = {tip: view.git(*words, input=text, check=False) for tip, text in looks.items()}
        there = {tip: not view.git("cat-file", "-e", tip, check=False).code for tip in tips}
    return [tip for tip in tips if done[tip].code or done[tip].out or not there[tip]]


def _is_reachable(common: str, tip: Oid) -> bool:
    """Return whether a ref of the repository contains the commit."""
    if not commits.resolve(common, tip):
        return False
    return bool(commits.text(common, "for-each-ref", "--count=1", "--contains", tip))


def read_tips(store: str) -> tuple[set[Oid], set[Oid]]:
    """Return the commits of a repository's refs and HEADs: (its own, those of its remotes).

    Raises GitFailed for an unknown format of refs, OSError.
    """
    if os.path.lexists(f"{store}/reftable"):
        raise GitkanbanError(f"the refs of {store} are in a form that is not known here")
    refs = dict(ref_files.packed(store))
    for folder, _, names in os.walk(f"{store}/refs"):
        for name in names:
            path = f"{folder}/{name}"
            refs[os.path.relpath(path, store)] = _first_line(path)
    heads = [f"{store}/HEAD"]
    trees = f"{store}/worktrees"
    heads += [
        f"{trees}/{name}/HEAD" for name in (os.listdir(trees) if os.path.isdir(trees) else ())
    ]
    own = {_first_line(path) for path in heads}
    remote: set[str] = set()
    for name, commit in refs.items():
        (remote if name.startswith("refs/remotes/") else own).add(commit)
    return _only_ids(own), _only_ids(remote)


def _only_ids(names: set[str]) -> set[Oid]:
    return {Oid(name) for name in names if _COMMIT.fullmatch(name)}


def _first_line(path: str) -> str:
    return read_plain(path).partition("\n")[0]


def head_of(store: str) -> Oid:
    """Return the commit of a repository's HEAD, empty if there is none."""
    named = _first_line(f"{store}/HEAD")
    if not named.startswith("ref: "):
        return Oid(named) if _COMMIT.fullmatch(named) else NO_OID
    ref = named.removeprefix("ref: ")
    commit = _first_line(f"{store}/{ref}") or dict(ref_files.packed(store)).get(ref, "")
    return Oid(commit) if _COMMIT.fullmatch(commit) else NO_OID


def is_dirty(common: str, folder: str, nested: Nested) -> bool:
    """Return whether its files differ from its HEAD. Raises OSError, GitFailed."""
    where = os.path.normpath(f"{folder}/{nested.path}")
    head = head_of(nested.store)
    with View(where, common, head, f"{nested.store}/index", store=nested.store) as view:
        return bool(view.status())


def take_in(common: str, nested: Nested, tips: list[Oid]) -> bool:
    """Copy commits with their history into the repository at `common`; the caller adds a ref.

    False where the history is incomplete: a shallow clone, say, or missing objects.
    """
    if os.path.lexists(f"{nested.store}/shallow"):
        return False
    with View(common, common, tips[0], store=nested.store) as view:
        words = ("pack-objects", "--quiet", "--revs", f"{common}/objects/pack/pack")
        done = view.git(*words, input="\n".join(tips).encode(), check=False)
    return not done.code and all(commits.resolve(common, tip) for tip in tips)


def in_words(paths: list[str]) -> str:
    """Return some of the paths, for a line of text."""
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
