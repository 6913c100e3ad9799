"""The commits of a board between two of them, as the values that they changed.

It reads commits and blobs only. `core.tick.since` decides what the changes mean.
"""

from collections.abc import Mapping

from gitkanban.board.content.boardfiles import kind_of
from gitkanban.board.formats import cardfile, pausefile, runfile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.board.repo import blobs
from gitkanban.board.repo.place import Place
from gitkanban.board.review import history
from gitkanban.core.model import Card, Pause, Run
from gitkanban.core.names import Oid
from gitkanban.core.tick.since import BoardStep

COMMITS_MOST = 1000  # commits that are read; older ones are left out


def steps_between(place: Place, old: Oid, new: Oid) -> list[BoardStep]:
    """Return what the commits after `old` up to `new` did, oldest first.

    Files that cannot be read are left out. Raises NotFound where one of the two commits is gone.
    """
    listed = history.commits(place, f"{old}..{new}", most=COMMITS_MOST)
    wanted = {
        oid
        for commit in listed
        for file in commit.files
        if kind_of(file.path) in ("card", "run", "pause")
        for oid in (file.old, file.new)
        if oid
    }
    texts = {blob.asked: blob.data or b"" for blob in blobs.read(place, wanted)}
    return [_step_of(commit, texts) for commit in reversed(listed)]


def _step_of(commit: history.Commit, texts: Mapping[str, bytes]) -> BoardStep:
    runs: list[Run] = []
    cards: list[tuple[Card | None, Card | None]] = []
    pauses: list[Pause] = []
    for file in commit.files:
        kind = kind_of(file.path)
        try:
            if kind == "card":
                before, after = (
                    cardfile.parse(texts[oid], file.path) if oid else None
                    for oid in (file.old, file.new)
                )
                cards.append((before, after))
            elif kind == "run" and file.new and not file.old:
                runs.append(runfile.parse(texts[file.new], file.path))
            elif kind == "pause" and file.new:
                pauses.append(pausefile.parse(texts[file.new], file.path))
        except Bad:
            continue
    return BoardStep(tuple(runs), tuple(cards), tuple(pauses))
