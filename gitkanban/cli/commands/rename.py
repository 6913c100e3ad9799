"""`gitkanban rename`: change the id of a card, everywhere it is named."""

from collections.abc import Sequence

from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import branch_option, json_option, place_here, refuse_in_session, say, tell
from gitkanban.core.changes import AddCard, Change, EditCard, MessageLine
from gitkanban.core.ids import branch_of, card_ref
from gitkanban.core.lookup import card_of
from gitkanban.core.model import STATUSES, Board
from gitkanban.core.names import NO_CARD, CardId
from gitkanban.core.renaming import renamed
from gitkanban.errors import Refused, UsageError


@declare.command("rename")
@declare.argument("old")
@declare.argument("new")
@branch_option
@json_option
def rename_command(old: str, new: str, branch: str, as_json: bool) -> None:
    """Change the id of card OLD to NEW, in its children, runs and notes too, in one commit.

    If two branches have added different cards with one id, rename the newer card on its branch (-b)
    before the branches are merged.
    """
    from gitkanban.board import store

    refuse_in_session("rename")
    if new in STATUSES:
        hint = "approve, retry, block, accept, done, drop and reopen move a card."
        raise UsageError(f"{new} is a status, not an id", hint)
    place = place_here(branch)
    card = NO_CARD

    def decide(board: Board) -> list[Change]:
        nonlocal card
        card = card_of(board, old).id
        return _rename_changes(place, store.history(place, board, card), card, CardId(new))

    def message(board: Board, _rename_changes: Sequence[Change]) -> str:
        from gitkanban.views.message import from_lines

        suffix = board.config.commit_suffix if board.config else ""
        return from_lines([MessageLine(card, f"renamed to {new}")], suffix)

    done = store.commit(place, decide, message=message)
    tell(done.notices)
    children = [each.card for each in done.changes if isinstance(each, EditCard)]
    if as_json:
        from gitkanban.cli.here import print_json

        print_json({"old": card, "new": new, "children": children, "commit": done.commit})
    else:
        also = f", also in {', '.join(children)}" if children else ""
        say(f"{card} is now {new}{also}")


def _rename_changes(place: Place, board: Board, old: CardId, new: CardId) -> list[Change]:
    from gitkanban.board import store
    from gitkanban.board.formats import cardfile
    from gitkanban.board.repo.refs import exists

    changes = renamed(board, old, new)
    if board.cards[old].status != "done" and exists(place.common, card_ref(old)):
        raise Refused(
            f"{old} has work on branch {branch_of(old)}, which keeps its name",
            f"Finish or drop the card, or delete the branch: git branch -D {branch_of(old)}.",
        )
    text = cardfile.edited(store.card_text(place, board, old), {"id": new})
    return [each._replace(text=text) if isinstance(each, AddCard) else each for each in changes]
