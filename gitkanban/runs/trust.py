"""What this machine's owner has allowed to run: recorded per worker, compared before every start.

The record is readable text in the git directory. It also keeps what cron lacks: PATH, and the
values of the variables that workers pass on (in a file that only the owner can read).
"""

import json
import os
import shutil
from collections.abc import Mapping
from typing import NamedTuple

from gitkanban import files
from gitkanban.board.place import Place
from gitkanban.core.model import Config, Worker
from gitkanban.core.presets import PRESETS, preset_of
from gitkanban.runs import spec

# What every command gets of our environment.
ALWAYS = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class Wanted(NamedTuple):
    """All that a worker would execute, and in which environment."""

    worker: str
    runner: str
    command: tuple[str, ...]
    resume: tuple[str, ...]
    setup: tuple[str, ...]
    verify: tuple[str, ...]
    env: tuple[str, ...]  # NAME=value, of the preset and of the worker's own memory home
    pass_env: tuple[str, ...]
    programs: tuple[str, ...]  # absolute, of command, setup and verify; as written where not found
    memory: tuple[str, ...] = ()  # with a memory home: the policy, then what in it is memory


def wanted(place: Place, config: Config) -> list[Wanted]:
    """What each worker would run if it were allowed now: programs as today's PATH finds them.

    Sorted by worker.
    """
    return _wanted_in(config, os.environ.get("PATH", _DEFAULT_PATH))


def _wanted_in(config: Config, path: str) -> list[Wanted]:
    return [_wanted(worker, path) for _, worker in sorted(config.workers.items())]


def _wanted(worker: Worker, path: str) -> Wanted:
    command, preset = command_of(worker), preset_of(worker.runner)
    env = [f"{name}={value}" for name, value in preset_env(worker).items()]
    if worker.memory_env:
        env.append(f"{worker.memory_env}={worker.memory_path}")
    return Wanted(
        worker.name,
        worker.runner,
        command,
        preset.resume if command == preset.start else (),
        worker.setup,
        worker.verify,
        tuple(env),
        worker.pass_env,
        tuple(program(argv[0], path) for argv in (command, worker.setup, worker.verify) if argv),
        (worker.memory_policy, *worker.memory_parts) if worker.memory_env else (),
    )


def preset_env(worker: Worker) -> dict[str, str]:
    """What the worker's preset adds to the environment.

    Its switch for memory is thrown where a read-only session would otherwise get the real one.
    """
    preset = preset_of(worker.runner)
    bare = worker.memory_policy == "read-only" and not worker.memory_env
    return dict(preset.env) | (dict(preset.read_only_memory) if bare else {})


def command_of(worker: Worker) -> tuple[str, ...]:
    """The argv template of a worker: its own, else its preset's; empty when it has neither."""
    if worker.command:
        return worker.command
    known = PRESETS.get(worker.runner)
    return known.start if known else ()


def program(name: str, path: str) -> str:
    """The absolute path of a program; as written when it is not found or lies in the workspace."""
    if "/" in name:
        return name
    return shutil.which(name, path=path) or name


def recorded(place: Place) -> tuple[str, dict[str, Wanted]]:
    """PATH and the allowed commands by worker; nothing for a missing or damaged record."""
    try:
        with open(f"{place.private}/trust", encoding="utf-8") as file:
            found = json.load(file)
        workers = {
            name: Wanted(
                name,
                str(row["runner"]),
                *(tuple(map(str, row[key])) for key in Wanted._fields[2:]),
            )
            for name, row in found["workers"].items()
        }
        return str(found["PATH"]), workers
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}


def search_path(place: Place) -> str:
    """The PATH that sessions get: the recorded one, else ours."""
    return recorded(place)[0] or os.environ.get("PATH", _DEFAULT_PATH)


