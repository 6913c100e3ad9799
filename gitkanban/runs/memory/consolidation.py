"""The proposals that wait here, from runs and from notes, and the card that gathers them.

When enough of them wait, and for whom, is decided in `core.agents.memory`.
"""

from collections.abc import Container

from gitkanban.board import store
from gitkanban.board.content.memorynotes import memory_notes
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.core.agents import memory as rules
from gitkanban.core.agents.memory import CONSOLIDATED, STATES, WAITING, Proposal
from gitkanban.core.changes import Change
from gitkanban.core.model import DONE, Board, Card, Note
from gitkanban.core.names import NOBODY, ProfileName
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.errors import NotFound, Refused
from gitkanban.runs.memory import proposals, proposing
from gitkanban.runs.supervision.locks import Locks


def known(place: Place, board: Board) -> list[Proposal]:
    """Every proposal that this clone knows of, whatever became of it; by id.

    One that a finished card has gathered reads as consolidated. Raises OSError.
    """
    decided = list(proposals.every(place.private, STATES[1:]))
    return sorted([*_undecided_proposals(place, board), *decided])


def _undecided_proposals(place: Place, board: Board) -> list[Proposal]:
    """Those of which nothing is filed away here: what was, need not be read each time."""
    decided = proposals.names(place.private, STATES[1:])
    undecided = {each.id: each for each in proposals.every(place.private, (WAITING,))}
    for note in memory_notes(place, board.commit, besides=decided):
        undecided.setdefault(note.id, _of_note(place, board, note))
    private = {each.id for each in undecided.values() if not each.text}
    done = rules.consolidated(board, private, _knows_here(place, board, private))
    return [
        each._replace(state=CONSOLIDATED) if each.id in done else each
        for each in undecided.values()
    ]


def _knows_here(place: Place, board: Board, private: Container[str]) -> set[str]:
    """The finished cards that gather private proposals and had a session in this clone."""
    return {
        card.id
        for card in board.cards.values()
        if card.status == DONE and any(name in private for name, _ in rules.listed(card))
        for run in store.history(place, board, card.id).runs_of(card.id)
        if run.clone == clone_id(place) and run.outcome == SUCCEEDED
    }


def _of_note(place: Place, board: Board, note: Note) -> Proposal:
    card = store.archived(place, board, note.card).cards.get(note.card)
    worker = board.worker_of(card) if card else None
    profile = worker.profile if worker else ProfileName("")
    name = card.worker if card else NOBODY
    return Proposal(
        note.id, profile, note.card, note.run, worker=name, by=note.by, at=note.at, text=note.text
    )


def due(place: Place, locks: Locks, board: Board) -> list[Change]:
    """The cards to add now that gather proposals; files away what finished ones gathered.

    Raises OSError.
    """
    proposing.gather(place.private)  # what fails is reported by the tick that collects it
    every = _undecided_proposals(place, board)
    for each in every:
        if each.state == CONSOLIDATED:
            try:
                proposals.put_aside(place.private, locks, each, CONSOLIDATED, wait=0.0)
            except (Refused, NotFound):
                continue  # half accepted, or a session writes the memory: the next tick will
    return list(rules.consolidations(board, [each for each in every if each.state == WAITING]))


def prompt(place: Place, board: Board, card: Card) -> str:
    """What goes into the prompt of a gathering card about its proposals; empty for other cards."""
    if not rules.listed(card):
        return ""
    every = {each.id: each for each in known(place, board)}
    return rules.consolidation_prompt(card, every, rules.taken(board, card))
