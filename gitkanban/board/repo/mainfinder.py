"""Where the main checkout of a repository is, whatever its git directory is called.

Git reports it in the checkout itself, and through `core.worktree`. Elsewhere git goes by the name
of the git directory (as its own list does, see `git help worktree`). That fails for a separate git
directory (`git init --separate-git-dir`), for which we record the checkout we were called from. A
repository counts as bare only if nothing of it is checked out: an overlooked checkout would undo
every move of its branch with its next commit.
"""

import os
from collections.abc import Mapping
from contextlib import suppress

from gitkanban import files
from gitkanban.board.repo import git
from gitkanban.errors import Refused

_RECORD = "gitkanban/main"  # in the git directory: the root of its main checkout
TRUE = ("true", "yes", "on", "1")  # `git help config`, "Values"


def find_main(common: str, here: str, settings: Mapping[str, str]) -> str:
    """Return the root of the main checkout; empty: the repository is bare.

    `here` is the top level that git reports in the main checkout, empty anywhere else; `settings`
    are `core.bare` and `core.worktree` as configured. Raises Refused where it cannot be known.
    """
    beside = os.path.dirname(common) if os.path.basename(common) == ".git" else ""
    if "core.worktree" in settings:
        return _configured_main(common, beside, settings["core.worktree"])
    if here:
        if here != beside:
            with suppress(OSError):  # where this cannot be written, no branch can be moved either
                remember_main(common, here)
        return here
    recorded = _recorded_main(common)
    if recorded:
        return recorded
    # Without the setting git goes by the name as well.
    bare = settings.get("core.bare", "false" if beside else "true").lower() in TRUE
    if beside:
        return "" if bare and not _is_filled(common, beside) else beside
    if not bare:
        raise Refused(
            f"where the main checkout of {common} is cannot be known here",
            "Run gitkanban once in that checkout; it is remembered then.",
        )
    return ""


def refuse_overlooked(common: str, main: str) -> None:
    """Refuse a bare repository that has a checkout all the same. Raises Refused."""
    if not main and os.path.basename(common) != ".git" and os.path.exists(f"{common}/index"):
        raise Refused(
            f"{common} is a bare repository, and has the index of a checkout",
            "Boards would leave that checkout behind. If there is none, remove that file; else "
            "`git config core.worktree` says where it is.",
        )


def is_flipped(common: str, main: str) -> bool:
    """Return whether git's configuration calls a repository bare though it has a main checkout."""
    words = ("config", "--type=bool", "core.bare")
    return bool(main) and git.run(common, *words, check=False).text == "true"


def _configured_main(common: str, beside: str, named: str) -> str:
    root = os.path.normpath(os.path.join(common, named))
    if beside and os.path.realpath(beside) != os.path.realpath(root):
        raise Refused(
            f"core.worktree is {root}, and the git directory lies in {beside}: one index cannot be "
            "of two checkouts",
            "`git config --unset core.worktree`, unless somebody has set it on purpose.",
        )
    if not os.path.isdir(root):
        raise Refused(
            f"core.worktree is {root}, where there is no folder", "`git config core.worktree`"
        )
    return root


def _recorded_main(common: str) -> str:
    try:
        with open(f"{common}/{_RECORD}", encoding="utf-8", errors="surrogateescape") as file:
            root = file.read().removesuffix("\n")
    except OSError:
        return ""
    return root if _git_dir(root) == os.path.realpath(common) else ""


def _git_dir(root: str) -> str:
    """Return the git directory that a folder's `.git` is or names, links resolved."""
    path = f"{root}/.git"
    if os.path.isdir(path):
        return os.path.realpath(path)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            kind, _, target = file.read(4096).strip().partition(": ")
    except OSError:
        return ""
    return os.path.realpath(os.path.join(root, target)) if kind == "gitdir" else ""


def remember_main(common: str, root: str) -> None:
    """Record the root of the main checkout, for calls from elsewhere. Raises OSError."""
    if _git_dir(root) == os.path.realpath(common) and _recorded_main(common) != root:
        text = f"{root}\n".encode("utf-8", "surrogateescape")
        files.replace(f"{common}/{_RECORD}", text)


def _is_filled(common: str, root: str) -> bool:
    """Return whether any file that the index names is in the folder."""
    if not os.path.exists(f"{common}/index"):
        return False
    words = (f"--git-dir={common}", f"--work-tree={root}", "ls-files", "-z")
    names = git.run(root, *words, check=False).text.split("\0")
    return any(os.path.lexists(f"{root}/{name}") for name in names if name)
