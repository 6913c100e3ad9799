"""The archived cards of a board: which they are, and any of them in full."""

from collections.abc import Collection, Container

from gitkanban.board.content.boardfiles import (
    ARCHIVE,
    BoardFile,
    card_named,
    listing,
    unarchived_entry,
)
from gitkanban.board.content.parsed_files import ParsedFiles
from gitkanban.board.content.parsing import Archived
from gitkanban.board.repo.place import Place
from gitkanban.core.model import DONE, Board, Card, Problem
from gitkanban.core.names import CardId


def read_archived(
    place: Place, reader: ParsedFiles, entries: Collection[BoardFile], cards: Container[CardId]
) -> tuple[frozenset[CardId], list[Problem]]:
    """Return the archived cards. One that is not done counts as unreadable.

    So it frees no child: a pull request that moves a card's file must not start what waits for it.
    """
    done: set[CardId] = set()
    problems = []
    for path, parsed in reader.values(entries).items():
        card = card_named(path)
        if card in cards or (not parsed.problem and parsed.value.status == DONE):
            done.add(card)
        else:
            problems.append(parsed.problem or _problem_of_undone(place.path(path), parsed.value))
    return frozenset(done), [problem for problem in problems if problem.card not in done]


def _problem_of_undone(path: str, card: Archived) -> Problem:
    home = f"{path.rpartition('archive/')[0]}cards/{card.card}.yaml"
    text = f"it lies in the archive and is {card.status}, not done"
    return Problem(path, 0, 0, text, hint=f"Move it back: git mv {path} {home}", card=card.card)


def archived_cards(place: Place, board: Board, wanted: Collection[str]) -> dict[CardId, Card]:
    """Return the wanted cards that are in the archive and can be read, by id."""
    files = {f"cards/{card}.yaml" for card in wanted}
    entries = {
        entry.path: entry
        for entry in map(unarchived_entry, listing(place, board.commit, ARCHIVE))
        if entry.path in files
    }
    parsed = ParsedFiles(place).values(list(entries.values())).values()
    return {each.value.id: each.value for each in parsed if not each.problem}
