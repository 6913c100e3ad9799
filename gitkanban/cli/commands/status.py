"""`gitkanban status`: the board at a glance. The quick door answers it when the cache is warm."""

import click

from gitkanban.cli.here import json_option


@click.command("status")
@click.option(
    "-a", "--all", "all_", is_flag=True, help="On a large board, list done and dropped cards too."
)
@click.option(
    "--at",
    "rev",
    default="",
    metavar="REV",
    help="The board as it was at a commit, tag or date@{…}.",
)
@json_option
def status_command(all_: bool, rev: str, as_json: bool) -> None:
    """Show slots, cards, what is holding them back, and what is wrong with the board."""
    from gitkanban.cli.quick import print_status, status_at, status_now

    print_status(status_at(rev) if rev else status_now(), as_json, all_)
