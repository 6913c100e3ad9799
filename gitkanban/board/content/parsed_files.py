"""The values of a board's files.

What takes a YAML parser is kept by path and blob id, in a cache that may be deleted or damaged at
any time. Cards in the layout of `fmt` are read faster than such a cache, so they are not in it.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from gitkanban.board.content.boardfiles import BoardFile, card_named, kind_of
from gitkanban.board.content.parsing import AT_ONCE, Archived, parse_at_once, parse_yaml
from gitkanban.board.repo import blobs, cachefile
from gitkanban.board.repo.place import Place
from gitkanban.core import sizes
from gitkanban.core.model import Card, Config, Note, Pause, Problem, Run
from gitkanban.core.names import NO_CARD, CardId, Oid
from gitkanban.typed import Any, NamedTuple

# Parsed values are read back by position, so other fields make it a cache of another version.
_VERSION = (3, *(kind._fields for kind in (Card, Run, Note, Pause, Problem)))
_NO_FILES = {"120000": "a symbolic link", "160000": "a submodule"}  # by their modes in a tree

_TYPES: dict[str, Any] = {
    "archived": Archived,
    "card": Card,
    "run": Run,
    "note": Note,
    "pause": Pause,
}


class _Parsed(NamedTuple):
    """A file's value, or the problem with it."""

    value: Any
    problem: Problem | None = None


class ParsedFiles:
    """Parsed files of one clone; those that took a parser are cached in
    `<private>/cache/parsed`.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.path = f"{place.private}/cache/parsed"
        self.grown = False

    @cached_property
    def known(self) -> dict[str, Any]:
        """The cached rows, which are read when the first file needs one."""
        return cachefile.load(self.path, _VERSION) or {}

    def values(self, entries: Collection[BoardFile]) -> dict[str, _Parsed]:
        """The value of each file, by path, in the order of the files."""
        by_path: dict[str, _Parsed] = {}
        missing: dict[str, list[BoardFile]] = {}
        for entry in entries:
            row = None
            if what := _NO_FILES.get(entry.mode, ""):
                by_path[entry.path] = _Parsed(None, self._problem_with(entry, what))
                continue
            if kind_of(entry.path) not in AT_ONCE:
                row = self.known.get(f"{entry.oid} {entry.path}")
            if row is None:
                missing.setdefault(entry.oid, []).append(entry)
            else:
                by_path[entry.path] = _revive_row(entry.path, row)
        for oid, size, data in blobs.read(self.place, missing):
            for entry in missing[oid]:
                by_path[entry.path] = self._value_of(entry, size, data)
        return {entry.path: by_path[entry.path] for entry in entries if entry.path in by_path}

    def cards(
        self,
        plain: Collection[tuple[Oid, str]],
        others: Collection[BoardFile],
        problems: list[Problem],
    ) -> Iterator[Card]:
        """Yield the cards in these files as they come; what is wrong with others are `problems`.

        `plain` are (blob id, stem) of plain files in the folder of cards.
        """
        from gitkanban.board.formats import cardfast  # late: a warm read parses nothing

        problems.clear()
        cardfast.expect_cards(len(plain))
        answers = blobs.read_each(self.place, [oid for oid, _ in plain])
        for (oid, stem), (_, size, data) in zip(plain, answers, strict=True):
            card = cardfast.read(data, stem) if data is not None else None
            if card is None:
                entry = BoardFile("100644", oid, f"cards/{stem}.yaml")
                yield from _take_value(self._known_or_parsed(entry, size, data), problems)
            else:
                yield card
        for each in self.values(others).values():
            yield from _take_value(each, problems)

    def _value_of(self, entry: BoardFile, size: int, data: bytes | None) -> _Parsed:
        value = data and parse_at_once(kind_of(entry.path), data, entry.path)
        return _Parsed(value) if value else self._known_or_parsed(entry, size, data)

    def _known_or_parsed(self, entry: BoardFile, size: int, data: bytes | None) -> _Parsed:
        if data is None:
            return self._parse_data(entry, size, data)
        key = f"{entry.oid} {entry.path}"
        row = self.known.get(key)
        if row is not None:
            return _revive_row(entry.path, row)
        parsed = self._parse_data(entry, size, data)
        self.known[key] = (
            tuple(parsed.problem) if parsed.problem else None,
            parsed.value if parsed.problem else tuple(parsed.value),
        )
        self.grown = True
        return parsed

    def _parse_data(self, entry: BoardFile, size: int, data: bytes | None) -> _Parsed:
        path = self.place.path(entry.path)
        if size < 0:
            return _Parsed(None, self._problem_with(entry, "missing from the object database"))
        if data is None:
            return _Parsed(None, self._problem_with(entry, _too_large(size), ""))
        from gitkanban.board.formats.yamltext import Bad

        try:
            return _Parsed(parse_yaml(kind_of(entry.path), data, path))
        except Bad as bad:
            return _Parsed(None, bad.problem._replace(card=_card_of(entry.path)))

    def _problem_with(self, entry: BoardFile, what: str, verb: str = "it is ") -> Problem:
        path = self.place.path(entry.path)
        return Problem(path, 0, 0, f"{verb}{what}, which is not read", card=_card_of(entry.path))

    def save(
        self, entries: Collection[BoardFile] = (), plain: Collection[tuple[Oid, str]] = ()
    ) -> None:
        """Cache the parsed files. Of those that are not listed, many are dropped at once.

        `plain` is as for `cards`.
        """
        if not self.grown:
            return
        listed = len(entries) + len(plain)
        if listed and len(self.known) > 2 * listed + 1000:
            wanted = {f"{entry.oid} {entry.path}" for entry in entries}
            wanted |= {f"{oid} cards/{stem}.yaml" for oid, stem in plain}
            self.known = {key: row for key, row in self.known.items() if key in wanted}
        cachefile.save(self.path, _VERSION, self.known)


def _take_value(parsed: _Parsed, problems: list[Problem]) -> Iterator[Any]:
    """Yield a file's value, or add the problem with it to the others."""
    if parsed.problem:
        problems.append(parsed.problem)
    else:
        yield parsed.value


def _too_large(size: int) -> str:
    return f"{sizes.shown(size)}, more than the 1 MiB a board file may have"


def _revive_row(path: str, row: Any) -> _Parsed:
    problem, value = row
    if problem is not None:
        return _Parsed(None, Problem(*problem))
    return _Parsed(_TYPES[kind_of(path)]._make(value))


def _card_of(path: str) -> CardId:
    return card_named(path) if kind_of(path) in ("card", "archived") else NO_CARD


def read_config(place: Place, entries: Iterable[BoardFile]) -> tuple[Config | None, list[Problem]]:
    """Return the configuration in this file, or why there is none."""
    from gitkanban.board.formats import configfile

    for entry in entries:
        if no_file := _NO_FILES.get(entry.mode):
            what = f"it is {no_file}, which is not read"
            return None, [Problem(place.path("config.yaml"), 0, 0, what)]
        for _, size, data in blobs.read(place, [entry.oid]):
            if data is None:
                what = "missing" if size < 0 else _too_large(size)
                return None, [Problem(place.path("config.yaml"), 0, 0, what)]
            return configfile.parse(data, place.path(entry.path))
    return None, [Problem(place.path("config.yaml"), 0, 0, "there is no config.yaml")]
