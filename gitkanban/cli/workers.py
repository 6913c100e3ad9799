"""`gitkanban workers`: who works on this board, how much at once, and what they do now."""

import click

from gitkanban.cli.here import json_option, print_json


@click.command("workers")
@json_option
def workers_command(as_json: bool) -> None:
    """Show workers with running/limit, ready and waiting; profiles and capacities in total."""
    from gitkanban.cli.quick import status_now
    from gitkanban.views.workers import workers_text

    data = status_now()
    if as_json:
        print_json({name: data[name] for name in ("workers", "profiles", "capacities")})
    else:
        click.echo(workers_text(data), nl=False)
