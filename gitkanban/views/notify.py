"""The notifier of a board as text and data: the last news sent to it, and what waits."""

from gitkanban.clock import iso
from gitkanban.core.model import Config
from gitkanban.core.notify.ledger import NewsLedger, due_at
from gitkanban.core.notify.news import NewsItem
from gitkanban.core.time_words import moment, span, worded
from gitkanban.runs.records.news_ledger import Attempt
from gitkanban.typed import Any
from gitkanban.views.text import plural


def sample_news() -> NewsItem:
    """Return the news that `notify --test` sends."""
    words = "this is a test of kanban.notify; nothing needs you"
    return NewsItem("test", "test", words, "gitkanban notify")


def attempt_data(attempt: Attempt | None) -> dict[str, Any] | None:
    """Return the data of the last call of the notifier; None if there was none."""
    if attempt is None:
        return None
    return {**attempt._asdict(), "at": iso(attempt.at)}


def notifier_data(
    config: Config, ledger: NewsLedger, attempt: Attempt | None, sending: bool
) -> dict[str, Any]:
    """Return the data of `notify --json`."""
    return {
        "notify": list(config.notify),
        "every": config.notify_every,
        "last": attempt_data(attempt),
        "sending": sending,
        "waiting": [
            {"event": each.event, "card": each.card, "words": worded(each.words, 0)}
            for each in ledger.pending
        ],
    }


def notifier_text(
    config: Config, ledger: NewsLedger, attempt: Attempt | None, sending: bool, now: int
) -> list[str]:
    """Return the same as lines for people."""
    every = f", each {span(config.notify_every)} at most" if config.notify_every else ""
    lines = [
        f"notifier  {' '.join(config.notify)}{every}",
        f"last      {_last_words(attempt, now)}",
    ]
    due = due_at(ledger, config.notify_every, now)
    if due:
        when = f"not before {moment(due, now)}" if due > now else "with the next tick"
        who = "; a sender waits for that" if sending and due > now else ""
        lines.append(f"waiting   {plural(len(ledger.pending), 'piece')} of news, {when}{who}")
        lines += [f"          {worded(each.words, now)}" for each in ledger.pending]
    else:
        lines.append("waiting   nothing")
    return lines


def _last_words(attempt: Attempt | None, now: int) -> str:
    if attempt is None:
        return "never called; `gitkanban notify --test` tries it"
    ago = f"{span(now - attempt.at)} ago"
    what = f"{plural(attempt.items, 'piece')} of news"
    if attempt.how == "sent":
        return f"{what}, {ago}"
    if attempt.how == "sending":
        return f"{what}, on its way since {span(now - attempt.at)}"
    again = "; it is tried again" if attempt.how in ("again", "not-started") else ""
    return f"{what}, {ago}: {attempt.words}{again}"
