"""What the owners of agents must still set up on this machine, as far as files show it.

It looks at file names only, and reads no key and no login. An agent has more ways to log in than
are known here, so a missing file proves nothing.
"""

import os
import sys

from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import Preset, preset_of
from gitkanban.core.model import Config, Worker
from gitkanban.core.names import WorkerName
from gitkanban.runs import trust


def list_unready(place: Place, config: Config | None) -> tuple[tuple[WorkerName, str], ...]:
    """Return (worker, what it lacks, in words) for workers whose agents seem not to be set up."""
    workers = config.workers.values() if config else ()
    rows = ((worker.name, _find_lack(place, worker)) for worker in workers)
    return tuple((name, lack) for name, lack in rows if lack)


def _find_lack(place: Place, worker: Worker) -> str:
    preset = preset_of(worker.runner)
    # A worker with its own home or command line may be set up in any way.
    if not preset.needs or worker.memory_env or worker.command not in ((), preset.start):
        return ""
    home = os.path.expanduser("~")
    if preset.profiles and worker.profile != "default":
        folder = f"{home}/{preset.profiles}/{worker.profile}"
        if not os.path.isdir(folder):
            return f"{preset.name} has no profile {worker.profile} here; needed: {preset.needs}"
    if _has_login(place, worker, preset, home):
        return ""
    return f"nothing here shows that {preset.name} is logged in; needed: {preset.needs}"


def _has_login(place: Place, worker: Worker, preset: Preset, home: str) -> bool:
    if sys.platform == "darwin" and preset.name == "claude":
        return True  # the login is in the keychain
    if any(os.path.exists(f"{home}/{name}") for name in preset.login.files):
        return True
    known = {*trust.passed(place), *os.environ} & {*worker.pass_env}
    return any(name in known for name in preset.login.variables)
