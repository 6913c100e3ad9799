"""Named points at every effect, where a test can strike: kill, stop, or fail as a disk does.

It does nothing unless `GITKANBAN_FAILPOINT` says `name:kind` or `name:N:kind` (at the N-th time in
a process), kind being `kill`, `stop`, `ENOSPC` or `EIO`. Supervisors import it, so it imports only
`os`. They and what they run receive it through the spec of a run, never by inheritance.
"""

import os

VARIABLE = "GITKANBAN_FAILPOINT"
# A file that the first strike creates, so that no process strikes a second time.
ONCE = "GITKANBAN_FAILPOINT_ONCE"

_SIGNALS = {"kill": 9, "stop": 19 if os.uname().sysname == "Linux" else 17}
_ERRORS = {"ENOSPC": 28, "EIO": 5}

_armed: tuple[str, int, str, str] | None = None  # name, how many times from now, kind, once
_given: tuple[str, str] = ("", "")


def arm(what: str, once: str = "") -> None:
    """Arm the failpoint that `what` describes; an empty text disarms.

    `once` is the path of a file that the first strike creates, so that no process strikes again.
    """
    global _armed, _given
    _given = (what, once)
    name, _, rest = what.partition(":")
    times, _, kind = rest.rpartition(":")
    _armed = (name, int(times or 1), kind, once) if name else None


def armed() -> tuple[str, str]:
    """The arguments of the last `arm`, to be passed on to a process that should strike too."""
    return _given


def reach(name: str) -> None:
    """Strike if the point `name` is armed. Raises OSError where a disk fault was asked for."""
    if _armed is not None and _armed[0] == name:
        _strike_now(*_armed)


def _strike_now(name: str, times: int, kind: str, once: str) -> None:
    global _armed
    if times > 1:
        _armed = (name, times - 1, kind, once)
        return
    if once:
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            return
    if kind in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[kind])
    elif kind in _ERRORS:
        raise OSError(_ERRORS[kind], os.strerror(_ERRORS[kind]), f"failpoint {name}")


arm(os.environ.get(VARIABLE, ""), os.environ.get(ONCE, ""))
