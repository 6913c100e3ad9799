"""What this machine's owner has allowed: recorded by worker and key, compared before it is used.

`core.trust.trusted` decides which keys must be allowed, and `core.trust.withheld` what waits for
that. The record is readable text in the git directory; one of an older version allows the defaults
of keys that it lacks. Recorded with it is what cron lacks: PATH, and the values of the variables
that workers pass on (in a file that only the owner can read).
"""

import os
from collections.abc import Mapping

from gitkanban import files, programs
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import preset_of, templates_of
from gitkanban.core.model import Config, Worker
from gitkanban.core.names import WorkerName
from gitkanban.core.trust.trusted import (
    ACCEPTING,
    Value,
    board_values,
    describe_executor,
    describe_fallback,
    worker_values,
)
from gitkanban.core.trust.withheld import Record, Wanted, Withheld
from gitkanban.core.trust.withheld import withheld as _withheld
from gitkanban.errors import Untrusted
from gitkanban.late import json
from gitkanban.typed import Any

# Variables of our environment that every command gets.
ALWAYS = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def wanted(config: Config) -> list[Wanted]:
    """Return what each worker would run if it were allowed now, sorted by worker.

    Programs are those that the current PATH finds.
    """
    return _wanted_in(config, os.environ.get("PATH", _DEFAULT_PATH))


def _wanted_in(config: Config, path: str) -> list[Wanted]:
    return [_wanted_of(config, worker, path) for _, worker in sorted(config.workers.items())]


def _wanted_of(config: Config, worker: Worker, path: str) -> Wanted:
    command, resume = templates_of(worker)
    env = [f"{name}={value}" for name, value in preset_env(worker).items()]
    if worker.memory_env:
        env.append(f"{worker.memory_env}={worker.memory_path}")
    return Wanted(
        worker.name,
        worker.runner,
        command,
        resume,
        setup=worker.setup,
        verify=worker.verify,
        env=tuple(env),
        pass_env=worker.pass_env,
        programs=tuple(
            program(argv[0], path) for argv in (command, worker.setup, worker.verify) if argv
        ),
        memory=(worker.memory_policy, *worker.memory_parts) if worker.memory_env else (),
        keys=worker_values(worker)
        | {
            "fallback": describe_fallback(config, worker),
            "executor": describe_executor(config, worker),
        },
    )


def preset_env(worker: Worker) -> dict[str, str]:
    """Return what the worker's preset adds to the environment.

    That includes its switch against memory, where a read-only session would get the real one.
    """
    preset = preset_of(worker.runner)
    bare = worker.memory_policy == "read-only" and not worker.memory_env
    return dict(preset.env) | (dict(preset.read_only_memory) if bare else {})


def program(name: str, path: str) -> str:
    """Return a program's absolute path; unchanged when not found or in the workspace."""
    if "/" in name:
        return name
    return programs.find(name, path)[0] or name


def recorded(place: Place) -> Record:
    """Return what was allowed; nothing for a missing or damaged record."""
    try:
        with open(f"{place.private}/trust", encoding="utf-8") as file:
            rows = json.load(file)
        workers = {name: _read_row(name, row) for name, row in rows["workers"].items()}
        return Record(str(rows["PATH"]), workers, _read_values(rows.get("board", {})))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Record("", {}, {})


def _read_row(name: WorkerName, row: Mapping[str, Any]) -> Wanted:
    words = {key: tuple(map(str, row[key])) for key in Wanted._fields[2:-1]}
    return Wanted(name, str(row["runner"]), keys=_read_values(row.get("keys", {})), **words)


def _read_values(row: Mapping[str, Any]) -> dict[str, Value]:
    return {
        str(key): tuple(map(str, value)) if isinstance(value, list) else value
        for key, value in row.items()
        if isinstance(value, str | bool | int | list)
    }


def search_path(place: Place) -> str:
    """Return the PATH that sessions get: the recorded one, else ours."""
    return recorded(place).path or os.environ.get("PATH", _DEFAULT_PATH)


