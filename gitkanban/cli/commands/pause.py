"""`pause` and `resume`: nothing new starts for a worker; running sessions go on."""

from collections.abc import Sequence

from gitkanban import clock
from gitkanban.cli import declare
from gitkanban.cli.here import (
    branch_option,
    change,
    json_option,
    person,
    place_here,
    print_json,
    refuse_in_session,
    say,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import Change, ClearPause, EditCard, SetPause
from gitkanban.core.lookup import not_known
from gitkanban.core.model import Board, Pause
from gitkanban.core.names import WorkerName
from gitkanban.core.tick.holds import EVERYBODY
from gitkanban.errors import UsageError

workers_argument = declare.argument("workers", nargs=-1, metavar="[WORKER]...")


@declare.command("pause")
@workers_argument
@declare.option("--all", "all_", is_flag=True, help="The whole board.")
@declare.option("--why", default="", metavar="TEXT", help="Reason; status shows it.")
@branch_option
@json_option
def pause_command(
    workers: tuple[str, ...], all_: bool, why: str, branch: str, as_json: bool
) -> None:
    """Start nothing new for WORKERs, here and in every clone. Running sessions go on."""
    refuse_in_session("pause")
    names = _named_workers(workers, all_)
    place = place_here(branch)
    words, by, at = " ".join(why.split()), person(place), int(clock.now())

    def pauses(board: Board) -> list[Change]:
        _check_workers(board, names)
        return [
            SetPause(Pause(name, words, by, at))
            for name in names
            if name not in board.paused or words not in ("", board.paused[name].why)
        ]

    done = change(place, pauses)
    if as_json:
        print_json({"paused": sorted(done.after.paused), "commit": done.commit})
        return
    changed = {each.pause.worker for each in done.changes if isinstance(each, SetPause)}
    for name in names:
        state = "paused" if name in changed else "is already paused"
        say(f"{_worker_words(name)} {state}; running sessions go on")


@declare.command("resume")
@workers_argument
@declare.option("--all", "all_", is_flag=True, help="The whole board, and every paused worker.")
@branch_option
@json_option
def resume_command(workers: tuple[str, ...], all_: bool, branch: str, as_json: bool) -> None:
    """Let WORKERs that were paused, or that this clone holds back, start cards again.

    A clone holds back a worker whose agent is not logged in or is set up wrongly, with the card on
    which that was noticed, and every worker of a profile whose service asked to come back later.
    """
    from gitkanban.board.repo.clone import clone_id
    from gitkanban.core.tick.agent_state import freed_cards
    from gitkanban.runs.records import agent_state

    refuse_in_session("resume")
    names = _named_workers(workers, all_)
    place = place_here(branch)
    clone = clone_id(place)

    def whom(board: Board) -> list[WorkerName]:
        return sorted(board.config.workers) if all_ and board.config else names

    def clears(board: Board) -> list[Change]:
        blocked = freed_cards(board, whom(board), clone)
        if all_:
            return [*(ClearPause(name) for name in sorted(board.paused)), *blocked]
        # A worker that is no longer in the config may still be paused.
        _check_workers(board, [name for name in names if name not in board.paused])
        return [*(ClearPause(name) for name in names if name in board.paused), *blocked]

    done = change(place, clears)
    freed = agent_state.free(place, done.after, whom(done.after))
    cards = [each.card for each in done.changes if isinstance(each, EditCard)]
    if as_json:
        paused = sorted(done.after.paused)
        print_json({"paused": paused, "commit": done.commit, "freed": freed, "cards": cards})
        return
    resumed = [each.worker for each in done.changes if isinstance(each, ClearPause)]
    resumed += [name for name in freed if name not in resumed]
    for name in dict.fromkeys((*([] if all_ else names), *resumed)):
        say(f"{_worker_words(name)} {'resumed' if name in resumed else 'was not paused'}")
    for card in cards:
        say(f"{card} is todo again")
    if not resumed and all_:
        echo("nothing was paused")
    elif EVERYBODY in done.after.paused:
        echo(
            "but the whole board is paused: nothing starts until `gitkanban resume --all`",
            err=True,
        )


def _named_workers(workers: tuple[str, ...], all_: bool) -> list[WorkerName]:
    if bool(workers) == all_:
        raise UsageError("name the workers, or --all", "`gitkanban workers` lists them.")
    return [EVERYBODY] if all_ else [WorkerName(name) for name in dict.fromkeys(workers)]


def _check_workers(board: Board, names: Sequence[WorkerName]) -> None:
    """Raise NotFound for a worker that is not in the config."""
    known = {*board.config.workers, *board.config.faulty} if board.config else set()
    for name in names:
        if name != EVERYBODY and board.config is not None and name not in known:
            raise not_known("worker", name, known)


def _worker_words(name: WorkerName) -> str:
    return "every worker" if name == EVERYBODY else name
