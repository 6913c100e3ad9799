"""`gitkanban status`: the board at a glance. The quick door answers if the cache is warm."""

from gitkanban.cli import declare
from gitkanban.cli.terminal import is_terminal
from gitkanban.cli.viewing import form_of, label_option, list_options, watch_options, watched


@declare.command("status")
@declare.option(
    "-a", "--all", "all_", is_flag=True, help="List every card: backlog, done and dropped ones too."
)
@declare.option(
    "--at",
    "rev",
    default="",
    metavar="REV",
    help="The board as it was at a commit, tag or date@{…}.",
)
@label_option
@watch_options
@list_options
def status_command(
    all_: bool,
    rev: str,
    labels: tuple[str, ...],
    form: str | None,
    as_json: bool,
    watch: float,
    bell: bool,
) -> int:
    """Show who needs you, what runs, what comes next, and what holds the board back.

    In a pipe it prints one tab-separated line per card: id, state, worker, priority, how many cards
    it holds up, since when (UTC), title, remark.
    """
    from gitkanban.cli.quick import having_labels, print_status, status_at, status_now, status_page

    form = form_of(form, as_json)
    code = watched(watch, bell, form, lambda: status_page(all_, rev, labels))
    if code is None:
        brief = not (all_ or form or labels) and is_terminal()
        data = status_at(rev) if rev else status_now(brief)
        print_status(having_labels(data, labels), form, all_)
    return code or 0
