"""The files of a board at a commit, as values.

What takes a YAML parser is kept by path and blob id, in a cache that may be deleted or damaged at
any time. Cards in the layout of `fmt` are read faster than such a cache, so they are not in it.
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from gitkanban.board.repo import blobs, cachefile, git
from gitkanban.board.repo.place import Place
from gitkanban.core import sizes
from gitkanban.core.ids import time_of_id
from gitkanban.core.model import (
    BACKLOG,
    DONE,
    DROPPED,
    Board,
    Card,
    Config,
    Note,
    Pause,
    Problem,
    Run,
)
from gitkanban.core.names import NO_CARD, CardId, Oid, WorkerName
from gitkanban.core.split_cards import open_cards
from gitkanban.errors import BadData, GitFailed, Refused
from gitkanban.late import re
from gitkanban.typed import Any, NamedTuple

# Parsed values are read back by position, so other fields make it a cache of another version.
VERSION = (3, *(kind._fields for kind in (Card, Run, Note, Pause, Problem)))
ROOM = 64 << 10  # bytes of `sizes.FILE_MOST` reserved for what ticks add to a file later
_NO_FILES = {"120000": "a symbolic link", "160000": "a submodule"}  # by their modes in a tree
_AT_ONCE = ("card", "archived")  # kinds of files that most often need no parser
_RUN_MOST = 30 * 86400  # seconds that a run may have lasted
QUIET = frozenset({BACKLOG, DONE, DROPPED})  # their runs and notes are read on demand
ARCHIVE = "archive"  # the folder of archived cards, runs and notes


# A plain file of a card in the output of `git ls-tree -r -z`, after a NUL: its blob, and its name's
# stem. It begins with a fixed text, which is searched for much faster than anything else.
_CARD_LINE = re.compile(r"\x00100644 blob ([0-9a-f]+)\tcards/([^/\0]+)\.yaml(?=\0)")

ReadCards = Callable[[], Iterator[Card]]  # begins to read the cards of a board, each time anew


class BoardFile(NamedTuple):
    """A file in the board's tree; `path` is relative to the board's root."""

    mode: str
    oid: Oid
    path: str


def listing(place: Place, commit: Oid, *below: str) -> list[BoardFile]:
    """Return every file of the board at a commit, or those in some of its folders."""
    return _parse_listing(_list_tree(place, commit, *below))


def _list_tree(place: Place, commit: Oid, *below: str) -> str:
    """Return what `git ls-tree -r -z` says of the board at a commit. Raises GitFailed."""
    tree = f"{commit}:{place.prefix}" if place.prefix else commit
    done = git.run(place.common, "ls-tree", "-r", "-z", "--full-tree", tree, *below, check=False)
    if done.code:
        _refuse_broken_tree(place, commit, done.last)
    return done.out.decode("utf-8", "surrogateescape")


def _parse_listing(text: str) -> list[BoardFile]:
    entries = []
    for line in text.split("\0"):
        if line:
            meta, _, path = line.partition("\t")
            mode, _, oid = meta.split(" ")
            entries.append(BoardFile(mode, Oid(oid), path))
    return entries


def _refuse_broken_tree(place: Place, commit: Oid, error: str) -> None:
    """Raise GitFailed unless the commit has no board: half a board must not pass for a whole."""
    at = ("ls-tree", "-z", "--full-tree", commit, "--", place.prefix or ".")
    if git.run(place.common, *at).out or not place.prefix:
        raise GitFailed(f"the board at {commit[:10]} cannot be read: {error}", git.FSCK)


def kind_of(path: str) -> str:
    """Return what a file of the board is: card, run, note, pause, config, archived, or ""."""
    parts = path.split("/")
    if path == "config.yaml":
        return "config"
    match parts:
        case ["cards", name] if name.endswith(".yaml"):
            return "card"
        case ["runs", _, name] if name.endswith(".yaml"):
            return "run"
        case ["notes", _, name] if name.endswith(".md"):
            return "note"
        case ["paused", name] if name.endswith(".yaml"):
            return "pause"
        case [folder, _, "cards", name] if folder == ARCHIVE and name.endswith(".yaml"):
            return "archived"
    return ""


def card_named(path: str) -> CardId:
    """The card whose file has that path."""
    return CardId(path.rpartition("/")[2].removesuffix(".yaml"))


@lru_cache(maxsize=16)
def parse_file(data: bytes, path: str) -> Any:
    """Return the value in a file that is a card, run, note or pause by its path. Raises Bad.

    A file that was just written is parsed twice: to check that it can be read, and for the cache.
    """
    return _parse_kind(kind_of(path), data, path)


def _parse_kind(kind: str, data: bytes, path: str) -> Any:
    value = _parse_at_once(kind, data, path)
    return _parse_yaml(kind, data, path) if value is None else value


def _parse_at_once(kind: str, data: bytes, path: str) -> Any:
    """Return the value of a card in the layout of `fmt`; None for any other file."""
    if kind not in _AT_ONCE:
        return None
    from gitkanban.board.formats import cardfast  # late: a warm read parses nothing

    card = cardfast.read(data, path.rpartition("/")[2].removesuffix(".yaml"))
    return Archived(card.id, card.status) if card and kind == "archived" else card


def _parse_yaml(kind: str, data: bytes, path: str) -> Any:
    if kind == "archived":
        card = _parse_yaml("card", data, path)
        return Archived(card.id, card.status)
    # Late imports: a warm read parses nothing.
    from gitkanban.board.formats import cardfile, notefile, pausefile, runfile

    parsers = {"card": cardfile, "run": runfile, "note": notefile, "pause": pausefile}
    return parsers[kind].parse(data, path)


def card_with_file(path: str) -> CardId:
    """Return the card that a file below `cards`, `runs` or `notes` belongs to, archived or not."""
    parts = path.split("/")
    if parts[0] == ARCHIVE:
        parts = parts[2:]
    if len(parts) == 2 and parts[0] == "cards":
        return card_named(path)
    return CardId(parts[1]) if len(parts) == 3 and parts[0] in ("runs", "notes") else NO_CARD


class Archived(NamedTuple):
    """The id and status of an archived card: all that a read of the board needs of it."""

    card: CardId
    status: str


def refuse_unreadable(name: str, data: bytes) -> None:
    """Refuse to write a file that could not be read back; `name` is relative to the board's root.

    Raises Refused.
    """
    from gitkanban.board.formats.yamltext import Bad

    kind = kind_of(name)
    most = sizes.FILE_MOST - ROOM
    if kind and len(data) > most:
        size, limit = len(data) / (1 << 20), most / (1 << 20)
        text = f"{name} would have {size:.2f} MiB, more than the {limit:.2f} MiB it may have"
        raise Refused(text, "Put the text into a file of the repository, and name that file.")
    try:
        if kind == "config":
            from gitkanban.board.formats import configfile

            wrong = configfile.parse(data, name)
            if wrong[0] is None:
                raise Bad(wrong[1][0])
        elif kind:
            parse_file(data, name)
    except Bad as bad:
        problem = bad.problem
        text = f"{name} could not be read any more: {problem.message}"
        raise Refused(text, problem.hint or "Nothing was changed.") from None


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
    """Parsed files of one clone; those that took a parser are cached in `<private>/cache/parsed`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.path = f"{place.private}/cache/parsed"
        self.grown = False

    @cached_property
    def known(self) -> dict[str, Any]:
        """The cached rows, which are read when the first file needs one."""
        return cachefile.load(self.path, VERSION) or {}

    def values(self, entries: Collection[BoardFile]) -> dict[str, _Parsed]:
        """The value of each file, by path, in the order of the files."""
        by_path: dict[str, _Parsed] = {}
        missing: dict[str, list[BoardFile]] = {}
        for entry in entries:
            row = None
            if what := _NO_FILES.get(entry.mode, ""):
                by_path[entry.path] = _Parsed(None, self._problem(entry, what))
                continue
            if kind_of(entry.path) not in _AT_ONCE:
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
        value = data and _parse_at_once(kind_of(entry.path), data, entry.path)
        return _Parsed(value) if value else self._known_or_parsed(entry, size, data)

    def _known_or_parsed(self, entry: BoardFile, size: int, data: bytes | None) -> _Parsed:
        if data is None:
            return self._parse(entry, size, data)
        key = f"{entry.oid} {entry.path}"
        row = self.known.get(key)
        if row is not None:
            return _revive_row(entry.path, row)
        parsed = self._parse(entry, size, data)
        self.known[key] = (
            tuple(parsed.problem) if parsed.problem else None,
            parsed.value if parsed.problem else tuple(parsed.value),
        )
        self.grown = True
        return parsed

    def _parse(self, entry: BoardFile, size: int, data: bytes | None) -> _Parsed:
        path = self.place.path(entry.path)
        if size < 0:
            return _Parsed(None, self._problem(entry, "missing from the object database"))
        if data is None:
            return _Parsed(None, self._problem(entry, _too_large(size), ""))
        from gitkanban.board.formats.yamltext import Bad

        try:
            return _Parsed(_parse_yaml(kind_of(entry.path), data, path))
        except Bad as bad:
            return _Parsed(None, bad.problem._replace(card=_card_of(entry.path)))

    def _problem(self, entry: BoardFile, what: str, verb: str = "it is ") -> Problem:
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
        cachefile.save(self.path, VERSION, self.known)


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


