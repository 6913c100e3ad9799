"""Which remotes a name may stand for: those that this clone's owner has configured, and no others.

Git takes a path, a URL, or an option in the place of a remote's name; text of a board never gets so
far.
"""

from gitkanban.board.repo import git
from gitkanban.errors import NotFound


def configured(common: str) -> list[str]:
    """The names of the remotes that have an address, in git's order."""
    wanted = r"^remote\..+\.(url|pushurl)$"
    done = git.run(common, "config", "-z", "--name-only", "--get-regexp", wanted, check=False)
    names = (key.partition(".")[2].rpartition(".")[0] for key in done.text.split("\0") if key)
    return [name for name in dict.fromkeys(names) if not name.startswith("-")]


def check_configured(common: str, name: str) -> str:
    """`name` itself. Raises NotFound when no remote of this clone is called so."""
    known = configured(common)
    if name not in known:
        raise NotFound(f"no remote {name!r}", f"There are: {', '.join(known) or 'none'}.")
    return name
