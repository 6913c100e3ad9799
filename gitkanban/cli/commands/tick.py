"""`gitkanban tick`: one pass over the board, for cron, hooks and people."""

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

from gitkanban.cli import declare
from gitkanban.cli.here import json_option, place_here, print_json, tell, tell_error
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, look_here
from gitkanban.cli.viewing import look_options
from gitkanban.core.names import WorkerName
from gitkanban.core.trust.withheld import NEVER
from gitkanban.errors import GitkanbanError, UsageError
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.board.repo.place import Place
    from gitkanban.core.tick.outcome import Outcome


@declare.command("tick")
@declare.option("-n", "--dry-run", is_flag=True, help="Print the plan and change nothing.")
@declare.option(
    "-v", "--verbose", is_flag=True, help="Also say what is holding the other cards back."
)
@declare.option(
    "--sync", is_flag=True, help="Sync with a remote first, and push each start before it happens."
)
@declare.option("--remote", default="", metavar="NAME", help="The remote to sync with.")
@declare.option(
    "--wait",
    is_flag=True,
    help="Stay, and tick again, until no session is running (for containers and CI).",
)
@json_option
@look_options
def tick_command(
    dry_run: bool, verbose: bool, sync: bool, remote: str, wait: bool, as_json: bool
) -> int:
    """Settle runs that have ended, then start cards that are ready.

    From cron it prints what was done since it last printed: by itself, and by the ticks of sessions
    that ended. A second tick at the same time exits at once with 0, and the first one makes another
    pass.

    \b
    * * * * *  cd /path/to/repo && gitkanban tick
    """
    from gitkanban.cli.progress import progress
    from gitkanban.core.tick.outcome import Outcome
    from gitkanban.tick.rounds import tick
    from gitkanban.views.outcome import outcome_data

    if wait and dry_run:
        raise UsageError("--wait and --dry-run exclude each other", "A dry run starts nothing.")
    place = place_here()
    name = _remote_name(place, remote) if sync or remote else ""
    outcomes = iter([tick(place, dry_run, progress, name)])
    if wait:
        from gitkanban.cli.waiting import tick_until_quiet

        outcomes = chain(outcomes, tick_until_quiet(place, lambda: tick(place, remote=name)))
    total = Outcome()
    try:
        for outcome in outcomes:
            total = total.then(outcome)
            if not as_json:
                _print_outcome(place, outcome, verbose, dry_run)
    except KeyboardInterrupt:
        if wait:
            from gitkanban.cli.waiting import tell_running

            tell_running(place)
        raise
    if wait and os.path.exists(f"{place.private}/notify"):
        from gitkanban.runs import sessions
        from gitkanban.runs.notifier import wait_until_sent

        wait_until_sent(place.private, may_be_starting=lambda: not sessions.reap())
    if as_json:
        print_json(outcome_data(total))
        for error in total.errors:
            tell_error(GitkanbanError(error))
    _report_untrusted(total.untrusted)
    return 1 if total.errors or total.untrusted else 0


def _print_outcome(place: "Place", outcome: "Outcome", verbose: bool, dry_run: bool) -> None:
    from gitkanban.views.outcome import outcome_page, outcome_text

    if is_terminal():
        page = outcome_page(outcome, look_here(), verbose or dry_run)
        echo(page, nl=False, color=True)
    elif dry_run or _is_printed_to_nobody():
        echo(outcome_text(outcome, verbose or dry_run), nl=False)
    else:
        _print_for_mail(place, outcome, verbose)
    for error in outcome.errors:
        tell_error(GitkanbanError(error))
    _report_notifier(place.private)


def _remote_name(place: "Place", remote: str) -> str:
    from gitkanban.board.sharing.link import remote_of  # late: most ticks are for one clone alone

    return remote_of(place, remote)


def _print_for_mail(place: "Place", outcome: "Outcome", verbose: bool) -> None:
    """Print what was done since the last print: nobody reads the ticks that settle most runs."""
    from gitkanban.runs.records import printed
    from gitkanban.tick.earlier import add_earlier
    from gitkanban.views.outcome import outcome_text

    # That another tick is at work is not worth a mail: it will make another pass.
    outcome = outcome._replace(contended=outcome.contended and verbose)
    whole, commit = add_earlier(place, outcome)
    echo(outcome_text(whole, verbose), nl=False)
    with suppress(OSError):  # then it is printed once more
        printed.note(place.private, commit)


def _is_printed_to_nobody() -> bool:
    try:
        return os.path.samestat(os.fstat(1), os.stat(os.devnull))
    except OSError:
        return True


def _report_notifier(private: str) -> None:
    """Report once what is wrong with the notifier, if there is one."""
    if os.path.exists(f"{private}/notify"):
        from gitkanban.runs.records import news_ledger

        tell(filter(None, [news_ledger.take_report(private)]))


def _report_untrusted(untrusted: Mapping[WorkerName, str]) -> None:
    """Report why workers' cards wait for trust, in one error for each reason."""
    for why in dict.fromkeys(untrusted.values()):
        names = ", ".join(name for name in untrusted if untrusted[name] == why)
        what = f"the commands of {names} are not allowed on this machine"
        if why != NEVER:
            what = f"{names} starts nothing: {why}"
        tell_error(GitkanbanError(what, "`gitkanban trust` shows what would run, and allows it."))
