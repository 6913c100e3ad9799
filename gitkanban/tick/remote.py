"""A remote whose other clones tick the same board: synced before looks, asked before starts.

It knows only the commits of a tick; `sharing` says when they are pushed.
"""

from gitkanban import failpoints
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.remotes import Offline
from gitkanban.board.sync import publish, sync
from gitkanban.errors import GitkanbanError


class Remote:
    """A remote whose other clones tick the same board: a claim counts once it is pushed there.

    A failure holds back new starts and nothing else: what has happened here is on the board here.
    """

    def __init__(self, place: Place, name: str) -> None:
        self.place, self.name = place, name
        self.offline = ""  # why nothing new may start: out of reach, or a sync or push failed
        self.behind = True  # it may have moved since we looked
        self.pushed = ""  # the last commit of ours that it has
        self.notices: list[str] = []  # from syncs, and when it cannot be reached
        self.errors: list[str] = []  # faults that only a person can clear

    def catch_up(self) -> None:
        """Sync if the remote may have moved since the last look."""
        if not self.behind:
            return
        self.behind, self.offline = False, ""
        try:
            done = sync(self.place, self.name)
        except GitkanbanError as error:
            self._hold_back(error)
            return
        self.pushed = done.commit
        self.notices += done.notices

    def claim(self, commit: str) -> bool:
        """Push the commit that starts runs before it becomes the board's.

        Return False if another clone was first, or if the remote does not take it.
        """
        failpoints.reach("sync.claim")
        try:
            self.behind = not publish(self.place, self.name, commit)
        except GitkanbanError as error:
            self._hold_back(error)
            return False
        if not self.behind:
            self.pushed = commit
            failpoints.reach("sync.claimed")
        return not self.behind

    def share(self) -> None:
        """Push what a tick has settled, unless a claim has already carried it."""
        if not self.offline:
            self.behind = checkouts.tip(self.place, self.place.ref) != self.pushed
            self.catch_up()

    def _hold_back(self, error: GitkanbanError) -> None:
        self.offline = error.message
        if isinstance(error, Offline):
            line = f"warning: {error.message}; nothing new starts until it can be reached"
            self.notices.append(line)
        else:
            hint = f" ({error.hint})" if error.hint else ""
            self.errors.append(f"{error.message}{hint}; nothing new starts until then")
