"""Put on PYTHONPATH by the rig alone: the program, broken on purpose in one way.

A host's `~/broken` names the way; each is a function here. Without that file nothing happens.
"""

import os


def claim_not_pushed() -> None:
    """A start is the board's at once, and nobody asks the remote for it."""
    from gitkanban.tick.remote import Remote

    Remote.claim = lambda *_: True


def _break(name: str) -> None:
    globals()[name]()


if os.path.exists(os.path.expanduser("~/broken")):
    with open(os.path.expanduser("~/broken"), encoding="ascii") as file:
        _break(file.read().strip())
