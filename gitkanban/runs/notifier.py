"""Sends waiting news: a process of its own, which no tick waits for.

It calls the notifier with a digest on stdin, within a time limit, and records the result. It reads
only what the last tick wrote down (`records.news_ledger`): neither board nor git.

`python -m gitkanban.runs.notifier <private folder>` ends when no news waits any more.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping

from gitkanban import clock, programs
from gitkanban.board.repo import limited
from gitkanban.core.notify.digest import Digest
from gitkanban.core.notify.ledger import due_at, give_back, send_all
from gitkanban.core.visible import shown
from gitkanban.errors import GitkanbanError
from gitkanban.late import json
from gitkanban.runs.records import news_ledger
from gitkanban.runs.records.news_ledger import Attempt, NotifierCall
from gitkanban.runs.supervision.locks import HeldLock, Locks

LIMIT = 30.0  # seconds that one call may take
PATIENCE = 600  # seconds that a sender waits until it may send; anything later is left to a tick
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the notifier asks for another try
_STARTED = 30.0  # seconds in which a sender that we start takes its lock, on a busy machine too
_STARTED_ELSEWHERE = 5.0  # seconds in which one takes it that another process starts
_LOOK = 10.0  # seconds between two looks for waiting news
_OUTPUT_MOST = 2000  # bytes of its output that are recorded
_LINE_MOST = 200  # characters of its last line that people see


def main() -> int:
    """Send the waiting news of the clone whose private folder is argv[1]."""
    os.setsid()
    serve(sys.argv[1])
    return 0


def serve(private: str) -> None:
    """Send all waiting news, digest by digest, unless another sender is at work."""
    locks = Locks(private)
    while is_due(private):
        lock = locks.take(news_ledger.SENDER)
        if lock is None or not _send_until_none_waits(private, lock):
            return
        # News that came while we released the lock has no other sender: look once more.


def is_due(private: str) -> bool:
    """Return whether news waits that may be sent now or soon."""
    ledger, call = news_ledger.read(private)
    due, now = due_at(ledger, call.every, int(clock.now())), int(clock.now())
    return bool(call.argv) and bool(due) and due - now <= PATIENCE


def wait_until_sent(private: str, may_be_starting: Callable[[], bool]) -> None:
    """Wait for a sender that has something to send now, as long as one call may take.

    For a process whose end ends all others: the first one of a container. `may_be_starting` says
    whether a process that it has started is alive, which may be a sender.
    """
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < LIMIT + _STARTED:
        ledger, call = news_ledger.read(private)
        attempt = news_ledger.last_attempt(private)
        sends = news_ledger.is_sending(private)
        is_due_now = 0 < due_at(ledger, call.every, int(clock.now())) <= clock.now()
        if sends and not is_due_now and (attempt is None or attempt.how != "sending"):
            return  # the sender waits until it may send
        patience = _STARTED if may_be_starting() else _STARTED_ELSEWHERE
        if not sends and (not is_due_now or waited > patience):
            return
        time.sleep(0.1)


def _send_until_none_waits(private: str, lock: HeldLock) -> bool:
    """Send digest by digest; False if a call must be tried again, which is left to a later tick."""
    with lock:
        while is_due(private):
            ledger, call = news_ledger.read(private)
            left = due_at(ledger, call.every, int(clock.now())) - clock.now()
            if left > 0:
                time.sleep(min(left, _LOOK))
            elif not _send_digest(private):
                return False
    return True


def _send_digest(private: str) -> bool:
    """Send all waiting news as one digest; False if it must be tried again."""
    now = int(clock.now())
    with news_ledger.changing(private):
        ledger, call = news_ledger.read(private)
        items = ledger.pending
        # First: who reads that nothing waits any more must read that it is being sent.
        news_ledger.note_attempt(private, Attempt(now, "sending", len(items)))
        news_ledger.write(private, send_all(ledger, now), call, lasting=True)
    digest = Digest(call.repository, call.branch, call.commit, call.host, at=now, items=items)
    attempt = send(call, digest)
    news_ledger.note_attempt(private, attempt)
    if attempt.words:
        news_ledger.report_once(private, attempt.words)
    if attempt.how not in ("again", "not-started"):
        return True
    with news_ledger.changing(private):
        ledger, call = news_ledger.read(private)
        news_ledger.write(private, give_back(ledger, items), call)
    return False


def send(call: NotifierCall, digest: Digest) -> Attempt:
    """Call the notifier with a digest, for `LIMIT` seconds at most, and return the result."""
    data = json.dumps(digest.data(clock.iso(digest.at)), ensure_ascii=False) + "\n"
    name = os.path.basename(call.argv[0])
    fault = programs.find(call.argv[0], call.path)[1]
    base = Attempt(digest.at, "sent", len(digest.items))
    if fault:
        return base._replace(how="not-started", words=f"the notifier {name} cannot be run: {fault}")
    try:
        done = limited.run(
            call.argv,
            cwd=call.cwd if os.path.isdir(call.cwd) else "/",
            env=notifier_environment(call.path),
            input=data.encode("utf-8", "replace"),
            limit=LIMIT,
            apart=True,
            most=_OUTPUT_MOST,
        )
    except limited.TimedOut:
        words = f"the notifier {name} had not ended after {LIMIT:g} seconds, and was ended"
        return base._replace(how="late", words=words)
    except OSError as error:
        words = f"the notifier {name} cannot be run: {error.strerror or error}"
        return base._replace(how="not-started", words=words)
    output = (done.err or done.out).decode("utf-8", "replace").strip()
    if not done.code:
        return base._replace(output=output)
    last = shown(output.splitlines()[-1])[:_LINE_MOST] if output else ""
    how = f"exited with {done.code}" if done.code > 0 else f"was ended by signal {-done.code}"
    words = f"the notifier {name} {how}{f': {last}' if last else ''}"
    return base._replace(
        how="again" if done.code == TRY_AGAIN else "failed", words=words, output=output
    )


def notifier_environment(path: str) -> Mapping[str, str]:
    """Return the tick's environment without the variables that name a repository or a run."""
    env = {n: v for n, v in os.environ.items() if not n.startswith(("GIT_", "GITKANBAN_"))}
    return env | {"PATH": path}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (GitkanbanError, OSError):
        sys.exit(1)  # nobody reads this; the next tick starts another sender
