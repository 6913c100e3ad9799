"""A session in the sandbox `bwrap`: what it is shown, and how its commits come onto its branch.

The session may write objects, but no ref of the repository: a private folder replaces the one of
its branch's ref, and the branch is brought to the ref there when the run is collected.
`core.agents.sandboxes` decides what is mounted where.
"""

import os
import sys
from functools import cache

from gitkanban import files, programs
from gitkanban.board.repo import checkouts, commits, git
from gitkanban.core.agents import sandboxes
from gitkanban.core.agents.presets import preset_of, templates_of
from gitkanban.core.agents.sandboxes import Ground
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import Refused
from gitkanban.late import re, subprocess
from gitkanban.runs import trust
from gitkanban.runs.memory import homes
from gitkanban.runs.records.folders import MAILBOX, SCRATCH, Folder
from gitkanban.runs.workspace import salvage
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:  # collecting needs none of these, and is a process for each run
    from gitkanban.board.repo.place import Place
    from gitkanban.core.model import Worker
    from gitkanban.runs.workspace.workspaces import Workspace

_HEADS, _LOGS = "contained/heads", "contained/logs"  # in the run folder
_TRIAL_MOST = 20.0  # seconds
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
# Files of the run's folder that a preset's command line has the agent write.
_OUTPUT = re.compile(r"\{run_dir\}/([\w.-]+)|\{(last_message)\}")
_UNTRIED = "Install bubblewrap, and let users create user namespaces: docs/security.md."


def words(place: "Place", worker: "Worker", workspace: "Workspace", folder: Folder) -> list[str]:
    """Return the words before the session's command line, after creating the files they need.

    Raises Refused where the sandbox cannot work, OSError.
    """
    if not worker.sandbox:
        return []
    ground = Ground(
        home=_without_links(os.environ.get("HOME", "")),
        workspace=_without_links(workspace.path),
        git_dir=_without_links(place.common),
        run_dir=_without_links(folder.path),
        main=_without_links(place.main),
    )
    if sandboxes.is_preset(worker.sandbox):
        why = cannot(_search_path(place))
        if why:
            raise Refused(f"the sandbox of {worker.name} cannot be made: {why}", _UNTRIED)
        ground = _prepare_ground(place, worker, workspace, folder, ground=ground)
    first, *rest = sandboxes.prefix(worker.sandbox, ground)
    return [programs.find(first, _search_path(place))[0] or first, *rest]


def _without_links(path: str) -> str:
    """Return a path without links: bubblewrap creates its mount points below a root of its own."""
    return os.path.realpath(path) if path else ""


def _search_path(place: "Place") -> str:
    return trust.search_path(place)


