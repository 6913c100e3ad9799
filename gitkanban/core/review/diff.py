"""The difference between two boards in the board's own words, as one value.

It compares values: a card that was only reformatted has not changed. Views print it.
"""

from collections.abc import Iterable, Mapping

from gitkanban.core.graph import cycles, is_done, longest_chain, ready, unfinished
from gitkanban.core.model import TERMINAL, TODO, Board, Card, Config, Worker
from gitkanban.core.names import NO_CARD, CardId, ProfileName, WorkerName
from gitkanban.core.review.changerules import EXECUTED, executed_words
from gitkanban.core.tick.facts import Observed
from gitkanban.core.tick.schedule import schedule
from gitkanban.typed import Any, Final, Literal, NamedTuple

ADDED: Final = "added"
REMOVED: Final = "removed"
ARCHIVED: Final = "archived"
CHANGED: Final = "changed"


class FieldChange(NamedTuple):
    """One field before and after, in the types of `Card`."""

    name: str
    before: Any
    after: Any


class CardChange(NamedTuple):
    """How one card changed. `before` or `after` is None if the card does not exist there."""

    id: CardId
    kind: Literal["added", "removed", "archived", "changed"]
    before: Card | None
    after: Card | None
    fields: tuple[FieldChange, ...] = ()

    @property
    def card(self) -> Card:
        """The card as it is now, or as it was before it was removed."""
        card = self.after or self.before
        assert card is not None
        return card


class Waiting(NamedTuple):
    """A waiting card, and the parents it waits for."""

    card: CardId
    parents: tuple[CardId, ...]


class ChangedSetting(NamedTuple):
    """A config key before and after, as text ("" if unset). `executes` marks commands."""

    path: str
    before: str
    after: str
    executes: bool = False


class Outlook(NamedTuple):
    """What is ahead of a board.

    The number of ready cards, the longest chain of open cards, and the sessions that a tick would
    start, by profile.
    """

    ready: tuple[CardId, ...]
    chain: tuple[CardId, ...]
    starts: Mapping[str, tuple[CardId, ...]]
    open: int


class Difference(NamedTuple):
    """Everything a reviewer wants to know about a change from `before` to `after`."""

    cards: tuple[CardChange, ...]
    settings: tuple[ChangedSetting, ...]
    runs: tuple[tuple[CardId, int], ...]  # (card, records added)
    notes: tuple[tuple[CardId, int], ...]  # (card, notes added)
    paused: tuple[str, ...]
    resumed: tuple[str, ...]
    ready: tuple[CardId, ...]  # cards that become ready
    waits: tuple[Waiting, ...]  # cards that are new, or that wait for something new
    freed: tuple[CardId, ...]  # open cards that no longer wait for anything, but did
    before: Outlook
    after: Outlook
    broken: tuple[str, ...]  # files that become unreadable
    mended: tuple[str, ...]
    rings: tuple[tuple[CardId, ...], ...] = ()  # new cycles; each card waits for the next
    links: tuple[tuple[CardId, CardId], ...] = ()  # (parent, child) of `after`, for a drawing
    cut: tuple[tuple[CardId, CardId], ...] = ()  # removed links

    @property
    def empty(self) -> bool:
        """Whether nothing of any meaning has changed."""
        return not any(
            (self.cards, self.settings, self.runs, self.notes, self.paused, self.resumed,
             self.broken, self.mended)
        )  # fmt: skip


def difference(before: Board, after: Board, now: int) -> Difference:
    """Compare two boards; `now` (epoch seconds) decides which cards are ready."""
    old, new = outlook(before, now), outlook(after, now)
    cards = tuple(
        change
        for name in sorted({*before.cards, *after.cards})
        if (change := _card_change(name, before, after)) is not None
    )
    links = {(parent, card.id) for card in after.cards.values() for parent in card.parents}
    were = {(parent, card.id) for card in before.cards.values() for parent in card.parents}
    was_broken, now_broken = (
        {problem.file: problem for problem in board.problems} for board in (before, after)
    )
    return Difference(
        cards,
        tuple(settings(before.config, after.config)),
        _grown_counts({c: [r.run for r in before.runs_of(c)] for c in before.runs},
               {c: [r.run for r in after.runs_of(c)] for c in after.runs}),
        _grown_counts({c: [n.id for n in before.notes_of(c)] for c in before.notes},
               {c: [n.id for n in after.notes_of(c)] for c in after.notes}),
        paused=tuple(sorted(set(after.paused) - set(before.paused))),
        resumed=tuple(sorted(set(before.paused) - set(after.paused))),
        ready=tuple(name for name in new.ready if name not in old.ready),
        waits=tuple(_new_waits(before, after)),
        freed=tuple(_freed_cards(before, after, new.ready)),
        before=old,
        after=new,
        broken=tuple(sorted(set(now_broken) - set(was_broken))),
        mended=tuple(sorted(set(was_broken) - set(now_broken))),
        rings=tuple(ring for ring in _rings_of(after) if ring not in _rings_of(before)),
        links=tuple(sorted(links)),
        cut=tuple(sorted(were - links)),
    )  # fmt: skip


