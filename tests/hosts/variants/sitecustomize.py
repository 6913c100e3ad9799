"""Put on PYTHONPATH by the rig alone: the program, broken on purpose in one way.

A host's `~/broken` names the way; each is a function here. Without that file nothing happens.
"""

import os


def claim_not_pushed() -> None:
    """A start is the board's at once, and nobody asks the remote for it."""
    from gitkanban.tick.remote import Remote

    Remote.claim = lambda *_: True


def base_left_behind() -> None:
    """The board says done at the remote, and base follows with a later push."""
    from gitkanban.board.sharing import pushing

    real = pushing.publish
    pushing.publish = lambda link, load, whole=False: real(
        link, load._replace(base="") if whole else load, whole
    )


def given_up_lives_on() -> None:
    """A session whose run was given up elsewhere is left alone."""
    from gitkanban.tick import ending

    ending.stop_sessions = lambda *_: None


def _break(name: str) -> None:
    globals()[name]()


if os.path.exists(os.path.expanduser("~/broken")):
    with open(os.path.expanduser("~/broken"), encoding="ascii") as file:
        _break(file.read().strip())
