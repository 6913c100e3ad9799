"""The runs and notes of a board's cards; archived ones too, on demand."""

from collections.abc import Iterable

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


def history_of(place: Place, board: Board, card: CardId) -> Board:
    """Return the board with all runs and notes of one card, archived ones included.

    Runs and notes of the card that the board already has stay.
    """
    folders = (f"runs/{card}/", f"notes/{card}/")
    below = () if card in board.archived else folders
    if below and not _is_any_there(place, board.commit, folders):
        return board
    from gitkanban.board.content.parsed_files import ParsedFiles  # late: most cards have no runs

    listed = map(unarchived_entry, listing(place, board.commit, *below))
    own = [entry for entry in listed if entry.path.startswith(folders)]
    entries = [entry for entry in own if kind_of(entry.path) in ("run", "note")]
    runs, notes, _ = read_histories(ParsedFiles(place), entries)
    known_runs = {run.run: run for run in (*runs.get(card, ()), *board.runs_of(card))}
    known_notes = {note.id: note for note in (*notes.get(card, ()), *board.notes_of(card))}
    return board._replace(
        runs={**board.runs, card: tuple(sorted(known_runs.values()))},
        notes={**board.notes, card: tuple(sorted(known_notes.values()))},
        complete=board.complete | {card},
    )


def _is_any_there(place: Place, commit: Oid, folders: Iterable[str]) -> bool:
    """Return whether a commit has one of the board's folders; True where only git can say."""
    from gitkanban.board.repo.new_objects import NewObjects

    paths = [
        place.path(folder.rstrip("/")).encode("utf-8", "surrogateescape") for folder in folders
    ]
    try:
        with NewObjects(place.common) as objects:
            tree = objects.reader.tree_of(commit)
            return any(objects.entry(tree, path)[1] for path in paths)
    except GitFailed:
        return True


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
