"""The proposals that wait here, from runs and from notes, and the card that gathers them.

`core.agents.memory` decides when enough of them wait, and for which worker.
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
    """Return every proposal that this clone knows, in any state, sorted by id.

    One that a finished card has gathered counts as consolidated. Raises OSError.
    """
    decided = list(proposals.every(place.private, STATES[1:]))
    return sorted([*_undecided_proposals(place, board), *decided])


def _undecided_proposals(place: Place, board: Board) -> list[Proposal]:
    """Return the proposals that are not filed as decided here; decided ones are not read."""
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
    """Return the finished cards that gathered private proposals in a session of this clone."""
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
    """File what finished cards have gathered, and return the gathering cards to add now.

    Raises OSError.
    """
    proposing.gather(place.private)  # the tick that collects the run reports failures
    every = _undecided_proposals(place, board)
    for each in every:
        if each.state == CONSOLIDATED:
            try:
                proposals.put_aside(place.private, locks, each, CONSOLIDATED, wait=0.0)
            except (Refused, NotFound):
                continue  # half accepted, or a session writes the memory: left to the next tick
    return list(rules.consolidations(board, [each for each in every if each.state == WAITING]))


def prompt(place: Place, board: Board, card: Card) -> str:
    """Return the part of a gathering card's prompt about its proposals; empty for other cards."""
    if not rules.listed(card):
        return ""
    every = {each.id: each for each in known(place, board)}
    return rules.consolidation_prompt(card, every, rules.taken(board, card))
