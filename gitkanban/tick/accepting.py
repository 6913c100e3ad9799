"""A card in review: its branch goes into base, and the card to done, or to blocked on a conflict.

Base and the board move together, by one update of refs: killed before it nothing has happened,
killed after it the next command brings the checkouts along.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from gitkanban import failpoints
from gitkanban.board import store
from gitkanban.board.following import follow_base
from gitkanban.board.repo import git
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.board.repo.turn import Turn
from gitkanban.board.work import integrate
from gitkanban.board.work.integrate import Merged, Onto
from gitkanban.core.model import BLOCKED, DONE, Board, Card, Config, Run
from gitkanban.core.moves import accepted, conflicted
from gitkanban.core.tick.outcome import Accepted
from gitkanban.core.transitions import check_verb
from gitkanban.errors import BadData, BoardMoved, NotFound
from gitkanban.runs import trust
from gitkanban.runs.verifying import verify
from gitkanban.views.message import commit_message

ATTEMPTS = 10


def accept(place: Place, card_id: str, merge: str = "") -> Accepted:
    """Merge the branch of a card in review into base, and move the card.

    `merge` is how (merge, squash or ff), where it is not as configured. Raises as `merged` does,
    Refused when the card is not in review, and BoardMoved.
    """
    told = tuple(follow_base.complete(place))
    verified: set[str] = set()
    for attempt in range(ATTEMPTS):
        # Once somebody was quicker, others wait for us: `verify` has passed by then.
        with Turn(place, "write", store.QUEUE_PATIENCE) if attempt else nullcontext():
            board = store.read(place)
            onto = _base_ahead(place, board, card_id, merge)
            card = board.cards[card_id]
            done = merged(onto, card, board.runs_of(card_id), verified)
            blocked = done.to == BLOCKED
            change = conflicted(card, done.detail) if blocked else accepted(card, done.merged)
            moved = store.commit_once(place, board, [change], commit_message, onto=onto)
        if moved:
            lines = store.followed(place, moved, onto).told
            return done._replace(told=(*told, *done.told, *lines))
    raise BoardMoved(f"the board or {onto.base} moved each time", "Try again.")


def _base_ahead(place: Place, board: Board, card_id: str, merge: str) -> Onto:
    """Base, to merge the branch of a card in review onto it. Raises as `accept` does."""
    card = board.cards.get(card_id)
    if card is None:
        raise NotFound(f"no card {card_id}", "It was removed meanwhile.")
    check_verb("accept", card.id, card.status)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    trust.check_accepting(place, board.config)
    return Onto(place, board.config._replace(merge=merge or board.config.merge))


def merged(onto: Onto, card: Card, runs: Sequence[Run], verified: set[str]) -> Accepted:
    """Merge the card's work onto base as it will be; nothing moves yet. `runs` are the card's.

    `verified` holds the contents that `verify` has passed on, and gains what it passes on now.
    Raises Refused when the work is not here, a checkout of base has changes in the way or verify is
    red on the merged result (`verify_accept`), Untrusted, BoardBusy, GitFailed.
    """
    failpoints.reach("accept.begun")
    check = _checking(onto.place, onto.config, card, verified)
    return _outcome(onto.merge(card, runs, check), card)


def _outcome(result: Merged, card: Card) -> Accepted:
    if not result.conflicts:
        return Accepted(card.id, DONE, result.commit, result.told, result.merged)
    why = f"{result.branch} and {result.base} both changed {', '.join(result.conflicts)}"
    if result.others:
        why += f" (in {result.base} by {', '.join(result.others)})"
    return Accepted(card.id, BLOCKED, why)


def _checking(
    place: Place, config: Config, card: Card, verified: set[str]
) -> Callable[[str], None]:
    """What must hold of the merged commit before base moves to it."""
    if not config.verify_accept:
        return integrate.unchecked

    def check(commit: str) -> None:
        # Base may be the board's branch too: only its board moved while verify ran.
        listed = git.run(place.common, "ls-tree", "-z", commit).text.split("\0")
        content = "\0".join(line for line in listed if not line.endswith(f"\t{FOLDER}"))
        if content not in verified:
            verify(place, config, card, commit)
            verified.add(content)

    return check
