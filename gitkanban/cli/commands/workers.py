"""`gitkanban workers`: who works on this board and how much at once; `workers set` changes it."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import click

from gitkanban.board.repo.place import Place
from gitkanban.cli.here import (
    branch_option,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.core.model import Board, Config
from gitkanban.errors import BadData, NotFound, Refused, UsageError


@click.command("workers")
@click.argument("words", nargs=-1, metavar="[set NAME KEY=VALUE…]")
@branch_option
@json_option
def workers_command(words: tuple[str, ...], branch: str, as_json: bool) -> None:
    """Show workers (running/limit, ready, waiting, stuck, share), the host, profiles and capacities.

    \b
    gitkanban workers set backend-hermes-pool max_concurrency=3 weight=2

    A worker with a mistake in config.yaml is left out; the mistakes are listed below the table.

    `set` edits config.yaml in place and in one commit, and keeps its comments; the next tick uses
    it. An empty value removes the key. Write lists as shell words and nested keys with dots
    (needs.build=1). An edit that would make the config invalid is refused. Changed commands need
    `gitkanban trust` again before they run.
    """
    if words and words[0] != "set":
        raise UsageError(f"{words[0]!r} is no verb of workers", "Did you mean workers set NAME …?")
    if words:
        _set_keys(words[1:], branch, as_json)
        return
    if branch:
        raise UsageError("--branch is for workers set", "See `gitkanban status`.")
    from gitkanban.cli.quick import status_now
    from gitkanban.views.workers import is_of_config, workers_text

    data = status_now()
    if as_json:
        data["problems"] = [each for each in data["problems"] if is_of_config(each)]
        keys = ("workers", "host", "profiles", "capacities", "problems")
        print_json({key: data[key] for key in keys})
    else:
        click.echo(workers_text(data), nl=False)


def _set_keys(words: Sequence[str], branch: str, as_json: bool) -> None:
    refuse_in_session("workers set")
    if len(words) < 2 or any("=" not in word for word in words[1:]):
        raise UsageError("workers set takes NAME KEY=VALUE…", "…set backend max_concurrency=3")
    from gitkanban.board import store
    from gitkanban.board.formats import configedit
    from gitkanban.core.changes import Change, MessageLine, WriteFile
    from gitkanban.views.message import from_lines

    name, said = words[0], [word.partition("=")[::2] for word in words[1:]]
    twice = next((key for key, count in Counter(key for key, _ in said).items() if count > 1), "")
    if twice:
        raise UsageError(f"{twice} is given twice", "Say it once.")
    values = [(key, _parse_value(name, key, text)) for key, text in said]
    place = place_here(branch)
    edits: list[_Edit] = []

    def decide(board: Board) -> list[Change]:
        _check_known(board, name)
        before = store.text_of(place, board, "config.yaml")
        after = before
        for key, value in values:
            path = ("kanban", "workers", name, *key.split("."))
            after = configedit.edited(after, path, value)
        edits[:] = [_check_edit(place, name, before, after)]
        return [WriteFile("config.yaml", after)] if after != before else []

    what = ", ".join(f"{key}={text}" if text else f"no {key}" for key, text in said)

    def message(board: Board, _: Sequence[Change]) -> str:
        suffix = board.config.commit_suffix if board.config else ""
        return from_lines([MessageLine("", f"workers set {name} {what}")], suffix)

    done = store.commit(place, decide, message=message)
    tell(done.notices)
    config, doubts = edits[0]
    why = "" if place.aside else _why_untrusted(place, config, name)
    if as_json:
        print_json({"worker": name, "commit": done.commit, "untrusted": why})
        return
    say(f"{name}: {what if done.commit else 'nothing changes'}")
    tell(f"but {line}" for line in doubts)
    if why and _has_command(config, name):
        tell([f"tick starts nothing for it before `gitkanban trust`: {why}"])


def _check_known(board: Board, name: str) -> None:
    from gitkanban.core.ids import did_you_mean

    if board.config is None:
        return  # what is wrong with it is told when it is read after the edit
    known = {*board.config.workers, *board.config.faulty}
    if name not in known:
        raise NotFound(f"no worker {name!r}", did_you_mean(name, known))


def _parse_value(name: str, key: str, text: str) -> "str | int | bool | tuple[str, ...] | None":
    """What a word stands for under a key of the worker; None takes the key out. Raises UsageError."""
    import shlex

    from gitkanban.board.formats import configfile, configkeys
    from gitkanban.core.ids import did_you_mean

    head, _, rest = key.partition(".")
    known = configkeys.BY_PATH.get(f"kanban.workers.*.{key}")
    counts = configkeys.BY_PATH.get(f"kanban.workers.*.{head}")
    if known is None and rest and counts and counts.kind == configkeys.COUNTS:
        known = counts._replace(path=f"kanban.workers.*.{key}", kind=configkeys.COUNT)
    if known is None or known.kind in (configkeys.SECTION, configkeys.COUNTS):
        names = [each.path.rpartition(".")[2] for each in configkeys.below("kanban.workers.*")]
        hint = f"Write {key}.NAME=VALUE." if known else did_you_mean(key, names)
        raise UsageError(f"a worker has no key {key!r} to set", hint)
    if not text:
        return None
    if known.kind in (configkeys.ARGV, configkeys.WORDS, configkeys.SANDBOX):
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            raise UsageError(f"{key}: {error}", "Write it as in a shell, quotes closed.") from None
    try:
        checked = configfile.typed(known, text)
    except UsageError as error:
        raise UsageError(error.message, error.hint.replace("NAME", name)) from None
    return text if known.kind in (configkeys.DURATION, configkeys.MONEY) else checked


class _Edit(NamedTuple):
    """The config after an edit, and what is doubtful about it now."""

    config: Config
    doubts: list[str]


def _check_edit(place: Place, name: str, before: str, after: str) -> _Edit:
    """The config after the edit of a worker.

    Raises BadData or Refused with the first mistake that the edit makes, without a line: what the
    edit would have written is in no file. A mistake that was there is told with its place.
    """
    from gitkanban.board.formats import configfile
    from gitkanban.core.review import configrules
    from gitkanban.core.review.rules import ERROR, brought_in

    path = place.path("config.yaml")
    old, had = configfile.parse(before.encode(), path)
    config, problems = configfile.parse(after.encode(), path)
    known = {each.message for each in had}
    for problem in problems:
        if problem.message not in known:
            raise BadData(problem.message, problem.hint)
    if config is None or old is None:
        raise BadData(had[0].located, had[0].hint)
    doubts = [f"it has a mistake: {config.faulty[name].located}"] if name in config.faulty else []
    for each in brought_in(configrules.state(old), configrules.state(config)):
        # Of a worker that had a mistake, nothing was known before.
        if (each.severity == ERROR or each.rule == "no-command") and name not in old.faulty:
            raise Refused(f"with that, {each.message}", each.hint)
        doubts.append(each.message)
    return _Edit(config, doubts)


def _has_command(config: Config, name: str) -> bool:
    worker = config.workers.get(name)
    return worker is not None and bool(worker.command or worker.runner)


def _why_untrusted(place: Place, config: Config, name: str) -> str:
    from gitkanban.runs import trust

    return trust.untrusted(place, config).get(name, "")
