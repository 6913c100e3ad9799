"""Which remotes a name may stand for: those that this clone's owner has configured, and no others.

Git accepts a path, a URL or an option in place of a remote's name, so text from a board must never
reach it unchecked.
"""

from gitkanban.board.repo import git
from gitkanban.errors import NotFound


def configured(common: str) -> list[str]:
    """Return the names of the remotes that have an address, in git's order."""
    wanted = r"^remote\..+\.(url|pushurl)$"
    done = git.run(common, "config", "-z", "--name-only", "--get-regexp", wanted, check=False)
    names = (key.partition(".")[2].rpartition(".")[0] for key in done.text.split("\0") if key)
    return [name for name in dict.fromkeys(names) if not name.startswith("-")]


def check_configured(common: str, name: str) -> str:
    """Return `name` itself. Raises NotFound when this clone has no remote of that name."""
    known = configured(common)
    if name not in known:
        raise NotFound(f"no remote {name!r}", f"There are: {', '.join(known) or 'none'}.")
    return name