def cards_by_id(read: ReadCards) -> dict[CardId, Card]:
    """Return all cards of a board that is read."""
    return {card.id: card for card in read()}


def _list_board(place: Place, commit: Oid) -> tuple[list[tuple[Oid, str]], list[BoardFile]]:
    """Return the (blob, stem) of plain files of cards, and the board's other files.

    Raises BadData where the cards are too many to be read, GitFailed.
    """
    text = "\0" + _list_tree(place, commit)
    plain = _CARD_LINE.findall(text)
    others = _parse_listing(_CARD_LINE.sub("", text))
    if len(plain) + sum(kind_of(each.path) == "card" for each in others) > sizes.CARDS_MOST:
        raise BadData(f"more than {sizes.CARDS_MOST} cards at {commit[:10]}", "Archive some.")
    return plain, others


# Long: it reads the parts of a board one after the other.
def board_at(
    place: Place,
    commit: Oid,
    *,
    whole: bool = False,
    gather: Callable[[ReadCards], Mapping[CardId, Card]] = cards_by_id,
) -> Board:
    """Return the board at a commit; runs and notes only of cards in work, or of all if `whole`.

    `gather` makes a mapping of the cards as they are read.
    """
    plain, entries = _list_board(place, commit)
    reader = ParsedFiles(place)
    kinds: dict[str, list[BoardFile]] = {}
    for entry in entries:
        kinds.setdefault(kind_of(entry.path), []).append(entry)
    odd = kinds.get("card", [])
    problems: list[Problem] = []
    cards = gather(lambda: reader.cards(plain, odd, problems))
    config, wrong = read_config(place, kinds.get("config", ()))
    problems += wrong
    complete = frozenset(cards) if whole else cards_in_work(open_cards(cards))
    histories = [
        entry
        for kind in ("run", "note")
        for entry in kinds.get(kind, ())
        if whole or entry.path.split("/")[1] in complete
    ]
    runs, notes, wrong = read_histories(reader, histories)
    problems += wrong
    paused, wrong = read_pauses(reader, kinds.get("pause", ()))
    problems += wrong
    archived, wrong = read_archived(place, reader, kinds.get("archived", ()), cards)
    problems += wrong
    reader.save(entries, plain)
    return Board(
        place.branch,
        commit,
        config,
        cards,
        runs=runs,
        notes=notes,
        paused=paused,
        archived=archived,
        problems=sorted_problems(problems),
        complete=complete,
    )


