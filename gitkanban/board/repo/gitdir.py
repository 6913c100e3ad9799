"""Where the git directory of a repository is, found by looking at files; no git is run.

It imports nothing beyond what the interpreter has loaded anyway: the quick door needs it.
"""

import os


def common_dir(cwd: str) -> str:
    """Return the common directory of the repository around a folder, or ""; found as git does."""
    at = cwd
    while True:
        dot = f"{at}/.git" if at != "/" else "/.git"
        try:
            if os.path.lexists(f"{dot}/HEAD"):  # without it git looks further up
                return dot
            if os.path.isfile(dot):
                return _of_linked(at, first_line(dot))
            if os.path.isfile(f"{at}/commondir") and os.path.isfile(f"{at}/HEAD"):
                return _join_path(at, first_line(f"{at}/commondir"))
            if os.path.isdir(f"{at}/objects") and os.path.isfile(f"{at}/HEAD"):
                return at
        except (OSError, UnicodeDecodeError):
            return ""
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above


def root_above(cwd: str) -> str:
    """Return the folder, `cwd` or above, whose `.git` git would use; empty if that is unsure."""
    at, device = os.path.realpath(cwd), os.stat(cwd).st_dev
    while not os.path.isfile(f"{at}/.git") and not os.path.lexists(f"{at}/.git/HEAD"):
        if at == "/" or os.path.isfile(f"{at}/HEAD"):  # perhaps a git directory itself
            return ""
        at = os.path.dirname(at)
    # Git does not look beyond the file system that it is called on.
    return at if os.stat(at).st_dev == device else ""


def _of_linked(root: str, line: str) -> str:
    if not line.startswith("gitdir: "):
        return ""
    admin = _join_path(root, line[8:])
    if not os.path.exists(f"{admin}/commondir"):  # a submodule
        return admin
    return _join_path(admin, first_line(f"{admin}/commondir"))


def _join_path(folder: str, path: str) -> str:
    return os.path.normpath(os.path.join(folder, path))


def first_line(path: str) -> str:
    """Return the first line of a file without its newline. Raises OSError, UnicodeDecodeError."""
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")
