"""A card in review: its branch goes into base, and the card to done, or to blocked on a conflict.

The merge comes first and the board second: killed in between, the next tick finds the work in base
and marks the card. Nothing is merged twice.
"""

from collections.abc import Callable, Sequence

from gitkanban import failpoints
from gitkanban.board import git, integrate, store
from gitkanban.board.integrate import Merged, Onto
from gitkanban.board.place import FOLDER, Place
from gitkanban.core.changes import Change, EditCard
from gitkanban.core.model import BLOCKED, DONE, REVIEW, Board, Card, Config
from gitkanban.core.moves import accepted, conflicted
from gitkanban.core.outcome import Accepted
from gitkanban.core.transitions import check_verb
from gitkanban.errors import BadData, NotFound
from gitkanban.runs.verifying import verify
from gitkanban.views.message import commit_message


def accept(place: Place, card_id: str, merge: str = "") -> Accepted:
    """Merge the branch of a card in review into base, and move the card.

    `merge` is how (merge, squash or ff), where it is not as configured. Raises as `merged` does,
    and Refused when the card is not in review.
    """
    board = store.read(place)
    card = board.cards.get(card_id)
    if card is None:
        raise NotFound(f"no card {card_id}", "It was removed meanwhile.")
    check_verb("accept", card.id, card.status)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    config = board.config._replace(merge=merge or board.config.merge)
    failpoints.reach("accept.begun")
    check = _checking(place, config, card, set())
    done = _outcome(integrate.accept(place, config, card, check), card)
    _record(place, conflicted(card, done.detail) if done.to == BLOCKED else accepted(card))
    return done


def merged(onto: Onto, card: Card, verified: set[str]) -> Accepted:
    """Merge the card's branch onto base as it will be; nothing moves yet.

    `verified` holds the contents that `verify` has passed on, and gains what it passes on now.
    Raises Refused when a checkout of base has changes in the way or verify is red on the merged
    result (`verify_accept`), Untrusted, BoardBusy, GitFailed.
    """
    failpoints.reach("accept.begun")
    check = _checking(onto.place, onto.config, card, verified)
    return _outcome(onto.merge(card, check), card)


def _outcome(result: Merged, card: Card) -> Accepted:
    if not result.conflicts:
        return Accepted(card.id, DONE, result.commit, result.told)
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
        listed = git.run(place.common, "ls-tree", commit).text.splitlines()
        content = "\n".join(line for line in listed if not line.endswith(f"\t{FOLDER}"))
        if content not in verified:
            verify(place, config, card, commit)
            verified.add(content)

    return check


def _record(place: Place, change: EditCard) -> None:
    """Move the card, unless it has left review in the meantime."""

    def decide(board: Board) -> Sequence[Change]:
        card = board.cards.get(change.card)
        return [change] if card and card.status == REVIEW else []

    store.commit(place, decide, message=commit_message)