def sorted_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems by file, those of one file in their order."""
    return tuple(sorted(problems, key=lambda problem: problem.file))


def read_cards(
    reader: ParsedFiles, entries: Collection[BoardFile]
) -> tuple[dict[CardId, Card], list[Problem]]:
    """Return the cards in these files, and what is wrong with the others."""
    problems: list[Problem] = []
    return {card.id: card for card in reader.cards((), entries, problems)}, problems


def read_pauses(
    reader: ParsedFiles, entries: Collection[BoardFile]
) -> tuple[dict[WorkerName, Pause], list[Problem]]:
    """Return the pauses in these files, and what is wrong with the others."""
    each = reader.values(entries).values()
    problems = [parsed.problem for parsed in each if parsed.problem]
    return {p.value.worker: p.value for p in each if not p.problem}, problems


def read_archived(
    place: Place, reader: ParsedFiles, entries: Collection[BoardFile], cards: Container[CardId]
) -> tuple[frozenset[CardId], list[Problem]]:
    """Return the archived cards. One that is not done counts as unreadable.

    So it frees no child: a pull request that moves a card's file must not start what waits for it.
    """
    done: set[CardId] = set()
    problems = []
    for path, parsed in reader.values(entries).items():
        card = card_named(path)
        if card in cards or (not parsed.problem and parsed.value.status == DONE):
            done.add(card)
        else:
            problems.append(parsed.problem or _problem_of_undone(place.path(path), parsed.value))
    return frozenset(done), [problem for problem in problems if problem.card not in done]


def _problem_of_undone(path: str, card: Archived) -> Problem:
    home = f"{path.rpartition('archive/')[0]}cards/{card.card}.yaml"
    text = f"it lies in the archive and is {card.status}, not done"
    return Problem(path, 0, 0, text, hint=f"Move it back: git mv {path} {home}", card=card.card)


def cards_in_work(cards: Iterable[Card]) -> frozenset[CardId]:
    """Return the cards whose runs and notes are read with the board."""
    return frozenset(
        card.id
        for card in cards
        if card.status not in QUIET or (card.status == BACKLOG and card.attempts_after)
    )


def history_of(place: Place, board: Board, card: CardId) -> Board:
    """Return the board with all runs and notes of one card, archived ones included.

    Runs and notes of the card that the board already has stay.
    """
    if card in board.complete:
        return board
    folders = (f"runs/{card}/", f"notes/{card}/")
    below = () if card in board.archived else folders
    if below and not _is_any_there(place, board.commit, folders):
        return board
    listed = map(_unarchived_entry, listing(place, board.commit, *below))
    own = [entry for entry in listed if entry.path.startswith(folders)]
    entries = [entry for entry in own if kind_of(entry.path) in ("run", "note")]
    runs, notes, _ = read_histories(ParsedFiles(place), entries)
    known_runs = {run.run: run for run in (*runs.get(card, ()), *board.runs_of(card))}
    known_notes = {note.id: note for note in (*notes.get(card, ()), *board.notes_of(card))}
    return board._replace(
        runs={**board.runs, card: tuple(sorted(known_runs.values()))},
        notes={**board.notes, card: tuple(sorted(known_notes.values()))},
        complete=board.complete | {card},
    )


def _is_any_there(place: Place, commit: Oid, folders: Iterable[str]) -> bool:
    """Return whether a commit has one of the board's folders; True where only git can say."""
    from gitkanban.board.repo.new_objects import NewObjects

    paths = [
        place.path(folder.rstrip("/")).encode("utf-8", "surrogateescape") for folder in folders
    ]
    try:
        with NewObjects(place.common) as objects:
            tree = objects.reader.tree_of(commit)
            return any(objects.entry(tree, path)[1] for path in paths)
    except GitFailed:
        return True


