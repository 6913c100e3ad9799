"""Talks with a remote: fetch and push of named refs, and whether the remote can be reached.

A line that is cut without a word is noticed by the transport, where it can, or by a time without
output; then the command is killed. Results are read from exit codes and from git's
output for programs. Nothing is merged or decided here.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from gitkanban import clock
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placewriter import NO_HOOKS
from gitkanban.board.repo.settings import read_settings
from gitkanban.core.names import Oid
from gitkanban.core.tick.network import CONNECT, is_http, is_ssh, silence_allowed
from gitkanban.core.tick.travel import RefRefusal
from gitkanban.core.visible import shown
from gitkanban.errors import GitFailed, Refused
from gitkanban.typed import NamedTuple

ATTEMPTS = 8  # fetches to try while other fetches of this clone are in the way
NO_SUCH_REF = 2  # `git help ls-remote`, --exit-code
# How git says that a server cannot take several refs in one step.
_NOT_ATOMIC = "does not support --atomic push"
# How ssh, http servers and hosting services word that one may not push: there is no code for it.
_DENIALS = ("read only", "read-only", "denied", "not allowed", "forbidden", "error: 403")
_UNPACK = "error: remote unpack failed:"  # before git's own words for a full or read-only disk
_WORDS_MOST = 200  # characters of what a server says
_one_by_one: set[tuple[str, str]] = set()  # (clone, remote) of such servers, in this process
# How servers word that a ref moved while a push was on its way.
_SOMEBODY_FIRST = ("cannot lock", "failed to lock", "incorrect old value", "failed to update ref")
# Nobody is there to type a password: a tick from cron must not hang on one.
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true"}
# ssh_config(5): give up on a host that does not accept, and on one that no longer answers.
_SSH = f"ssh -o ConnectTimeout={CONNECT} -o ServerAliveInterval=5 -o ServerAliveCountMax=2"
# `git help config`, http.lowSpeedLimit: bytes and seconds. A busy server sends a byte a second.
_HTTP = ("-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={CONNECT}")


class Offline(GitFailed):
    """The remote cannot be reached; everything local still works."""


class Denied(Offline):
    """The remote lets nobody push with these credentials; whether it can be read is not known."""


class RemoteLine(NamedTuple):
    """How git talks with one remote: more options and environment, and the silence it may keep."""

    options: tuple[str, ...]
    env: dict[str, str]
    silence: float  # seconds


class Pushed(NamedTuple):
    """The result of a push: done, refused by the remote (why), or somebody else pushed first."""

    done: bool
    refused: str = ""
    refs: Mapping[str, RefRefusal] = {}  # each ref that was refused for its own sake
    words: str = ""  # what the server said to it, in one line
    spared: frozenset[str] = frozenset()  # refs that were left out only for the sake of others


def line_to(common: str, remote: str) -> RemoteLine:
    """Return how to talk with a remote; what its owner has configured is left alone.

    It takes two git processes, again only when the repository's configuration has changed.
    """
    status = os.stat(f"{common}/config")
    return _line_as_configured(common, remote, (status.st_mtime_ns, status.st_size))


@cache
def _line_as_configured(common: str, remote: str, _config: tuple[int, int]) -> RemoteLine:
    url = git.run(common, "ls-remote", "--get-url", "--", remote, check=False).text
    env, options, watched = dict[str, str](), tuple[str, ...](), False
    if is_ssh(url):
        own = _ssh_of_its_own(common)
        env = {} if own else {"GIT_SSH_COMMAND": _SSH}
        watched = "serveraliveinterval" in (own or _SSH).lower()
    elif is_http(url):
        own = git.run(common, "config", "--get-urlmatch", "http", url, check=False).text
        watched = "http.lowspeedtime" in own.lower()
        # The time does not begin before the connection is made, so silence counts as well.
        options = () if watched else _HTTP
    return RemoteLine(options, env, silence_allowed(url, watched))


def _ssh_of_its_own(common: str) -> str:
    """Return the command that the owner has chosen for ssh; empty for git's own choice."""
    named = os.environ.get("GIT_SSH_COMMAND") or os.environ.get("GIT_SSH")
    return named or read_settings(common).values.get("core.sshcommand", "")


def talk(place: Place, remote: str, *words: str) -> git.Done:
    """Run git against a remote. Raises Offline when the remote stops answering."""
    line = line_to(place.common, remote)
    # A remote may be a path, which git reads from the root of the checkout.
    where = place.main if os.path.isdir(place.main) else place.common
    here = f"--git-dir={place.common}"  # found before: nothing in the checkout may decide it
    try:
        return git.run(
            where, here, *line.options, *words,
            check=False, env=_QUIET | line.env, silence=line.silence,
        )  # fmt: skip
    except git.TooSlow as slow:
        raise Offline(slow.message, "Going on with what is here.") from None


