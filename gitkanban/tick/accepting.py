"""Accepts cards in review: merges the branch into base, moves the card to done, or to blocked on a
conflict.

Whoever accepts, base and the board move together in one update of refs. If the process is killed
before it, nothing has happened; if after it, the next command brings the checkouts along.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext

from gitkanban import failpoints
from gitkanban.board import store
from gitkanban.board.content.unchanged import check_unchanged
from gitkanban.board.following import follow_base
from gitkanban.board.repo import git
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.board.repo.turn import Turn
from gitkanban.core.model import BLOCKED, DONE, Board, Card, Config, MergeWay, Run
from gitkanban.core.names import CardId, Oid
from gitkanban.core.tick.facts import Landing
from gitkanban.core.tick.outcome import Accepted
from gitkanban.core.tick.reconcile import landed
from gitkanban.core.transitions import check_verb
from gitkanban.errors import (
    BadData,
    BoardBusy,
    BoardMoved,
    GitkanbanError,
    NotFound,
    Refused,
    Untrusted,
)
from gitkanban.runs import trust
from gitkanban.runs.records import last_tick
from gitkanban.tick.observing import untrusted_workers
from gitkanban.tick.state import BoardLook, TickState
from gitkanban.typed import TYPE_CHECKING, NamedTuple
from gitkanban.views.message import commit_message

if TYPE_CHECKING:  # most ticks accept nothing
    from gitkanban.board.work.integrate import BaseAhead, MergeResult

ATTEMPTS = 10


# -- accepting by a person


def accept(
    place: Place,
    card_id: CardId,
    merge: MergeWay | None = None,
    attended: bool = False,
    since: str = "",
) -> Accepted:
    """Merge the branch of a card in review into base, and move the card.

    `merge` (merge, squash or ff) overrides the configured way. A blocked card is accepted only with
    `attended`: a person has dealt with what blocked it. With `since`, the card must be as it was at
    that commit of the board. Raises as `merge_onto` does, and NotFound,
    Refused when the card is not in review, BadData when config.yaml cannot be read, and BoardMoved.
    """
    notices = tuple(follow_base.complete(place))
    verified: set[str] = set()
    for attempt in range(ATTEMPTS):
        # Somebody was quicker once: now others wait for us, since `verify` has already passed.
        with Turn(place, "write", store.QUEUE_PATIENCE) if attempt else nullcontext():
            board = store.read(place)
            base = _base_ahead(place, board, card_id, merge, attended=attended)
            check_unchanged(place, board, [card_id], since)
            card = board.cards[card_id]
            done = merge_onto(base, card, board.runs_of(card_id), verified)
            change = landed(card, _landing_of(done))
            moved = store.commit_once(place, board, [change], commit_message, onto=base)
        if moved:
            lines = store.bring_checkouts_along(place, moved, base).notices
            return done._replace(notices=(*notices, *done.notices, *lines))
    raise BoardMoved(f"the board or {base.base} kept moving", "Try again.")


def _base_ahead(
    place: Place, board: Board, card_id: CardId, merge: MergeWay | None, attended: bool
) -> "BaseAhead":
    """Return base, ready for the merge, once the card may be accepted. Raises as `accept` does."""
    card = board.cards.get(card_id)
    if card is None:
        raise NotFound(f"no card {card_id}", "It was removed in the meantime.")
    if not (attended and card.status == BLOCKED):
        check_verb("accept", card.id, card.status)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    trust.check_accepting(place, board.config)
    from gitkanban.board.work.integrate import BaseAhead

    return BaseAhead(place, board.config._replace(merge=merge or board.config.merge))


# -- accepting by a tick


class Merges(NamedTuple):
    """What was merged ahead of a commit: base as it will be, and the result for each card."""

    base: "BaseAhead | None"
    accepted: tuple[Accepted, ...]


NO_MERGES = Merges(None, ())


def accept_unattended(state: TickState, look: BoardLook) -> tuple[Merges, BoardLook]:
    """Merge, in memory and one by one, the branches that need no person; return merges and look.

    The look is planned again if the merges changed what is known. No ref moves here: base moves
    with the board's next commit, which also starts the cards that these merges freed. Refusals are
    saved for `status` and `why` until a tick succeeds.
    """
    cards = [card for card in look.plan.accepts if card not in state.given_up]
    base = _try_base(state, look.board.config, cards)
    results = (_try_merge(state, look, base, card) for card in cards if base)
    merges = Merges(base, tuple(result for result in results if result))
    _remember_refused(state, look.plan.accepts)
    if not merges.accepted and state.refused == look.observed.refused:
        return merges, look
    landings = {each.card: _landing_of(each) for each in merges.accepted}
    observed = look.observed._replace(accepted=landings, refused=state.refused)
    look = BoardLook.planned(look.board, observed)
    state.add(holds=look.plan.holds, untrusted=untrusted_workers(look))
    return merges, look


def _try_base(
    state: TickState, config: Config | None, cards: Sequence[CardId]
) -> "BaseAhead | None":
    """Return base to merge onto; None if nothing is to be merged, or if base cannot be used."""
    if not cards or config is None:
        return None
    why = state.remote.base_refusal(config) if state.remote else ""
    if why:  # reported when it was found out
        _note_refusal(state, cards, Refused(why))
        return None
    from gitkanban.board.work.integrate import BaseAhead

    try:
        return BaseAhead(state.place, config)
    except GitkanbanError as error:
        _note_refusal(state, cards, error)
        state.report_error(f"nothing is accepted: {error}")
        return None


def _try_merge(
    state: TickState, look: BoardLook, base: "BaseAhead", card_id: CardId
) -> Accepted | None:
    """Merge the card's work; if that is refused, add an error to the outcome and return None."""
    card = look.plan.after.cards[card_id]
    try:
        why = trust.withheld(state.place, base.config).accepting(card.worker)
        if why:
            raise Untrusted(f"{why}; see `gitkanban trust`")
        return merge_onto(base, card, look.plan.after.runs_of(card_id), state.verified)
    except (GitkanbanError, OSError) as error:
        _note_refusal(state, [card_id], error)
        state.report_error(f"{card_id} is not accepted: {error}")
        return None


