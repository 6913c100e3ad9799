"""The runs and notes of a board's cards; archived ones too, on demand."""

from collections.abc import Collection, Iterable, Iterator

from gitkanban.board.content.boardfiles import (
    ARCHIVE,
    BoardFile,
    kind_of,
    listing,
    unarchived_entry,
)
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import time_of_id
from gitkanban.core.model import Board, Note, Problem, Run
from gitkanban.core.names import CardId, Oid
from gitkanban.errors import GitFailed
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.board.content.parsed_files import ParsedFiles

_RUN_MOST = 30 * 86400  # seconds that a run may have lasted

Histories = tuple[dict[CardId, tuple[Run, ...]], dict[CardId, tuple[Note, ...]], list[Problem]]


def read_histories(reader: "ParsedFiles", entries: list[BoardFile]) -> Histories:
    """Return the runs and notes in these files by card, and what is wrong with the others."""
    runs: dict[CardId, list[Run]] = {}
    notes: dict[CardId, list[Note]] = {}
    problems = []
    for parsed in reader.values(entries).values():
        if parsed.problem:
            problems.append(parsed.problem)
        elif isinstance(parsed.value, Run):
            runs.setdefault(parsed.value.card, []).append(parsed.value)
        else:
            notes.setdefault(parsed.value.card, []).append(parsed.value)
    return (
        {card: tuple(sorted(each, key=lambda run: run.run)) for card, each in runs.items()},
        {card: tuple(sorted(each)) for card, each in notes.items()},
        problems,
    )


def histories_of(place: Place, board: Board, cards: Collection[CardId]) -> Board:
    """Return the board with all runs and notes of some cards, archived ones included.

    Runs and notes of them that the board already has stay. Raises GitFailed.
    """
    entries = [
        entry
        for entry in _list_files(place, board, cards)
        if kind_of(entry.path) in ("run", "note") and entry.path.split("/")[1] in cards
    ]
    complete = board.complete | frozenset(cards)
    if not entries:
        return board._replace(complete=complete)
    from gitkanban.board.content.parsed_files import ParsedFiles  # late: most cards have no runs

    read_runs, read_notes, _ = read_histories(ParsedFiles(place), entries)
    runs, notes = dict(board.runs), dict(board.notes)
    for card in cards:
        own_runs = {run.run: run for run in (*read_runs.get(card, ()), *board.runs_of(card))}
        own_notes = {note.id: note for note in (*read_notes.get(card, ()), *board.notes_of(card))}
        runs[card] = tuple(sorted(own_runs.values()))
        notes[card] = tuple(sorted(own_notes.values()))
    return board._replace(runs=runs, notes=notes, complete=complete)


def _list_files(place: Place, board: Board, cards: Collection[CardId]) -> list[BoardFile]:
    """Return the files that have the cards' runs and notes, and perhaps others.

    The folders of all runs and of all notes are as long as the board is old: each is read once for
    all cards, and no git lists them.
    """
    if any(card in board.archived for card in cards):
        return list(map(unarchived_entry, listing(place, board.commit)))
    folders = [f"{kind}/{card}" for kind in ("runs", "notes") for card in sorted(cards)]
    try:
        return list(_read_folders(place, board.commit, folders))
    except GitFailed:  # git says what is wrong, or knows better
        return listing(place, board.commit, *(f"{folder}/" for folder in folders))


def _read_folders(place: Place, commit: Oid, folders: Iterable[str]) -> Iterator[BoardFile]:
    """Yield what is directly in those of the board's folders that a commit has."""
    from gitkanban.board.repo.new_objects import FOLDER, NewObjects

    with NewObjects(place.common) as objects:
        tree = objects.reader.tree_of(commit)
        for folder in folders:
            path = place.path(folder).encode("utf-8", "surrogateescape")
            mode, oid = objects.entry(tree, path)
            for name, its_mode, blob in objects.entries(oid) if mode == FOLDER else ():
                if its_mode != FOLDER:
                    whole = f"{folder}/{name.decode('utf-8', 'surrogateescape')}"
                    yield BoardFile(its_mode, blob, whole)


def runs_since(place: Place, board: Board, since: int) -> tuple[Run, ...]:
    """Return every run of the board that ended at `since` (epoch seconds) or later.

    Archived runs are included. Runs that began long before `since` are not even read.
    """
    from gitkanban.board.content.parsed_files import ParsedFiles

    entries = listing(place, board.commit, "runs", ARCHIVE)
    wanted = [
        entry
        for entry in map(unarchived_entry, entries)
        if kind_of(entry.path) == "run" and _may_end_after(entry.path, since)
    ]
    reader = ParsedFiles(place)
    records = reader.values(wanted).values()
    reader.save()
    return tuple(sorted(e.value for e in records if not e.problem and e.value.ended >= since))


def _may_end_after(path: str, since: int) -> bool:
    began = time_of_id(path.rpartition("/")[2].removesuffix(".yaml"))
    return began is None or began >= since - _RUN_MOST
