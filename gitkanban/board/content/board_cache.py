"""The whole board of one commit, cached as plain data: a second read needs no git and no YAML.

Where the cache is missing, damaged or of another commit, the files of the board are read.
"""

import gc
import marshal
import sys
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from zlib import crc32

from gitkanban import __version__, files
from gitkanban.board.content import finished_cards
from gitkanban.board.content.finished_cards import FileMark, FinishedFile
from gitkanban.board.content.in_work import cards_in_work
from gitkanban.board.repo.cachefile import load_head, open_ours
from gitkanban.board.repo.place import Place
from gitkanban.core.model import (
    TERMINAL,
    Board,
    Card,
    Config,
    ExecutorConfig,
    Note,
    Pause,
    Problem,
    Run,
    Worker,
)
from gitkanban.core.names import NO_OID, CardId, Oid, WorkerName
from gitkanban.core.split_cards import SplitCards, open_cards
from gitkanban.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gitkanban.board.content.reading import ReadCards

_FIELDS = tuple(
    kind._fields for kind in (Card, Config, ExecutorConfig, Note, Pause, Problem, Run, Worker)
)
_FINISHED_LEAST = 500  # with fewer finished cards they get no file of their own
_CHANGED_MOST = 1000  # finished cards that may change before that file is rewritten
_FORMAT = ("board", 7, finished_cards.FORM, __version__, sys.hexversion, _FIELDS)


class _BoardParts(NamedTuple):
    """What is in the cache, as values; `finished` is what `_part_cards` returns."""

    config: Config | None
    cards: dict[CardId, Card]
    runs: Mapping[CardId, tuple[Run, ...]]
    notes: Mapping[CardId, tuple[Note, ...]]
    paused: Mapping[WorkerName, Pause]
    archived: frozenset[CardId]
    problems: tuple[Problem, ...]
    finished: Any
    in_work: frozenset[CardId]


# What was loaded last in this process, by the commit, prefix and checksum of the cache: a tick
# reads its board up to nine times.
_loaded: dict[tuple[Oid, str, int], _BoardParts] = {}


def load(place: Place, commit: Oid = NO_OID) -> Board | None:
    """Return the board of a commit as `save` was given it, or None if it is not in the cache.

    Without a commit, whatever board `save` was given last is returned. Boards of one commit share
    their values, which nobody changes.
    """
    try:
        with open_ours(_cache_path(place)) as file:
            form, cached, prefix, checksum = load_head(file)
            if (form, prefix) != (_FORMAT, place.prefix) or (commit and cached != commit):
                return None
            parts = _loaded.get((cached, prefix, checksum))
            data = b"" if parts else file.read()
        if parts is None:
            if crc32(data) != checksum:
                return None
            _loaded.clear()  # first: two large boards need not be in memory
            parts = _loaded[cached, prefix, checksum] = _parse_rows(data)
        return Board(
            place.branch,
            cached,
            parts.config,
            _join_cards(place, parts.cards, parts.finished),
            runs=parts.runs,
            notes=parts.notes,
            paused=parts.paused,
            archived=parts.archived,
            problems=parts.problems,
            complete=parts.in_work,
        )
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None


def _parse_rows(data: bytes) -> _BoardParts:
    collecting = gc.isenabled()
    gc.disable()  # a pass over ten thousand new tuples would free none of them
    try:
        config, rows, runs, notes, paused, archived, problems, finished = marshal.loads(data)
        cards = {row[0]: Card._make(row) for row in rows}
        return _BoardParts(
            _config_from_row(config),
            cards,
            runs={card: tuple(map(Run._make, rows)) for card, rows in runs.items()},
            notes={card: tuple(map(Note._make, rows)) for card, rows in notes.items()},
            paused={row[0]: Pause._make(row) for row in paused},
            archived=archived,
            problems=tuple(map(Problem._make, problems)),
            finished=finished,
            in_work=cards_in_work(cards.values()),
        )
    finally:
        if collecting:
            gc.enable()


