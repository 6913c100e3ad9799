"""Which news a clone has sent to people, which still waits, and how the last try went.

`core.notify.ledger` decides what is news. A missing or damaged ledger counts as empty: then the
whole current situation is news again.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from gitkanban import files, flock
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.notify.ledger import NewsLedger
from gitkanban.core.notify.news import NewsItem
from gitkanban.errors import BoardBusy
from gitkanban.late import json
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import Any, NamedTuple

SENDER = "notify/sender"  # lock of the process that sends
_LEDGER = "notify/ledger"  # lock for changing the ledger
_PATIENCE = 10.0  # seconds to wait for that lock: who has it may sync to a busy disk


class NotifierCall(NamedTuple):
    """How the notifier is called, as the last tick found it; `every` in seconds."""

    argv: tuple[str, ...] = ()  # the program by its absolute path, if it was found
    path: str = ""  # PATH for it
    cwd: str = ""
    every: int = 0
    repository: str = ""
    branch: str = ""
    commit: Oid = NO_OID
    host: str = ""


class Attempt(NamedTuple):
    """One call of the notifier. `how`: sent, failed, again (it asked for another try), late (it
    was ended), not-started, or sending, which stays if the sender is killed."""

    at: int
    how: str
    items: int
    words: str = ""  # the error, in words
    output: str = ""  # the end of its output

    @property
    def is_good(self) -> bool:
        """Whether no error of this call is known."""
        return self.how in ("sent", "sending")


@contextmanager
def changing(private: str) -> Iterator[None]:
    """Keep others from changing the ledger in this block. Raises BoardBusy, OSError, Refused."""
    lock = Locks(private).take(_LEDGER, _PATIENCE)
    if lock is None:
        raise BoardBusy("the record of notifications is locked", "Try again.")
    with lock:
        yield


def is_sending(private: str) -> bool:
    """Return whether a sender is at work, or waits until it may send."""
    return flock.is_locked(f"{private}/locks/{SENDER}")


def read(private: str) -> tuple[NewsLedger, NotifierCall]:
    """Return the ledger, and how the notifier is called."""
    try:
        stored = _read_json(f"{private}/notify/ledger")
        known = {str(key): int(over) for key, over in stored["known"].items()}
        pending = tuple(_item_of(row) for row in stored["pending"])
        ledger = NewsLedger(known, pending, int(stored["sent"]))
        return ledger, _call_of(stored["call"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NewsLedger(), NotifierCall()


def write(private: str, ledger: NewsLedger, call: NotifierCall, lasting: bool = False) -> None:
    """Store both, written only when they changed; `lasting`: so that they survive a power cut.

    Raises OSError.
    """
    if (ledger, call) == read(private):
        return
    rows = {
        "known": dict(ledger.known),
        "pending": [item._asdict() for item in ledger.pending],
        "sent": ledger.sent,
        "call": call._asdict(),
    }
    _write_json(f"{private}/notify/ledger", rows, lasting)


def last_attempt(private: str) -> Attempt | None:
    """Return the last call of the notifier; None where there was none."""
    try:
        row = _read_json(f"{private}/notify/attempt")
        texts = (str(row[name]) for name in ("words", "output"))
        return Attempt(int(row["at"]), str(row["how"]), int(row["items"]), *texts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def note_attempt(private: str, attempt: Attempt) -> None:
    """Record the result of a call. Raises OSError."""
    _write_json(f"{private}/notify/attempt", attempt._asdict())
    if attempt.how == "sent":
        files.remove(f"{private}/notify/reported")
        files.remove(f"{private}/notify/unreported")


def report_once(private: str, words: str) -> None:
    """Have the next tick that prints report this, once until a call succeeds again.

    Raises OSError.
    """
    if _read_line(f"{private}/notify/reported") != words:
        for name in ("reported", "unreported"):
            line = words.encode("utf-8", "replace")
            files.replace(f"{private}/notify/{name}", line, lasting=False, make=True)


def take_report(private: str) -> str:
    """Return the pending report about the notifier, and clear it; empty while all is well."""
    path = f"{private}/notify/unreported"
    words = _read_line(path) if os.path.exists(path) else ""
    if words:
        files.remove(path)
    return words


def _read_line(path: str) -> str:
    try:
        return files.read(path, most=1 << 12).decode("utf-8", "replace")
    except OSError:
        return ""


def _item_of(row: Mapping[str, Any]) -> NewsItem:
    row = {**row, "workers": tuple(map(str, row["workers"])), "holds": int(row["holds"])}
    texts = {name: str(row[name]) for name in row.keys() - {"workers", "holds"}}
    return NewsItem(**{**row, **texts})


def _call_of(row: Mapping[str, Any]) -> NotifierCall:
    texts = {name: str(row[name]) for name in NotifierCall._fields[1:] if name != "every"}
    argv: Sequence[object] = row["argv"]
    commit = Oid(texts.pop("commit"))
    return NotifierCall(tuple(map(str, argv)), every=int(row["every"]), commit=commit, **texts)


def _read_json(path: str) -> Any:
    return json.loads(files.read(path, most=4 << 20))


def _write_json(path: str, rows: object, lasting: bool = False) -> None:
    text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    files.replace(path, text.encode("utf-8", "replace"), make=True, lasting=lasting)
