"""`gitkanban gc`: remove what finished work leaves behind, and archive old done cards."""

from gitkanban import clock
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    change,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import ArchiveCard, Change
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID


@declare.command("gc")
@declare.option(
    "-n", "--dry-run", is_flag=True, help="Only say what would be removed and what stays."
)
@json_option
def gc_command(dry_run: bool, as_json: bool) -> None:
    """Remove what finished work leaves behind, and say what is kept and why.

    It removes clean worktrees and branches of done and dropped cards whose work is in base, and
    folders of ended runs except the newest `keep_runs`. Cards done for longer than `archive_after`
    move to the archive, in one commit. The only copy of any work is never removed.
    """
    from gitkanban.care.gc import Tidier, look
    from gitkanban.cli.progress import progress
    from gitkanban.core.care.gc import tidying
    from gitkanban.runs.records.machines import refuse_elsewhere
    from gitkanban.views.gc import gc_data, gc_text

    refuse_in_session("gc")
    place = place_here()
    refuse_elsewhere(place)
    before = board_of(place)
    todo = tidying(before, look(place, before, progress), int(clock.now()))
    commit = NO_OID
    if not dry_run:
        steps = Tidier(place, before).steps(todo)
        left = [spared for step in progress(steps, len(steps), "removing") if (spared := step())]
        todo = todo.without(left)

        def archive(board: Board) -> list[Change]:
            # A card that was changed since stays where it is.
            return [
                ArchiveCard(card, year)
                for card, year in todo.archive
                if board.cards.get(card) == before.cards[card]
            ]

        done = change(place, archive)
        commit = done.commit
        gone = {each.card for each in done.changes if isinstance(each, ArchiveCard)}
        todo = todo._replace(archive=tuple(each for each in todo.archive if each[0] in gone))
    if as_json:
        print_json(gc_data(todo, commit, dry_run))
    else:
        echo(gc_text(todo, dry_run), nl=False)
