"""`gitkanban why`: the first thing that holds a card back, and what would free it."""

import click

from gitkanban import clock
from gitkanban.cli.here import board_of, card_of, json_option, place_here, print_json
from gitkanban.errors import UsageError


@click.command("why")
@click.argument("cards", nargs=-1)
@click.option("-a", "--all", "all_", is_flag=True, help="Every card that is not done.")
@json_option
def why_command(cards: tuple[str, ...], all_: bool, as_json: bool) -> None:
    """Say what holds CARDS back, with names and numbers, and what would free them.

    The words are those of `tick` and `status`. With --all, the cards that need a person come
    first, those that most others wait on before the rest, and a board on which nothing can go on
    by itself is called that.
    """
    if bool(cards) == all_:
        raise UsageError("name cards, or --all, and not both", "gitkanban why T4")
    from gitkanban.core.held import all_held, deadlock, needs_person
    from gitkanban.core.schedule import schedule
    from gitkanban.runs.locks import Locks
    from gitkanban.runs.observe import observe
    from gitkanban.views.why import why_data, why_text

    place = place_here()
    board = board_of(place)
    seen = observe(place, board, int(clock.now()), Locks(place.private))
    chosen = [card_of(board, name) for name in dict.fromkeys(cards)]
    if all_:
        chosen = [card for _, card in sorted(board.cards.items()) if card.status not in QUIET]
    held = all_held(board, seen)
    persons = needs_person(board, seen)
    stuck = deadlock(board, schedule(board, seen)) if all_ else ""
    rows = [why_data(board, card, held.get(card.id), persons) for card in chosen]
    if all_:
        order = {each.card: place for place, each in enumerate(persons)}
        rows.sort(key=lambda row: (order.get(row["card"], len(order)), row["card"]))
    if as_json:
        needed = [each._asdict() for each in persons] if all_ else []
        print_json({"cards": rows, "needs_person": needed, "deadlock": stuck} if all_ else rows)
    else:
        missing = [each for each in persons if all_ and each.card not in board.cards]
        click.echo(why_text(rows, missing, stuck, seen.now), nl=False)


QUIET = frozenset({"done", "dropped"})
