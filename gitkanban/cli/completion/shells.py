"""The scripts of bash, zsh and fish, the folders in which they look for one, and how to ask them.

Only files of our own are written, all below the user's home. A shell's startup files are left to
their owner.
"""

import os
import shutil
import subprocess
from importlib.resources import files as package_files

from gitkanban import files
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple

SHELLS = ("bash", "zsh", "fish")
_MARK = "Written by `gitkanban completion install`"
_PATIENCE = 10  # seconds that a shell may take to start with its owner's startup files
_SIZE_MOST = 1 << 20  # bytes of a script that is read
# {shell: {path below its folder: name in the package}}
_FILES = {
    "bash": {"gitkanban": "gitkanban.bash", "git-kanban": "git-kanban.bash"},
    "zsh": {"_gitkanban": "gitkanban.zsh", "_git-kanban": "git-kanban.zsh"},
    "fish": {
        "gitkanban.fish": "gitkanban.fish",
        "git-kanban.fish": "git-kanban.fish",
        "../vendor_conf.d/gitkanban.fish": "git.fish",
    },
}
# Run by a shell with its owner's startup files: prints `yes:` for each condition that holds.
_ASK = {
    "bash": "{ declare -F _completion_loader || declare -F _comp_load || complete -p gitkanban; }"
    " >/dev/null 2>&1 && printf yes:",
    "zsh": '(( $+functions[compdef] )) && print -rn -- yes: && (( ${fpath[(Ie)$1]} )) && print -rn yes:',
    "fish": 'contains -- $argv[1] $fish_complete_path && printf yes:',
}  # fmt: skip


class Installed(NamedTuple):
    """Paths of a shell's files: those that were written or removed, and those left as they were."""

    changed: list[str]
    left: list[str]


def script(shell: str, program: str) -> str:
    """Return the script that completes gitkanban; `program` is the command line that starts it."""
    return _script_text(next(iter(_FILES[shell].values())), program)


def _script_text(name: str, program: str) -> str:
    folder = package_files("gitkanban.cli.completion").joinpath("scripts")
    return folder.joinpath(name).read_text(encoding="utf-8").replace("@PROGRAM@", program)


def folder_of(shell: str) -> str:
    """Return the folder for a user's own completions, by the XDG base directories."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    if shell == "bash":
        own = os.environ.get("BASH_COMPLETION_USER_DIR", "").partition(":")[0]
        return f"{own or f'{data}/bash-completion'}/completions"
    return f"{data}/zsh/site-functions" if shell == "zsh" else f"{data}/fish/vendor_completions.d"


def install(shell: str, program: str) -> Installed:
    """Write the files of a shell. Raises Refused if a file there is not ours, OSError."""
    done = Installed([], [])
    texts = {
        os.path.normpath(f"{folder_of(shell)}/{name}"): _script_text(source, program)
        for name, source in _FILES[shell].items()
    }
    there = {path: _own_text(path) for path in texts}
    for path, text in texts.items():
        if there[path] == text:
            done.left.append(path)
            continue
        files.replace(path, text.encode(), 0o644, make=True)
        done.changed.append(path)
    return done


def uninstall(shell: str) -> Installed:
    """Remove the files of a shell that `install` wrote. Raises Refused, OSError."""
    paths = [os.path.normpath(f"{folder_of(shell)}/{name}") for name in _FILES[shell]]
    done = Installed([path for path in paths if _own_text(path)], [])
    for path in done.changed:
        files.remove(path)
    return done


def _own_text(path: str) -> str:
    """Return what `install` wrote there; empty if there is no file. Raises Refused if not ours."""
    if not os.path.lexists(path):
        return ""
    text = files.read(path, most=_SIZE_MOST).decode("utf-8", "replace")
    if _MARK not in text:
        raise Refused(f"{path} is not gitkanban's", "Move it away first.")
    return text


def advice(shell: str) -> list[str]:
    """Start the shell and ask whether it finds the files; return what its owner has yet to do.

    That is the reason, then the lines to add; an empty list if nothing is left to do.
    """
    folder = in_home(folder_of(shell))
    answers = _ask_shell(shell, folder_of(shell)).count("yes:")
    if answers == {"bash": 1, "zsh": 2, "fish": 1}[shell]:
        return []
    if shell == "bash":
        return ["bash-completion is not loaded; add to ~/.bashrc", f". {folder}/gitkanban"]
    if shell == "fish":
        return [
            "it is not read from there; add to config.fish",
            f"set -p fish_complete_path {folder}",
        ]
    line = f"fpath=({folder} $fpath)"
    if answers:
        return ["it is not read from there; add to ~/.zshrc, above compinit", line]
    return ["completion is off; add to ~/.zshrc", line, "autoload -Uz compinit && compinit"]


def _ask_shell(shell: str, folder: str) -> str:
    """Return what the shell prints; empty if it does not answer."""
    path = shutil.which(shell)
    if path is None:
        return ""
    argv = {"bash": [path, "-i", "-c"], "zsh": [path, "-i", "-c"], "fish": [path, "-c"]}[shell]
    try:
        done = subprocess.run(
            [*argv, _ASK[shell], *(() if shell == "fish" else (shell,)), folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            start_new_session=True,  # an interactive shell would take the terminal for itself
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def in_home(path: str) -> str:
    """Return a path with `~` for the home folder."""
    home = os.path.expanduser("~")
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path
