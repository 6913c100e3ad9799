"""The only source of time and randomness.

`GITKANBAN_NOW` (an ISO time, UTC) fixes both, so that a command run in a subprocess gives the same
ids and times every time. Time is seconds since the epoch everywhere inside; ISO only in files.
"""

import os
import time
from functools import cache

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_LETTERS = "abcdefghjkmnpqrstvwxyz"


def now() -> float:
    """Return the time in seconds since the epoch."""
    fixed = os.environ.get("GITKANBAN_NOW")
    return float(parse(fixed)) if fixed else time.time()


def parse(text: str) -> int:
    """Parse `2026-11-23T22:00:00Z` (or with an offset) to epoch seconds. Raises ValueError."""
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


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
