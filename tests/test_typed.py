import importlib
import pickle
import pkgutil
import typing
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import gitkanban
from gitkanban import typed
from gitkanban.core.model import Card


class Ours(typed.NamedTuple):
    """A document."""

    name: str
    count: int = 3
    words: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        return self.count * 2

    @classmethod
    def empty(cls) -> "Ours":
        return cls("")


class Theirs(typing.NamedTuple):
    """A document."""

    name: str
    count: int = 3
    words: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        return self.count * 2

    @classmethod
    def empty(cls) -> "Theirs":
        return cls("")


def outcome(run: Any) -> Any:
    try:
        found = run()
    except (TypeError, ValueError, AttributeError) as error:
        return type(error), str(error).replace("Theirs", "Ours")
    return repr(found).replace("Theirs", "Ours")


@pytest.mark.parametrize(
    "use",
    [
        lambda kind: kind("a"),
        lambda kind: kind("a", 1, ("x",)),
        lambda kind: kind(count=1, name="a"),
        lambda kind: kind(),
        lambda kind: kind("a", 1, (), 4),
        lambda kind: kind("a", name="b"),
        lambda kind: kind("a", color=1),
        lambda kind: kind._make(["a", 1, ()]),
        lambda kind: kind._make(["a"]),
        lambda kind: kind("a")._replace(count=9).double,
        lambda kind: kind("a")._replace(color=9),
        lambda kind: kind("a")._asdict(),
        lambda kind: kind("a") == ("a", 3, ()),
        lambda kind: kind("a") < kind("b"),
        lambda kind: hash(kind("a")) == hash(("a", 3, ())),
        lambda kind: [*kind("a")],
        lambda kind: kind.empty(),
        lambda kind: kind("a").other,
        lambda kind: setattr(kind("a"), "name", "b"),
        lambda kind: setattr(kind("a"), "other", "b"),
        lambda kind: pickle.loads(pickle.dumps(kind("a", 5))),
        lambda kind: (kind._fields, kind._field_defaults, kind.__match_args__, kind.__doc__),
        lambda kind: (isinstance(kind("a"), tuple), type(kind), kind.__annotations__),
    ],
)
def test_a_named_tuple_does_what_typings_does(use: Any) -> None:
    assert outcome(lambda: use(Ours)) == outcome(lambda: use(Theirs))


def test_a_named_tuple_without_fields_and_one_of_a_subclass_can_be_called() -> None:
    class Nothing(typed.NamedTuple):
        pass

    class More(Ours):
        pass

    assert Nothing() == ()
    assert More("a", count=2).double == 4
    assert type(More("a")) is More
    assert type(Ours("a")) is Ours


def test_names_for_hints_take_what_hints_are_written_with() -> None:
    text = typed.TypeVar("text", str, bytes)
    kinds = (typed.Any | None, typed.Literal["a", "b"] | None, typed.IO[bytes], tuple[text, ...])
    assert all(kinds)
    maker = Callable[[Iterable[text], int], tuple[text | None]]
    assert maker[bytes] == Callable[[Iterable[bytes], int], tuple[bytes]]
    assert typed.NewType("Name", str)("a") == "a"


def test_a_card_is_built_and_shown_as_before() -> None:
    assert repr(Card("T1"))[:30] == "Card(id='T1', title='', worker"


@pytest.mark.parametrize(
    "module",
    [
        each.name
        for each in pkgutil.walk_packages(gitkanban.__path__, "gitkanban.")
        if "__main__" not in each.name
    ],
)
def test_every_module_can_be_imported(module: str) -> None:
    assert importlib.import_module(module)