def _rings_of(board: Board) -> list[tuple[CardId, ...]]:
    return [tuple(ring) for ring in cycles(board.cards)]


def outlook(board: Board, now: int) -> Outlook:
    """Compute what is ahead of a board, without knowing the machines that work on it."""
    cards = {card.id: card for card in board.cards.values() if card.status not in TERMINAL}
    starts: dict[str, list[CardId]] = {}
    if board.config:
        # Assume the host that works on the board, so that its running sessions count.
        at = next((card for card in cards.values() if card.host), Card(NO_CARD))
        assumed = Observed(now, at.host, "", machine=at.machine)
        for start in schedule(board, assumed).starts:
            starts.setdefault(start.profile, []).append(start.card)
    return Outlook(
        tuple(sorted(card.id for card in cards.values() if ready(board, card, now))),
        tuple(longest_chain(cards)[1]),
        {profile: tuple(names) for profile, names in sorted(starts.items())},
        len(cards),
    )


def _card_change(name: CardId, before: Board, after: Board) -> CardChange | None:
    old, new = before.cards.get(name), after.cards.get(name)
    if old == new:
        return None
    if old is None:
        return CardChange(name, ADDED, None, new)
    if new is None:
        return CardChange(name, ARCHIVED if name in after.archived else REMOVED, old, None)
    fields = tuple(
        FieldChange(field, getattr(old, field), getattr(new, field))
        for field in Card._fields
        if getattr(old, field) != getattr(new, field)
    )
    return CardChange(name, CHANGED, old, new, fields=fields)


def _new_waits(before: Board, after: Board) -> Iterable[Waiting]:
    """Open cards that wait for something they did not wait for before."""
    for name, card in sorted(after.cards.items()):
        if card.status in TERMINAL:
            continue
        old = before.cards.get(name)
        for_now = unfinished(after, card)
        if not for_now or (old and set(for_now) <= set(unfinished(before, old))):
            continue
        yield Waiting(name, for_now)


def _freed_cards(before: Board, after: Board, now_ready: Iterable[CardId]) -> Iterable[CardId]:
    """Open cards that no longer wait, without being ready: those in the backlog, for example."""
    notices = set(now_ready)
    for name, card in sorted(after.cards.items()):
        old = before.cards.get(name)
        if old is None or card.status in TERMINAL or name in notices or card.status == TODO:
            continue
        waited = any(not is_done(before, parent) for parent in old.parents)
        if waited and not unfinished(after, card):
            yield name


def _grown_counts(
    before: Mapping[CardId, list[str]], after: Mapping[CardId, list[str]]
) -> tuple[tuple[CardId, int], ...]:
    counts = (
        (card, len(set(names) - set(before.get(card, ())))) for card, names in sorted(after.items())
    )
    return tuple((card, count) for card, count in counts if count)


# The config -----------------------------------------------------------------------------------


def settings(before: Config | None, after: Config | None) -> Iterable[ChangedSetting]:
    """The keys that differ, for workers field by field; an unreadable config has none."""
    old, new = before or Config(), after or Config()
    for field in Config._fields:
        was, now = getattr(old, field), getattr(new, field)
        if was == now:
            continue
        if field == "workers":
            for name in sorted({*was, *now}):
                yield from _worker_settings(name, was.get(name), now.get(name))
        elif isinstance(was, Mapping):
            for name in sorted({*was, *now}):
                if was.get(name) != now.get(name):
                    yield ChangedSetting(
                        f"{field}.{name}", _value_text(was.get(name)), _value_text(now.get(name))
                    )
        else:
            yield ChangedSetting(field, _value_text(was), _value_text(now))


def _worker_settings(
    name: WorkerName, old: Worker | None, new: Worker | None
) -> Iterable[ChangedSetting]:
    blank = Worker(name, ProfileName(name))
    for field in Worker._fields[1:]:
        was, now = (getattr(side or blank, field) for side in (old, new))
        if was == now and not (field == "mode" and (old is None or new is None)):
            continue
        before, after = (
            "" if side is None else executed_words(side, field) or _value_text(getattr(side, field))
            for side in (old, new)
        )
        if before != after:
            yield ChangedSetting(f"workers.{name}.{field}", before, after, field in EXECUTED)


def _value_text(value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        pairs = (" ".join(map(str, each)) if isinstance(each, tuple) else each for each in value)
        return ", ".join(map(str, pairs))
    return str(value)
