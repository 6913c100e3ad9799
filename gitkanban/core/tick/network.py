"""When a remote that did not answer is asked again, and how long an answer may take. Pure.

A remote that is out of reach makes a tick wait until it has given up on it. So after a failure
ticks leave it alone for a while, and for longer after each further one; a person's `sync` does not.
"""

from gitkanban.typed import NamedTuple

AGAIN_FIRST, AGAIN_MOST = 10, 300  # seconds from a failure until the next try
CONNECT = 10  # seconds in which a remote must accept a connection
SILENT_MOST = 10.0  # seconds without a word from a remote whose transport notices no cut itself
WATCHED_MOST = 120.0  # seconds where it does: a server may be busy for that long


class Reach(NamedTuple):
    """What a clone knows of the reach of one remote; times are seconds since the epoch."""

    at: int = 0  # when it last answered; 0: never
    failures: int = 0  # how often in a row it did not
    failed: int = 0  # when it last did not


def after_answer(now: int) -> Reach:
    """The remote has answered."""
    return Reach(now)


def after_failure(before: Reach, now: int) -> Reach:
    """The remote could not be reached, once more."""
    return before._replace(failures=before.failures + 1, failed=now)


def wait_left(reach: Reach, now: int) -> int:
    """How many seconds a tick leaves the remote alone; 0: it asks now.

    A clock that was set back asks at once.
    """
    if not reach.failures or now < reach.failed:
        return 0
    pause = min(AGAIN_MOST, AGAIN_FIRST << min(reach.failures - 1, 10))
    return max(0, reach.failed + pause - now)


def is_ssh(url: str) -> bool:
    """Whether git reaches this address by ssh: `ssh://host/path`,
    or `host:path` (`git help clone`).
    """
    scheme, slashes, _ = url.partition("://")
    if slashes:
        return scheme in ("ssh", "git+ssh", "ssh+git")
    host, colon, path = url.partition(":")
    return bool(colon) and "/" not in host and path[:1] != ":"


def is_http(url: str) -> bool:
    """Whether git reaches this address by http or https."""
    return url.startswith(("http://", "https://"))


def is_local(url: str) -> bool:
    """Whether the address is a folder of this machine."""
    return url.startswith("file://") or ("://" not in url and "::" not in url and not is_ssh(url))


def silence_allowed(url: str, watched: bool) -> float:
    """How many seconds git may print nothing while it talks with this address.

    `watched`: the transport ends by itself when the line is cut.
    """
    return WATCHED_MOST if watched or is_local(url) else SILENT_MOST