def record(place: Place, config: Config) -> None:
    """Allow everything that the config would run now, with the current PATH and variables.

    Raises OSError.
    """
    path = os.environ.get("PATH", _DEFAULT_PATH)
    rows = {
        row.worker: {key: value for key, value in row._asdict().items() if key != "worker"}
        for row in wanted(config)
    }
    files.make_folder(place.private)
    names = sorted({name for worker in config.workers.values() for name in worker.pass_env})
    values = {**passed(place), **{n: os.environ[n] for n in names if n in os.environ}}
    values_allowed = {name: values[name] for name in names if name in values}
    files.replace(secrets_path(place), _json_bytes(values_allowed), mode=0o600)
    board = board_values(config)
    files.replace(
        f"{place.private}/trust", _json_bytes({"PATH": path, "workers": rows, "board": board})
    )


def _json_bytes(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def passed(place: Place) -> dict[str, str]:
    """Return the values of the variables to pass on, as recorded when trust was given."""
    try:
        with open(secrets_path(place), encoding="utf-8") as file:
            rows = json.load(file)
    except (OSError, ValueError):
        return {}
    if not isinstance(rows, dict):
        return {}
    return {str(name): str(value) for name, value in rows.items()}


def outdated(place: Place, config: Config) -> list[str]:
    """Return what has changed since it was recorded: PATH, and variables to pass on."""
    path, known = recorded(place).path, passed(place)
    names = {name for worker in config.workers.values() for name in worker.pass_env}
    changed = [n for n in sorted(names) if n in os.environ and os.environ[n] != known.get(n)]
    return [*(["PATH"] if path != os.environ.get("PATH", _DEFAULT_PATH) else []), *changed]


def secrets_path(place: Place) -> str:
    """Return the path of the file, readable by its owner alone, with the variables to pass on."""
    return f"{place.private}/trust.env"


def keep_passed(place: Place, worker: Worker) -> bool:
    """Record the values of the worker's `pass_env` that our environment has and the record lacks.

    Supervisors read them there, and later ticks may lack them. Values on record stay. Return
    whether there was anything to record. Raises OSError.
    """
    known = passed(place)
    new = {n: os.environ[n] for n in worker.pass_env if n not in known and n in os.environ}
    if new:
        files.replace(secrets_path(place), _json_bytes(known | new), mode=0o600)
    return bool(new)


def common_environment() -> dict[str, str]:
    """Return the variables of our environment that every command of a worker gets."""
    return {name: os.environ[name] for name in ALWAYS if name in os.environ}


def handed(place: Place, worker: Worker) -> dict[str, str]:
    """Return the variables of ours that a worker's commands get, whoever calls this.

    Recorded values win over our own: this may be a tick that has stood by since before them.
    """
    env = common_environment()
    known = passed(place)
    for name in worker.pass_env:
        value = known.get(name, os.environ.get(name))
        if value is not None:
            env[name] = value
    return env | {"PATH": search_path(place)}


def check_accepting(place: Place, config: Config) -> None:
    """Refuse a merge whose base or missing check was not allowed here. Raises Untrusted.

    In a clone without any trust no tick starts anything, and a person may accept.
    """
    why = withheld(place, config).board(ACCEPTING) if recorded(place).path else ""
    if why:
        raise Untrusted(f"nothing is accepted: {why}", "See `gitkanban trust`.")


def untrusted(place: Place, config: Config) -> Mapping[WorkerName, str]:
    """Return the workers that may start nothing before `gitkanban trust`, with the reasons."""
    return withheld(place, config).starts


def withheld(place: Place, config: Config) -> Withheld:
    """Return what differs from the record, and what waits for that. It reads one file."""
    record = recorded(place)
    now = _wanted_in(config, record.path or os.environ.get("PATH", _DEFAULT_PATH))
    return _withheld(record, config, now, place.branch if place.prefix else "")
