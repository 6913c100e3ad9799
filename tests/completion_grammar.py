"""Writes what the shell completes from the commands themselves, as `tests.commands_page` does."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from gitkanban.cli.group import cli
from gitkanban.cli.roster import COMMANDS
from gitkanban.cli.synonyms import SHORT
from gitkanban.core.transitions import offered

MODULE = Path(__file__).parent.parent / "gitkanban" / "cli" / "completion" / "grammar.py"
HEAD = '''\
# Made by `python -m tests.commands_page` from the commands; a test holds that it is theirs.
# fmt: off
"""Commands, options and what they take, as plain data: no command is imported to complete one."""

# What an option or an argument takes: None nothing, "" any text, a kind of value, or one of a few
# words. With "=" in front it can only stand behind an equals sign.
Takes = str | tuple[str, ...] | None
Argument = tuple[Takes, bool]  # ..., and whether it may be given many times
Option = tuple[tuple[str, ...], Takes, bool, str]  # names, ..., what it does

'''
# Kinds by how the help names a value, and by the name of a parameter.
METAVARS = {
    "FILE": "file",
    "FILE|DIR": "file",
    "DIR": "dir",
    "REV": "rev",
    "RUN": "run",
    "CLONE": "clone",
}
CARDS = {"card", "cards", "parent", "parents", "old"}
PARAMS = {
    "worker": "worker", "workers": "worker", "profile": "profile", "profiles": "profile", "labels": "label",
    "branch": "branch", "remote": "remote", "needs": "capacity", "model": "model",
    "effort": "effort", "a": "rev", "b": "rev", "rev": "rev", "commit": "rev",
}  # fmt: skip
# Arguments that are a little language of their own.
WORDS: dict[str, tuple[tuple[object, bool], ...]] = {
    "workers": ((("add", "set"), False), ("worker", False), ("setting", True)),
    "memory": ((("accept", "reject", "show"), False), ("", True)),
}
FREE = {("init", "worker"), ("init", "branch"), ("add", "card_id"), ("rename", "new")}


def module() -> str:
    """The text of the module."""
    lines = [HEAD, "COMMANDS: dict[str, tuple[tuple[Argument, ...], tuple[Option, ...]]] = {\n"]
    lines += (line for name, command in _commands() for line in _entry(name, command))
    lines += ["}\n", "VERBS = {\n"]
    lines += [f"    {name!r}: {does!r},\n" for _, name, _, does in COMMANDS]
    lines += ["    'help': 'Say more of one command.',\n", "}\n"]
    lines += [f"SYNONYMS: dict[str, str] = {SHORT!r}\n"]
    return "".join(lines)


def _commands() -> Iterator[tuple[str, click.Command]]:
    with click.Context(cli, info_name="gitkanban") as context:
        for _, name, _, _ in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            yield name, command


def _entry(name: str, command: click.Command) -> Iterator[str]:
    yield f"    {name!r}: ((\n"
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    for kind, many in WORDS.get(name) or [(_kind(name, a), a.nargs != 1) for a in arguments]:
        yield f"        ({kind!r}, {many}),\n"
    yield "    ), (\n"
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            names = (*option.opts, *option.secondary_opts)
            does = _first_sentence(option.help or "")
            yield f"        ({names!r}, {_kind(name, option)!r}, {option.multiple}, {does!r}),\n"
    yield "    )),\n"


def _kind(verb: str, param: click.Parameter) -> str | tuple[str, ...] | None:
    name = param.name or ""
    if isinstance(param, click.Option) and (param.is_flag or param.count):
        return None
    if isinstance(param.type, click.Choice):
        return tuple(param.type.choices)
    if isinstance(param, click.Option) and param._flag_needs_value:
        return "="
    if (verb, name) in FREE:
        return ""
    if name in CARDS:
        return f"card {' '.join(offered(verb))}"
    if param.metavar == "PRESET":
        from gitkanban.core.agents.presets import PRESETS

        return tuple(PRESETS)
    return METAVARS.get(param.metavar or "") or PARAMS.get(name, "")


def _first_sentence(text: str) -> str:
    text = re.split(r"(?<=[.;]) |\n", text.replace(" (repeatable)", ""), maxsplit=1)[0]
    return text.rstrip(";.")


def write() -> None:
    """Write the module."""
    MODULE.write_text(module(), encoding="utf-8")
