"""New cards and edits of cards, checked against the board they go to.

It refuses what would leave the board broken: unknown workers, parents and capacities, cycles,
ids that exist. It does not choose new ids, and it reads no files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitkanban.core.agents.presets import choice_fault
from gitkanban.core.changes import AddCard, EditCard
from gitkanban.core.graph import cycles
from gitkanban.core.ids import check_id, did_you_mean
from gitkanban.core.lookup import card_of, no_worker
from gitkanban.core.model import STATUS_FIELDS, Board, Card
from gitkanban.core.names import NOBODY, CardId, WorkerName
from gitkanban.core.split_cards import copied, twin_of
from gitkanban.errors import BadData, NotFound, Refused, UsageError
from gitkanban.typed import Any


def added(board: Board, cards: Sequence[Card]) -> list[AddCard]:
    """Return the changes that add the cards, all or none; they may name each other as parents.

    Raises UsageError, NotFound, BadData or Refused, naming the first card that cannot be added.
    """
    known = copied(board.cards)
    for card in cards:
        check_id(card.id)
        _check_new(board, known, card)
        known[card.id] = card
    for card in cards:
        check_fields(board, known, card)
    _check_cycles(known, [card.id for card in cards])
    return [AddCard(card) for card in cards]


def drafted(board: Board, drafts: Sequence[Card], new_ids: Iterator[CardId]) -> list[AddCard]:
    """Return the changes that add cards as a person wrote them, in order; raises as `added` does.

    A card without an id gets the next unused one of `new_ids`. A card without a worker gets the
    board's worker if there is exactly one. Parents may be other drafts, or ids cut to a prefix.
    """
    own = {card.id for card in drafts if card.id} | board.archived
    taken = set(own)
    # The board is asked name by name: a set of all its cards would read each finished one.
    unused = (fresh for fresh in new_ids if fresh not in taken and fresh not in board.cards)
    cards = []
    for card in drafts:
        parents = {name if name in own else card_of(board, name).id for name in card.parents}
        name = card.id or next(unused)
        taken.add(name)
        worker = card.worker or _only_worker(board)
        cards.append(card._replace(id=name, worker=worker, parents=tuple(sorted(parents))))
    return added(board, cards)


def _only_worker(board: Board) -> WorkerName:
    """The name of the config's worker if there is exactly one, else NOBODY."""
    config = board.config
    if config is None or config.faulty or len(config.workers) != 1:
        return NOBODY
    return next(iter(config.workers))


def edited(board: Board, card: Card, fields: Mapping[str, Any]) -> list[EditCard]:
    """Return the change of some fields of a card; empty if they have these values already.

    Raises what `check_fields` raises, and Refused for a cycle.
    """
    fields = {name: value for name, value in fields.items() if getattr(card, name) != value}
    if not fields:
        return []
    after = card._replace(**fields)
    known = copied(board.cards)
    known[card.id] = after
    check_fields(board, known, after, before=card)
    if "parents" in fields:
        _check_cycles(known, [card.id])
    return [EditCard(card.id, fields)]


def check_rewrite(board: Board, before: Card | None, after: Card) -> None:
    """Check a card's file as a person saved it; `before` is None if it could not be read before.

    Raises what `edited` raises, and Refused if fields changed that only moves and runs may set.
    """
    if before:
        moved = [name for name in STATUS_FIELDS if getattr(after, name) != getattr(before, name)]
        if moved:
            raise Refused(
                f"an edit may not change {', '.join(moved)} of {after.id}",
                "Use approve, done, block, retry, drop, reopen, or edit --to-backlog.",
            )
    known = copied(board.cards)
    known[after.id] = after
    check_fields(board, known, after, before=before)
    if before is None or before.parents != after.parents:
        _check_cycles(known, [after.id])


def linked(board: Board, card: Card, parents: Iterable[CardId]) -> list[EditCard]:
    """Return the change that adds parents to a card. Raises as `edited` does."""
    return edited(board, card, {"parents": tuple(sorted({*card.parents, *parents}))})


def unlinked(board: Board, card: Card, parents: Sequence[CardId]) -> list[EditCard]:
    """Return the change that removes parents of a card. Raises NotFound if it lacks one of them."""
    for parent in parents:
        if parent not in card.parents:
            has = ", ".join(card.parents) or "none"
            raise NotFound(f"{parent} is not a parent of {card.id}", f"Its parents: {has}.")
    return edited(board, card, {"parents": tuple(p for p in card.parents if p not in parents)})


