"""`gitkanban doctor`: find what is wrong around the board, and repair what cannot lose work."""

from gitkanban import clock
from gitkanban.cli import declare
from gitkanban.cli.here import (
    board_of,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    tell,
)
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, look_here


@declare.command("doctor")
@declare.option("--fix", is_flag=True, help="Make the repairs that cannot lose work.")
@declare.option("-n", "--dry-run", is_flag=True, help="With --fix: only say what it would do.")
@declare.option(
    "--here",
    is_flag=True,
    help="Tick on this machine from now on; runs on the other machine are over.",
)
@json_option
def doctor_command(fix: bool, dry_run: bool, here: bool, as_json: bool) -> int:
    """Find what is wrong: leases and runs that do not match, worktrees and branches without cards,
    stale locks, a silent cron, a full disk, missing commands, and so on. Also find what would stop
    the next start or the next accept, by a dry run of both.

    Each finding says what --fix would do, or what is left to you. The exit code is 1 while
    something is wrong; notes do not count.
    """
    from gitkanban.care.checkup import examine
    from gitkanban.care.repair import Repairs
    from gitkanban.core.symptom import INFO
    from gitkanban.runs.records.machines import refuse_elsewhere, take_over
    from gitkanban.views.doctor import doctor_data, doctor_text

    place = place_here()
    if here:
        refuse_in_session("doctor --here")
        tell([take_over(place).line or "this clone is already ticked here"])
    board = board_of(place)
    listed = examine(place, board, int(clock.now()))
    mended = {}
    if fix and not dry_run:
        refuse_in_session("doctor --fix")
        refuse_elsewhere(place)
        repairs = Repairs(place, board)
        mended = {each: repairs.mend(each) for each in listed if each.repair}
    left = [each for each in listed if each.severity != INFO and mended.get(each) != ""]
    if as_json:
        print_json(doctor_data(listed, mended, left))
    else:
        columns = look_here().width if is_terminal() else 0
        echo(doctor_text(listed, mended, columns), nl=False)
    return 1 if left else 0
