"""The last session that a card had here, from its run's folder, and what the next one needs of it.

Whether the next session continues it is decided in `core.tick.conversation`. The board's own record
of a session is not used: anybody can write that, and it could name another card's conversation.
"""

import os

from gitkanban.board.repo.place import Place
from gitkanban.core.agents.presets import preset_of
from gitkanban.core.agents.readers import names_sessions
from gitkanban.core.model import Run
from gitkanban.core.names import CardId, ProfileName, WorkerName
from gitkanban.core.tick.conversation import LastSession
from gitkanban.late import shutil
from gitkanban.runs import observe
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder

_TRANSCRIPT_MOST = 256 << 20  # bytes of an agent's own transcript that are copied at most


def last_session(place: Place, card: CardId, runs: tuple[Run, ...]) -> LastSession | None:
    """Return the session of the card's last run; None if elsewhere or without a conversation."""
    folder = folders.of(place.private, runs[-1].run) if runs else None
    end = folder.exit() if folder else None
    if folder is None or end is None:
        return None
    its_spec = folder.spec()
    if its_spec.one("card") != card:
        return None
    runner, session = its_spec.one("runner"), its_spec.one("session_id")
    if names_sessions(runner):
        session = observe.read_session(folder, runner, end).session
    return LastSession(
        folder.run,
        session,
        WorkerName(its_spec.one("worker")),
        ProfileName(its_spec.one("profile")),
        runner=runner,
        workspace=its_spec.one("workspace"),
        text=its_spec.one("text"),
        resumed=its_spec.one("resumed") == "1",
    )


def carry_transcript(place: Place, last: LastSession, folder: Folder) -> None:
    """Copy the agent's transcript from the folder of the last run to that of the new run.

    Raises OSError, also where it is too large.
    """
    name = preset_of(last.runner).transcript
    source = folders.of(place.private, last.run).file(name) if name else ""
    if not source or not os.path.isdir(source):
        return
    size = sum(
        os.lstat(f"{top}/{each}").st_size for top, _, names in os.walk(source) for each in names
    )
    if size > _TRANSCRIPT_MOST:
        raise OSError(f"the conversation takes {size >> 20} MiB")
    shutil.copytree(source, folder.file(name), symlinks=True, dirs_exist_ok=True)
