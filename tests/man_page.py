"""Writes gitkanban(1) from the commands and from the head of docs/commands.md.

Its own few lines of roff: libraries that write manual pages from click make one page a command, and
those that start from Markdown or reStructuredText are programs, or want the text written twice.
"""

import inspect
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from gitkanban import __version__
from gitkanban.cli.group import cli
from gitkanban.cli.roster import COMMANDS

FOLDER = Path(__file__).parent.parent / "share" / "man" / "man1"
DATE = "2026-11-29"  # of the release; a manual page has one
DOCS = "https://github.com/gitkanban/gitkanban/tree/main/docs"
FILES = (
    (".kanban/config.yaml", "Workers, profiles, limits. `gitkanban schema config` describes it."),
    (".kanban/cards/ID.yaml", "One card each. On a branch of its own the board has no `.kanban/`."),
    (".kanban/runs/, notes/, paused/, archive/", "What has happened; docs/format.md has it all."),
    (".git/gitkanban/", "What is private to a clone: running sessions, their logs, trust, caches."),
)
ENVIRONMENT = (
    ("VISUAL, EDITOR", "The editor for texts; else the one that git would open."),
    ("GIT_PAGER, PAGER", "The pager for pages longer than the terminal, by git's own rules."),
    ("NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR", "Whether there is colour, `--color` aside."),
    ("XDG_DATA_HOME", "Where `gitkanban completion install` writes; ~/.local/share by default."),
)
EXIT_CODES = (
    ("0", "Success."),
    ("1", "An expected failure: `Error:` and `Hint:` on stderr."),
    ("2", "Wrong usage."),
    ("3", "A bug; a report file is written, and named."),
    ("130", "Interrupted."),
)


def page() -> str:
    """The page in roff, for man(7)."""
    return "".join(f"{line}\n" for line in _page_lines())


def _page_lines() -> Iterator[str]:
    yield '.\\" Made by `python -m tests.commands_page`; a test holds that it is up to date.'
    yield f'.TH GITKANBAN 1 {DATE} "gitkanban {__version__}" "gitkanban manual"'
    yield ".SH NAME"
    yield r"gitkanban, git\-kanban \- a git\-native kanban board on which coding agents work"
    yield ".SH SYNOPSIS"
    yield r".B gitkanban"
    yield r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGUMENTS\fR]"
    yield ".br"
    yield r".B git kanban"
    yield r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGUMENTS\fR]"
    yield ".SH DESCRIPTION"
    yield from _text_lines(inspect.cleandoc(cli.help or ""))
    from tests.commands_page import HEAD

    for part in HEAD.split("\n\n")[1:]:
        if not part.startswith("Exit codes"):
            yield ".PP"
            yield from _text_lines(re.sub(r"\[[^]]*\]\(([^)]*)\)", r"docs/\1", part))
    yield ".SH COMMANDS"
    with click.Context(cli, info_name="gitkanban") as context:
        for section, entries in groupby(COMMANDS, key=lambda entry: entry[0]):
            yield f".SS {_roff(section)}"
            for _, name, _, _ in entries:
                command = cli.get_command(context, name)
                assert command is not None
                yield from _command_lines(name, command, context)
    for title, rows in (
        ("EXIT STATUS", EXIT_CODES), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES),
    ):  # fmt: skip
        yield f".SH {title}"
        for term, text in rows:
            yield from (".TP", rf"\fB{_roff(term)}\fR", *_text_lines(text))
    yield ".SH SEE ALSO"
    yield r".BR git (1),"
    yield r".BR git\-worktree (1),"
    yield _roff(DOCS)


def _command_lines(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield ".TP"
    yield rf"\fB{_roff(name)}\fR {_roff(' '.join(command.collect_usage_pieces(context)))}"
    for number, part in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        if number:
            yield ".IP"
        if part.startswith("\b\n"):
            yield from (".nf", *map(_roff, part.splitlines()[1:]), ".fi")
        else:
            yield from _text_lines(part)
    options = [
        each for each in command.params if isinstance(each, click.Option) and not each.hidden
    ]
    yield from (".RS",) if options else ()
    for option in options:
        names, text = option.get_help_record(context) or (option.opts[0], "")
        yield from (".TP", rf"\fB{_roff(names)}\fR", *_text_lines(text))
    yield from (".RE",) if options else ()


def _text_lines(text: str) -> Iterator[str]:
    """Prose as filled text: words in backticks are bold, each sentence begins a line."""
    text = _roff(" ".join(text.split()))
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    yield from (_guard(line) for line in re.split(r"(?<=[.:;]) (?=[A-Z])", text))


def _roff(text: str) -> str:
    """Text in which roff sees nothing of its own, in ASCII."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = "".join(sign if sign.isascii() else rf"\[u{ord(sign):04X}]" for sign in text)
    return _guard(text)


def _guard(line: str) -> str:
    return rf"\&{line}" if line.startswith((".", "'")) else line


def write() -> None:
    """Write the page, and the one of `git kanban --help`, which is the same."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "gitkanban.1").write_text(page(), encoding="ascii")
    (FOLDER / "git-kanban.1").write_text(".so man1/gitkanban.1\n", encoding="ascii")
