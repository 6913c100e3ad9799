"""`gitkanban board`: the cards in columns, by who must move next."""

from gitkanban.cli import declare
from gitkanban.cli.viewing import label_option, look_options, watch_options, watched


@declare.command("board")
@declare.option("-a", "--all", "all_", is_flag=True, help="All cards, not just ten per column.")
@declare.option(
    "--by", type=declare.choice(["worker", "label"]), help="One lane for each worker or label."
)
@label_option
@watch_options
@look_options
def board_command(
    all_: bool, by: str | None, labels: tuple[str, ...], watch: float, bell: bool
) -> int:
    """Show the board in columns: what needs you, what runs, what comes next, what is done.

    It shows as many columns side by side as the terminal has room for.
    """
    from gitkanban import clock
    from gitkanban.cli import paging
    from gitkanban.cli.quick import having_labels, needing, status_now
    from gitkanban.cli.redraw import Page
    from gitkanban.cli.terminal import look_here
    from gitkanban.views.board import board_text

    def draw() -> Page:
        data = having_labels(status_now(), labels)
        return Page(board_text(data, clock.now(), look_here(), by or "", all_=all_), needing(data))

    code = watched(watch, bell, "", draw)
    if code is None:
        paging.write(draw().text)
    return code or 0