def record(place: Place, config: Config) -> None:
    """Allow everything that the config would run now, with today's PATH and variables.

    Raises OSError.
    """
    path = os.environ.get("PATH", _DEFAULT_PATH)
    rows = {
        row.worker: {key: value for key, value in row._asdict().items() if key != "worker"}
        for row in wanted(place, config)
    }
    files.make_folder(place.private)
    names = sorted({name for worker in config.workers.values() for name in worker.pass_env})
    values = {**passed(place), **{n: os.environ[n] for n in names if n in os.environ}}
    kept = {name: values[name] for name in names if name in values}
    files.replace(secrets_path(place), _text(kept), mode=0o600)
    files.replace(f"{place.private}/trust", _text({"PATH": path, "workers": rows}))


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def passed(place: Place) -> dict[str, str]:
    """The values of variables to pass on, as they were when trust was given."""
    try:
        with open(secrets_path(place), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def outdated(place: Place, config: Config) -> list[str]:
    """What was recorded with another value than it has now: PATH, and variables to pass on."""
    path, known = recorded(place)[0], passed(place)
    names = {name for worker in config.workers.values() for name in worker.pass_env}
    found = [n for n in sorted(names) if n in os.environ and os.environ[n] != known.get(n)]
    return [*(["PATH"] if path != os.environ.get("PATH", _DEFAULT_PATH) else []), *found]


def secrets_path(place: Place) -> str:
    """The file with the values of the variables to pass on, for its owner alone to read."""
    return f"{place.private}/trust.env"


def keep_passed(place: Place, worker: Worker) -> None:
    """Record the values of the worker's `pass_env` that our environment has and the record lacks.

    A supervisor reads them there, and ticks to come may lack them. What was recorded stays. Raises
    OSError.
    """
    known = passed(place)
    new = {n: os.environ[n] for n in worker.pass_env if n not in known and n in os.environ}
    if new:
        files.replace(secrets_path(place), _text(known | new), mode=0o600)


def common_environment() -> dict[str, str]:
    """What every command of a worker gets of our environment."""
    return {name: os.environ[name] for name in ALWAYS if name in os.environ}


def handed(place: Place, worker: Worker) -> dict[str, str]:
    """The variables of ours that a worker's commands get, whoever calls this.

    What was recorded comes first: this may be a tick that has stood by since before that.
    """
    env = common_environment()
    known = passed(place)
    for name in worker.pass_env:
        value = known.get(name, os.environ.get(name))
        if value is not None:
            env[name] = value
    return env | {"PATH": search_path(place)}


def untrusted(place: Place, config: Config) -> Mapping[str, str]:
    """Workers whose commands may not run, each with the reason."""
    path, allowed = recorded(place)
    found = {}
    for row in _wanted_in(config, path or os.environ.get("PATH", _DEFAULT_PATH)):
        why = _difference(row, allowed.get(row.worker))
        if why:
            found[row.worker] = why
    return found


def _difference(now: Wanted, allowed: Wanted | None) -> str:
    if not now.command:
        return f"worker {now.worker} has neither a runner nor a command"
    if allowed is None:
        return "its commands have not been allowed on this machine"
    for field in ("command", "resume"):
        if getattr(now, field) != getattr(allowed, field):
            preset = PRESETS.get(now.runner)
            if preset and now.runner == allowed.runner and now.command == preset.start:
                what = f"the preset {now.runner} runs something else than what was allowed"
                return f"{what}: {_change(field, now, allowed)}"
            return _change(field, now, allowed)
    if now.env != allowed.env:
        return f"its environment changed: {_variables(now.env, allowed.env)}"
    for field in ("setup", "verify", "pass_env", "memory"):
        if getattr(now, field) != getattr(allowed, field):
            return _change(field, now, allowed)
    for before, after in zip(allowed.programs, now.programs, strict=True):
        # One that has vanished is no danger: the start fails and says so.
        if before != after and "/" in after and "/" in before:
            return f"{before} is now found as {after}"
    return ""


def _change(field: str, now: Wanted, allowed: Wanted) -> str:
    before, after = _words(getattr(allowed, field)), _words(getattr(now, field))
    return f"its {field} changed from {before} to {after}"


def _variables(now: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """The variables that differ, as `A=1 is new, B=2 is gone, C=3 was 4`."""
    after, before = (dict(each.split("=", 1) for each in env) for env in (now, allowed))
    told = []
    for name in sorted({*after, *before}):
        if name not in before:
            told.append(f"{name}={after[name]} is new")
        elif name not in after:
            told.append(f"{name}={before[name]} is gone")
        elif after[name] != before[name]:
            told.append(f"{name}={after[name]} was {before[name]}")
    return ", ".join(told) or "its order"


def _words(argv: tuple[str, ...]) -> str:
    return " ".join(spec.quoted(word) if " " in word else word for word in argv) or "nothing"
