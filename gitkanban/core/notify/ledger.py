"""Which news was told, and which waits to be: what is new at a look, and when it may go out.

A value; the shell keeps it. Each piece of news enters once, when it begins. What is another clone's
to tell enters as well, and is never told here: it must not become ours when the board changes.
"""

from collections.abc import Mapping

from gitkanban.core.notify.news import News, NewsItem, teller_of
from gitkanban.typed import NamedTuple

# Seconds after which what was over is news again: what comes and goes is told once.
FORGET = 3600


class NewsLedger(NamedTuple):
    """`known` has the keys of all that began, each with when it was over, 0 while it lasts.

    `pending` was not told yet, oldest first. `sent` is when the last digest went out, epoch seconds.
    """

    known: Mapping[str, int] = {}
    pending: tuple[NewsItem, ...] = ()
    sent: int = 0


def take_in(ledger: NewsLedger, news: News, now: int, clone: str, alone: bool) -> NewsLedger:
    """The ledger after a look. What was over before it was told is dropped, as if it never was."""
    present = {item.key: item for item in news.items}
    pending = [present[item.key] for item in ledger.pending if item.key in present]
    dropped = {item.key for item in ledger.pending} - present.keys()
    known = {}
    for key, over in ledger.known.items():
        if key not in dropped and not (over and now - over >= FORGET):
            known[key] = 0 if key in present or key in news.lingering else over or now
    for item in news.items:
        teller = teller_of(item, news, clone, alone)
        if teller and item.key not in known:
            known[item.key] = 0
            pending += [item] if teller == clone else []
    return NewsLedger(known, tuple(pending), ledger.sent)


def due_at(ledger: NewsLedger, every: int, now: int) -> int:
    """When what waits may go out, epoch seconds; 0: nothing waits."""
    if not ledger.pending:
        return 0
    sent = ledger.sent if ledger.sent <= now else 0  # the clock was set back
    return max(sent + every, now)


def send_all(ledger: NewsLedger, now: int) -> NewsLedger:
    """The ledger once all that waits is on its way. Written before anything is sent: told twice is
    worse than told on the screen alone."""
    return ledger._replace(pending=(), sent=now)


def give_back(ledger: NewsLedger, items: tuple[NewsItem, ...]) -> NewsLedger:
    """The ledger with what could not be sent waiting again; what is over by now is left out."""
    waits = {item.key for item in ledger.pending}
    back = [i for i in items if ledger.known.get(i.key) == 0 and i.key not in waits]
    return ledger._replace(pending=(*back, *ledger.pending))
