"""`gitkanban notify`: what the notifier has sent, what waits, and a test of it."""

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.core.model import Board
from gitkanban.errors import BadData, Refused, Untrusted
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.core.notify.digest import Digest


@declare.command("notify")
@declare.option(
    "--test", is_flag=True, help="Call the notifier now, with a message that is a test."
)
@declare.option(
    "-n", "--dry-run", is_flag=True, help="Print what the notifier would be given; call nothing."
)
@json_option
def notify_command(test: bool, dry_run: bool, as_json: bool) -> int:
    """Show what was last sent to the notifier, and what is waiting to be sent.

    A tick gives news to the command `kanban: notify:` of config.yaml, as JSON on stdin: what needs
    a person, has failed for good, idles, is paused or limited. docs/notify.md has recipes.

    \b
    gitkanban notify --test
    """
    from gitkanban.core.notify.digest import Digest
    from gitkanban.runs.records import news_ledger
    from gitkanban.tick.notifying import call_of
    from gitkanban.views.notify import notifier_data, notifier_text, sample_news

    refuse_in_session("notify")
    place = place_here()
    board = board_of(place)
    config = board.config
    if config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    if not config.notify and not (test and dry_run):
        hint = (
            "Write `notify: [PROGRAM]` below `kanban:` in config.yaml; docs/notify.md has recipes."
        )
        raise Refused("no notifier is configured", hint)
    now = int(clock.now())
    call = call_of(place, board, config)
    ledger = news_ledger.read(place.private)[0]
    items = (sample_news(),) if test else ledger.pending
    digest = Digest(
        call.repository, call.branch, call.commit, call.host, at=now, items=items, test=test
    )
    if dry_run:
        if items:
            print_json(digest.data(clock.iso(now)))
        else:
            tell(["nothing is waiting to be sent; --test shows what a message looks like"])
        return 0
    if test:
        return _try_notifier(place, board, digest, as_json)
    attempt = news_ledger.last_attempt(place.private)
    sending = news_ledger.is_sending(place.private)
    if as_json:
        print_json(notifier_data(config, ledger, attempt, sending))
    else:
        for line in notifier_text(config, ledger, attempt, sending, now=now):
            say(line)
    return 0


def _try_notifier(place: Place, board: Board, digest: "Digest", as_json: bool) -> int:
    """Call the notifier once, in this process, and print how that went; return the exit code."""
    from gitkanban.runs import notifier, trust
    from gitkanban.runs.records import news_ledger
    from gitkanban.tick.notifying import call_of
    from gitkanban.views.notify import attempt_data

    assert board.config is not None
    why = trust.withheld(place, board.config).notifying
    if why:
        raise Untrusted(f"the notifier is not called: {why}", "See `gitkanban trust`.")
    call = call_of(place, board, board.config)
    data = digest.data(clock.iso(digest.at))
    if not as_json:
        print_json(data)
    attempt = notifier.send(call, digest)
    news_ledger.note_attempt(place.private, attempt)
    if as_json:
        print_json({"sent": data, "attempt": attempt_data(attempt)})
    elif attempt.is_good:
        tell([*attempt.output.splitlines(), f"{call.argv[0]} took it"])
    if not attempt.is_good:
        raise Refused(attempt.words, "docs/notify.md has recipes that work.")
    return 0
