"""The board at a commit, made from the board at another one: only files that differ are read.

Git compares the two trees. Where more could differ than the changed files say, `board_since`
returns None, and the caller reads the whole board.
"""

from collections.abc import Collection

from gitkanban.board.content.archive import read_archived
from gitkanban.board.content.boardfiles import ARCHIVE, BoardFile, card_named, kind_of, listing
from gitkanban.board.content.histories import Histories, read_histories
from gitkanban.board.content.in_work import cards_in_work
from gitkanban.board.content.parsed_files import ParsedFiles, read_config
from gitkanban.board.content.reading import read_cards, read_pauses, sorted_problems
from gitkanban.board.repo import commits
from gitkanban.board.repo.place import Place
from gitkanban.core import sizes
from gitkanban.core.model import Board, Problem
from gitkanban.core.names import CardId, Oid
from gitkanban.core.split_cards import copied, open_cards
from gitkanban.errors import BadData, GitFailed

_HISTORIES_MOST = 200  # cards whose runs and notes are listed by name; with more, the board is read


def board_since(place: Place, before: Board, commit: Oid) -> Board | None:
    """Return the board at `commit` as `reading.board_at` does, given that at `before.commit`.

    None where only reading the whole board can tell, or where git cannot compare the two.
    """
    try:
        changes = commits.changes_below(place.common, before.commit, commit, place.prefix)
        changed = [BoardFile(each.mode, each.new, each.path) for each in changes]
        return _change_board(place, before, commit, changed)
    except (GitFailed, BadData):
        return None  # reading the whole board says what is wrong, or finds nothing wrong


# Long: it changes the parts of a board one after the other, as `reading.board_at` reads them.
def _change_board(
    place: Place, before: Board, commit: Oid, changed: list[BoardFile]
) -> Board | None:
    kinds: dict[str, list[BoardFile]] = {}
    for entry in changed:
        kinds.setdefault(kind_of(entry.path), []).append(entry)
    reader = ParsedFiles(place)
    cards = copied(before.cards)
    for entry in kinds.get("card", ()):
        cards.pop(card_named(entry.path), None)
    fresh, problems = read_cards(reader, _still_there(kinds.get("card", ())))
    cards.update(fresh)
    if len(cards) > sizes.CARDS_MOST or _is_archive_in_doubt(place, before, kinds):
        return None
    config, paused = before.config, before.paused
    outdated = {place.path(entry.path) for entry in changed}
    if "config" in kinds:
        config, wrong = read_config(place, _still_there(kinds["config"]))
        problems += wrong
    if "pause" in kinds:
        paused, wrong = read_pauses(reader, listing(place, commit, "paused"))
        outdated |= {each.file for each in before.problems if _part_of(place, each)[0] == "paused"}
        problems += wrong
    active = cards_in_work(open_cards(cards))
    again = _to_read_again(before, active, kinds)
    if len(again) > _HISTORIES_MOST:
        return None
    runs, notes, wrong = _read_histories_of(place, reader, commit, again)
    problems += wrong
    unchanged = active - again
    archived, wrong = read_archived(place, reader, _still_there(kinds.get("archived", ())), cards)
    problems += wrong
    reader.save()
    return Board(
        place.branch,
        commit,
        config,
        cards,
        runs={card: each for card, each in before.runs.items() if card in unchanged} | runs,
        notes={card: each for card, each in before.notes.items() if card in unchanged} | notes,
        paused=paused,
        archived=archived | before.archived,
        problems=sorted_problems(
            [*problems, *(
                each for each in before.problems
                if each.file not in outdated and _is_still_read(place, each, unchanged)
            )]
        ),
        complete=active,
    )  # fmt: skip


def _still_there(entries: Collection[BoardFile]) -> list[BoardFile]:
    return [entry for entry in entries if entry.oid]


def _is_archive_in_doubt(place: Place, before: Board, kinds: dict[str, list[BoardFile]]) -> bool:
    """Return whether archived files that have not changed may count in another way than before."""
    if any(_part_of(place, each)[0] == ARCHIVE for each in before.problems):
        return True
    moved = {card_named(entry.path) for entry in kinds.get("archived", ())}
    gone = {card_named(entry.path) for entry in kinds.get("card", ()) if not entry.oid}
    return not before.archived.isdisjoint(moved | gone)


def _to_read_again(
    before: Board, active: frozenset[CardId], kinds: dict[str, list[BoardFile]]
) -> frozenset[CardId]:
    """Return the cards in work whose runs and notes have changed, or were not on the board."""
    touched = {
        CardId(entry.path.split("/")[1])
        for kind in ("run", "note")
        for entry in kinds.get(kind, ())
    }
    return (active - before.complete) | (active & touched)


def _read_histories_of(
    place: Place, reader: ParsedFiles, commit: Oid, cards: Collection[CardId]
) -> Histories:
    folders = [f"{kind}/{card}/" for kind in ("runs", "notes") for card in sorted(cards)]
    entries = listing(place, commit, *folders) if folders else []
    return read_histories(reader, [e for e in entries if kind_of(e.path) in ("run", "note")])


def _part_of(place: Place, problem: Problem) -> list[str]:
    """Return the path of a problem's file below the board's root, split into its parts."""
    return problem.file.removeprefix(place.path("")).split("/")


def _is_still_read(place: Place, problem: Problem, active: Collection[CardId]) -> bool:
    """Return whether the board still reads the unchanged file that has the problem."""
    part, *rest = _part_of(place, problem)
    return part not in ("runs", "notes") or CardId(rest[0]) in active
