"""The one place that runs git's own command.

Nothing in its environment names a repository: hooks export GIT_DIR and friends, which would make
git answer about another repository than the folder says. It parses nothing.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import GitFailed
from gitkanban.typed import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.repo.child import Child

ZEROS = Oid("0" * 40)  # how git writes that there is no object
_PIPE = 1 << 16  # bytes that a pipe holds, so that one read takes all of them
LIMIT = 600.0  # seconds for one git command, with the filters and hooks that it runs

# Git variables that name no repository: who commits, configuration, transport, tracing.
_PASSED_ON = (
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG", "GIT_SSH", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT",
    "GIT_TRACE", "GIT_PROXY", "GIT_SSL", "GIT_HTTP", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR",
    "GIT_DEFAULT_HASH", "GIT_CEILING_DIRECTORIES", "GIT_ALLOW_PROTOCOL", "GIT_EDITOR", "GIT_PAGER",
)  # fmt: skip


class TooSlow(GitFailed):
    """A git command that was killed for taking too long, or for showing no progress."""


class Done(NamedTuple):
    """How a git command ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Standard output without the last newline; undecodable bytes survive a round trip."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")

    @property
    def oid(self) -> Oid:
        """The object id that was printed alone; empty if nothing was."""
        return Oid(self.text)

    @property
    def lines(self) -> list[str]:
        """The lines of standard output, split at newlines alone: names may have other breaks."""
        return self.text.split("\n") if self.out else []

    @property
    def complaint(self) -> str:
        """The first error line of standard error, progress left out."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines() or ["no output"]
        wrong = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        return (wrong or lines)[0].removeprefix("fatal: ").removeprefix("error: ")

    @property
    def last(self) -> str:
        """The last line of standard error: the reason, where other lines precede it."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines() or ["no output"]
        return lines[-1].removeprefix("fatal: ").removeprefix("error: ")


def oid_of(field: str) -> Oid:
    """Return the object id in a field that git printed; empty for its zeros, which mean none."""
    return Oid(field) if field.strip("0") else NO_OID


# For commands that write a working tree: submodules stay as they are, as with `git merge`, and
# hooks of the code have no business here.
PLAIN = ("-c", "submodule.recurse=false", "-c", "core.hooksPath=/dev/null")


# Git itself syncs neither loose objects nor refs to the disk (2.39): after a power loss a branch
# may be an empty file, or name an empty commit. Much that is added at once costs one flush.
SYNCED = {"core.fsync": "committed,reference", "core.fsyncMethod": "batch"}
# Git looks for branches and tags that are named like an id or like HEAD, only to warn of them: half
# a dozen files for each word. We write whole names.
_SETTINGS = SYNCED | {"core.warnAmbiguousRefs": "false"}
_OUR_OPTIONS = tuple(word for each in _SETTINGS.items() for word in ("-c", "=".join(each)))


def names_no_repository(name: str) -> bool:
    """Return whether a git variable says who commits or how, rather than in which repository."""
    return name.startswith(_PASSED_ON)


# Read objects as they are in every clone. A session may have replaced some (`git help replace`), or
# given commits other parents (grafts).
_AS_THEY_ARE = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}