def runs_since(place: Place, board: Board, since: int) -> tuple[Run, ...]:
    """Return every run of the board that ended at `since` (epoch seconds) or later.

    Archived runs are included. Runs that began long before `since` are not even read.
    """
    entries = listing(place, board.commit, "runs", ARCHIVE)
    wanted = [
        entry
        for entry in map(_unarchived_entry, entries)
        if kind_of(entry.path) == "run" and _may_end_after(entry.path, since)
    ]
    reader = ParsedFiles(place)
    records = reader.values(wanted).values()
    reader.save()
    return tuple(sorted(e.value for e in records if not e.problem and e.value.ended >= since))


def _may_end_after(path: str, since: int) -> bool:
    began = time_of_id(path.rpartition("/")[2].removesuffix(".yaml"))
    return began is None or began >= since - _RUN_MOST


def archived_card(place: Place, board: Board, card: CardId) -> Card | None:
    """Return a card of the archive, None when it is not there or cannot be read."""
    return archived_cards(place, board, (card,)).get(card)


def archived_cards(place: Place, board: Board, wanted: Collection[str]) -> dict[CardId, Card]:
    """Return the wanted cards that are in the archive and can be read, by id."""
    files = {f"cards/{card}.yaml" for card in wanted}
    entries = {
        entry.path: entry
        for entry in map(_unarchived_entry, listing(place, board.commit, ARCHIVE))
        if entry.path in files
    }
    parsed = ParsedFiles(place).values(list(entries.values())).values()
    return {each.value.id: each.value for each in parsed if not each.problem}


def _unarchived_entry(entry: BoardFile) -> BoardFile:
    """Return an archived file under its former path: `archive/2026/runs/T1/…` as `runs/T1/…`."""
    if not entry.path.startswith(f"{ARCHIVE}/"):
        return entry
    return entry._replace(path=entry.path.split("/", 2)[-1])


Histories = tuple[dict[CardId, tuple[Run, ...]], dict[CardId, tuple[Note, ...]], list[Problem]]


def read_histories(reader: ParsedFiles, entries: list[BoardFile]) -> Histories:
    """Return the runs and notes in these files by card, and what is wrong with the others."""
    runs: dict[CardId, list[Run]] = {}
    notes: dict[CardId, list[Note]] = {}
    problems = []
    for parsed in reader.values(entries).values():
        if parsed.problem:
            problems.append(parsed.problem)
        elif isinstance(parsed.value, Run):
            runs.setdefault(parsed.value.card, []).append(parsed.value)
        else:
            notes.setdefault(parsed.value.card, []).append(parsed.value)
    return (
        {card: tuple(sorted(each, key=lambda run: run.run)) for card, each in runs.items()},
        {card: tuple(sorted(each)) for card, each in notes.items()},
        problems,
    )


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