def save(place: Place, board: Board) -> None:
    """Cache the board. A cache that cannot be written is ignored."""
    cards, finished = _part_cards(place, board.cards)
    rows: Any = (  # plain tuples: marshal cannot write NamedTuples
        _plain_config(board.config),
        [tuple(card) for card in cards],
        {card: [tuple(run) for run in runs] for card, runs in board.runs.items()},
        {card: [tuple(note) for note in notes] for card, notes in board.notes.items()},
        [tuple(pause) for pause in board.paused.values()],
        board.archived,
        [tuple(problem) for problem in board.problems],
        finished,
    )
    data = marshal.dumps(rows)
    head = marshal.dumps((_FORMAT, board.commit, place.prefix, crc32(data)))
    files.cache(_cache_path(place), head + data)


def gather(place: Place, read: "ReadCards") -> Mapping[CardId, Card]:
    """Return the cards of a board that is read from git for `save`.

    The finished ones of a large board go to a file of their own at once: they are never all in
    memory.
    """
    stream = read()
    first: dict[CardId, Card] = {}
    finished = 0
    for card in stream:
        first[card.id] = card
        finished += card.status in TERMINAL
        if finished >= _FINISHED_LEAST:
            break
    else:
        return first
    unfinished: dict[CardId, Card] = {}
    try:
        file = finished_cards.write(
            _cache_folder(place), _take_finished(chain(first.values(), stream), unfinished)
        )
    except (OSError, ValueError):
        from gitkanban.board.content.reading import cards_by_id  # late, as most reads are warm

        return cards_by_id(read)
    return SplitCards(unfinished, file, {})


def _take_finished(cards: Iterator[Card], unfinished: dict[CardId, Card]) -> Iterator[Card]:
    """Yield the finished cards and put the others aside."""
    for card in cards:
        if card.status in TERMINAL:
            yield card
        else:
            unfinished[card.id] = card


def _part_cards(place: Place, cards: Mapping[CardId, Card]) -> tuple[Collection[Card], Any]:
    """Return the cards to cache here, and where the others are: (file name, mark, changed cards).

    Finished cards have a file of their own, which stays as it is while few of them change. So a
    change of one card does not rewrite all cards that were ever done.
    """
    if isinstance(cards, SplitCards) and isinstance(cards.finished, FinishedFile):
        if len(cards.changed) <= _CHANGED_MOST:
            file = cards.finished
            rows = {card_id: card and tuple(card) for card_id, card in cards.changed.items()}
            return cards.unfinished.values(), (file.name, tuple(file.mark), rows)
    elif isinstance(cards, dict) and len(cards) < _FINISHED_LEAST:
        return cards.values(), None
    done = [card for card in cards.values() if card.status in TERMINAL]
    if len(done) < _FINISHED_LEAST:
        return cards.values(), None
    try:
        file = finished_cards.write(_cache_folder(place), done)
    except (OSError, ValueError):
        return cards.values(), None
    return open_cards(cards), (file.name, tuple(file.mark), {})


def _join_cards(place: Place, cards: dict[CardId, Card], finished: Any) -> Mapping[CardId, Card]:
    if finished is None:
        return cards
    name, mark, rows = finished
    file = FinishedFile(_cache_folder(place), name, FileMark._make(mark))
    changed = {card_id: Card._make(row) if row else None for card_id, row in rows.items()}
    return SplitCards(cards, file, changed)


def _cache_folder(place: Place) -> str:
    return f"{place.private}/cache"


def _cache_path(place: Place) -> str:
    return f"{_cache_folder(place)}/board"


def _plain_config(config: Config | None) -> tuple[object, ...] | None:
    if config is None:
        return None
    workers = {name: tuple(worker) for name, worker in config.workers.items()}
    return tuple(
        config._replace(
            workers=workers,  # type: ignore[arg-type]  # tuples only: marshal knows no others
            profiles=dict(config.profiles),
            capacities=dict(config.capacities),
            executors={name: tuple(each) for name, each in config.executors.items()},  # type: ignore[misc]  # as above
            faulty={name: tuple(mistake) for name, mistake in config.faulty.items()},  # type: ignore[misc]  # as above
        )
    )


def _config_from_row(row: tuple[object, ...] | None) -> Config | None:
    if row is None:
        return None
    config = Config._make(row)
    workers = {name: Worker._make(worker) for name, worker in config.workers.items()}
    faulty = {name: Problem._make(mistake) for name, mistake in config.faulty.items()}
    executors = {name: ExecutorConfig._make(each) for name, each in config.executors.items()}
    return config._replace(workers=workers, executors=executors, faulty=faulty)
