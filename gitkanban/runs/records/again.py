"""The mark that sends a tick at work into another pass, and the look whether one is at work.

Twelve sessions that end at once start twelve ticks: eleven of them only ring, and must not import
half the program for it. It decides nothing; the tick itself takes the lock.
"""

import os

from gitkanban import files, flock


def ask_again(private: str) -> None:
    """Leave the mark. Raises OSError."""
    files.make_folder(private)
    files.touch(f"{private}/again")


def was_asked(private: str) -> bool:
    """Whether somebody has left the mark."""
    return os.path.exists(f"{private}/again")


def clear(private: str) -> None:
    """Take the mark away: what rang is being handled."""
    files.remove(f"{private}/again")


def ask_tick_at_work(private: str) -> bool:
    """Whether a tick is at work and now knows that it is to go round again.

    After ringing it looks once more: the tick may have looked for marks just before.
    """
    if not _tick_locked(private):
        return False
    ask_again(private)
    return _tick_locked(private)


def _tick_locked(private: str) -> bool:
    # A shared look: two that look at once must not take each other for a tick at work.
    return flock.is_locked(f"{private}/locks/tick")
