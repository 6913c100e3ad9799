"""Talks with a remote: fetch and push of named refs, and whether the remote can be reached.

Each command is killed after a time without output. Results are read from exit codes and from git's
output for programs. Nothing is merged or decided here.
"""

import os
import time
from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placewriter import NO_HOOKS
from gitkanban.errors import GitFailed, Refused
from gitkanban.typed import NamedTuple

SILENCE = 120.0  # seconds that may pass without anything from the remote
ATTEMPTS = 8  # fetches to try while other fetches of this clone are in the way
NO_SUCH_REF = 2  # `git help ls-remote`, --exit-code
# Nobody is there to type a password: a tick from cron must not hang on one.
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true"}


class Offline(GitFailed):
    """The remote cannot be reached; everything local still works."""


class Pushed(NamedTuple):
    """The result of a push: done, refused by the remote (why), or somebody else pushed first."""

    done: bool
    refused: str = ""


def talk(place: Place, *words: str) -> git.Done:
    """Run git against a remote. Raises Offline when the remote stops answering."""
    # A remote may be a path, which git reads from the root of the checkout.
    where = place.main if os.path.isdir(place.main) else place.common
    here = f"--git-dir={place.common}"  # found before: nothing in the checkout may decide it
    try:
        return git.run(where, here, *words, check=False, env=_QUIET, silence=SILENCE)
    except git.TooSlow as slow:
        raise Offline(slow.message, "Going on with what is here.") from None


def fetch(place: Place, remote: str, ref: str, tracking: str) -> bool:
    """Fetch one ref into another; False if the remote has no such ref. Raises Offline."""
    words = ("--no-tags", "--no-prune", "--no-recurse-submodules", "--refmap=", "--progress")
    for attempt in range(ATTEMPTS):
        done = talk(place, "fetch", *words, "--", remote, f"+{ref}:{tracking}")
        if not done.code:
            return True
        answer = talk(place, "ls-remote", "--exit-code", "--", remote, ref)
        if answer.code == NO_SUCH_REF:
            return False
        if answer.code:
            break
        # The ref exists: another fetch of this clone was in the way, and may have fetched less.
        time.sleep(min(1.0, 0.02 * 2**attempt) * clock.jitter())
    raise Offline(f"cannot fetch from {remote}: {done.complaint}", "Going on with what is here.")


def push(place: Place, remote: str, refspecs: Sequence[str], hooks: bool) -> Pushed:
    """Push exactly these refs, never by force; `hooks`: with the repository's pre-push hook.

    The user's settings for pushes by hand (tags, submodules, a mirror) do not apply. Raises
    Offline, and Refused where the pre-push hook refuses.
    """
    settings = (
        "-c", f"remote.{remote}.mirror=false", "-c", "push.followTags=false",
        "-c", "push.recurseSubmodules=no", *(() if hooks else NO_HOOKS),
    )  # fmt: skip
    done = talk(place, *settings, "push", "--porcelain", "--progress", "--", remote, *refspecs)
    if not done.code:
        return Pushed(True)
    rejected = [line.split("\t")[-1] for line in done.lines if line.startswith("!\t")]
    if not rejected and done.code == 1 and hooks and _has_hook(place):
        raise Refused(
            f"the pre-push hook of this repository refuses the push to {remote}: {done.complaint}",
            "`git rev-parse --git-path hooks/pre-push` says where it is.",
        )
    if not rejected:
        raise Offline(
            f"cannot push to {remote}: {done.complaint}", "It is tried again at the next sync."
        )
    refused = [why for why in rejected if not why.startswith("[rejected]")]
    return Pushed(False, refused[0].partition("] ")[2] or refused[0] if refused else "")


def _has_hook(place: Place) -> bool:
    done = git.run(place.common, "rev-parse", "--git-path", "hooks/pre-push", check=False)
    return os.access(os.path.join(place.common, done.text), os.X_OK)


def tip(place: Place, remote: str, branch: str) -> str:
    """Return the commit of a remote's branch as of the last fetch; empty if never fetched."""
    return checkouts.tip(place, f"refs/remotes/{remote}/{branch}")
