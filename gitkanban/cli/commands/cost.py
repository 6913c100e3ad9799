"""`gitkanban cost`: what sessions cost, as far as their agents report it."""

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.commands.log import check_since
from gitkanban.cli.here import board_of, json_option, place_here, print_json
from gitkanban.cli.streams import echo
from gitkanban.core.agents.cost import BY


@declare.command("cost")
@declare.option(
    "--since",
    default="",
    metavar="DATE",
    help="Only runs that ended later, as in `git log --since`.",
)
@declare.option("--by", type=declare.choice(list(BY)), default="card", help="Default: card.")
@json_option
def cost_command(since: str, by: str, as_json: bool) -> None:
    """Add up what sessions cost, in US dollars, and their tokens. Days are in UTC.

    Runs whose agent does not say what they cost are counted as unknown, never as 0. Cards in the
    archive count, too.
    """
    from gitkanban.board.content.histories import runs_since
    from gitkanban.core.agents.cost import add_up, group
    from gitkanban.views.cost import cost_data, cost_text

    check_since(since)
    place = place_here()
    board = board_of(place)
    runs = runs_since(place, board, _time_of_date(place, since))
    rows, total = group(runs, by), add_up(runs)
    if as_json:
        print_json(cost_data(rows, total, by, since))
    else:
        echo(cost_text(rows, total, by), nl=False)


def _time_of_date(place: Place, text: str) -> int:
    """Return the time (epoch seconds) of a date in any form that git reads; 0 for no date."""
    if not text:
        return 0
    answer = git.run(place.common, "rev-parse", f"--since={text}").text
    return int(answer.strip().rpartition("=")[2])
