"""The options that every view has: colour, signs, and the output format."""

from collections.abc import Callable

from gitkanban.cli import declare, terminal
from gitkanban.errors import UsageError
from gitkanban.typed import TYPE_CHECKING, Any, TypeVar

SECONDS_LEAST = 0.1  # seconds between two looks

if TYPE_CHECKING:
    import click

    from gitkanban.cli.redraw import Page

F = TypeVar("F", bound=Callable[..., Any])


def label_option(command: F) -> F:
    """Add `--label`: only cards that have all of these labels."""
    return declare.option(
        "--label", "labels", multiple=True, metavar="NAME",
        help="Only cards with this label (repeatable: only cards with all of them).",
    )(command)  # fmt: skip


def watch_options(command: F) -> F:
    """Add `--watch[=SECONDS]`, which is 0 if it is not given, and `--bell`."""
    watch = declare.option(
        "--watch", "watch", is_flag=False, flag_value=2.0, default=0.0, metavar="[=SECONDS]",
        type=declare.float_range(0), help="Redraw every 2 seconds, or every SECONDS, until ^C.",
    )  # fmt: skip
    bell = declare.option(
        "--bell", is_flag=True, help="With --watch: ring when another card needs you."
    )
    return watch(bell(command))


def watched(watch: float, bell: bool, form: str, draw: "Callable[[], Page]") -> int | None:
    """If `--watch` was given, draw a page until ^C and return the exit code; else return None.

    Raises UsageError.
    """
    if bell and not watch:
        raise UsageError("--bell is for --watch", "gitkanban status --watch --bell")
    if watch and form not in ("", "text"):
        raise UsageError("--watch draws the page, and no other form", "Leave --format out.")
    if not watch:
        return None
    from gitkanban.cli import redraw

    return redraw.watch(max(watch, SECONDS_LEAST), bell, draw)


def _choose_look(_ctx: "click.Context", param: "click.Parameter", value: object) -> None:
    if value and param.name:
        terminal.choose(param.name, str(value))


def look_options(command: F) -> F:
    """Add `--color` and `--ascii`, which the command itself does not get."""
    color = declare.option(
        "--color", type=declare.choice(["auto", "always", "never"]), expose_value=False,
        callback=_choose_look, help="Colours: on a terminal (auto), always, or never.",
    )  # fmt: skip
    ascii_ = declare.option(
        "--ascii", is_flag=True, expose_value=False, callback=_choose_look,
        help="Draw with ASCII signs alone.",
    )  # fmt: skip
    return color(ascii_(command))


def list_options(command: F) -> F:
    """Add `look_options`, `--format` and `--json`.

    The command gets `form` and `as_json`, for `form_of`.
    """
    form = declare.option(
        "--format", "form", type=declare.choice(["text", "tsv", "json"]),
        help="Default: text on a terminal, else tsv (tab-separated lines).",
    )  # fmt: skip
    json_ = declare.option("--json", "as_json", is_flag=True, help="The same as --format json.")
    return form(json_(look_options(command)))


def form_of(form: str | None, as_json: bool) -> str:
    """Return the format chosen by `--format` or `--json`. Raises UsageError if they disagree."""
    if as_json and form not in (None, "json"):
        raise UsageError("either --json or --format, not both", "Leave one of them out.")
    return "json" if as_json else form or ""
