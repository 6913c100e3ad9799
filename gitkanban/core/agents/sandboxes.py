"""The command line of a worker's `sandbox`, which contains its sessions.

`bwrap` is a preset: bubblewrap shows the session this machine read-only, with a home that is empty
except for what is named here, and lets it write to its worktree and to what belongs to its own run.
Any other prefix is the worker's own. Values in, values out: `runs.contained` looks up the paths.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitkanban.late import re
from gitkanban.typed import NamedTuple

BWRAP = "bwrap"
PRESETS = (BWRAP,)
PLACEHOLDERS = ("workspace", "run_dir", "git_dir")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")

# Folders that contain the homes of many programs: only the one that is needed is shown.
_SHELVES = (".config", ".local", ".local/share", ".local/lib", ".cache", ".local/state")
# Shown of every home: the committer's name, and what programs on PATH need besides their folders.
_SHOWN = (".gitconfig", ".config/git", ".rustup")
# Hidden in folders that are shown because of a program in them.
_HIDDEN = (".cargo/credentials.toml", ".cargo/credentials")


class Ground(NamedTuple):
    """The paths of a contained session: absolute, without links; empty if there is none."""

    home: str
    workspace: str
    git_dir: str  # of the repository
    run_dir: str
    main: str = ""  # the main checkout
    admin: str = ""  # git's directory of the worktree
    branches: tuple[str, str] = ("", "")  # folder of the card's ref: (a private one, the real one)
    reflogs: tuple[str, str] = ("", "")  # the same for its reflog
    programs: tuple[str, ...] = ()  # files and folders that contain its programs
    outputs: tuple[str, ...] = ()  # what else in the run's folder it writes
    state: tuple[str, ...] = ()  # files and folders in which its agent stores logins and sessions
    settings: tuple[str, ...] = ()  # those of them that decide what the agent runs: read-only
    memory: str = ""  # the real memory home
    memory_fixed: tuple[str, ...] = ()  # the parts of it that are read-only
    secrets: tuple[str, ...] = ()  # files that appear empty
    resolver: str = ""  # what /etc/resolv.conf points to


def is_preset(sandbox: tuple[str, ...]) -> bool:
    """Whether a worker's sandbox is a preset, with or without options."""
    return sandbox[:1] == (BWRAP,)


def prefix(sandbox: tuple[str, ...], ground: Ground) -> list[str]:
    """The words that go before the session's command line; empty without a sandbox."""
    own = [_expand_word(word, ground) for word in sandbox]
    if not is_preset(sandbox):
        return own
    return [BWRAP, *_namespace_options(), *_machine_binds(ground), *_repository_binds(ground), *_own_binds(ground),
            *own[1:], "--chdir", ground.workspace, "--"]  # fmt: skip


def trial() -> list[str]:
    """A command line that succeeds if the preset can work: it needs all that the preset needs."""
    return [BWRAP, *_namespace_options(), *_mask_options(), "--", "true"]


def _expand_word(word: str, ground: Ground) -> str:
    """Replace the placeholders in a word, and a leading `~/` by the home."""
    values: Mapping[str, str] = ground._asdict()
    text = _PLACEHOLDER.sub(lambda match: values[match[1]], word)
    return f"{ground.home}{text[1:]}" if text.startswith("~/") and ground.home else text


def _namespace_options() -> list[str]:
    # A user namespace even for root: without one its capabilities would undo what follows.
    return ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent",
            "--cap-drop", "ALL"]  # fmt: skip


def _mask_options() -> list[str]:
    """Options for a read-only view of the machine, without others' sockets and files."""
    empty = [word for path in ("/tmp", "/var/tmp", "/run") for word in ("--tmpfs", path)]
    return ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *empty]


def _machine_binds(ground: Ground) -> Iterator[str]:
    yield from _mask_options()
    yield from _bind_each("--ro-bind-try", filter(None, [ground.resolver]))
    if not ground.home:
        return
    yield from ("--tmpfs", ground.home)
    shown = {*(f"{ground.home}/{name}" for name in _SHOWN), *ground.programs}
    yield from _bind_each("--ro-bind-try", sorted(shown))
    yield from _bind_each("--bind-try", ground.state)
    yield from _bind_each("--ro-bind-try", ground.settings)


def _repository_binds(ground: Ground) -> Iterator[str]:
    yield from _bind_each("--ro-bind", filter(None, [ground.main, ground.git_dir]))
    if not ground.admin:
        return
    objects = f"{ground.git_dir}/objects"
    yield from _bind_each("--bind", [objects])
    yield from _bind_each("--ro-bind-try", [f"{objects}/info", f"{objects}/pack"])
    for private, real in (ground.branches, ground.reflogs):
        yield from ("--bind", private, real)


def _own_binds(ground: Ground) -> Iterator[str]:
    yield from _bind_each("--bind", filter(None, [ground.memory]))
    yield from _bind_each("--ro-bind-try", ground.memory_fixed)
    yield from _bind_each("--bind", filter(None, [ground.workspace, ground.admin]))
    yield from _bind_each("--ro-bind", [ground.run_dir])
    yield from _bind_each("--bind", ground.outputs)
    for path in ground.secrets:
        yield from ("--ro-bind", "/dev/null", path)


def _bind_each(option: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield from (option, path, path)


def shelf_of(home: str, path: str) -> str:
    """The path in the home that must be shown for a program or a folder of PATH.

    `~/.nvm` for `~/.nvm/versions/node/v22/bin`, `~/.local/share/uv` for a tool of uv's. Empty for a
    path that is not in the home, or that is itself a folder of many programs' homes.
    """
    if not path.startswith(f"{home}/"):
        return ""
    names = path[len(home) + 1 :].split("/")
    levels = ("/".join(names[:depth]) for depth in range(1, len(names) + 1))
    shelf = next((each for each in levels if each not in _SHELVES), "")
    return f"{home}/{shelf}" if shelf else ""


def hidden_in(home: str) -> list[str]:
    """Files with logins in folders that are shown because of their programs."""
    return [f"{home}/{name}" for name in _HIDDEN]
