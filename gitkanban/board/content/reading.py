"""The whole board at a commit, as a value."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from gitkanban.board.content.archive import read_archived
from gitkanban.board.content.boardfiles import BoardFile, kind_of, list_board
from gitkanban.board.content.histories import read_histories
from gitkanban.board.content.in_work import cards_in_work
from gitkanban.board.content.parsed_files import ParsedFiles, read_config
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board, Card, Pause, Problem
from gitkanban.core.names import CardId, Oid, WorkerName
from gitkanban.core.split_cards import open_cards

ReadCards = Callable[[], Iterator[Card]]  # begins to read the cards of a board, each time anew


def cards_by_id(read: ReadCards) -> dict[CardId, Card]:
    """Return all cards of a board that is read."""
    return {card.id: card for card in read()}


# Long: it reads the parts of a board one after the other.
def board_at(
    place: Place,
    commit: Oid,
    *,
    whole: bool = False,
    gather: Callable[[ReadCards], Mapping[CardId, Card]] = cards_by_id,
) -> Board:
    """Return the board at a commit; runs and notes only of cards in work, or of all if `whole`.

    `gather` makes a mapping of the cards as they are read.
    """
    plain, entries = list_board(place, commit)
    reader = ParsedFiles(place)
    kinds: dict[str, list[BoardFile]] = {}
    for entry in entries:
        kinds.setdefault(kind_of(entry.path), []).append(entry)
    odd = kinds.get("card", [])
    problems: list[Problem] = []
    cards = gather(lambda: reader.cards(plain, odd, problems))
    config, wrong = read_config(place, kinds.get("config", ()))
    problems += wrong
    complete = frozenset(cards) if whole else cards_in_work(open_cards(cards))
    histories = [
        entry
        for kind in ("run", "note")
        for entry in kinds.get(kind, ())
        if whole or entry.path.split("/")[1] in complete
    ]
    runs, notes, wrong = read_histories(reader, histories)
    problems += wrong
    paused, wrong = read_pauses(reader, kinds.get("pause", ()))
    problems += wrong
    archived, wrong = read_archived(place, reader, kinds.get("archived", ()), cards)
    problems += wrong
    reader.save(entries, plain)
    return Board(
        place.branch,
        commit,
        config,
        cards,
        runs=runs,
        notes=notes,
        paused=paused,
        archived=archived,
        problems=sorted_problems(problems),
        complete=complete,
    )


def sorted_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems by file, those of one file in their order."""
    return tuple(sorted(problems, key=lambda problem: problem.file))


def read_cards(
    reader: ParsedFiles, entries: Collection[BoardFile]
) -> tuple[dict[CardId, Card], list[Problem]]:
    """Return the cards in these files, and what is wrong with the others."""
    problems: list[Problem] = []
    return {card.id: card for card in reader.cards((), entries, problems)}, problems


def read_pauses(
    reader: ParsedFiles, entries: Collection[BoardFile]
) -> tuple[dict[WorkerName, Pause], list[Problem]]:
    """Return the pauses in these files, and what is wrong with the others."""
    each = reader.values(entries).values()
    problems = [parsed.problem for parsed in each if parsed.problem]
    return {p.value.worker: p.value for p in each if not p.problem}, problems
