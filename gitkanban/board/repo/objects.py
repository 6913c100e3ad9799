"""The one place that opens a repository with libgit2; its errors become messages of ours.

Git itself has already decided that we may work here, also by settings that libgit2 ignores (such as
`safe.directory` in the environment), so libgit2's own check is off. No working tree is used.
"""

import pygit2
from pygit2.enums import Option, RepositoryOpenFlag

from gitkanban.board.repo.git import FSCK, in_words
from gitkanban.core.names import Oid
from gitkanban.errors import GitFailed
from gitkanban.typed import Any


class CheckedRepository(pygit2.Repository):
    """A repository that raises an error for the user where an object is missing or unreadable."""

    def __getitem__(self, key: Any) -> Any:
        """Return the object with an id. Raises GitFailed where it is missing or damaged."""
        try:
            return super().__getitem__(key)
        except (KeyError, ValueError) as error:
            raise GitFailed(f"object {key} is missing from the repository", FSCK) from error
        except pygit2.GitError as error:
            raise in_words(error, f"object {key}") from error

    def commit_at(self, oid: Oid) -> Any:
        """Return the commit with an id. Raises GitFailed if it is no commit, or cannot be read."""
        thing = self[oid]
        if not isinstance(thing, pygit2.Commit):
            kind = thing.type_str
            raise GitFailed(f"{oid[:10]} is a {kind} where a commit is needed", FSCK)
        return thing


def open_repository(common: str) -> CheckedRepository:
    """The repository of a common directory. Raises GitFailed."""
    pygit2.option(Option.SET_OWNER_VALIDATION, False)
    # What is written must survive a power cut before a ref points at it.
    pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)
    try:
        return CheckedRepository(common, RepositoryOpenFlag.BARE)
    except (pygit2.GitError, KeyError, ValueError) as error:
        raise in_words(error, f"the repository {common}") from error


def path_of(side: Any) -> str:
    """The path of one side of a difference; undecodable bytes survive a round trip."""
    return str(side.raw_path.decode("utf-8", "surrogateescape"))
