"""A card in review: its branch goes into base, and the card to done, or to blocked on a conflict.

The merge comes first and the board second: killed in between, the next tick finds the work in base
and marks the card. Nothing is merged twice.
"""

from collections.abc import Callable, Sequence

from gitkanban import failpoints
from gitkanban.board import git, integrate, store
from gitkanban.board.place import FOLDER, Place
from gitkanban.core.changes import Change, EditCard
from gitkanban.core.model import REVIEW, Board, Card, Config
from gitkanban.core.moves import accepted, conflicted
from gitkanban.core.outcome import Accepted
from gitkanban.core.transitions import check_verb
from gitkanban.errors import BadData, NotFound
from gitkanban.runs.verifying import verify
from gitkanban.views.message import commit_message


def accept(place: Place, card_id: str, merge: str = "") -> Accepted:
    """Merge the branch of a card in review into base, and move the card. Raises as `merged` does."""
    done, change = merged(place, card_id, merge)
    record(place, [change])
    return done


def merged(place: Place, card_id: str, merge: str = "") -> tuple[Accepted, EditCard]:
    """Merge the branch of a card in review into base; the move of the card is still to be recorded.

    `merge` is how (merge, squash or ff), where it is not as configured.

    Raises Refused when a checkout of base has changes in the way, verify is red on the merged
    result (`verify_accept`) or the card is not in review, Untrusted, BoardBusy, GitFailed; the card then stays in review.
    """
    board = store.read(place)
    card = board.cards.get(card_id)
    if card is None:
        raise NotFound(f"no card {card_id}", "It was removed meanwhile.")
    check_verb("accept", card.id, card.status)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    failpoints.reach("accept.begun")
    config = board.config._replace(merge=merge or board.config.merge)
    result = integrate.accept(place, config, card, _check(place, config, card))
    failpoints.reach("accept.merged")
    if result.conflicts:
        why = f"{result.branch} and {result.base} both changed {', '.join(result.conflicts)}"
        if result.others:
            why += f" (in {result.base} by {', '.join(result.others)})"
        return Accepted(card_id, "blocked", why), conflicted(card, why)
    return Accepted(card_id, "done", result.commit, result.told), accepted(card)


def _check(place: Place, config: Config, card: Card) -> Callable[[str], None]:
    """What must hold of the merged commit before base moves to it."""
    if not config.verify_accept:
        return integrate.unchecked
    seen: set[str] = set()

    def check(commit: str) -> None:
        # Base may be the board's branch too: only its board moved while verify ran.
        listed = git.run(place.common, "ls-tree", commit).text.splitlines()
        content = "\n".join(line for line in listed if not line.endswith(f"\t{FOLDER}"))
        if content not in seen:
            verify(place, config, card, commit)
            seen.add(content)

    return check


def record(place: Place, changes: Sequence[EditCard]) -> None:
    """Move the cards in one commit, but those that have left review in the meantime."""

    def decide(board: Board) -> Sequence[Change]:
        return [
            change
            for change in changes
            if change.card in board.cards and board.cards[change.card].status == REVIEW
        ]

    store.commit(place, decide, message=commit_message)
    failpoints.reach("accept.recorded")
