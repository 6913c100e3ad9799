"""The names of `typing`, without the cost of importing it,
and named tuples that are cheap to define.

A type checker sees `typing` itself. At run time the names stand for nothing, except that
`NamedTuple` defines the same classes as `typing.NamedTuple`: a command defines more than a hundred
of them before it can read its first card, and each takes a tenth of the time this way. Hints must
not be evaluated at run time.
"""

__all__ = [
    "IO", "TYPE_CHECKING", "Any", "BinaryIO", "ClassVar", "Final", "Literal", "NamedTuple", "NewType",
    "NoReturn", "Protocol", "Self", "TypeAlias", "TypeVar", "cast",
]  # fmt: skip
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import (
        IO,
        Any,
        BinaryIO,
        ClassVar,
        Final,
        Literal,
        NamedTuple,
        NewType,
        NoReturn,
        Protocol,
        Self,
        TypeAlias,
        TypeVar,
        cast,
    )
else:
    try:
        from _collections import _tuplegetter
    except ImportError:  # another interpreter; `collections` does the same then

        def _tuplegetter(number, _doc):
            return property(lambda values: values[number])

    class _Blank(type):
        """The type of names used only in hints: `X`, `X[...]` and `X | None` are allowed."""

        def __getitem__(cls, _parameters):
            return cls

    class Any(metaclass=_Blank):
        """Stands for every name in `typing` that only type checkers use."""

    BinaryIO = ClassVar = Final = IO = Literal = NoReturn = Self = TypeAlias = Any

    class TypeVar:
        """A name in hints that can be substituted: `Rows = list[T]` allows `Rows[int]`."""

        def __init__(self, name, *_kinds, **_options):
            self.__name__ = name

        def __or__(self, _other):
            return self

        __ror__ = __or__

        def __typing_subst__(self, other):
            """Return the parameter that an alias puts in its place (PEP 646)."""
            return other

    class Protocol(metaclass=_Blank):
        """An empty base class."""

    def NewType(_name, base):  # noqa: N802  # as in typing
        """Return the base type itself: `CardId("T1")` is a plain text."""
        return base

    def cast(_kind, value):
        """Return the value unchanged."""
        return value

    class _TupleWithFields(tuple):
        """What all named tuples share; `collections.namedtuple` writes it into each of them."""

        __slots__ = ()
        _fields = ()
        _field_defaults = {}  # noqa: RUF012  # nobody writes to it

        @classmethod
        def _make(cls, iterable):
            values = tuple.__new__(cls, iterable)
            if len(values) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(values)}")
            return values

        def _replace(self, /, **fields):
            values = tuple.__new__(type(self), map(fields.pop, self._fields, self))
            if fields:
                raise ValueError(f"Got unexpected field names: {list(fields)!r}")
            return values

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            fields = zip(self._fields, self, strict=True)
            return (
                f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields)})"
            )

    class _NamedTupleMaker(type):
        """Turns a class statement with annotated fields into a named tuple."""

        def __new__(maker, name, bases, space):
            if not bases:
                return type.__new__(maker, name, bases, space)
            fields = tuple(space.get("__annotations__", ()))
            space["_field_defaults"] = {at: space[at] for at in fields if at in space}
            space["_fields"] = space["__match_args__"] = fields
            space["__slots__"] = ()
            space["__new__"] = _compile_and_call
            for number, at in enumerate(fields):
                space[at] = _tuplegetter(number, "")
            return type(name, (_TupleWithFields,), space)

    def _compile_and_call(cls, /, *values, **named):
        """Stand in for `__new__`; the first call replaces it with one that names each field."""
        owner = next(each for each in cls.__mro__ if "_fields" in each.__dict__)
        words = "".join(f"{name}, " for name in owner._fields)
        code = f"lambda _cls, {words}: _new(_cls, ({words}))"
        new = eval(code, {"_new": tuple.__new__, "__builtins__": {}})
        new.__defaults__ = tuple(owner._field_defaults.values())
        new.__name__, new.__qualname__ = "__new__", f"{owner.__qualname__}.__new__"
        owner.__new__ = staticmethod(new)
        return new(cls, *values, **named)

    class NamedTuple(metaclass=_NamedTupleMaker):
        """The base of a named tuple; a class derived from it is a tuple, not a `NamedTuple`."""
