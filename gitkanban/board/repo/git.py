"""The one place that runs git's own command.

Nothing in its environment names a repository: hooks export GIT_DIR and friends, which would make
git answer about another repository than the folder says. It parses nothing.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from gitkanban.errors import GitFailed
from gitkanban.late import subprocess
from gitkanban.typed import IO, NamedTuple

LIMIT = 600.0  # seconds for one git command and the filters and hooks of others that it runs

# Variables that name no repository: who commits, configuration, transport, tracing.
_PASSED_ON = (
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG", "GIT_SSH", "GIT_ASKPASS", "GIT_TERMINAL_PROMPT",
    "GIT_TRACE", "GIT_PROXY", "GIT_SSL", "GIT_HTTP", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR",
    "GIT_DEFAULT_HASH", "GIT_CEILING_DIRECTORIES", "GIT_ALLOW_PROTOCOL", "GIT_EDITOR", "GIT_PAGER",
)  # fmt: skip


class TooSlow(GitFailed):
    """A git command was ended for taking too long, or for giving no sign of life."""


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
    def lines(self) -> list[str]:
        """The lines of standard output, split at newlines alone: names may hold other breaks."""
        return self.text.split("\n") if self.out else []

    @property
    def complaint(self) -> str:
        """The first line of what it complained of, what it reported on the way left out."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines() or ["no output"]
        wrong = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        return (wrong or lines)[0].removeprefix("fatal: ").removeprefix("error: ")

    @property
    def last(self) -> str:
        """The last line of what it complained of: the reason, where others come before it."""
        lines = self.err.decode("utf-8", "replace").strip().splitlines() or ["no output"]
        return lines[-1].removeprefix("fatal: ").removeprefix("error: ")


# For commands that write a working tree: submodules stay as they are, as with `git merge`, and
# hooks of the code have no business here.
PLAIN = ("-c", "submodule.recurse=false", "-c", "core.hooksPath=/dev/null")


def names_no_repository(name: str) -> bool:
    """Whether a variable is one of git's that says who commits or how, not in which repository."""
    return name.startswith(_PASSED_ON)


# Commits, trees and files are what their ids say, as they are in every clone. A session may have put
# others in their place (`git help replace`), or given commits other parents (grafts).
_AS_THEY_ARE = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}


def environment() -> dict[str, str]:
    """Our environment without the variables that point git to a repository.

    Nor to objects that lie aside: a git that writes would take them for being in the repository,
    and leave them out. `reading_environment` is for one that reads.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_PASSED_ON)
    } | {"LC_ALL": "C.UTF-8", "LANGUAGE": "", **_AS_THEY_ARE}  # LANGUAGE before LC_ALL


_ALTERNATES = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
_beside: dict[str, str] = {}  # where objects lie that this process has written aside
IN_REPOSITORY = {_ALTERNATES: ""}  # for a git that is to say what the repository itself has
_READERS = ("cat-file", "diff-tree", "log", "ls-tree", "rev-parse")


def reading_environment() -> dict[str, str]:
    """The same, for a git that writes nothing: it finds what this process has written aside too."""
    return environment() | _beside


def objects_aside(common: str) -> dict[str, str]:
    """The environment of a git that writes no object into the repository.

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
    """How long a git command of this process may take from now on."""
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

    It may take `timeout` seconds (None: what `set_limit` said), or with `silence` as long as it takes while it shows
    progress that often. Then it is killed, with what it has started, and TooSlow raised, whatever
    `check` says.
    `known`: the folder is of a repository that was found before. Its git directory may then be
    worked from even where `safe.bareRepository` is `explicit` (`git help config`).
    """
    from gitkanban.board.repo import limited  # late: many commands run no git

    safe = ("-c", "safe.bareRepository=all") if known else ()
    ours = reading_environment() if _git_verb(args) in _READERS else environment()
    try:
        done = limited.run(
            ["git", *safe, *args],
            cwd=cwd,
            input=input,
            env=ours | dict(env or {}),
            limit=None if silence else timeout or _limit,
            silence=silence,
        )
    except FileNotFoundError as error:
        if not os.path.isdir(cwd):
            raise GitFailed(f"no folder {cwd}", "") from error
        raise GitFailed(
            "git is not installed, or not on PATH", "Install git 2.30 or newer."
        ) from None
    except limited.TimedOut as slow:
        raise TooSlow(f"git {_git_verb(args)}: {slow}", "" if slow.silent else _SLOW) from None
    result = Done(*done)
    if check and result.code:
        raise GitFailed(f"git {_git_verb(args)}: {result.complaint}")
    return result


@contextmanager
def stream(cwd: str, *args: str, input: bytes) -> Iterator[IO[bytes]]:
    """What a git that reads prints, as it comes. Raises GitFailed when it failed and was read to its
    end.

    It is killed where the reader leaves before that, by an error too.
    """
    from threading import Thread, Timer

    process = subprocess.Popen(
        ["git", "-c", "safe.bareRepository=all", *args],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=reading_environment(),
    )
    assert process.stdin and process.stdout and process.stderr
    feeder = Thread(target=_feed_stdin, args=(process.stdin, input), daemon=True)
    feeder.start()
    limit = Timer(_limit, process.kill)
    limit.daemon = True
    limit.start()
    try:
        yield process.stdout
        rest = process.stdout.read(1)
        if not rest and process.wait():
            raise GitFailed(
                f"git {_git_verb(args)}: {Done(1, b'', process.stderr.read()).last}", FSCK
            )
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        feeder.join()
        process.stdout.close()
        process.stderr.close()


def _feed_stdin(stdin: IO[bytes], text: bytes) -> None:
    with suppress(OSError), stdin:  # it may be killed before it has read all
        stdin.write(text)


FSCK = "`git fsck` names what is damaged; a fetch from a remote that has it may bring it back."


def in_words(error: Exception, what: str = "the repository") -> GitFailed:
    """What libgit2 complains of, as an error for a person."""
    return GitFailed(f"{what} cannot be read: {error}", FSCK)


def _git_verb(args: tuple[str, ...]) -> str:
    words = iter(args)
    for word in words:
        if word in ("-c", "-C"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
