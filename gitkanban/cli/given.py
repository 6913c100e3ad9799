"""Refuses what was given by mistake: empty words, and options given twice.

An empty word is most often a shell variable that is not set. Read as "not given", or as a prefix of
everything, it would make a command act on something that nobody named.
"""

from collections import Counter
from collections.abc import Sequence

import click

from gitkanban.errors import UsageError

# (command, option) for which an empty text means something: it empties the field.
_MAY_BE_EMPTY = frozenset(
    {
        ("add", "body"),
        *(("edit", name) for name in ("worker", "parents", "needs", "acceptance", "body")),
        *(("edit", name) for name in ("labels", "model", "effort")),
        *(("add", "title"), ("block", "why")),  # refused there, with messages of their own
    }
)


def check_given(command: click.Command, name: str, ctx: click.Context, args: Sequence[str]) -> None:
    """Raise UsageError for an empty word, and for a single-valued option that is given twice."""
    if command.name is None or isinstance(command, click.Group):
        return
    inner = command.context_class(command, info_name=name, parent=ctx)
    try:
        values, _, order = command.make_parser(inner).parse_args(list(args))
    except click.UsageError:
        return  # click reports that itself
    hint = f"See `{inner.command_path} --help`."
    for param in dict.fromkeys(order):
        value = values.get(param.name or "")
        words = value if isinstance(value, list | tuple) else (value,)
        if "" in words and (name, param.name) not in _MAY_BE_EMPTY:
            text = f"{_shown_name(param)} is empty"
            raise UsageError(text, f"Is a shell variable not set? {hint}")
    for param, times in Counter(order).items():
        if times > 1 and isinstance(param, click.Option) and _has_one_value(param):
            text = f"{_shown_name(param)} is given {times} times"
            raise UsageError(text, f"Only one of them would count. {hint}")


def _has_one_value(option: click.Option) -> bool:
    return not (option.multiple or option.is_flag or option.count)


def _shown_name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.name or "").upper()
