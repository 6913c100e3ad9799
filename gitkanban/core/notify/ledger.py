"""Which news was sent and which is pending: what is new, and when it may go out.

The ledger is a value that the shell stores. Each piece of news enters once, when it begins. News
that another clone sends enters as well, but is never sent from here: it must not become ours when
the board changes.
"""

from collections.abc import Mapping

from gitkanban.core.notify.news import News, NewsItem, sender_of
from gitkanban.typed import NamedTuple

# Seconds after its end before a thing is news again, so that what comes and goes is sent once.
FORGET = 3600


class NewsLedger(NamedTuple):
    """The state of the news of one clone. Times are epoch seconds.

    `known` maps the key of each piece of news to the time of its end, 0 while it lasts. `pending`
    is what was not sent yet, oldest first. `sent` is when the last digest went out.
    """

    known: Mapping[str, int] = {}
    pending: tuple[NewsItem, ...] = ()
    sent: int = 0


def take_in(ledger: NewsLedger, news: News, now: int, clone: str, alone: bool) -> NewsLedger:
    """Return the ledger with the current news; what ended before it was sent is dropped."""
    present = {item.key: item for item in news.items}
    pending = [present[item.key] for item in ledger.pending if item.key in present]
    dropped = {item.key for item in ledger.pending} - present.keys()
    known = {}
    for key, over in ledger.known.items():
        if key not in dropped and not (over and now - over >= FORGET):
            known[key] = 0 if key in present or key in news.lingering else over or now
    for item in news.items:
        sender = sender_of(item, news, clone, alone)
        if sender and item.key not in known:
            known[item.key] = 0
            pending += [item] if sender == clone else []
    return NewsLedger(known, tuple(pending), ledger.sent)


def due_at(ledger: NewsLedger, every: int, now: int) -> int:
    """When the pending news may go out (epoch seconds; 0: there is none).

    `every` is the least number of seconds between two digests.
    """
    if not ledger.pending:
        return 0
    sent = ledger.sent if ledger.sent <= now else 0  # the clock was set back
    return max(sent + every, now)


def send_all(ledger: NewsLedger, now: int) -> NewsLedger:
    """Return the ledger with all pending news marked as sent.

    It is written before anything is sent: a lost message is still on the screen, which is better
    than a repeated one.
    """
    return ledger._replace(pending=(), sent=now)


def give_back(ledger: NewsLedger, items: tuple[NewsItem, ...]) -> NewsLedger:
    """Return the ledger with unsent news pending again, unless it has ended."""
    waits = {item.key for item in ledger.pending}
    back = [i for i in items if ledger.known.get(i.key) == 0 and i.key not in waits]
    return ledger._replace(pending=(*back, *ledger.pending))
