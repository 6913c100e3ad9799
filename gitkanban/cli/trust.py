"""`gitkanban trust`: show what tick would run on this machine, and allow it."""

import sys
from collections.abc import Sequence

import click

from gitkanban.cli.here import (
    board_of,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    tell,
)
from gitkanban.errors import BadData, Refused


@click.command("trust")
@click.option("-y", "--yes", is_flag=True, help="Allow it without asking.")
@json_option
def trust_command(yes: bool, as_json: bool) -> int:
    """Show the commands that the board's workers run, and allow them for this clone.

    A changed command, setup, verify, pass_env, memory or memory_home must be trusted again, and a
    preset that runs something else than it did. The values of PATH and of
    the variables in pass_env are recorded for ticks that lack them; say it again when they change.
    """
    from gitkanban.runs import trust

    refuse_in_session("trust")
    place = place_here()
    board = board_of(place)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    wanted = trust.wanted(place, board.config)
    changed = trust.untrusted(place, board.config)
    if as_json:
        print_json(
            {"workers": {row.worker: row._asdict() for row in wanted}, "untrusted": dict(changed)}
        )
    else:
        from gitkanban.views.trust import trust_text

        click.echo(trust_text(wanted, changed), nl=False)
    outdated = trust.outdated(place, board.config)
    if not changed and not (outdated and yes):
        if outdated:
            tell([f"{_and(outdated)}: what is recorded is not today's (--yes records that)"])
        return 0
    if not yes:
        if as_json:
            return 1
        if not _agreed("Allow these on this machine?"):
            click.echo("Nothing was allowed.")
            return 1
    trust.record(place, board.config)
    if not as_json:
        said = "Trusted. `gitkanban tick` starts what is ready."
        click.echo(said if changed else f"Recorded today's {_and(outdated)}.")
    return 0


def _agreed(question: str) -> bool:
    """Ask. Raises Refused when there is nobody to answer."""
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise  # it was ^C
        click.echo()
        raise Refused(
            "nobody answered, so nothing was allowed", "`gitkanban trust --yes` does not ask."
        ) from None


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
