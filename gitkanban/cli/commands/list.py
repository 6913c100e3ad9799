"""`gitkanban list`: cards, filtered, one a line."""

from typing import Any

import click

from gitkanban.cli.here import json_option, print_json
from gitkanban.core.ids import did_you_mean, resolve
from gitkanban.core.model import STATUSES
from gitkanban.errors import NotFound

WORDS = (*STATUSES, "ready", "waiting")


@click.command("list")
@click.option(
    "-s",
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(WORDS),
    help="Only cards with this status (repeatable).",
)
@click.option(
    "-w", "--worker", "workers", multiple=True, metavar="NAME", help="Only this worker's cards."
)
@click.option(
    "--profile", "profiles", multiple=True, metavar="NAME", help="Only this profile's cards."
)
@click.option("--parent", default="", metavar="ID", help="Only cards that wait for this one.")
@click.option(
    "--grep",
    default="",
    metavar="TEXT",
    help="Only cards with this text in title or body, whatever its case.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only ids.")
@click.option("--at", "rev", default="", metavar="REV", help="The cards as they were at a commit.")
@json_option
def list_command(
    statuses: tuple[str, ...],
    workers: tuple[str, ...],
    profiles: tuple[str, ...],
    parent: str,
    grep: str,
    quiet: bool,
    rev: str,
    as_json: bool,
) -> None:
    """List cards, the ones that need a person first."""
    from gitkanban import clock
    from gitkanban.cli.quick import status_at, status_now
    from gitkanban.cli.terminal import colour_on, terminal_width
    from gitkanban.views.status import card_lines, in_order, word_of

    data = status_at(rev) if rev else status_now()
    _check_filters(data, workers, profiles)
    ids = [card["id"] for card in data["cards"]]
    above = {name for card in data["cards"] for name in card["parents"]}  # the archive's, too
    parent = resolve(above.union(ids), parent) if parent else ""
    named = _cards_having(grep, rev) if grep else frozenset(ids)
    owned = {worker["name"] for worker in data["workers"] if worker["profile"] in profiles}
    cards = [
        card
        for card in in_order(data["cards"])
        if (not statuses or card["status"] in statuses or word_of(card) in statuses)
        and (not workers or card["worker"] in workers)
        and (not profiles or card["worker"] in owned)
        and (not parent or parent in card["parents"])
        and card["id"] in named
    ]
    if as_json:
        print_json(cards)
    elif quiet:
        click.echo("".join(f"{card['id']}\n" for card in cards), nl=False)
    elif cards:
        lines = card_lines(cards, clock.now(), terminal_width(), colour_on())
        click.echo("\n".join(lines))
    else:
        click.echo("no such cards", err=True)


def _cards_having(text: str, rev: str) -> frozenset[str]:
    """The cards with the text in title or body; the columns of a list have no bodies."""
    from gitkanban.board import store
    from gitkanban.cli.here import place_here

    cards = store.read(place_here(), rev).cards.values()
    wanted = text.casefold()
    return frozenset(c.id for c in cards if wanted in f"{c.title}\n{c.body}".casefold())


def _check_filters(
    data: dict[str, Any], workers: tuple[str, ...], profiles: tuple[str, ...]
) -> None:
    """Raises NotFound for a worker or a profile that nothing on the board bears."""
    known = {
        "worker": {each["name"] for each in data["workers"]} | {c["worker"] for c in data["cards"]},
        "profile": {each["profile"] for each in data["workers"]},
    }
    for what, names in (("worker", workers), ("profile", profiles)):
        for name in names:
            if name not in known[what]:
                raise NotFound(f"no {what} {name!r}", did_you_mean(name, known[what] - {""}))
