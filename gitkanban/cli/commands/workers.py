"""`gitkanban workers`: who works on this board, and how much at once; `add` and `set` edit that."""

from collections import Counter
from collections.abc import Sequence

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare, paging
from gitkanban.cli.commands.init import hermes_profile, installed_agents
from gitkanban.cli.here import (
    branch_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import is_terminal, prose_look
from gitkanban.cli.viewing import form_of, list_options
from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.model import Board, Config
from gitkanban.core.names import NO_CARD, WorkerName
from gitkanban.errors import UsageError


@declare.command("workers")
@declare.argument("words", nargs=-1, metavar="[add NAME [KEY=VALUE…] | set NAME KEY=VALUE…]")
@declare.option("--lane", is_flag=True, help="With add: one card at a time, which is the default.")
@declare.option(
    "--pool", type=declare.int_range(1), metavar="N", help="With add: up to N cards at a time."
)
@declare.option(
    "--runner", default="", metavar="PRESET",
    help="With add: its agent. By default the first one that is installed.",
)  # fmt: skip
@declare.option(
    "--profile", default="", metavar="NAME",
    help="With add: the agent's identity; by default the worker's name.",
)  # fmt: skip
@branch_option
@list_options
def workers_command(
    words: tuple[str, ...], lane: bool, pool: int | None, runner: str, profile: str, branch: str,
    form: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show workers (running/limit, ready, waiting, stuck, share), the host, and other limits.

    \b
    gitkanban workers add tester --pool 3 --runner codex verify="pytest -q"
    gitkanban workers set tester max_concurrency=2 weight=2

    A worker with a mistake in config.yaml is left out; the mistakes are listed below the table.

    `add` and `set` edit config.yaml in place and in one commit, and keep its comments; the next
    tick uses it. An empty value removes the key. Write lists as shell words or in brackets, and
    nested keys with dots (needs.build=1). An edit that would make the config invalid is refused.
    New and changed commands need `gitkanban trust` before they run.

    In a pipe it prints one tab-separated line per worker: name, profile, mode, running, limit,
    ready, waiting, stuck, weight, share (0 to 1), why it is paused.
    """
    form = form_of(form, as_json)
    options = {"--lane": lane, "--pool": pool, "--runner": runner, "--profile": profile}
    unused = next((name for name, value in options.items() if value), "")
    if words[:1] == ("add",):
        pairs = _new_pairs(words[1:], lane, pool, runner, profile=profile)
        _change_worker("add", WorkerName(words[1]), pairs, branch, as_json=form == "json")
        return
    if unused:
        raise UsageError(f"{unused} is for workers add", "See `gitkanban workers --help`.")
    if words and words[0] != "set":
        raise UsageError(
            f"{words[0]!r} is not a workers command",
            "Did you mean workers add NAME, or workers set NAME KEY=VALUE…?",
        )
    if words:
        if len(words) < 3 or any("=" not in word for word in words[2:]):
            raise UsageError(
                "workers set takes NAME KEY=VALUE…",
                "gitkanban workers set backend max_concurrency=3",
            )
        _change_worker(
            "set", WorkerName(words[1]), _pairs_of(words[2:]), branch, as_json=form == "json"
        )
        return
    if branch:
        raise UsageError("--branch is for workers set", "See `gitkanban status`.")
    _show_workers(form)


def _show_workers(form: str) -> None:
    from gitkanban.cli.quick import status_now
    from gitkanban.views.workers import is_of_config, problem_lines, workers_text, workers_tsv

    data = status_now()
    if form == "json":
        data["problems"] = [each for each in data["problems"] if is_of_config(each)]
        keys = ("workers", "host", "elsewhere", "profiles", "capacities", "executors", "problems")
        print_json({key: data[key] for key in keys})
    elif form == "text" or (not form and is_terminal()):
        paging.write(workers_text(data, prose_look().width, int(clock.now())))
    else:
        echo(workers_tsv(data), nl=False)
        tell(problem_lines(data))


def _pairs_of(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return `KEY=VALUE` words as pairs. Raises UsageError for a key that is given twice."""
    pairs = [(key, value) for key, _, value in (word.partition("=") for word in words)]
    twice = next((key for key, count in Counter(key for key, _ in pairs).items() if count > 1), "")
    if twice:
        raise UsageError(f"{twice} is given twice", "Give it once.")
    return pairs


def _new_pairs(
    words: Sequence[str], lane: bool, pool: int | None, runner: str, profile: str
) -> list[tuple[str, str]]:
    """Return the keys of a new worker, in `init`'s order; the words are its name and KEY=VALUE.

    Raises UsageError.
    """
    refuse_in_session("workers add")
    hint = "gitkanban workers add tester --pool 3 --runner codex"
    if not words or any("=" not in word for word in words[1:]) or "=" in words[0]:
        raise UsageError("workers add takes NAME, and KEY=VALUE for more", hint)
    if lane and pool:
        raise UsageError("either --lane or --pool, not both", "Leave one out.")
    more = _pairs_of(words[1:])
    if not runner and not {"runner", "command"} & dict(more).keys():
        runner = next(iter(installed_agents()), "")
        if not runner:
            known = f"--runner takes one of {', '.join(PRESETS)}"
            raise UsageError("no agent is on PATH", f"{known}; or give it a command=… of its own.")
    elif runner and runner not in PRESETS:
        raise UsageError(f"no preset {runner!r}", f"One of: {', '.join(PRESETS)}.")
    profile = profile or (hermes_profile(words[0]) if runner == "hermes" else "")
    keys = {"profile": profile, "mode": "pool" if pool else "lane" if lane else ""}
    keys |= {"max_concurrency": str(pool or ""), "runner": runner}
    both = next((key for key, _ in more if keys.get(key)), "")
    if both:
        raise UsageError(f"{both} is given twice", "Give it once.")
    if not keys["mode"] and "mode" not in dict(more):
        keys["mode"] = "lane"
    return [(key, value) for key, value in keys.items() if value] + more


def _change_worker(
    verb: str, name: WorkerName, pairs: Sequence[tuple[str, str]], branch: str, as_json: bool
) -> None:
    """Set keys of a worker, or add a worker with them, in one commit."""
    refuse_in_session(f"workers {verb}")
    from gitkanban.board import store
    from gitkanban.board.review.worker_edit import (
        WorkerEdit,
        add_worker,
        edit_worker,
        parse_value,
    )
    from gitkanban.core.changes import Change, MessageLine, WriteFile
    from gitkanban.views.message import from_lines

    with_keys = add_worker if verb == "add" else edit_worker
    values = [(key, parse_value(name, key, text)) for key, text in pairs]
    place = place_here(branch)
    edits: list[WorkerEdit] = []

    def decide(board: Board) -> list[Change]:
        edit = with_keys(place, board, name, values)
        edits[:] = [edit]
        same = edit.text == store.text_of(place, board, "config.yaml")
        return [] if same else [WriteFile("config.yaml", edit.text)]

    what = ", ".join(f"{key}={text}" if text else f"no {key}" for key, text in pairs)

    def message(board: Board, _: Sequence[Change]) -> str:
        suffix = board.config.commit_suffix if board.config else ""
        return from_lines([MessageLine(NO_CARD, f"workers {verb} {name} {what}")], suffix)

    done = store.commit(place, decide, message=message)
    tell(done.notices)
    _, config, doubts = edits[0]
    why = "" if place.aside else _why_untrusted(place, config, name)
    if as_json:
        print_json({"worker": name, "commit": done.commit, "untrusted": why})
        return
    head = f"{name} added" if verb == "add" else name
    say(f"{head}: {what if done.commit else 'nothing changes'}")
    tell(f"but {line}" for line in doubts)
    if why and _has_command(config, name):
        tell([f"tick starts nothing for it until `gitkanban trust`: {why}"])


def _has_command(config: Config, name: WorkerName) -> bool:
    worker = config.workers.get(name)
    return worker is not None and bool(worker.command or worker.runner)


def _why_untrusted(place: Place, config: Config, name: WorkerName) -> str:
    from gitkanban.runs import trust

    return trust.untrusted(place, config).get(name, "")
