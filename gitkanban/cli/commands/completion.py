"""`gitkanban completion`: teach bash, zsh and fish the commands, the cards and all other names."""

import os
import shutil

from gitkanban.cli import declare
from gitkanban.cli.completion import shells
from gitkanban.cli.here import refuse_in_session, say
from gitkanban.cli.ourselves import command_line
from gitkanban.cli.streams import echo
from gitkanban.errors import UsageError


@declare.command("completion")
@declare.argument("what", type=declare.choice(["install", "uninstall", "show"]))
@declare.option(
    "--shell", type=declare.choice(shells.SHELLS), default=None,
    help="This shell alone. By default all that are installed; with show, yours.",
)  # fmt: skip
def completion_command(what: str, shell: str | None) -> None:
    """Let the shell complete commands, options, cards, workers, branches and all other names.

    install writes files where bash (with bash-completion), zsh and fish look for them, and says
    what is left to do for a shell that does not. `git kanban` is completed too, by git's own
    completion. uninstall removes the files. show prints the script, for those who want to place it
    themselves.

    \b
    gitkanban completion install
    gitkanban completion show --shell zsh > ~/.zfunc/_gitkanban
    """
    refuse_in_session("completion")
    if what == "show":
        echo(shells.script(shell or _own_shell(), command_line()), nl=False)
        return
    chosen = [shell] if shell else [name for name in shells.SHELLS if shutil.which(name)]
    for name in chosen:
        if what == "install":
            _install_files(name)
        else:
            _uninstall_files(name)


def _own_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))
    if name not in shells.SHELLS:
        raise UsageError("which shell is it for?", f"--shell {' | '.join(shells.SHELLS)}")
    return name


def _install_files(shell: str) -> None:
    done = shells.install(shell, command_line())
    if done.changed:
        say(f"{shell:4}  wrote {_paths_words(done.changed)}")
    else:
        say(f"{shell:4}  is up to date: {_paths_words(done.left)}")
    why, *lines = shells.advice(shell) or ["a new shell reads it"]
    say(f"      {why}{':' if lines else ''}")
    for line in lines:
        say(f"        {line}")


def _uninstall_files(shell: str) -> None:
    done = shells.uninstall(shell)
    what = f"removed {_paths_words(done.changed)}" if done.changed else "has nothing of gitkanban's"
    say(f"{shell:4}  {what}")


def _paths_words(paths: list[str]) -> str:
    """Return `~/folder/a, b`; a file in another folder is given with its whole path."""
    folder = os.path.dirname(paths[0])
    names = [path.removeprefix(f"{folder}/") for path in paths[1:]]
    return ", ".join([shells.in_home(paths[0]), *map(shells.in_home, names)])