def _note_refusal(state: TickState, cards: Sequence[CardId], error: Exception) -> None:
    state.given_up.update(cards)
    if not isinstance(error, BoardBusy):  # a busy board is only temporary
        state.refused.update(dict.fromkeys(cards, str(error)))


def _remember_refused(state: TickState, accepts: Collection[str]) -> None:
    state.refused = {card: why for card, why in state.refused.items() if card in accepts}
    last_tick.note_refused(state.place.private, state.refused)


def report_accepted(state: TickState, merges: Merges) -> None:
    """Add what was accepted to the outcome; call it once that is committed."""
    notices = tuple(line for each in merges.accepted for line in each.notices)
    state.add(accepted=merges.accepted, notices=notices)


# -- the merge, whoever asks for it


def merge_onto(base: "BaseAhead", card: Card, runs: Sequence[Run], verified: set[str]) -> Accepted:
    """Merge the card's work onto base as it will be; no ref moves yet. `runs` are the card's.

    `verified` holds the contents that `verify` has passed on; those it passes on now are added.
    Raises Refused when the work is not in this clone, when a checkout of base has changes in the
    way, or when `verify` fails on the merged result (`verify_accept`); also Untrusted, BoardBusy,
    GitFailed.
    """
    failpoints.reach("accept.begun")
    check = _merge_check(base.place, base.config, card, verified)
    return _accepted_as(card, base.merge(card, runs, check))


def _accepted_as(card: Card, result: "MergeResult") -> Accepted:
    if not result.conflicts:
        return Accepted(card.id, DONE, result.commit, result.notices, merged=result.merged)
    why = f"{result.branch} and {result.base} both changed {', '.join(result.conflicts)}"
    if result.others:
        why += f" (in {result.base} by {', '.join(result.others)})"
    return Accepted(card.id, BLOCKED, why)


def _landing_of(accepted: Accepted) -> Landing:
    """Return the result of the merge as a fact."""
    if accepted.to == BLOCKED:
        return Landing(conflict=accepted.detail)
    return Landing(accepted.merged)


def _merge_check(
    place: Place, config: Config, card: Card, verified: set[str]
) -> Callable[[Oid], None]:
    """Return the check that the merged commit must pass before base moves to it."""
    if not config.verify_accept:
        from gitkanban.board.work.integrate import unchecked

        return unchecked
    from gitkanban.runs.verifying import verify

    def check(commit: Oid) -> None:
        # Base may also be the board branch. Leave the board out: it changes while `verify` runs.
        listed = git.run(place.common, "ls-tree", "-z", commit).text.split("\0")
        content = "\0".join(line for line in listed if not line.endswith(f"\t{FOLDER}"))
        if content not in verified:
            verify(place, config, card, commit)
            verified.add(content)

    return check
