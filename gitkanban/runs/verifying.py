"""A worker's `verify`, run on a commit in a throw-away worktree before base moves to it.

Only commands that this machine's owner trusts are run. The exit code decides; nothing is merged.
"""

import os
import signal

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Card, Config
from gitkanban.core.names import Oid
from gitkanban.errors import Refused, Untrusted
from gitkanban.late import subprocess
from gitkanban.runs import trust
from gitkanban.runs.supervision import processes
from gitkanban.runs.supervision.locks import Locks
from gitkanban.runs.workspace import removal, unreadable, worktrees

LINES = 5  # lines of a failed verify's output that are shown


def verify(
    place: Place, config: Config, card: Card, commit: Oid, what: str = "merged into base"
) -> None:
    """Run the verify of the card's worker on a commit, if it has one.

    `what` says what the commit is, as in "verify fails on T1 merged into base".

    Raises Refused when it fails or takes longer than the worker's timeout, Untrusted, BoardBusy,
    GitFailed.
    """
    worker = config.workers.get(card.worker)
    if worker is None or not worker.verify:
        return
    why = trust.untrusted(place, config).get(worker.name)
    if why:
        raise Untrusted(f"verify of {worker.name} may not run: {why}", "See `gitkanban trust`.")
    path, locks = f"{folder_of(place)}/{card.id}", Locks(place.private)
    with worktrees.making(locks):
        unreadable.drop_empty(place, [os.path.dirname(path)], only=path)
        _remove_worktree(place, path)
        words = ("--quiet", "--detach", "--no-checkout", path, commit)
        git.run(place.common, "worktree", "add", *words)
    try:
        git.run(path, "reset", "--hard", "--quiet")  # without a lock: it may take minutes
        # It runs what a session wrote, so commands for people are refused there as in a session.
        marks = {processes.MARKER: f"verify-{card.id}", "GITKANBAN_CARD": card.id}
        env = trust.handed(place, worker) | marks
        argv = [trust.program(worker.verify[0], env["PATH"]), *worker.verify[1:]]
        code, output = _run_verify(argv, path, env, worker.timeout)
    finally:
        with worktrees.making(locks):
            _remove_worktree(place, path)
    if code:
        last = " / ".join(output.decode("utf-8", "replace").strip().splitlines()[-LINES:])
        raise Refused(
            f"verify fails on {card.id} {what} ({_end_words(code)})"
            + (f": {last[:300]}" if last else ""),
            f"Send it back: gitkanban reject {card.id} --why …",
        )


def folder_of(place: Place) -> str:
    """Return the folder of the throw-away worktrees."""
    return f"{place.private}/verify"


def _end_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _run_verify(argv: list[str], cwd: str, env: dict[str, str], timeout: int) -> tuple[int, bytes]:
    """Return exit code and output; the process group is killed after `timeout` seconds."""
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return 127, f"cannot run {argv[0]}: {error.strerror}".encode()
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return 124, f"it took longer than {timeout} s".encode()
        except KeyboardInterrupt:  # its process group did not get the signal
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, output


def _remove_worktree(place: Place, path: str) -> None:
    """Remove the whole worktree: what verify ran may have replaced it by a link, or anything."""
    if os.path.lexists(path):
        removal.take_whole(place, path)
