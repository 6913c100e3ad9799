"""Words for a full limit: who holds it, and whose end makes room.

`room` decides which limit is full.
"""

from collections.abc import Collection, Mapping

from gitkanban.core.names import CardId
from gitkanban.core.tick import limits
from gitkanban.core.tick.holds import Hold, some
from gitkanban.core.tick.limits import Full
from gitkanban.core.tick.room import Room

# Limits at which other workers start cards in between.
_SHARED = frozenset(
    (
        *(limits.HOST, limits.RESERVE, limits.STARTS),
        *(limits.PROFILE, limits.CAPACITY, limits.EXECUTOR),
    )
)


def of_limit(card: CardId, code: str, words: tuple[str, str], ahead: int = 0) -> Hold:
    """The hold of a card at a limit; `ahead` cards of its worker wait there before it."""
    text, frees = words
    if not ahead:
        return Hold(card, code, text, frees)
    first = "the card ahead has" if ahead == 1 else f"the {ahead} cards ahead have"
    own = " of its worker's" if code in _SHARED else ""
    queued = f"{text}; fair order: {ahead}{own} ahead"
    return Hold(card, code, queued, f"{frees}, once {first} started")


def limit_words(full: Full, room: Room, starting: Collection[str] = ()) -> tuple[str, str]:
    """(What is full and who holds it, what would free it); `starting` cards do not run yet."""
    kind = limits.HOST if full.code == limits.RESERVE else full.code
    count = f"{room.taken(kind, full.name)}/{full.limit}"
    if full.code == limits.KEEP:
        what = {
            limits.CAPACITY: full.name,
            limits.SHARED_CHECKOUT: "the shared checkout",
            limits.MEMORY: f"the memory of {full.name}",
        }.get(full.kind, f"the next slot of {full.name}")
        return (
            f"{what} is kept for {full.by}, which has waited a long time",
            f"the start of {full.by}",
        )
    if full.code == limits.STARTS:
        starts = "1 start" if full.limit == 1 else f"{full.limit} starts"
        return f"{starts} per tick, and as many come first", "a later tick"
    holders = room.holders(kind, full.name)
    by = _holder_words(holders, starting)
    if full.code == limits.RESERVE:
        frees = "a session's end on this host"
        if full.lasting:
            frees = f"a smaller `reserve` of {full.by}, or a larger max_concurrency"
        return f"host {count}{by}, the rest is reserved for {full.by}", frees
    frees = (
        _whose_ends(holders, room.amounts(full.code, full.name), full)
        if holders
        else "a higher limit"
    )
    if full.code == limits.SHARED_CHECKOUT:
        return f"the shared checkout{_with_is(by)}", frees
    if full.code == limits.MEMORY:
        return f"the memory of {full.name}{_with_is(by)}", frees
    if full.code == limits.HOST:
        return f"host {count}{by}", frees
    if full.code == limits.CAPACITY:
        much = f" (it needs {full.amount})" if full.amount > 1 else ""
        return f"capacity {full.name} {count}{much}{by}", frees
    return f"{full.code} {full.name} {count}{by}", frees


def _holder_words(holders: list[str], starting: Collection[str]) -> str:
    """` held by A; the next tick starts B first`: who holds a limit, and who is about to."""
    now = [name for name in holders if name not in starting]
    soon = [name for name in holders if name in starting]
    by = f" held by {some(now)}" if now else ""
    return f"{by}{';' if now else ':'} the next tick starts {some(soon)} first" if soon else by


def _with_is(by: str) -> str:
    return f" is{by}" if by.startswith(" held") else by


def _whose_ends(holders: list[str], amounts: Mapping[str, int], full: Full) -> str:
    """Whose ends make room: any one of the holders that suffice alone, else as many as it takes."""
    short = sum(amounts.values()) + full.amount - full.limit
    enough = [name for name in holders if amounts[name] >= short]
    if enough:
        return f"the end of {some(enough, joined=' or ')}"
    count = 0
    for amount in sorted(amounts.values(), reverse=True):
        count, short = count + 1, short - amount
        if short <= 0:
            break
    if count == len(holders):
        return f"the ends of {some(holders, joined=' and ')}"
    return f"the ends of {count} of {some(holders)}"
