"""The rows of `status` where its cache is outdated: what has not changed is not worded again.

A finished card's row depends on its own files, and on how many tries its worker gives. So of a
large board's finished cards only those are worded whose files have changed since the rows were
cached; the others stay where they are (`board.content.finished_rows`).
"""

from collections.abc import Collection

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.content import finished_rows, status_cache
from gitkanban.board.content.boardfiles import card_with_file
from gitkanban.board.content.status_cache import FinishedPart
from gitkanban.board.repo import checkouts, commits
from gitkanban.board.repo.place import Place
from gitkanban.core import graph
from gitkanban.core.model import TERMINAL, TODO, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.situation.rows import CARD_KEYS, FINISHED
from gitkanban.core.split_cards import count_status, open_cards
from gitkanban.core.tick.standing import Standing, standing
from gitkanban.errors import GitFailed
from gitkanban.runs import figures, worker_programs
from gitkanban.runs.observe import glance
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import Any
from gitkanban.views import status
from gitkanban.views.summary import summary

_FINISHED_LEAST = 500  # with fewer finished cards all are worded each time
_CHANGED_MOST = 2000  # cards that change before the file of rows is written again
_ID, _STATUS, _GROUP, _RUN = (CARD_KEYS.index(key) for key in ("id", "status", "group", "run"))

Row = tuple[Any, ...]


def make_rows(place: Place, brief: bool) -> dict[str, Any]:
    """Return the rows of the board at its tip, and cache them.

    With `brief`, the finished cards of a large board are counted, but neither worded nor returned.
    """
    files = status_cache.outside(place.common)
    board = store.read(place)
    base = _base_and_tip(place, board)
    lookups = worker_programs.look_up(place, board.config)
    now = int(clock.now())
    observed = glance(place, board, now, Locks(place.private))
    standings = standing(board, observed, to_cache=True)
    is_part = _is_large(board) and status_cache.can_keep(place)
    part = _usable_part(place, board, brief) if is_part else None
    changed = _find_changed(place, board, part) if part and not brief else None
    only = [*open_cards(board.cards), *_finished_to_word(board, standings, part, changed or ())]
    some = None if changed is None and not (is_part and brief) else only
    since = (part.commit, changed) if part and changed is not None else ("", ())
    numbers = figures.gather(place, board, some, since)
    rows = summary(board, observed, numbers, to_cache=True, only=some, standings=standings)
    if part and changed is not None:
        part = _renew_part(board, rows, part, changed)
    elif is_part and not brief:
        part = _write_part(place, board, rows)
        is_part = part is not None
    elif is_part:
        rows["cards"] = [row for row in rows["cards"] if row[_GROUP] not in FINISHED]
    status_cache.keep(place, rows, files, base, lookups=lookups, finished=part, is_part=is_part)
    rows |= status_cache.beside(place)
    if part and not brief:
        rows["cards"] += part.newer
        status_cache.add_finished(rows, part.file)
    return rows


def _is_large(board: Board) -> bool:
    """Return whether the finished cards are so many that they are worded apart."""
    return sum(count_status(board.cards, status) for status in TERMINAL) >= _FINISHED_LEAST


def _usable_part(place: Place, board: Board, brief: bool) -> FinishedPart | None:
    """Return the finished cards as worded last, if their rows can still be true."""
    part = status_cache.last_finished(place)
    if not part or part.basis != _basis_of(board):
        return None
    try:
        if not brief:
            part.file.rows([])
    except (OSError, ValueError, EOFError, TypeError):
        return None  # the file is damaged; a brief answer does not need it, and does not look
    return part


def _find_changed(place: Place, board: Board, part: FinishedPart) -> set[CardId] | None:
    """Return the cards of which a file has changed since finished cards were worded.

    None where all cards must be worded.
    """
    commit = part.commit
    try:
        changes = (
            commits.changes_below(place.common, commit, board.commit, place.prefix)
            if commit != board.commit
            else ()
        )
    except GitFailed:
        return None  # git no longer has that commit
    changed = {card_with_file(each.path) for each in changes}
    return changed if len(changed) + len(part.file.hidden) <= _CHANGED_MOST else None


def _finished_to_word(
    board: Board, standings: Standing, part: FinishedPart | None, changed: Collection[CardId]
) -> list[Card]:
    """Return the finished cards that have changed, or that need a person now or did before."""
    names = {*changed, *(each.card for each in standings.needed), *(part.flagged if part else ())}
    cards = (board.cards.get(CardId(name)) for name in sorted(names))
    return [card for card in cards if card and card.status in TERMINAL]


def _renew_part(
    board: Board, rows: dict[str, Any], part: FinishedPart, changed: Collection[str]
) -> FinishedPart:
    """Take newly worded finished cards out of the rows, in place of what they were before."""
    flagged = {row[_ID] for row in _flagged_rows(rows)}
    fresh = [row for row in rows["cards"] if row[_GROUP] in FINISHED]
    rows["cards"] = [row for row in rows["cards"] if row[_GROUP] not in FINISHED]
    names = {*changed, *flagged, *(row[_ID] for row in fresh)}
    newer = [*fresh, *(row for row in part.newer if row[_ID] not in names)]
    part.file.hide(names)
    basis = part.basis
    return FinishedPart(board.commit, part.file, newer, flagged=flagged, basis=basis)


def _write_part(place: Place, board: Board, rows: dict[str, Any]) -> FinishedPart | None:
    """Take all finished cards out of the rows, most into a new file;
    None if it cannot be written.
    """
    finished = [row for row in rows["cards"] if row[_GROUP] in FINISHED]
    at_rest = [row for row in finished if not row[_RUN]]
    lines = status.tsv(dict(zip(CARD_KEYS, row, strict=True)) for row in at_rest)
    try:
        file = finished_rows.write(f"{place.private}/cache", at_rest, lines)
    except OSError:
        return None
    flagged = {row[_ID] for row in _flagged_rows(rows)}
    rows["cards"] = [row for row in rows["cards"] if row[_GROUP] not in FINISHED]
    newer = [row for row in finished if row[_RUN]]
    basis = _basis_of(board)
    return FinishedPart(board.commit, file, newer, flagged=flagged, basis=basis)


def _flagged_rows(rows: dict[str, Any]) -> list[Row]:
    """Return the rows of finished cards that need a person."""
    return [r for r in rows["cards"] if r[_STATUS] in FINISHED and r[_GROUP] not in FINISHED]


def _basis_of(board: Board) -> dict[str, int]:
    """Return what the rows of finished cards depend on besides the files of the cards."""
    workers = board.config.workers if board.config else {}
    return {name: worker.max_attempts for name, worker in workers.items()}


def _base_and_tip(place: Place, board: Board) -> tuple[str, str]:
    """Return the ref of base and its commit, on which the rows depend.

    Empty strings if no row depends on them, or if base is the board branch.
    """
    name = checkouts.base_of(place, board.config) if board.config else ""
    ref = f"refs/heads/{name}"
    asked = any(
        c.merged or (c.status == TODO and c.parents) for c in open_cards(board.cards)
    ) or graph.archived_parents(board)
    if not name or ref == place.ref or not asked:
        return "", ""
    return ref, checkouts.tip(place, ref)
