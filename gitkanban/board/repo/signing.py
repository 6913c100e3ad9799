"""Commits signed as git's configuration and the board's `sign` say; what happens where that fails.

A person's command on a terminal lets the signer ask, as `git commit -S` does. Anything else, above
all a tick, tries without a terminal and for ten seconds. A refusal is remembered for ten minutes;
until then commits are unsigned, or with `sign: always` not made. Only commits that already exist
are signed: `git commit-tree -S` makes their signed twins.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from gitkanban import files
from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.names import Oid
from gitkanban.errors import GitFailed
from gitkanban.late import subprocess
from gitkanban.typed import NamedTuple

AUTO, ALWAYS, NEVER = "auto", "always", "never"
PATIENCE = 10.0  # seconds that a signer has where it cannot ask anybody: one on a busy machine too
REMEMBERED = 600.0  # seconds after a refusal in which the signer is not tried again
REFUSAL = "cache/unsigned"  # in the private folder: why the signer refused
# With these variables a signer would find somebody to ask (gpg-agent(1), ssh(1)).
_ASKING = ("DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY", "SSH_ASKPASS", "DBUS_SESSION_BUS_ADDRESS")

_policy = AUTO
_attended = True
_notices: list[str] = []


class _SigningFailure(NamedTuple):
    why: str


def set_policy(policy: str) -> None:
    """Set the board's `sign` policy from now on: `auto`, `always` or `never`."""
    global _policy
    _policy = policy


@contextmanager
def unattended() -> Iterator[None]:
    """Keep signers from asking anybody inside this block, even on a terminal."""
    global _attended
    before, _attended = _attended, False
    try:
        yield
    finally:
        _attended = before


def take_notices() -> tuple[str, ...]:
    """Return the notices since the last call."""
    notices = tuple(_notices)
    _notices.clear()
    return notices


def sign(place: Place, commit: Oid) -> Oid:
    """Return the signed twin of a commit, or the commit itself where it stays unsigned.

    Raises GitFailed where it must be signed and cannot be.
    """
    if _policy == NEVER or not (_policy == ALWAYS or place.signs):
        return commit
    asks = _attended and sys.stdin is not None and sys.stdin.isatty()
    if not asks and _policy == AUTO and last_refusal(place):
        return commit
    twin = _make_twin(place.common, commit, asks)
    refusal = f"{place.private}/{REFUSAL}"
    if not isinstance(twin, _SigningFailure):
        files.remove(refusal)
        return twin
    if asks or _policy == ALWAYS:
        raise GitFailed(
            f"nothing was committed, because it could not be signed: {twin.why}",
            "`commit.gpgsign` and `kanban.sign` say that commits are signed; `kanban: sign: never` "
            "leaves them unsigned.",
        )
    files.cache(refusal, f"{twin.why}\n".encode("utf-8", "surrogateescape"))
    _notices.append(f"warning: commits are not signed for ten minutes: {twin.why}")
    return commit


def last_refusal(place: Place) -> str:
    """Return why the signer refused within the last ten minutes; empty: it did not."""
    path = f"{place.private}/{REFUSAL}"
    try:
        if time.time() - os.stat(path).st_mtime > REMEMBERED:
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().rstrip("\n") or "it did not say why"
    except OSError:
        return ""


def content(common: str, commit: Oid) -> bytes:
    """Return a raw commit object, which `rewrite` can write again if it gets lost."""
    return git.run(common, "cat-file", "commit", commit).out


def rewrite(common: str, data: bytes) -> Oid:
    """Write a commit object, and return its id."""
    return git.run(common, "hash-object", "-w", "-t", "commit", "--stdin", input=data).oid


def _make_twin(common: str, commit: Oid, asks: bool) -> "Oid | _SigningFailure":
    head, _, message = content(common, commit).partition(b"\n\n")
    fields = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    [tree] = [value.decode() for name, value in fields if name == b"tree"]
    parents = [
        word for name, value in fields if name == b"parent" for word in ("-p", value.decode())
    ]
    env = git.environment() | {
        name: value for line in fields for name, value in _identity_variables(*line).items()
    }
    argv = (
        "git", "-c", "safe.bareRepository=all", "-c", "core.fsync=all", "-c",
        "i18n.commitEncoding=UTF-8", "commit-tree", "-S", *parents, tree,
    )  # fmt: skip
    return _ask_signer(argv, common, env, message, asks=asks)


def _identity_variables(kind: bytes, value: bytes) -> dict[str, str]:
    """Return the variables that make git write the same `author` or `committer` line."""
    if kind not in (b"author", b"committer"):
        return {}
    who, _, when = os.fsdecode(value).rpartition("> ")
    name, _, email = who.partition(" <")
    prefix = f"GIT_{kind.decode().upper()}"
    return {f"{prefix}_NAME": name, f"{prefix}_EMAIL": email, f"{prefix}_DATE": f"@{when}"}


def _ask_signer(
    argv: tuple[str, ...], cwd: str, env: Mapping[str, str], message: bytes, asks: bool
) -> "Oid | _SigningFailure":
    """Return the id that git prints, or why there is none."""
    if not asks:
        env = {name: value for name, value in env.items() if name not in _ASKING}
        env |= {"SSH_ASKPASS_REQUIRE": "never"}
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if asks else subprocess.PIPE,
        start_new_session=not asks,  # without a controlling terminal
    ) as process:
        try:
            out, err = process.communicate(message, None if asks else PATIENCE)
        except subprocess.TimeoutExpired:
            import signal

            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return _SigningFailure(f"the signer did not answer in {PATIENCE:g} s")
    if process.returncode:
        return _SigningFailure("the signer refused" if asks else git.Done(1, out, err).complaint)
    return git.Done(0, out, b"").oid