def fetch(
    place: Place, remote: str, refs: Mapping[str, str], patterns: Sequence[str] = ()
) -> set[str]:
    """Fetch refs, each into another ({theirs: ours}), and return those that the remote has.

    `patterns` are refspecs with a star, which may match nothing. Raises Offline.
    """
    words = ("--no-tags", "--no-prune", "--no-recurse-submodules", "--refmap=", "--progress")
    wanted = dict(refs)
    for attempt in range(ATTEMPTS):
        specs = [f"+{theirs}:{ours}" for theirs, ours in wanted.items()]
        done = talk(place, remote, "fetch", *words, "--", remote, *specs, *patterns)
        if not done.code:
            return set(wanted)
        answer = talk(place, remote, "ls-remote", "--exit-code", "--", remote, *wanted)
        if answer.code == NO_SUCH_REF:
            return set()
        if answer.code:
            break
        there = {line.rpartition("\t")[2] for line in answer.lines}
        missing = wanted.keys() - there
        wanted = {theirs: ours for theirs, ours in wanted.items() if theirs in there}
        # All exist: another fetch of this clone was in the way, and may have fetched less.
        if not missing:
            time.sleep(min(1.0, 0.02 * 2**attempt) * clock.jitter())
    raise Offline(f"cannot fetch from {remote}: {done.complaint}", "Going on with what is here.")


def push(place: Place, remote: str, refspecs: Sequence[str], hooks: bool) -> Pushed:
    """Push exactly these refs, never by force: all or none, or the last one last.

    A server that cannot take several refs in one step gets the last one only once it has the
    others. `hooks`: with the repository's pre-push hook. The user's settings for pushes by hand
    (tags, submodules, a mirror) do not apply. Raises Offline, and Refused where the pre-push hook
    refuses.
    """
    *first, last = refspecs
    if first and (place.common, remote) not in _one_by_one:
        done = _run_push(place, remote, ["--atomic"], refspecs, hooks=hooks)
        if not (done.code and _NOT_ATOMIC in done.complaint):
            return _read_push(place, remote, done, hooks=hooks)
        _one_by_one.add((place.common, remote))
    pushed = Pushed(True)
    for specs in filter(None, (first, [last])):
        done = _run_push(place, remote, [], specs, hooks=hooks)
        pushed = _read_push(place, remote, done, hooks=hooks)
        if not pushed.done:
            break
    return pushed


def _run_push(
    place: Place, remote: str, options: Sequence[str], specs: Sequence[str], hooks: bool
) -> git.Done:
    settings = (
        "-c", f"remote.{remote}.mirror=false", "-c", "push.followTags=false",
        "-c", "push.recurseSubmodules=no", *(() if hooks else NO_HOOKS),
    )  # fmt: skip
    words = ("push", "--porcelain", "--progress", *options, "--", remote, *specs)
    return talk(place, remote, *settings, *words)


def _read_push(place: Place, remote: str, done: git.Done, hooks: bool) -> Pushed:
    """Return what became of a push. Raises Offline, and Refused by the pre-push hook."""
    if not done.code:
        return Pushed(True)
    lines = [line.split("\t", 2) for line in done.lines if line.startswith("!\t")]
    if not lines and done.code == 1 and hooks and _has_hook(place):
        raise Refused(
            f"the pre-push hook of this repository refuses the push to {remote}: {done.complaint}",
            "`git rev-parse --git-path hooks/pre-push` says where it is.",
        )
    if not lines:
        raise _push_error(remote, done)
    refs = dict(_own_refusals(lines))
    refused = [each.why for each in refs.values() if not each.stale]
    spared = frozenset(names.rpartition(":")[2] for _, names, _ in lines) - refs.keys()
    words = next(_server_lines(done, "remote:"), "") or next(_server_lines(done, _UNPACK), "")
    return Pushed(False, refused[0] if refused else "", refs, words=words, spared=spared)


def _push_error(remote: str, done: git.Done) -> Offline:
    """Return the error of a push that no ref was refused by: there was no answer, or a denial."""
    denials = (line for line in _server_lines(done) if any(s in line.lower() for s in _DENIALS))
    denial = next(denials, "")
    if denial:
        hint = "Check what these credentials may do there; `gitkanban sync` tries at once."
        return Denied(f"{remote} takes no pushes from here: {denial}", hint)
    return Offline(
        f"cannot push to {remote}: {done.complaint}", "It is tried again at the next sync."
    )


def _server_lines(done: git.Done, prefix: str = "") -> Iterator[str]:
    """Yield the lines with this prefix, without it, and without what is empty."""
    for line in done.err.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
        words = line.removeprefix(prefix).strip()
        for mark in ("fatal: ", "error: ", "ERROR: "):
            words = words.removeprefix(mark)
        if words and line.startswith(prefix) and "% (" not in words:  # its progress
            yield shown(words)[:_WORDS_MOST]


def _own_refusals(lines: Iterable[Sequence[str]]) -> Iterator[tuple[str, RefRefusal]]:
    """Yield the refs of a push that were refused for their own sake, not for that of another ref.

    The lines are those of `git push --porcelain` (`git help push`): flag, from:to, reason.
    """
    for _, names, words in lines:
        ours, why = words.startswith("[rejected]"), words.partition("] ")[2] or words
        if "atomic" not in why:
            stale = ours or any(sign in why for sign in _SOMEBODY_FIRST)
            yield names.rpartition(":")[2], RefRefusal(stale, why)


def _has_hook(place: Place) -> bool:
    done = git.run(place.common, "rev-parse", "--git-path", "hooks/pre-push", check=False)
    return os.access(os.path.join(place.common, done.text), os.X_OK)


def tip(place: Place, remote: str, branch: str) -> Oid:
    """Return the commit of a remote's branch as of the last fetch; empty if never fetched."""
    return checkouts.tip(place, f"refs/remotes/{remote}/{branch}")
