"""The rows of `status` where its cache is outdated: what has not changed is not worded again.

A finished card's row depends on its own files, and on how many tries its worker gives. So of a
large board's finished cards only those are worded whose files have changed since the rows were
cached; the others stay where they are (`board.content.finished_rows`).
"""

from collections.abc import Collection

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.content import finished_rows, status_cache
from gitkanban.board.content.finished_rows import FinishedRows
from gitkanban.board.content.reading import card_with_file
from gitkanban.board.content.status_cache import LastFinished
from gitkanban.board.repo import checkouts, commits
from gitkanban.board.repo.place import Place
from gitkanban.core import graph
from gitkanban.core.model import TERMINAL, TODO, Board, Card
from gitkanban.core.names import CardId
from gitkanban.core.situation.rows import CARD_KEYS, FINISHED
from gitkanban.core.split_cards import SplitCards, open_cards
from gitkanban.core.tick.standing import Standing, standing
from gitkanban.errors import GitFailed
from gitkanban.runs import figures, worker_programs
from gitkanban.runs.observe import glance
from gitkanban.runs.supervision.locks import Locks
from gitkanban.typed import Any
from gitkanban.views import status
from gitkanban.views.summary import summary

_CHANGED_MOST = 2000  # cards that change before the file of rows is written again
_ID, _STATUS, _GROUP, _RUN = (CARD_KEYS.index(key) for key in ("id", "status", "group", "run"))

Row = tuple[Any, ...]


def make_rows(place: Place, brief: bool) -> dict[str, Any]:
    """Return the rows of the board at its tip, and cache them.

    With `brief`, the rows of finished cards may be left out.
    """
    files = status_cache.outside(place.common)
    last = _usable_last(place, brief)
    board = store.read(place)
    base = _base_and_tip(place, board)
    lookups = worker_programs.look_up(place, board.config)
    now = int(clock.now())
    observed = glance(place, board, now, Locks(place.private))
    standings = standing(board, observed, to_cache=True)
    changed = _find_changed(place, board, last)
    only = None if changed is None else _finished_to_word(board, standings, last, changed)
    since = (last.commit, changed) if last and changed is not None else ("", ())
    numbers = figures.gather(place, board, only, since)
    wanted = None if only is None else [*open_cards(board.cards), *only]
    rows = summary(board, observed, numbers, to_cache=True, only=wanted, standings=standings)
    finished = None
    if last and changed is not None:
        finished = _replace_rows(rows, last, changed)
    elif isinstance(board.cards, SplitCards) and status_cache.can_keep(place):
        finished = _write_rows(place, rows)
    stored = (finished, _basis_of(board)) if finished else None
    status_cache.keep(place, rows, files, base, lookups=lookups, finished=stored)
    rows |= status_cache.beside(place)
    if finished and not brief:
        status_cache.add_finished(rows, finished)
    return rows


def _usable_last(place: Place, brief: bool) -> LastFinished | None:
    last = status_cache.last_finished(place)
    try:
        if last and not brief:
            last.finished.rows([])
    except (OSError, ValueError, EOFError, TypeError):
        return None  # the file is damaged: a brief answer does not need it, and does not look
    return last


def _find_changed(place: Place, board: Board, last: LastFinished | None) -> set[CardId] | None:
    """Return the cards of which a file has changed since the rows were cached.

    None where all cards must be worded.
    """
    if not last or not isinstance(board.cards, SplitCards) or last.basis != _basis_of(board):
        return None
    trees = (f"{commit}:{place.prefix}" for commit in (last.commit, board.commit))
    try:
        changes = commits.changes(place.common, *trees) if last.commit != board.commit else ()
    except GitFailed:
        return None  # git no longer has that commit
    changed = {card_with_file(each.path) for each in changes}
    outdated = len(changed) + len(last.finished.hidden)
    return changed if outdated <= _CHANGED_MOST else None


def _finished_to_word(
    board: Board, standings: Standing, last: LastFinished | None, changed: Collection[CardId]
) -> list[Card]:
    """Return the finished cards that have changed, or that need a person now or did before."""
    names = {*changed, *(each.card for each in standings.needed), *(last.flagged if last else ())}
    cards = (board.cards.get(CardId(name)) for name in sorted(names))
    return [card for card in cards if card and card.status in TERMINAL]


def _replace_rows(
    rows: dict[str, Any], last: LastFinished, changed: Collection[str]
) -> FinishedRows:
    """Put the newer rows of finished cards in place; return what stands for the others."""
    names = {*changed, *(row[_ID] for row in rows["cards"] if row[_STATUS] in FINISHED)}
    fresh = [row for row in rows["cards"] if row[_GROUP] in FINISHED]
    others = [row for row in rows["cards"] if row[_GROUP] not in FINISHED]
    stay = [row for row in last.newer if row[_ID] not in names]
    rows["cards"] = others + finished_rows.sort_rows([*fresh, *stay])
    last.finished.hidden = {*last.finished.hidden, *names}
    return last.finished


def _write_rows(place: Place, rows: dict[str, Any]) -> FinishedRows | None:
    """Move the rows of finished cards into a file of their own; None if it cannot be written."""
    at_rest = [row for row in rows["cards"] if row[_GROUP] in FINISHED and not row[_RUN]]
    names = {row[_ID] for row in at_rest}
    lines = status.tsv(dict(zip(CARD_KEYS, row, strict=True)) for row in at_rest)
    try:
        finished = finished_rows.write(f"{place.private}/cache", at_rest, lines)
    except OSError:
        return None
    rows["cards"] = [row for row in rows["cards"] if row[_ID] not in names]
    return finished


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
