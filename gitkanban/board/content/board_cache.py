"""The whole board of one commit, kept as plain data, so that a second read needs no git and no YAML.

A cache: whoever finds it missing, damaged or of another commit reads the files of the board.
"""

import gc
import marshal
import os
import sys
from typing import Any
from zlib import crc32

from gitkanban import __version__, files
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Card, Config, Note, Pause, Problem, Run, Worker

_FIELDS = tuple(kind._fields for kind in (Card, Config, Note, Pause, Problem, Run, Worker))
_FORMAT = ("board", 4, __version__, sys.hexversion, _FIELDS)


def load(place: Place, commit: str) -> Board | None:
    """The board of a commit as `save` was given it; None if it is not the one that is kept."""
    collecting = gc.isenabled()
    gc.disable()  # ten thousand tuples are made at once, and all of them stay
    try:
        with open(_cache_path(place), "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None  # what others wrote is not unmarshalled
            form, kept, prefix, checksum = marshal.load(file)
            if (form, kept, prefix) != (_FORMAT, commit, place.prefix):
                return None
            data = file.read()
        if crc32(data) != checksum:
            return None
        config, cards, runs, notes, paused, archived, problems = marshal.loads(data)
        return Board(
            place.branch,
            commit,
            _config_from_row(config),
            {row[0]: Card._make(row) for row in cards},
            {card: tuple(map(Run._make, rows)) for card, rows in runs.items()},
            {card: tuple(map(Note._make, rows)) for card, rows in notes.items()},
            {row[0]: Pause._make(row) for row in paused},
            archived,
            tuple(map(Problem._make, problems)),
        )
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return None
    finally:
        if collecting:
            gc.enable()


def save(place: Place, board: Board) -> None:
    """Keep the board; done without where it cannot be written."""
    rows: Any = (  # not NamedTuples: marshal knows plain tuples only
        _plain_config(board.config),
        [tuple(card) for card in board.cards.values()],
        {card: [tuple(run) for run in runs] for card, runs in board.runs.items()},
        {card: [tuple(note) for note in notes] for card, notes in board.notes.items()},
        [tuple(pause) for pause in board.paused.values()],
        board.archived,
        [tuple(problem) for problem in board.problems],
    )
    data = marshal.dumps(rows)
    head = marshal.dumps((_FORMAT, board.commit, place.prefix, crc32(data)))
    files.cache(_cache_path(place), head + data)


def _cache_path(place: Place) -> str:
    return f"{place.private}/cache/board"


def _plain_config(config: Config | None) -> tuple[object, ...] | None:
    if config is None:
        return None
    workers = {name: tuple(worker) for name, worker in config.workers.items()}
    return tuple(
        config._replace(
            workers=workers,  # type: ignore[arg-type]  # tuples only: marshal knows no others
            profiles=dict(config.profiles),
            capacities=dict(config.capacities),
            faulty={name: tuple(mistake) for name, mistake in config.faulty.items()},  # type: ignore[misc]
        )
    )


def _config_from_row(row: tuple[object, ...] | None) -> Config | None:
    if row is None:
        return None
    config = Config._make(row)
    workers = {name: Worker._make(worker) for name, worker in config.workers.items()}
    faulty = {name: Problem._make(mistake) for name, mistake in config.faulty.items()}
    return config._replace(workers=workers, faulty=faulty)
