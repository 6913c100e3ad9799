"""`gitkanban list`: cards, filtered, one per line."""

from gitkanban.cli import declare
from gitkanban.cli.streams import echo
from gitkanban.cli.viewing import form_of, label_option, list_options
from gitkanban.core.ids import resolve
from gitkanban.core.lookup import not_known
from gitkanban.core.model import STATUSES
from gitkanban.core.names import ProfileName, WorkerName
from gitkanban.typed import Any

WORDS = (*STATUSES, "ready", "waiting")


@declare.command("list")
@declare.option(
    "-s",
    "--status",
    "statuses",
    multiple=True,
    type=declare.choice(WORDS),
    help="Only cards with this status (repeatable).",
)
@declare.option(
    "-w", "--worker", "workers", multiple=True, metavar="NAME", help="Only this worker's cards."
)
@declare.option(
    "--profile", "profiles", multiple=True, metavar="NAME", help="Only this profile's cards."
)
@declare.option("--parent", default="", metavar="ID", help="Only cards that wait for this one.")
@declare.option(
    "--grep",
    default="",
    metavar="TEXT",
    help="Only cards with this text in title or body, whatever its case.",
)
@declare.option("-q", "--quiet", is_flag=True, help="Print only ids.")
@declare.option(
    "--at", "rev", default="", metavar="REV", help="The cards as they were at a commit."
)
@label_option
@list_options
def list_command(
    statuses: tuple[str, ...],
    workers: tuple[WorkerName, ...],
    profiles: tuple[ProfileName, ...],
    parent: str,
    grep: str,
    quiet: bool,
    rev: str,
    labels: tuple[str, ...],
    form: str | None,
    as_json: bool,
) -> None:
    """List cards, those that need a person first; in a pipe,
    as tab-separated lines like `status`.
    """
    from gitkanban.cli.quick import print_list, status_at, status_now

    data = status_at(rev) if rev else status_now()
    _check_filters(data, workers, profiles)
    ids = [card["id"] for card in data["cards"]]
    above = {name for card in data["cards"] for name in card["parents"]}  # the archive's, too
    parent = resolve(above.union(ids), parent) if parent else ""
    named = _cards_having(grep, rev) if grep else frozenset(ids)
    owned = {worker["name"] for worker in data["workers"] if worker["profile"] in profiles}
    cards = [
        card
        for card in data["cards"]
        if (not statuses or card["status"] in statuses or _word_of(card) in statuses)
        and (not workers or card["worker"] in workers)
        and (not profiles or card["worker"] in owned)
        and set(labels).issubset(card["labels"])
        and (not parent or parent in card["parents"])
        and card["id"] in named
    ]
    if quiet:
        echo("".join(f"{card['id']}\n" for card in cards), nl=False)
    else:
        print_list({**data, "cards": cards}, form_of(form, as_json))


def _word_of(card: dict[str, Any]) -> str:
    """Return a card's status for the filter; a todo card is `ready` or `waiting`."""
    if card["status"] == "todo":
        return "ready" if card["ready"] else "waiting"
    return str(card["status"])


def _cards_having(text: str, rev: str) -> frozenset[str]:
    """Return the cards with the text in title or body; the rows of a list have no bodies."""
    from gitkanban.board import store
    from gitkanban.cli.here import place_here

    cards = store.read(place_here(), rev).cards.values()
    wanted = text.casefold()
    return frozenset(c.id for c in cards if wanted in f"{c.title}\n{c.body}".casefold())


def _check_filters(
    data: dict[str, Any], workers: tuple[WorkerName, ...], profiles: tuple[ProfileName, ...]
) -> None:
    """Raise NotFound for a worker or profile that nothing on the board has."""
    known = {
        "worker": {each["name"] for each in data["workers"]} | {c["worker"] for c in data["cards"]},
        "profile": {each["profile"] for each in data["workers"]},
    }
    for what, names in (("worker", workers), ("profile", profiles)):
        for name in names:
            if name not in known[what]:
                raise not_known(what, name, known[what] - {""})
