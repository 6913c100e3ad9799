"""`gitkanban search`: find cards by any text: fields, notes, results, logs on this machine."""

from collections.abc import Iterator

from gitkanban.board.repo.place import Place
from gitkanban.board.review.searching import MOST, Hit
from gitkanban.cli import declare
from gitkanban.cli.streams import echo
from gitkanban.cli.viewing import form_of, list_options
from gitkanban.runs.records.folders import card_of

LINE_MOST = 300  # characters of a line of a log that are printed


@declare.command("search")
@declare.argument("text")
@declare.option("--no-logs", is_flag=True, help="Leave the logs of runs on this machine out.")
@list_options
def search_command(text: str, no_logs: bool, form: str | None, as_json: bool) -> None:
    """Find TEXT in titles, bodies, notes, results and logs, whatever its case; archived cards too.

    In a pipe it prints one tab-separated line per match: id, where it is (card, note, run, or a
    log), the run, the line.
    """
    from itertools import chain

    from gitkanban.board import store
    from gitkanban.board.review import searching
    from gitkanban.cli import paging
    from gitkanban.cli.here import place_here, print_json
    from gitkanban.cli.quick import status_now
    from gitkanban.cli.terminal import is_terminal, look_here
    from gitkanban.views.search import search_page

    place = place_here()
    board = store.read(place)
    logs = () if no_logs else _search_logs(place, text)
    hits = list(dict.fromkeys(chain(searching.search(place, board, text), logs)))[:MOST]
    form = form_of(form, as_json)
    if form == "json":
        print_json([hit._asdict() for hit in hits])
    elif not hits:
        echo(f"{text!r} is nowhere on the board", err=True)
    elif form == "text" or (not form and is_terminal()):
        cards = {card["id"]: card for card in status_now()["cards"]}
        paging.write(search_page(hits, cards, text, look_here()))
    else:
        _print_lines(hits)


def _print_lines(hits: list[Hit]) -> None:
    from gitkanban.views.text import shown

    for hit in hits:
        fields = (hit.card, hit.where, hit.run, hit.line)
        echo("\t".join(shown(field.replace("\t", " ")) for field in fields))


def _search_logs(place: Place, text: str) -> Iterator[Hit]:
    """Yield hits in the logs on this machine; in an agent's stream, only its words are searched."""
    from gitkanban.cli.commands.logs import ORDER, SESSION
    from gitkanban.core.agents.transcript import entries, plain_line
    from gitkanban.runs.records import folders, logtail

    wanted = text.casefold()
    for folder in folders.every(place.private):
        facts = folder.facts()
        for name in ORDER:
            lines = logtail.last_lines(folder.file(name), 1 << 20) if folder.size(name) else []
            if name == SESSION:
                words = entries(facts.one("runner"), lines, facts.one("workspace"))
                lines = [plain_line(each) for each in words]
            for line in lines:
                if wanted in line.casefold():
                    where = name.removesuffix(".log")
                    yield Hit(card_of(facts), where, line[:LINE_MOST], folder.run)
