"""What a clone shares with a remote, and which remote that is."""

from collections.abc import Collection

from gitkanban.board.repo import git, remote_names, remotes
from gitkanban.board.repo.place import Place
from gitkanban.core.names import Oid
from gitkanban.errors import NotFound
from gitkanban.typed import NamedTuple


class Link(NamedTuple):
    """What this clone shares with a remote: the board, and the work of its cards if `work`."""

    place: Place
    remote: str
    work: bool = False
    base: str = ""  # the branch; empty: it does not travel, or only as the board's own branch
    closed: Collection[str] = ()  # refs that the remote has lately refused to take: not pushed

    @property
    def base_ref(self) -> str:
        """Base's ref; empty if base does not travel."""
        return f"refs/heads/{self.base}" if self.base else ""

    def tip_there(self, branch: str) -> Oid:
        """Return the commit of the remote's branch as far as known; empty for none."""
        return remotes.tip(self.place, self.remote, branch)


def remote_of(place: Place, named: str = "") -> str:
    """Return the remote to sync with: the named one, the branch's own, origin, or the only one.

    Raises NotFound.
    """
    if named:
        return remote_names.check_configured(place.common, named)
    known = remote_names.configured(place.common)
    own = git.run(place.common, "config", f"branch.{place.branch}.remote", check=False).text
    for name in (own, "origin", known[0] if len(known) == 1 else ""):
        if name in known and name:
            return name
    raise NotFound(
        "this repository has no remote to sync with" if not known else "which remote?",
        "`git remote add origin URL`, or --remote NAME.",
    )
