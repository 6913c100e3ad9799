"""Git's configuration of a repository, and who commits in it: asked of git once, and then cached.

Settings that few commands need (urls, credentials, drivers) are left out.
"""

import os
import time
from collections.abc import Iterable, Sequence
from functools import cache

from gitkanban.board.repo import git
from gitkanban.board.repo.answers import Answers, find_git
from gitkanban.errors import GitFailed
from gitkanban.typed import NamedTuple

_SECTIONS = (
    "author.", "branch.", "commit.", "committer.", "core.", "extensions.", "gitkanban.", "user.",
)  # fmt: skip


class Settings(NamedTuple):
    """The last value of each key as git prints them (`git help config`, --list).

    `sources` are the files that decide on them, empty where more than files do.
    """

    values: dict[str, str]
    sources: tuple[str, ...]


@cache
def answers_of(common: str) -> Answers:
    """Return the cached answers about a repository, loaded once by this process."""
    return Answers(common)


def read_settings(common: str) -> Settings:
    """Return the configuration of the repository with this common directory."""
    known = answers_of(common).recall("settings")
    if known is not None:
        return Settings(*known)
    asked_at = time.time_ns()
    done = git.run(common, "config", "--list", "--show-origin", "-z", check=False)
    fields = done.text.split("\0")
    origins = {origin.removeprefix("file:") for origin in fields[0::2] if origin[:5] == "file:"}
    pairs = [entry.partition("\n") for entry in fields[1::2]]
    values = {
        # A name without a value is git's way to say true.
        name: value if equals else "true"
        for name, equals, value in pairs
        if name.startswith(_SECTIONS)
    }
    sources = _config_files(common, sorted(origins), [(name, value) for name, _, value in pairs])
    if sources and not done.code:
        answers_of(common).remember("settings", sources, (values, sources), asked_at)
    return Settings(values, sources)


def read_identity(common: str, who: str) -> tuple[bytes, bytes]:
    """Return (name, address) of the `AUTHOR` or `COMMITTER`, in the bytes that git would write.

    Raises GitFailed where it has none.
    """
    known = answers_of(common).recall(who)
    if known is not None:
        return known[0], known[1]
    asked_at = time.time_ns()
    ident = git.run(common, "var", f"GIT_{who}_IDENT", check=False)
    if ident.code:
        raise GitFailed(
            "git does not know who you are",
            'Tell it once: git config --global user.name "…" and user.email "…".',
        )
    name, _, address = ident.out.partition(b" <")
    identity = name, address.rpartition(b"> ")[0]
    settings = read_settings(common)
    if settings.sources and all(_is_configured(settings, who, part) for part in ("name", "email")):
        answers_of(common).remember(who, settings.sources, identity, asked_at)
    return identity


def _is_configured(settings: Settings, who: str, part: str) -> bool:
    """Return whether configuration or environment set it; else git uses the machine's own names."""
    keys = (f"{who.lower()}.{part}", f"user.{part}")
    return bool(os.environ.get(f"GIT_{who}_{part.upper()}") or any(map(settings.values.get, keys)))


def _config_files(
    common: str, origins: Sequence[str], values: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """Return the files that git has read, or would have read, for these (key, value) pairs.

    Empty where an include depends on more than files.
    """
    paths = {os.path.join(common, origin) for origin in origins}
    paths |= {f"{common}/config", f"{common}/config.worktree", *_global_files(), *_system_files()}
    for key, value in values:
        if key.startswith("includeif."):
            return ()
        if key == "include.path":
            path = os.path.expanduser(value)
            # Relative to the file that names it, which may be any of them.
            paths |= {os.path.join(os.path.dirname(file), path) for file in list(paths)}
    return tuple(sorted(paths))


def _global_files() -> list[str]:
    home, env = os.path.expanduser("~"), os.environ
    if "GIT_CONFIG_GLOBAL" in env:
        return [env["GIT_CONFIG_GLOBAL"]]
    folder = env.get("XDG_CONFIG_HOME") or f"{home}/.config"
    return [f"{home}/.gitconfig", f"{folder}/git/config"]


def _system_files() -> list[str]:
    """Return where git may look by its build: below its own prefix, or in /etc."""
    if "GIT_CONFIG_SYSTEM" in os.environ:
        return [os.environ["GIT_CONFIG_SYSTEM"]]
    prefix = os.path.dirname(os.path.dirname(os.path.realpath(find_git())))
    return ["/etc/gitconfig", f"{prefix}/etc/gitconfig"]
