"""`gitkanban simulate`: the board's future by the real scheduler, on a virtual clock."""

import re
from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import board_of, branch_option, json_option, place_here, print_json
from gitkanban.cli.streams import echo
from gitkanban.core.forecast.simulate import Duration, Question
from gitkanban.core.lookup import not_known
from gitkanban.core.model import Board
from gitkanban.core.tick.facts import Observed
from gitkanban.errors import BadData, NotFound, UsageError

_SPREAD = re.compile(r"\s*(?:±|\+/-|\+-)\s*")


@declare.command("simulate")
@declare.option("--until-done", is_flag=True, help="Go on until nothing can start (the default).")
@declare.option(
    "--until",
    default="",
    metavar="DURATION",
    help="Stop after this long, such as 8h; then there is no bound and no advice.",
)
@declare.option(
    "--duration", "durations", multiple=True, metavar="[WORKER=]10m±5m",
    help="How long a session takes; without WORKER, for all other workers. Default 10m; +- means ± (repeatable).",
)  # fmt: skip
@declare.option(
    "--review",
    default="0",
    metavar="DURATION",
    help="Time from a session's end until its work is accepted.",
)
@declare.option(
    "--host-limit", type=declare.int_range(1), help="As if max_concurrency had this value."
)
@declare.option("--seed", type=int, default=0, help="Draw other durations within their spread.")
@declare.option("--no-advice", is_flag=True, help="Leave out what raising a limit would gain.")
@branch_option
@json_option
def simulate_command(
    until_done: bool,
    until: str,
    durations: tuple[str, ...],
    review: str,
    host_limit: int | None,
    seed: int,
    no_advice: bool,
    branch: str,
    as_json: bool,
) -> None:
    """Show when each card would start and end, if every session succeeded and took this long.

    It uses the real scheduler and a virtual clock, and changes nothing. See how close the plan
    comes to what chains and limits allow, who is idle, and which limit to raise first.

    \b
    gitkanban simulate --duration 20m --duration backend-hermes-pool=45m±15m --host-limit 8
    """
    if until and until_done:
        raise UsageError("--until-done or --until, not both", "Leave one out.")
    from gitkanban.cli.terminal import colour_on, terminal_width
    from gitkanban.core.forecast.assessment import advice, assess
    from gitkanban.core.forecast.simulate import simulate
    from gitkanban.views.simulate import simulation_data, simulation_text

    place = place_here(branch)
    if place.start:
        raise NotFound(f"no branch {branch!r}", "`git branch --list` shows what there is.")
    board = board_of(place)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban check` says where.")
    if host_limit:
        board = board._replace(config=board.config._replace(max_concurrency=host_limit))
    question = _build_question(board, durations, review, until, seed=seed)
    observed = _observe_running(place, board)
    done = simulate(board, observed, question)
    worth = assess(board, observed, question, done)
    better = None if no_advice or done.left else advice(board, observed, question, done)
    if as_json:
        print_json(simulation_data(done, worth, better or ()))
    else:
        text = simulation_text(
            board, done, worth, better, total=terminal_width(), colour=colour_on()
        )
        echo(text, nl=False)


def _observe_running(place: Place, board: Board) -> Observed:
    """Observe what runs now; missing trust is ignored, so that any clone can simulate a plan."""
    from gitkanban.runs.observe import observe
    from gitkanban.runs.supervision.locks import Locks

    observed = observe(place, board, int(clock.now()), Locks(place.private))
    return observed._replace(untrusted={})


def _build_question(
    board: Board, words: Sequence[str], review: str, until: str, seed: int
) -> Question:
    from gitkanban.board.formats.configvalues import duration

    assert board.config is not None
    durations: dict[str, Duration] = {}
    otherwise = Duration()
    for word in words:
        name, equals, text = word.rpartition("=")
        worker, takes = name.strip(), _parse_duration(word, text)
        if not equals:
            otherwise = takes
        elif worker in board.config.workers:
            durations[worker] = takes
        else:
            raise not_known("worker", worker, board.config.workers)
    stop = duration(until) if until else 0
    if until and not stop:
        raise UsageError(
            "--until 0 leaves nothing to simulate", "Leave it out to go on to the end."
        )
    return Question(durations, otherwise, duration(review), stop, seed=seed)


def _parse_duration(word: str, text: str) -> Duration:
    """Return `10m±5m` as a duration; errors quote `word`, the whole option value.

    Raises UsageError.
    """
    from gitkanban.board.formats.configvalues import duration

    mean, *spread = _SPREAD.split(text.strip())
    if len(spread) > 1 or not mean or "" in spread:
        raise UsageError(f"{word!r} is not a duration", "Write 10m, or WORKER=10m±5m.")
    takes = Duration(duration(mean), duration(spread[0]) if spread else 0)
    if not takes.mean:
        raise UsageError(f"{word!r} is not a length of time", "Write 10m, or WORKER=10m±5m.")
    if takes.spread > takes.mean:
        raise UsageError(
            f"{word!r} allows a negative duration", "The spread may be at most the mean."
        )
    return takes
