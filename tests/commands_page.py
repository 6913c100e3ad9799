"""Writes docs/commands.md from the commands themselves: `python -m tests.commands_page`."""

import inspect
import textwrap
from pathlib import Path

import click

from gitkanban.cli.group import cli
from gitkanban.cli.roster import COMMANDS
from tests import completion_grammar, man_page, schema_files

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """\
# Commands

Any unambiguous prefix of an id names a card; an exact match wins. With `-b/--branch`, a planning
command works on another branch, which is created from the board's tip if it does not exist, so a
pull request can be prepared without checking anything out. Every command that prints data has
`--json`; the shapes are in [json.md](json.md). `ls`, `st` and `mv` are short for `list`, `status`
and `rename`. For an unknown command the closest one is suggested; what git, gh, Taskwarrior,
Backlog.md and Beads call it is known, too.

Exit codes: 0 success, 1 an expected failure (`Error:` and `Hint:` on stderr), 2 wrong usage, 3 a
bug (a report file is written), 130 interrupted.

Colours follow `--color`, else `NO_COLOR`, `CLICOLOR_FORCE` and `FORCE_COLOR`; without any of these,
a terminal that is not dumb gets them. Output that is longer than the terminal goes through git's
pager (`GIT_PAGER`, `core.pager`, `PAGER`). Signs are ASCII with `--ascii`, and where the locale is
not UTF-8. In a pipe nothing is cut off, and `status`, `list`, `search` and `workers` print
tab-separated lines.

`gitkanban help COMMAND` prints what this page says about one command; `man gitkanban` and
`git kanban --help` print all of it. After `gitkanban completion install`, bash, zsh and fish
complete commands, and for each command the cards that it applies to, also after `git kanban`.
"""


def page() -> str:
    """The whole page, in the order of the overview."""
    parts = [HEAD]
    section = ""
    with click.Context(cli, info_name="gitkanban") as context:
        for where, name, _, _ in COMMANDS:
            if where != section:
                section = where
                parts.append(f"# {section}\n")
            command = cli.get_command(context, name)
            assert command is not None
            parts.append(_command(name, command, context))
    return "\n".join(parts)


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## `{name}`", "", f"`gitkanban {name} {usage}`", "", _prose(command), ""]
    options = [param for param in command.params if isinstance(param, click.Option)]
    if options:
        lines += ["| option | |", "|---|---|"]
        lines += [_row(option, context) for option in options]
        lines.append("")
    return "\n".join(lines)


def _prose(command: click.Command) -> str:
    """The help text: paragraphs wrapped, those marked verbatim as code."""
    parts = []
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        if part.startswith("\b\n"):
            parts.append("```\n" + part.removeprefix("\b\n") + "\n```")
        else:
            parts.append(textwrap.fill(" ".join(part.split()), 100, break_on_hyphens=False))
    return "\n\n".join(parts)


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    names, text = record if record else (option.opts[0], "")
    return f"| `{names.replace('|', chr(92) + '|')}` | {text.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    completion_grammar.write()
    man_page.write()
    schema_files.write()