def environment() -> dict[str, str]:
    """Return our environment without the variables that point git to a repository.

    Those that point to objects outside of it are left out too: a git that writes would think them
    in the repository, and not write them. `reading_environment` is for a git that only reads.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_PASSED_ON)
    } | {"LC_ALL": "C.UTF-8", "LANGUAGE": "", **_AS_THEY_ARE}  # LANGUAGE before LC_ALL


_ALTERNATES = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
_beside: dict[str, str] = {}  # object folders that this process has written outside of repositories
IN_REPOSITORY = {_ALTERNATES: ""}  # for a git that must see only the repository's own objects
_READERS = ("cat-file", "diff-tree", "log", "ls-tree", "rev-parse")


def reading_environment() -> dict[str, str]:
    """Return `environment` for a git that only reads: it finds our `objects_aside` too."""
    return environment() | _beside


def objects_aside(common: str) -> dict[str, str]:
    """Return the environment of a git that writes its objects outside of the repository.

    Later calls that read find those objects, as long as this process lives. Raises OSError.
    """
    import atexit
    import shutil
    import tempfile

    room = tempfile.mkdtemp(prefix="gitkanban-objects-")
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    rooms = [_quote_path(room), *filter(None, [_beside.get(_ALTERNATES)])]
    _beside[_ALTERNATES] = ":".join(rooms)
    known = ":".join([_quote_path(f"{common}/objects"), *rooms])
    return {"GIT_OBJECT_DIRECTORY": room, _ALTERNATES: known}


def _quote_path(path: str) -> str:
    # A list of paths, separated by colons: https://git-scm.com/docs/git#_the_git_repository
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


_limit = LIMIT
_SLOW = "Look for a filter or a hook that hangs, or raise `kanban.git_timeout`."


def set_limit(seconds: float) -> None:
    """Set how many seconds a git command of this process may take from now on."""
    global _limit
    _limit = seconds or LIMIT


def run(
    cwd: str,
    *args: str,
    input: bytes | None = None,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    silence: float | None = None,
    known: bool = True,
) -> Done:
    """Run git in a folder with no terminal. Raises GitFailed when it fails and `check` is set.

    It may take `timeout` seconds (None: the limit of `set_limit`). With `silence` it may take as
    long as it likes, but must print something every `silence` seconds. Otherwise it is killed, with
    all that it has started, and TooSlow is raised, whatever `check` says.

    `known`: the folder belongs to a repository that was found before. Git may then work from its
    git directory even where `safe.bareRepository` is `explicit` (`git help config`).
    """
    from gitkanban.board.repo import limited  # late: many commands run no git

    safe = ("-c", "safe.bareRepository=all") if known else ()
    ours = reading_environment() if _git_verb(args) in _READERS else environment()
    try:
        done = limited.run(
            ["git", "-C", cwd, *safe, *_OUR_OPTIONS, *args],
            cwd=None,
            input=input,
            env=ours | dict(env or {}),
            limit=None if silence else timeout or _limit,
            silence=silence,
        )
    except FileNotFoundError as error:
        raise GitFailed(
            "git is not installed, or not on PATH", "Install git 2.30 or newer."
        ) from error
    except limited.TimedOut as slow:
        raise TooSlow(f"git {_git_verb(args)}: {slow}", "" if slow.silent else _SLOW) from None
    result = Done(*done)
    if result.code and not os.path.isdir(cwd):
        raise GitFailed(f"no folder {cwd}", "")
    if check and result.code:
        raise GitFailed(f"git {_git_verb(args)}: {result.complaint}")
    return result


@contextmanager
def stream(cwd: str, *args: str, input: bytes) -> Iterator[IO[bytes]]:
    """Give the output of a reading git command as it comes.

    Raises GitFailed when it fails, if its output was read to the end. It is killed if the caller
    leaves before that, with or without an error.
    """
    from threading import Thread, Timer

    from gitkanban.board.repo.child import Child

    argv = ("git", "-C", cwd, "-c", "safe.bareRepository=all", *args)
    child = Child(argv, reading_environment(), cwd=None, has_input=True, apart=False)
    feeder = Thread(target=_feed_child, args=(child, input), daemon=True)
    limit = Timer(_limit, child.kill)
    limit.daemon = True
    feeder.start()
    limit.start()
    try:
        with open(child.stdout, "rb", _PIPE, closefd=False) as out:
            yield out
            ended = not out.read(1)
        if ended:
            limit.cancel()
            if child.wait(_limit) != 0:
                child.kill()
                with open(child.stderr, "rb", closefd=False) as err:
                    words = Done(1, b"", err.read()).last
                raise GitFailed(f"git {_git_verb(args)}: {words}", FSCK)
    finally:
        limit.cancel()
        child.kill()
        child.wait(None)
        feeder.join()
        child.close()


def _feed_child(child: "Child", text: bytes) -> None:
    rest = memoryview(text)
    with suppress(OSError):  # it may be killed before it has read all
        while rest:
            rest = rest[os.write(child.stdin, rest) :]
    child.close_input()


FSCK = "`git fsck` names what is damaged; a fetch from a remote that has it may bring it back."


def in_words(error: Exception, what: str = "the repository") -> GitFailed:
    """Return an error of libgit2 as one for the user."""
    return GitFailed(f"{what} cannot be read: {error}", FSCK)


def _git_verb(args: tuple[str, ...]) -> str:
    words = iter(args)
    for word in words:
        if word in ("-c", "-C"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
