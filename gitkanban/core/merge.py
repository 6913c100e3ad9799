"""Three-way merge of values: text by lines, sets as sets, a card field by field.

It knows no files and no YAML; `gitkanban.board.formats.mergefile` puts the result into text. The
line merge is written here on difflib, because the core imports no library. It is the classic
algorithm: the lines of the base that both sides kept separate the stretches that are merged.

The result for a status that both sides changed from one base (a table for people to check; a side
that changed nothing always yields):

| one side | other side             | from                   | result                             |
|----------|------------------------|------------------------|------------------------------------|
| any      | the same               | any                    | the details merge one by one       |
| forward  | forward                | any                    | the one further along              |
| sent back| sent back              | any                    | the one further along              |
| forward  | sent back              | any                    | conflict: accepted, yet rejected   |
| blocked  | backlog, todo, running | backlog, todo, running | blocked: it asks for a person      |
| blocked  | review, done           | any                    | conflict                           |
| blocked  | any but dropped        | review, done, dropped  | conflict                           |
| dropped  | blocked                | any                    | dropped: both stop the card        |
| dropped  | todo, running, review  | todo, running          | dropped: a person over a tick      |
| dropped  | any other              | any                    | conflict                           |

Forward is along backlog → todo → running → review → done; sent back is to before the base in it.
From running, todo counts as a tick's retry and not as sent back.
"""

from collections.abc import Hashable, Mapping, Sequence

from gitkanban.core.model import (
    BACKLOG,
    BLOCKED,
    DONE,
    DROPPED,
    REVIEW,
    RUNNING,
    STATUS_FIELDS,
    TODO,
    Card,
)
from gitkanban.late import difflib
from gitkanban.typed import Any, NamedTuple, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_SETS = ("parents", "acceptance", "labels")
_MAPPINGS = ("needs",)
# The other fields are single values; a body that both sides changed is merged by lines.
_SINGLE = tuple(
    name for name in Card._fields if name not in ("id", *STATUS_FIELDS, *_SETS, *_MAPPINGS)
)
_LATEST = frozenset({"not_before", "attempts_after"})  # the later of two is right for both
_EITHER = frozenset({"merged"})  # both are right; both sides must choose alike
_MANY_LINES = 2000
_CHAIN = {status: place for place, status in enumerate((BACKLOG, TODO, RUNNING, REVIEW, DONE))}


class MergePiece(NamedTuple):
    """A stretch of merged lines: either `lines`, or the two sides of a conflict."""

    lines: tuple[str, ...]
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    conflict: bool = False
    base: tuple[str, ...] = ()  # what both sides of a conflict changed; empty where both added


class MergedCard(NamedTuple):
    """The merged card, with our values in conflicting fields, and the names of these fields.

    A conflict in any of STATUS_FIELDS is reported as `status`.
    """

    card: Card
    conflicts: tuple[str, ...] = ()


