"""The fields of a card, as `add` and `edit` take them from a command line.

How a field is given is declared here once; what a command does with it, its help says.
"""

from collections.abc import Callable, Sequence

from gitkanban.cli import declare
from gitkanban.cli.here import text_argument
from gitkanban.errors import UsageError
from gitkanban.typed import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_MANY: dict[str, Any] = {"multiple": True, "metavar": "TEXT"}
_FIELDS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "worker": (("-w", "--worker"), {}),
    "parents": (("-p", "--parent", "parents"), {**_MANY, "metavar": "ID"}),
    "priority": (("--priority",), {"type": int}),
    "needs": (("--needs",), {**_MANY, "metavar": "NAME[:N]"}),
    "acceptance": (("--acceptance",), _MANY),
    "body": (("--body",), {"metavar": "TEXT"}),
    "body_file": (("--body-file",), {"metavar": "FILE"}),
    "labels": (("--label", "labels"), {**_MANY, "metavar": "NAME"}),
    "model": (("--model",), {"metavar": "NAME"}),
    "effort": (("--effort",), {"metavar": "NAME"}),
}


def field_option(field: str, text: str) -> Callable[[F], F]:
    """Declare the option of a field, with its help; None, or an empty tuple, if it is not given."""
    words, attributes = _FIELDS[field]
    return declare.option(*words, help=text, **attributes)


def body_options(function: F) -> F:
    """Declare the two options of the body, in text or from a file."""
    function = field_option("body_file", "Read the body from a file; - for stdin.")(function)
    return field_option("body", "Full description of the work.")(function)


def body_argument(body: str | None, file: str | None) -> str | None:
    """Return the body that was given, None if none was. Raises UsageError as `text_argument`."""
    if body is not None and file is not None:
        raise UsageError("either --body or --body-file, not both", "Leave one out.")
    return None if body is None and file is None else text_argument(body or "", file)


def parse_labels(words: Sequence[str]) -> tuple[str, ...]:
    """Return labels, sorted and each once. Raises UsageError for a word that cannot be a label."""
    from gitkanban.core.ids import LABEL_RULE, is_label

    for word in words:
        if not is_label(word):
            raise UsageError(f"{word!r} cannot be a label", f"A label is {LABEL_RULE}.")
    return tuple(sorted(set(words)))


def parse_needs(words: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return needs as sorted (name, amount) pairs: `build:2`, `build` (is 1), `build:0` (no need).

    Raises UsageError.
    """
    needs: dict[str, int] = {}
    for word in words:
        name, _, amount = word.partition(":")
        if not name or (amount and not (amount.isascii() and amount.isdigit())):
            raise UsageError(f"{word!r} is not a need", "Write NAME or NAME:AMOUNT, as in build:1.")
        needs[name] = int(amount or 1)
    return tuple(sorted(needs.items()))