def check_fields(
    board: Board, known: Mapping[CardId, Card], card: Card, before: Card | None = None
) -> None:
    """Check a card's title, and that the board has its worker, its parents and its needs.

    What the card already had `before` is not checked again: an edit of the title must not fail
    because somebody removed the worker. Raises UsageError, NotFound, BadData or Refused.
    """
    old = before or Card(card.id)
    if not card.title.strip():
        raise UsageError(f"card {card.id} has no title", "Give it one line that says what to do.")
    if "\n" in card.title:
        raise UsageError(f"the title of {card.id} has more than one line", "Put the rest in body.")
    workers = board.config.workers if board.config else {}
    if card.worker and card.worker != old.worker and card.worker not in workers:
        if board.config and card.worker in board.config.faulty:
            mistake = board.config.faulty[card.worker]
            raise BadData(f"worker {card.worker} has a mistake: {mistake.located}", mistake.hint)
        raise no_worker(card.worker, workers)
    for parent in card.parents:
        if parent == card.id:
            raise Refused(f"{card.id} cannot be its own parent", "Leave that parent out.")
        if parent not in old.parents and parent not in known and parent not in board.archived:
            raise NotFound(
                f"no card {parent!r} to be a parent of {card.id}", did_you_mean(parent, known)
            )
    _check_choice(board, card, old)
    _check_needs(board, card, old)


def _check_choice(board: Board, card: Card, old: Card) -> None:
    """Refuse a model or an effort that the card's worker does not offer."""
    worker = board.worker_of(card)
    key, value = choice_fault(worker, card) if worker else ("", "")
    if worker is None or not key:
        return
    if (getattr(old, key), old.worker) == (value, card.worker):
        return
    offered = getattr(worker, f"{key}s")
    if not offered:
        hint = f"Name it under `{key}s:` of {worker.name} in config.yaml."
        raise Refused(f"{worker.name} lets cards choose no {key}", hint)
    raise NotFound(
        f"{worker.name} does not offer the {key} {value!r}", did_you_mean(value, offered)
    )


def _check_needs(board: Board, card: Card, old: Card) -> None:
    """Refuse needs that can never be met, including those that all cards of its worker have."""
    capacities = board.config.capacities if board.config else {}
    worker = board.worker_of(card)
    needs, known, by = card.needs, old.needs, ""
    if worker and not needs:
        needs, by = worker.needs, f" (all cards of {worker.name} need it)"
        known = needs if card.worker == old.worker and not old.needs else ()
    for name, amount in needs:
        if (name, amount) in known:
            continue
        if name not in capacities:
            raise NotFound(f"no capacity {name!r}{by}", did_you_mean(name, capacities))
        if amount > capacities[name]:
            raise Refused(
                f"{card.id} needs {name} {amount}, of which there are {capacities[name]}{by}",
                f"Ask for less, or raise `capacities: {name}` in config.yaml.",
            )


def _check_new(board: Board, known: Mapping[CardId, Card], card: Card) -> None:
    if card.id in known or card.id in board.archived:
        where = "in the archive" if card.id not in known else f"({known[card.id].title})"
        raise Refused(f"card {card.id} already exists {where}", "Leave --id out to get a new id.")
    if any(problem.card == card.id for problem in board.problems):
        raise Refused(
            f"card {card.id} already exists, and cannot be read", "`gitkanban status` says why."
        )
    twin = twin_of(known, card.id)
    if twin:
        raise Refused(
            f"card {card.id} differs from {twin} only in case",
            "Some file systems cannot hold both; choose another id.",
        )


def _check_cycles(known: Mapping[CardId, Card], changed: Iterable[CardId]) -> None:
    """Refuse a cycle through the changed cards; only they and their ancestors can be part of it."""
    above: dict[CardId, Card] = {}
    front = [card for card in changed if known[card].parents]
    while front:
        card = front.pop()
        if card in known and card not in above:
            above[card] = known[card]
            front += known[card].parents
    rings = cycles(above)
    if rings:
        ring = " → ".join([*rings[0], rings[0][0]])
        raise Refused(f"that makes a cycle: {ring}", "Each waits for the next; leave one link out.")
