"""Why nothing may be committed to the board now: somebody is in the middle of something."""

from gitkanban.board.place import Place


def reason(place: Place) -> str:
    """What is in progress in a checkout of the board branch; empty when nothing is."""
    return ""
