"""The only source of time and randomness.

`GITKANBAN_NOW` (an ISO time, UTC) fixes both, so that a command run in a subprocess gives the same
ids and times every time. Time is seconds since the epoch everywhere inside; ISO only in files.
"""

import os
import time
from functools import cache

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_TO_1970 = 719162  # from the first day of the year 1
_LETTERS = "abcdefghjkmnpqrstvwxyz"


def now() -> float:
    """Return the time in seconds since the epoch."""
    fixed = os.environ.get("GITKANBAN_NOW")
    return float(parse(fixed)) if fixed else time.time()


def parse(text: str) -> int:
    """Parse `2026-11-23T22:00:00Z` (or with an offset) to epoch seconds. Raises ValueError."""
    seconds = _parse_own_form(text)
    if seconds is not None:
        return seconds
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _parse_own_form(text: str) -> int | None:
    """Parse the form that `iso` writes, without importing `datetime`; None for any other text."""
    if len(text) != 20 or not text.isascii() or text[10::9] != "TZ" or text[4:8:3] != "--":
        return None
    parts = (text[0:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    if text[13:17:3] != "::" or not all(map(str.isdigit, parts)):
        return None
    year, month, day, hour, minute, second = map(int, parts)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not (year and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] + (leap and month == 2)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - _DAYS_TO_1970
    days += sum(_DAYS[: month - 1]) + (leap and month > 2) + day - 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def iso(seconds: float) -> str:
    """`2026-11-23T22:00:00Z`; the empty string for 0, which stands for "no time"."""
    if not seconds:
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def local_time(seconds: float) -> str:
    """`14:02:11` on this machine's clock, for people."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def local_day(seconds: float) -> str:
    """`2026-11-28` on this machine's clock, for people."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


@cache
def _fixed_stream(_seed: str) -> list[int]:
    return [0]


def random_bytes(count: int) -> bytes:
    """`count` random bytes; a reproducible stream when `GITKANBAN_NOW` is set."""
    fixed = os.environ.get("GITKANBAN_NOW")
    if not fixed:
        return os.urandom(count)
    from hashlib import sha256

    state = _fixed_stream(fixed)
    state[0] += 1
    return sha256(f"{fixed}/{state[0]}".encode()).digest()[:count]


def _encode_base32(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        digits = _BASE32[number & 31] + digits
        number >>= 5
    return digits


def sortable_id() -> str:
    """A run or note id: 10 base-32 digits of milliseconds, then 10 random ones (a short ULID).

    Later ids sort later as text, to the millisecond, as long as the clock is right.
    `core.ids.time_of_id` reads that time.
    """
    millis = int(now() * 1000)
    return _encode_base32(millis, 10) + _encode_base32(int.from_bytes(random_bytes(7), "big"), 10)


def card_id() -> str:
    """A card id of six characters, a letter first, so that YAML never reads it as a number."""
    noise = random_bytes(6)
    return _LETTERS[noise[0] % len(_LETTERS)] + "".join(_BASE32[byte & 31] for byte in noise[1:])


def jitter() -> float:
    """A float in [0, 1) for retry delays; never fixed, or two clocks would collide forever."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
