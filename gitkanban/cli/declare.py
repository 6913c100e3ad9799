"""A command's arguments and options, declared as data: click is imported only where it is needed.

`command`, `argument` and `option` are used like click's own and take the same arguments. What they
record is read twice: `arguments` reads plain command lines by it, and `as_click` makes the click
command that handles all others, help and completion. So there is one source of truth, and a plain
command line need not wait for click, which takes longer to import than most commands take to run.
"""

from collections.abc import Callable, Sequence

from gitkanban.typed import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import click

F = TypeVar("F", bound=Callable[..., Any])


class ValueKind(NamedTuple):
    """One of click's types, by name, and the arguments that it is made with."""

    name: str
    words: tuple[Any, ...]

    def as_click(self) -> "click.ParamType[Any]":
        """Return the click type."""
        import click

        kind: click.ParamType[Any] = getattr(click, self.name)(*self.words)
        return kind


def choice(words: Sequence[str]) -> ValueKind:
    """Return the type for one of these words."""
    return ValueKind("Choice", (words,))


def int_range(least: int | None = None, most: int | None = None) -> ValueKind:
    """Return the type for an integer between two bounds (inclusive; None: no bound)."""
    return ValueKind("IntRange", (least, most))


def float_range(least: float | None = None, most: float | None = None) -> ValueKind:
    """Return the type for a number between two bounds (inclusive; None: no bound)."""
    return ValueKind("FloatRange", (least, most))


class Declaration(NamedTuple):
    """An argument or an option: the words that declare it and its attributes, as in click."""

    is_option: bool
    words: tuple[str, ...]
    attributes: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the parameter that gets its value."""
        bare = [word for word in self.words if not word.startswith("-")]
        longest = max(self.words, key=lambda word: len(word) - len(word.lstrip("-")) > 1)
        return (bare[0] if bare else longest).lstrip("-").replace("-", "_").lower()

    def as_click(self) -> "click.Parameter":
        """Return the click parameter."""
        import click

        attributes = dict(self.attributes)
        if isinstance(attributes.get("type"), ValueKind):
            attributes["type"] = attributes["type"].as_click()
        return (click.Option if self.is_option else click.Argument)(self.words, **attributes)


class DeclaredCommand:
    """A command: its name, its arguments and options in order, and the function that runs it."""

    def __init__(
        self,
        name: str,
        callback: Callable[..., Any],
        declared: tuple[Declaration, ...],
        attributes: dict[str, Any],
    ) -> None:
        self.name = name
        self.callback = callback
        self.declared = declared
        self.attributes = attributes

    def as_click(self) -> "click.Command":
        """Return the click command."""
        import click

        params = [each.as_click() for each in self.declared]
        doc = self.callback.__doc__
        return click.Command(
            self.name, params=params, callback=self.callback, help=doc, **self.attributes
        )


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], DeclaredCommand]:
    """Turn the decorated function into a command; its docstring is its help text."""

    def decorate(function: Callable[..., Any]) -> DeclaredCommand:
        declared = tuple(reversed(_declarations_of(function)))
        return DeclaredCommand(name, function, declared, attributes)

    return decorate


def argument(*words: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an argument, with click's words and attributes."""
    return _declare_on(Declaration(False, words, attributes))


def option(*words: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an option, with click's words and attributes."""
    return _declare_on(Declaration(True, words, attributes))


def _declare_on(declaration: Declaration) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        _declarations_of(function).append(declaration)
        return function

    return decorate


def _declarations_of(function: Any) -> list[Declaration]:
    """Return the list of a function's declarations so far, in reverse order."""
    declared: list[Declaration] = function.__dict__.setdefault("declarations", [])
    return declared
