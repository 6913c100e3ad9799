"""Where a board is: its branch and path, and the folders of the repository around it. A value.

It looks for nothing (`placefinder`) and changes nothing (`placewriter`).
"""

from gitkanban.typed import NamedTuple

FOLDER = ".kanban"
CONFIG = "config.yaml"


class Place(NamedTuple):
    """A board's branch and path, and the folders of the repository around it."""

    common: str  # git's common directory, absolute
    main: str  # root of the main checkout; empty: a bare repository
    branch: str
    prefix: str  # ".kanban", or "" for a branch of its own
    slots: str  # folder of the lease tokens
    private: str  # <common>/gitkanban
    notices: tuple[str, ...] = ()  # what finding the board has changed, for people
    here: str = ""  # root of the checkout we were called from
    start: str = ""  # a branch that does not exist yet begins at this ref
    aside: bool = False  # the user named this branch; ticks use another one
    worktrees: str = ""  # folder for worktrees, as this machine's owner has configured it in git
    signs: bool = False  # commits are to be signed, by git's configuration

    @property
    def ref(self) -> str:
        """The full name of the board's branch."""
        return f"refs/heads/{self.branch}"

    def path(self, name: str) -> str:
        """The path in the tree of a file of the board."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def rev_hint(self, rev: str) -> str:
        """Return a hint how to write `rev` for a board on its own branch; empty for one in tree."""
        if not self.branch or self.prefix:
            return ""
        rest = rev.removeprefix("HEAD") if rev.startswith("HEAD") else ""
        return f"The board has a branch of its own: say {self.branch}{rest}."
