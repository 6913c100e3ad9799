"""`gitkanban workers`: who works on this board and how much at once; `workers set` changes it."""

from collections import Counter
from collections.abc import Sequence

import click

from gitkanban.board.repo.place import Place
from gitkanban.cli import paging
from gitkanban.cli.here import (
    branch_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.cli.terminal import is_terminal, prose_look
from gitkanban.cli.viewing import form_of, list_options
from gitkanban.core.model import Board, Config
from gitkanban.core.names import NO_CARD
from gitkanban.errors import UsageError


@click.command("workers")
@click.argument("words", nargs=-1, metavar="[set NAME KEY=VALUE…]")
@branch_option
@list_options
def workers_command(words: tuple[str, ...], branch: str, form: str | None) -> None:
    """Show workers (running/limit, ready, waiting, stuck, share), the host, profiles and capacities.

    \b
    gitkanban workers set backend-hermes-pool max_concurrency=3 weight=2

    A worker with a mistake in config.yaml is left out; the mistakes are listed below the table.

    `set` edits config.yaml in place and in one commit, and keeps its comments; the next tick uses
    it. An empty value removes the key. Write lists as shell words and nested keys with dots
    (needs.build=1). An edit that would make the config invalid is refused. Changed commands need
    `gitkanban trust` again before they run.

    In a pipe it prints a line a worker, tab-separated: name, profile, mode, running, limit, ready,
    waiting, stuck, weight, share (0 to 1), why it is paused.
    """
    form = form_of(form)
    if words and words[0] != "set":
        raise UsageError(
            f"{words[0]!r} is not a workers command", "Did you mean workers set NAME …?"
        )
    if words:
        _set_keys(words[1:], branch, form == "json")
        return
    if branch:
        raise UsageError("--branch is for workers set", "See `gitkanban status`.")
    from gitkanban.cli.quick import status_now
    from gitkanban.views.workers import is_of_config, problem_lines, workers_text, workers_tsv

    data = status_now()
    if form == "json":
        data["problems"] = [each for each in data["problems"] if is_of_config(each)]
        keys = ("workers", "host", "profiles", "capacities", "problems")
        print_json({key: data[key] for key in keys})
    elif form == "text" or (not form and is_terminal()):
        paging.write(workers_text(data, prose_look().width))
    else:
        click.echo(workers_tsv(data), nl=False)
        tell(problem_lines(data))


def _set_keys(words: Sequence[str], branch: str, as_json: bool) -> None:
    refuse_in_session("workers set")
    if len(words) < 2 or any("=" not in word for word in words[1:]):
        raise UsageError("workers set takes NAME KEY=VALUE…", "…set backend max_concurrency=3")
    from gitkanban.board import store
    from gitkanban.board.review.worker_edit import WorkerEdit, edit_worker, parse_value
    from gitkanban.core.changes import Change, MessageLine, WriteFile
    from gitkanban.views.message import from_lines

    name, pairs = words[0], [word.partition("=")[::2] for word in words[1:]]
    twice = next((key for key, count in Counter(key for key, _ in pairs).items() if count > 1), "")
    if twice:
        raise UsageError(f"{twice} is given twice", "Give it once.")
    values = [(key, parse_value(name, key, text)) for key, text in pairs]
    place = place_here(branch)
    edits: list[WorkerEdit] = []

    def decide(board: Board) -> list[Change]:
        edit = edit_worker(place, board, name, values)
        edits[:] = [edit]
        same = edit.text == store.text_of(place, board, "config.yaml")
        return [] if same else [WriteFile("config.yaml", edit.text)]

    what = ", ".join(f"{key}={text}" if text else f"no {key}" for key, text in pairs)

    def message(board: Board, _: Sequence[Change]) -> str:
        suffix = board.config.commit_suffix if board.config else ""
        return from_lines([MessageLine(NO_CARD, f"workers set {name} {what}")], suffix)

    done = store.commit(place, decide, message=message)
    tell(done.notices)
    _, config, doubts = edits[0]
    why = "" if place.aside else _why_untrusted(place, config, name)
    if as_json:
        print_json({"worker": name, "commit": done.commit, "untrusted": why})
        return
    say(f"{name}: {what if done.commit else 'nothing changes'}")
    tell(f"but {line}" for line in doubts)
    if why and _has_command(config, name):
        tell([f"tick starts nothing for it until `gitkanban trust`: {why}"])


def _has_command(config: Config, name: str) -> bool:
    worker = config.workers.get(name)
    return worker is not None and bool(worker.command or worker.runner)


def _why_untrusted(place: Place, config: Config, name: str) -> str:
    from gitkanban.runs import trust

    return trust.untrusted(place, config).get(name, "")
