"""Checkouts of the board branch brought along after a commit."""

from gitkanban.board.place import Place


def follow(place: Place, since: str = "") -> list[str]:
    return []
