"""`gitkanban accept`: merge the work of cards in review into base, one card after the other."""

from gitkanban.cli import declare
from gitkanban.cli.at_once import no_tick_option, start_ready
from gitkanban.cli.here import (
    board_of,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    since_option,
    tell,
    tell_error,
)
from gitkanban.core.lookup import card_of
from gitkanban.core.model import MergeWay
from gitkanban.core.names import CardId
from gitkanban.errors import GitkanbanError


@declare.command("accept")
@declare.argument("cards", nargs=-1, required=True)
@declare.option("--merge", "how", flag_value="merge", help="This time, with a merge commit.")
@declare.option("--squash", "how", flag_value="squash", help="This time, as one commit.")
@declare.option(
    "--ff", "how", flag_value="ff", help="This time, without a merge commit if possible."
)
@no_tick_option
@since_option
@json_option
def accept_command(
    cards: tuple[CardId, ...], how: MergeWay | None, no_tick: bool, since: str, as_json: bool
) -> int:
    """Merge the branches of CARDS into base, and move the cards to done. What that frees starts at
    once, if a tick has run in the last five minutes.

    Uncommitted work in a checkout of base stays as it is. If it is in the way, the card is refused
    and stays in review. A conflict blocks the card and names the files.
    """
    from gitkanban.tick.accepting import accept

    refuse_in_session("accept")
    place = place_here()
    board = board_of(place)
    names = list(dict.fromkeys(card_of(board, name).id for name in cards))
    done, refused = [], []
    for name in names:
        try:
            done.append(accept(place, name, how, since=since))
        except GitkanbanError as error:
            refused.append({"card": name, "why": error.message})
            if not as_json:
                tell_error(error)
            continue
        if not as_json:
            each = done[-1]
            words = f"done ({each.detail[:10] or 'nothing to merge'})"
            say(f"{name} {words if each.to == 'done' else f'blocked: {each.detail}'}")
            tell(each.notices)
    started = start_ready(place) if done and not no_tick else []
    if as_json:
        accepted = [each._asdict() for each in done]
        print_json({"accepted": accepted, "refused": refused, "started": started})
    return 1 if refused or any(each.to != "done" for each in done) else 0
