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
    say,
    tell,
)
from gitkanban.errors import BadData, Refused


@click.command("trust")
@click.option("-y", "--yes", is_flag=True, help="Allow it without asking.")
@json_option
def trust_command(yes: bool, as_json: bool) -> int:
    """Show what the board asks of this machine, and allow it for this clone.

    Keys that decide what runs, where, as whom, from what, or who gets the work must be trusted again
    when they change, and so must a preset that runs something new; docs/security.md lists the keys.
    Only what is new is shown. The values of PATH and of the variables in pass_env are recorded for
    ticks that do not have them; run this again when they change.
    """
    from gitkanban.board.repo.checkouts import base_of
    from gitkanban.runs import trust, watching

    refuse_in_session("trust")
    place = place_here()
    board = board_of(place)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    wanted = trust.wanted(board.config)
    withheld = trust.withheld(place, board.config)
    changed = bool(withheld.starts or withheld.changes)
    found = watching.findings(place)
    if as_json:
        print_json(
            {
                "workers": {row.worker: row._asdict() for row in wanted},
                "untrusted": dict(withheld.starts),
                "changes": [change._asdict() for change in withheld.changes],
                "tampering": [each._asdict() for each in found],
            }
        )
    else:
        from gitkanban.views.trust import trust_text

        click.echo(trust_text(wanted, withheld), nl=False)
        for each in found:
            say(f"noticed: {each.line}")
    outdated = trust.outdated(place, board.config)
    if not changed and not found and not (outdated and yes):
        if outdated:
            tell([f"{_join_names(outdated)}: what is recorded is not today's (--yes records that)"])
        return 0
    if not yes:
        if as_json:
            return 1
        if not _ask_consent("Allow these on this machine?"):
            click.echo("Nothing was allowed.")
            return 1
    trust.record(place, board.config)
    watching.settle(place, base_of(place, board.config))
    if not as_json:
        said = "Trusted. `gitkanban tick` starts what is ready."
        click.echo(said if changed or found else f"Recorded today's {_join_names(outdated)}.")
    return 0


def _ask_consent(question: str) -> bool:
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


def _join_names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
