"""`gitkanban link` and `unlink`: what a card waits for."""

from collections.abc import Sequence

from gitkanban.cli import declare
from gitkanban.cli.here import (
    branch_option,
    change,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
)
from gitkanban.core.changes import Change
from gitkanban.core.editing import linked, unlinked
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board
from gitkanban.core.names import NO_CARD, CardId


@declare.command("link")
@declare.argument("card")
@declare.argument("parents", nargs=-1, required=True)
@branch_option
@json_option
def link_command(card: str, parents: tuple[str, ...], branch: str, as_json: bool) -> None:
    """Make CARD wait for PARENTS."""
    _change_parents("link", card, parents, branch, as_json=as_json)


@declare.command("unlink")
@declare.argument("card")
@declare.argument("parents", nargs=-1, required=True)
@branch_option
@json_option
def unlink_command(card: str, parents: tuple[str, ...], branch: str, as_json: bool) -> None:
    """Make CARD no longer wait for PARENTS."""
    _change_parents("unlink", card, parents, branch, as_json=as_json)


def _change_parents(
    verb: str, name: str, parents: Sequence[str], branch: str, as_json: bool
) -> None:
    refuse_in_session(verb)
    place = place_here(branch)
    child = NO_CARD

    def decide(board: Board) -> list[Change]:
        nonlocal child
        card = card_of(board, name)
        child = card.id
        if verb == "unlink":  # a parent that no longer exists can still be unlinked
            return list(
                unlinked(
                    board,
                    card,
                    [CardId(p) if p in card.parents else card_of(board, p).id for p in parents],
                )
            )
        return list(
            linked(
                board,
                card,
                [CardId(p) if p in board.archived else card_of(board, p).id for p in parents],
            )
        )

    done = change(place, decide)
    after = done.after.cards[child]
    if as_json:
        print_json({"id": after.id, "parents": list(after.parents), "commit": done.commit})
    else:
        say(f"{after.id} waits for {', '.join(after.parents) or 'nothing'}")