def lines(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[MergePiece]:
    """Merge lists of lines. Changes that touch or overlap conflict unless they are equal."""
    if ours == theirs or theirs == base:
        return [MergePiece(tuple(ours))]
    if ours == base:
        return [MergePiece(tuple(theirs))]
    pieces: list[MergePiece] = []
    at_base = at_ours = at_theirs = 0
    for start, start_ours, start_theirs, length in _common_stretches(base, ours, theirs):
        pieces += _piece_between(
            base[at_base:start], ours[at_ours:start_ours], theirs[at_theirs:start_theirs]
        )
        if length:
            pieces.append(MergePiece(tuple(base[start : start + length])))
        at_base, at_ours, at_theirs = start + length, start_ours + length, start_theirs + length
    return pieces


def _common_stretches(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> list[tuple[int, int, int, int]]:
    """Stretches of the base that both sides kept, as (in base, in ours, in theirs, length)."""
    # Exact for short texts only: thousands of equal lines would take quadratic time.
    junk = max(len(base), len(ours), len(theirs)) > _MANY_LINES
    mine = difflib.SequenceMatcher(None, base, ours, autojunk=junk).get_matching_blocks()
    other = difflib.SequenceMatcher(None, base, theirs, autojunk=junk).get_matching_blocks()
    stretches = []
    i = j = 0
    while i < len(mine) and j < len(other):
        a, b = mine[i], other[j]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            stretches.append((start, a.b + start - a.a, b.b + start - b.a, end - start))
        if a.a + a.size < b.a + b.size:
            i += 1
        else:
            j += 1
    return [*stretches, (len(base), len(ours), len(theirs), 0)]


def _piece_between(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> list[MergePiece]:
    if ours == theirs or theirs == base:
        return [MergePiece(tuple(ours))] if ours else []
    if ours == base:
        return [MergePiece(tuple(theirs))] if theirs else []
    return [MergePiece((), tuple(ours), tuple(theirs), True, base=tuple(base))]


def text(base: str, ours: str, theirs: str) -> str | None:
    """Merge text by lines; None if lines conflict."""
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    pieces = lines(*(part.splitlines(keepends=True) for part in (base, ours, theirs)))
    if any(piece.conflict for piece in pieces):
        return None
    merged = [line for piece in pieces for line in piece.lines]
    if any(not line.endswith("\n") for line in merged[:-1]):
        return None  # a last line without a newline would run into the next one
    return "".join(merged)


def sets(base: Sequence[K], ours: Sequence[K], theirs: Sequence[K]) -> tuple[K, ...]:
    """Merge as sets: what either side added is in, what either side removed is out.

    A side that changed nothing, not even the order, yields. Otherwise the order is ours, and an
    item that only theirs has comes after the item that precedes it there.
    """
    if theirs == base or ours == base:
        return tuple(dict.fromkeys(ours if theirs == base else theirs))
    union = {item for item in ours if item in theirs or item not in base}
    union |= {item for item in theirs if item not in base}
    merged = [item for item in dict.fromkeys(ours) if item in union]
    before: K | None = None
    for item in dict.fromkeys(theirs):
        if item in union and item not in merged:
            merged.insert(merged.index(before) + 1 if before in merged else 0, item)
        if item in merged:
            before = item
    return tuple(merged)


def mappings(
    base: Mapping[K, T], ours: Mapping[K, T], theirs: Mapping[K, T]
) -> tuple[dict[K, T], list[K]]:
    """Merge key by key; return the result and the keys in conflict, which have our values."""
    merged: dict[K, T] = {}
    conflicts = []
    for key in (*ours, *(key for key in theirs if key not in ours)):
        mine, other, was = ours.get(key), theirs.get(key), base.get(key)
        value = mine if other in (mine, was) else other if mine == was else mine
        if other not in (mine, was) and mine != was:
            conflicts.append(key)
        if value is not None:
            merged[key] = value
    return merged, conflicts


def winner(base: str, ours: str, theirs: str) -> str | None:
    """Return which of two different statuses wins; None if only a person can decide.

    See the table at the top. Both sides are assumed to have changed, if only in details; a change
    of details yields to a change of status.
    """
    pair = {ours, theirs}
    if base in pair and base != RUNNING:  # from running, another run is a change
        return (pair - {base}).pop()
    if DROPPED in pair:
        other = (pair - {DROPPED}).pop()
        machine = base in (TODO, RUNNING) and other in (TODO, RUNNING, REVIEW)
        return DROPPED if machine or other == BLOCKED else None
    if BLOCKED in pair:
        other = (pair - {BLOCKED}).pop()
        early = base in (BACKLOG, TODO, RUNNING) and other in (BACKLOG, TODO, RUNNING)
        return BLOCKED if early else None
    if _sent_back(base, ours) != _sent_back(base, theirs):
        return None
    return max(ours, theirs, key=_CHAIN.__getitem__)


def _sent_back(base: str, status: str) -> bool:
    retried = base == RUNNING and status == TODO
    return not retried and _CHAIN[status] < _CHAIN.get(base, -1)


def card(base: Card, ours: Card, theirs: Card) -> MergedCard:
    """Merge a card field by field; `id` must be the same on all sides."""
    merged: dict[str, Any] = {}
    conflicts: list[str] = []
    for name in _SINGLE:
        was, mine, other = (getattr(side, name) for side in (base, ours, theirs))
        value = mine if other in (mine, was) else other if mine == was else None
        if value is None and name == "body":
            value = text(was, mine, other)
        if value is None:
            conflicts.append(name)
        else:
            merged[name] = value
    merged["parents"] = tuple(sorted(sets(base.parents, ours.parents, theirs.parents)))
    merged["acceptance"] = sets(base.acceptance, ours.acceptance, theirs.acceptance)
    merged["labels"] = tuple(sorted(sets(base.labels, ours.labels, theirs.labels)))
    needs, wrong = mappings(dict(base.needs), dict(ours.needs), dict(theirs.needs))
    merged["needs"] = tuple(sorted(needs.items()))
    conflicts += ["needs"] if wrong else []
    group = _merge_status(base, ours, theirs)
    if group is None:
        conflicts.append("status")
    else:
        merged |= group
    return MergedCard(ours._replace(**merged), tuple(sorted(conflicts)))


def _merge_status(base: Card, ours: Card, theirs: Card) -> dict[str, Any] | None:
    """The merged status fields; None if they conflict."""
    was, mine, other = (
        {name: getattr(side, name) for name in STATUS_FIELDS} for side in (base, ours, theirs)
    )
    if mine == other or other == was:
        return mine
    if mine == was:
        return other
    if ours.status == theirs.status:
        return _merge_details(was, mine, other)
    holds = winner(base.status, ours.status, theirs.status)
    if holds is None:
        return None
    side = mine if holds == ours.status else other
    return {**side, "attempts_after": _latest_value("attempts_after", was, mine, other)}


def _latest_value(
    name: str, was: Mapping[str, Any], mine: Mapping[str, Any], other: Mapping[str, Any]
) -> Any:
    """The value that one side changed the field to, or the later one if both did."""
    if was[name] in (mine[name], other[name]):
        return other[name] if mine[name] == was[name] else mine[name]
    return max(mine[name], other[name])


def _merge_details(
    was: Mapping[str, Any], mine: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, Any] | None:
    merged = {}
    for name in STATUS_FIELDS:
        before, a, b = was[name], mine[name], other[name]
        if a == b or b == before:
            merged[name] = a
        elif a == before:
            merged[name] = b
        elif name in _LATEST:
            merged[name] = _latest_value(name, was, mine, other)
        elif name in _EITHER:
            merged[name] = min(filter(None, (a, b)))
        else:
            return None
    runs = ("run", "slot", "clone", "host", "machine")
    taken = tuple(merged[name] for name in runs)
    whole = {tuple(side[name] for name in runs) for side in (mine, other)}
    return merged if taken in whole else None  # never half of one run and half of another