@cache
def cannot(path: str) -> str:
    """Return why the sandbox cannot work on this machine, in words; empty if it can.

    `path` is the PATH on which bubblewrap is searched.
    """
    program, fault = programs.find(sandboxes.BWRAP, path)
    if fault:
        return f"{sandboxes.BWRAP} is {fault}"
    try:
        done = subprocess.run(
            [program, *sandboxes.trial()[1:]], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_TRIAL_MOST, check=False, cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return (lines[-1][:200] if lines else f"it ended with {done.returncode}") * bool(
        done.returncode
    )


def _prepare_ground(
    place: "Place", worker: "Worker", workspace: "Workspace", folder: Folder, ground: Ground
) -> Ground:
    home = ground.home
    if home in ("/", "") or f"{home}/".startswith(f"{ground.main or ground.git_dir}/"):
        raise Refused(
            f"the sandbox of {worker.name} cannot hide the home {home or 'of nobody'}: "
            "the repository is in its place",
            "Move the repository below the home, or name another sandbox.",
        )
    preset = preset_of(worker.runner)
    ground = ground._replace(
        programs=_program_folders(home, worker, _search_path(place)),
        outputs=tuple(_make_outputs(worker, folder)),
        state=tuple(f"{home}/{name}" for name in preset.state),
        settings=tuple(f"{home}/{name}" for name in preset.settings),
        secrets=_secret_files(place, home),
        resolver=_hidden_resolver(),
    )
    if workspace.admin:
        ground = _with_refs(place, workspace, ground)
    return _with_memory(worker, folder, ground)


def _with_refs(place: "Place", workspace: "Workspace", ground: Ground) -> Ground:
    """Create the private folders for the branch's ref and reflog; return the ground with them."""
    ref = f"refs/heads/{workspace.branch}"
    above, name = os.path.split(ref)
    heads, logs = f"{ground.run_dir}/{_HEADS}", f"{ground.run_dir}/{_LOGS}"
    real = f"{ground.git_dir}/{above}", f"{ground.git_dir}/logs/{above}"
    for path in (heads, logs, *real):
        files.make_folder(path)
    tip = checkouts.tip_in(place.common, ref) or workspace.start_commit
    files.replace(f"{heads}/{name}", f"{tip}\n".encode(), lasting=False)
    return ground._replace(
        admin=os.path.realpath(workspace.admin), branches=(heads, real[0]), reflogs=(logs, real[1])
    )


def _with_memory(worker: "Worker", folder: Folder, ground: Ground) -> Ground:
    """Return the ground with the real memory home, read-only where the session has a copy."""
    home = homes.home_of(worker)
    if home is None:
        return ground
    private = homes.private_home(folder)
    if not private:
        return ground._replace(memory=home.path)
    fixed = tuple(f"{home.path}/{part}" for part in home.parts)
    return ground._replace(memory=home.path, memory_fixed=fixed, outputs=(*ground.outputs, private))


def _make_outputs(worker: "Worker", folder: Folder) -> list[str]:
    """Create what the session may write in the run's folder, and return the paths."""
    outputs = [folder.file(MAILBOX), folder.file(SCRATCH)]
    transcript = preset_of(worker.runner).transcript
    named = {
        name
        for word in templates_of(worker)[0]
        for pair in _OUTPUT.findall(word)
        for name in pair
        if name
    }
    for name in sorted(named):
        path = folder.file(name)
        if name == transcript:
            files.make_folder(path)
        else:
            files.touch(path)
        outputs.append(path)
    return outputs


def _program_folders(home: str, worker: "Worker", path: str) -> tuple[str, ...]:
    """Return what must be visible of the home so that the session finds its programs, and ours."""
    named = [argv[0] for argv in (templates_of(worker)[0], worker.verify, worker.setup) if argv]
    programs_named = [programs.find(name, path)[0] or name for name in named if "{" not in name]
    programs_named += filter(None, map(_interpreter_of, programs_named))
    programs_named += [sys.executable, sys.prefix, os.path.dirname(os.path.dirname(files.__file__))]
    folders = [each for each in path.split(os.pathsep) if f"{each}/".startswith(f"{home}/")]
    programs_named += [*folders, *(link for each in folders for link in _links_in(each))]
    paths = {
        each
        for one in programs_named
        if os.path.isabs(one)
        for each in (one, os.path.realpath(one))
    }
    return tuple(sorted({sandboxes.shelf_of(home, each) for each in paths} - {""}))


def _links_in(folder: str) -> list[str]:
    """Return the links in a folder of PATH: many installers put the tools themselves elsewhere."""
    try:
        with os.scandir(folder) as entries:
            return [each.path for each in entries if each.is_symlink()]
    except OSError:
        return []


def _interpreter_of(program: str) -> str:
    """Return the program that runs a script; empty if the file is no script."""
    try:
        with open(program, "rb") as file:
            line = file.readline(500)
    except OSError:
        return ""
    words = os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
    return words[0] if words else ""


def _secret_files(place: "Place", home: str) -> tuple[str, ...]:
    known = (f"{place.private}/trust.env", *sandboxes.hidden_in(home))
    return tuple(path for path in known if os.path.isfile(path))


def _hidden_resolver() -> str:
    """Return where /etc/resolv.conf leads, if that is hidden from the session."""
    real = os.path.realpath("/etc/resolv.conf")
    return real if real.startswith("/run/") else ""


# -- what it has committed


def adopt(folder: Folder, common: str, branch: str, start: str) -> list[str]:
    """Bring the card's branch to where the session has moved it, and return notices about what did
    not fit.

    Doing it again changes nothing. Raises GitFailed, OSError.
    """
    head = _session_tip(folder, branch)
    ref = f"refs/heads/{branch}"
    tip = checkouts.tip_in(common, ref)
    if not head or head in (tip, start) or not commits.resolve(common, head):
        return []
    if tip and commits.is_ancestor(common, head, tip):
        return []
    if tip in ("", start):
        git.run(
            common, "update-ref", "-m", "kanban: from the sandbox", "--no-deref", ref, head, tip
        )
        return []
    salvaged = salvage.keep(common, folder.run, head)
    return [f"branch {branch} was moved meanwhile; the session's commits are in {salvaged}"]


def _session_tip(folder: Folder, branch: str) -> Oid:
    """Return the commit that the session left as the tip of its branch; empty for none."""
    path = f"{folder.file(_HEADS)}/{branch.rpartition('/')[2]}"
    try:
        text = files.read(path, below=folder.path, most=100).decode("ascii", "replace").strip()
    except OSError:
        return NO_OID
    return Oid(text) if _COMMIT.fullmatch(text) else NO_OID


def follow(folder: Folder, branch: str, tip: Oid) -> None:
    """Set the private ref to the branch's tip, for the steps after the session. Raises OSError."""
    if tip and _session_tip(folder, branch) not in ("", tip):
        path = f"{folder.file(_HEADS)}/{branch.rpartition('/')[2]}"
        files.replace(path, f"{tip}\n".encode(), below=folder.path, lasting=False)
