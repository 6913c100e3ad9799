"""Times in words; a cached text has marks instead, which are worded when it is shown.

It imports nothing, because `status` must start fast.
"""

# Stands on both sides of a time in a cached text; it hardly ever occurs in a card's own text.
_MARK = "\x1e"


def span(seconds: int) -> str:
    """A duration in a sentence: `40 s`, `12 min`, `2 h`, `3 d`; rounded down."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def short_span(seconds: float) -> str:
    """A duration as one word for a table, rounded down: `45s`, `1m`, `3h`, `2d`.

    Hours and days are used from two on: below two days it is hours, below two hours minutes.
    """
    seconds = max(0, int(seconds))
    for size, unit, least in ((86400, "d", 2), (3600, "h", 2), (60, "m", 1)):
        if seconds >= least * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def exact_span(seconds: int) -> str:
    """A duration for comparison with others: `1h05m`, `40m`, `9m30s`, `30s`.

    It has seconds below ten minutes, and is rounded to minutes from there on.
    """
    minutes, rest = divmod(seconds, 60)
    if seconds < 600:
        text = f"{minutes}m" if minutes else ""
        return text + (
            f"{rest:02}s" if minutes and rest else f"{rest}s" if rest or not minutes else ""
        )
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest:02}m" if hours < 48 else f"{hours // 24}d{hours % 24:02}h"


def moment(at: int, now: int) -> str:
    """A time of day in UTC, `14:05 UTC`, with seconds if it is less than ten minutes away."""
    hours, minutes = at % 86400 // 3600, at % 3600 // 60
    seconds = f":{at % 60:02}" if abs(at - now) < 600 else ""
    return f"{hours:02}:{minutes:02}{seconds} UTC"


def about(at: int, now: int) -> str:
    """` for 2 h` for a time in the past, ` 14:05 UTC, in 12 min` for one in the future."""
    if at > now:
        return f" {moment(at, now)}, in {span(at - now)}"
    return f" for {span(now - at)}" if at < now else ""


def marked(at: int) -> str:
    """A mark for a time, which `worded` replaces with `about` when the text is shown."""
    return f"{_MARK}{at}{_MARK}"


def marked_ago(at: int) -> str:
    """A mark for a time, which `worded` replaces with `12 min ago` when the text is shown."""
    return f"{_MARK}-{at}{_MARK}"


def ago(at: int, now: int) -> str:
    """`12 min ago`."""
    return f"{span(now - at)} ago"


def worded(text: str, now: float) -> str:
    """The text with every mark replaced by the time in words."""
    if _MARK not in text:
        return text
    words, *parts = text.split(_MARK)
    while parts:
        part = parts.pop(0)
        if parts and part.isascii() and part.isdigit():
            words += about(int(part), int(now)) + parts.pop(0)
        elif parts and part[:1] == "-" and part.isascii() and part[1:].isdigit():
            words += ago(int(part[1:]), int(now)) + parts.pop(0)
        else:
            words += _MARK + part
    return words
