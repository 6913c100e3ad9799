"""The mark that sends a tick at work into another pass, and the check for such a tick.

Twelve sessions that end at once start twelve ticks. Eleven of them only leave this mark, and must
not import half the program for it. It decides nothing; the tick itself takes the lock.
"""

import os

from gitkanban import files, flock


def ask_again(private: str) -> None:
    """Leave the mark. Raises OSError."""
    files.make_folder(private)
    files.touch(f"{private}/again")


def was_asked(private: str) -> bool:
    """Return whether somebody has left the mark."""
    return os.path.exists(f"{private}/again")


def clear(private: str) -> None:
    """Remove the mark: the next pass handles what it was left for."""
    files.remove(f"{private}/again")


def ask_tick_at_work(private: str) -> bool:
    """Return whether a tick is at work, after leaving the mark for it to make another pass.

    It checks again afterwards: the tick may have looked for the mark just before.
    """
    if not _tick_locked(private):
        return False
    ask_again(private)
    return _tick_locked(private)


def _tick_locked(private: str) -> bool:
    # A shared lock: two checks at once must not take each other for a tick at work.
    return flock.is_locked(f"{private}/locks/tick")
