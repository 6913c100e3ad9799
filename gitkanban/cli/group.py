"""The commands as click sees them: for lines that are not plain, for help, and for completion."""

from collections.abc import Sequence

import click

from gitkanban import __version__
from gitkanban.cli.roster import COMMANDS, MODULES, find_command
from gitkanban.cli.synonyms import SHORT
from gitkanban.errors import GitkanbanError, UsageError


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every command, in the order of the overview."""
        return [name for _, name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that defines the command."""
        command = find_command(cmd_name)
        return command.as_click() if command else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command as click does, and its short names; suggest one for an unknown name."""
        if args and args[0] in SHORT:
            args = [SHORT[args[0]], *args[1:]]
        if args and args[0] not in MODULES and not args[0].startswith("-"):
            raise _unknown_command(args)
        name, command, rest = super().resolve_command(ctx, args)
        if command and name:
            from gitkanban.cli.given import check_given

            check_given(command, name, ctx, rest)
        return name, command, rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands before the options: they are what people look for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview, by section, without importing a command."""
        for section in dict.fromkeys(section for section, *_ in COMMANDS):
            with formatter.section(section):
                formatter.write_dl(
                    [(name, does) for where, name, _, does in COMMANDS if where == section]
                )


def _unknown_command(args: Sequence[str]) -> UsageError:
    """Return the error for an unknown command; its hint suggests what is most likely meant."""
    from gitkanban.cli.synonyms import suggest
    from gitkanban.core.ids import fault

    does = {name: text for _, name, _, text in COMMANDS}
    line = suggest(args[0], list(does))
    hint = "`gitkanban --help` lists the commands."
    if line:
        card = next((word for word in args[1:2] if not fault(word)), "ID")
        hint = f"Did you mean `gitkanban {line.replace('ID', card)}`? {does[line.split()[0]]}"
    return UsageError(f"no command {args[0]!r}", hint)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`gitkanban help COMMAND` says more. Any unambiguous prefix names a card. "
    "ls, st and mv are short for list, status and rename.",
)
@click.version_option(__version__, "-V", "--version", message="gitkanban %(version)s")
def cli() -> None:
    """A git-native kanban board on which coding agents work.

    Cards are files on a branch, slots are leases,
    and `gitkanban tick` does one pass over the board.
    """


def answer_by_click(argv: Sequence[str], program: str) -> object:
    """Read a command line with click, run it, and return its result. Raises as click does."""
    return cli.main(list(argv), prog_name=program, standalone_mode=False)


def end_by_click(error: Exception) -> int | GitkanbanError | None:
    """Turn click's own exceptions into an exit code or one of our errors; None for others."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.Abort):
        click.echo("\ninterrupted", err=True)  # behind a question
        return 130
    return _in_our_words(error) if isinstance(error, click.ClickException) else None


def _in_our_words(error: click.ClickException) -> GitkanbanError:
    """Turn click's error into one that is worded like all others."""
    context = getattr(error, "ctx", None)
    text = " ".join(error.format_message().split())  # click puts choices on lines of their own
    text = text.replace("is not a valid integer range.", "is not a valid integer.")
    if not isinstance(error, click.UsageError):
        return GitkanbanError(text)
    where = context.command_path if context else "gitkanban"
    return UsageError(text, f"See `{where} --help`.")
