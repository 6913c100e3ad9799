"""The history of a board from its commits: who did what to which card, when, and why.

It reads commits and blobs, never a working tree. Changes are found by comparing the files' values,
so commits that people made by hand read the same as those of commands.
"""

from collections.abc import Iterable, Iterator

from gitkanban.board.content.boardfiles import kind_of
from gitkanban.board.formats import cardfile, notefile, runfile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.board.repo import blobs, git
from gitkanban.board.repo.place import Place
from gitkanban.core.changes import change_words
from gitkanban.core.model import RUNNING, Card, Note, Run
from gitkanban.core.names import NO_CARD, NO_RUN, CardId, Oid, RunId
from gitkanban.errors import NotFound
from gitkanban.typed import NamedTuple

_MARK = "\x01"


class Event(NamedTuple):
    """One thing that one commit did; `card` is empty for the board itself."""

    commit: Oid
    at: int  # epoch seconds
    by: str
    card: CardId
    text: str
    run: RunId = NO_RUN
    actor: str = ""  # who did it: tick, session, or the person who committed
    status: str = ""  # of the card, after a change of it; empty where it did not change


class Changed(NamedTuple):
    """A board file that a commit changed: its object ids before and after, empty for none."""

    path: str  # from the board's root
    old: Oid
    new: Oid


class Commit(NamedTuple):
    """A commit that touched the board, with the files it changed there."""

    id: Oid
    at: int
    by: str
    subject: str
    files: tuple[Changed, ...]


def commits(
    place: Place, rev: str = "", card: CardId = NO_CARD, since: str = "", most: int = 0
) -> list[Commit]:
    """Return the commits that touched the board (or one card), newest first, along first parents.

    `since` is a date as git reads it. Raises NotFound for a revision that does not exist.
    """
    words = ["log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "-z"]
    words += [f"--format={_MARK}%H%x00%an%x00%ct%x00%s%x00"]
    words += [f"--since={since}"] if since else []
    words += [f"--max-count={most}"] if most else []
    done = git.run(
        place.common,
        *words,
        rev or place.start or place.ref,
        "--",
        *_card_paths(place, card),
        check=False,
    )
    if done.code:
        raise NotFound(f"no revision {rev!r}", "`gitkanban log` lists the board's commits.")
    return [_parse_commit(place, part) for part in done.text.split(_MARK)[1:]]


def _card_paths(place: Place, card: CardId) -> list[str]:
    if not card:
        return [place.prefix] if place.prefix else ["."]
    names = [f"cards/{card}.yaml", f"runs/{card}", f"notes/{card}"]
    paths = [place.path(name) for name in names]
    return paths + [f":(glob){place.path('archive')}/*/{name}" for name in names]


def _parse_commit(place: Place, part: str) -> Commit:
    commit, by, at, subject, *rest = part.split("\0")
    files = []
    fields = [field.strip("\n") for field in rest if field.strip("\n")]
    for meta, path in zip(fields[0::2], fields[1::2], strict=False):
        old, new = meta.split(" ")[2:4]
        name = path.removeprefix(f"{place.prefix}/") if place.prefix else path
        files.append(Changed(name, git.oid_of(old), git.oid_of(new)))
    return Commit(Oid(commit), int(at), by, subject, files=tuple(files))


def events(place: Place, listed: Iterable[Commit], card: CardId = NO_CARD) -> Iterator[Event]:
    """Yield what the commits did, in their order; only to `card` when it is given."""
    listed = list(listed)
    wanted = {oid for each in listed for file in each.files for oid in file[1:] if oid}
    texts = {blob.asked: blob.data or b"" for blob in blobs.read(place, wanted)}
    for each in listed:
        archived = {_stem_of(f.path) for f in each.files if kind_of(f.path) == "archived" and f.new}
        for file in each.files:
            event = _event_of(each, file, texts, archived)
            if event and (not card or event.card == card):
                yield event


def _event_of(
    commit: Commit, file: Changed, texts: dict[str, bytes], archived: set[CardId]
) -> Event | None:
    """Return what a commit did by changing a file; None if that is nothing to report."""
    event = Event(commit.id, commit.at, commit.by, NO_CARD, text="", actor=commit.by)
    kind, name = kind_of(file.path), _stem_of(file.path)
    try:
        if kind == "card":
            event = _card_event(event._replace(card=name), file, texts, name in archived)
        elif kind == "run" and file.new:
            event = _run_event(event, runfile.parse(texts[file.new], file.path))
        elif kind == "note" and file.new:
            event = _note_event(event, notefile.parse(texts[file.new], file.path))
        elif kind == "pause":
            event = event._replace(text=f"{'paused' if file.new else 'resumed'} {name}")
        elif kind == "config":
            event = event._replace(text=_of_config(commit) if file.old else "board made")
    except Bad:
        return None
    return event if event.text else None


def _card_event(event: Event, file: Changed, texts: dict[str, bytes], archived: bool) -> Event:
    before = _parse_card(file.path, file.old, texts)
    after = _parse_card(file.path, file.new, texts)
    moved = after is not None and (before is None or before.status != after.status)
    return event._replace(
        text="archived" if after is None and archived else change_words(before, after),
        run=(after and after.run) or (before.run if before else NO_RUN),
        status=after.status if after and moved else "",
        actor=_actor_of(before, after, event.by),
    )


def _run_event(event: Event, run: Run) -> Event:
    text = f"run {run.outcome}" + (f" ({run.why})" if run.why else "")
    return event._replace(card=run.card, run=run.run, actor="session", text=text)


def _note_event(event: Event, note: Note) -> Event:
    text = f"{note.kind}: {' '.join(note.text.split())[:100]}"
    actor = "session" if note.by.startswith("session") else note.by or event.actor
    return event._replace(card=note.card, actor=actor, text=text)


def _actor_of(before: Card | None, after: Card | None, person: str) -> str:
    """Return who moved a card: a tick if it started, its session if that ended, else the person."""
    was, now = before.status if before else "", after.status if after else ""
    if was != now and now == RUNNING:
        return "tick"
    return "session" if was != now and was == RUNNING else person


def _of_config(commit: Commit) -> str:
    """Return what a commit did to the config; its title if it changed nothing else of the board."""
    own = commit.subject.removeprefix("kanban: ")
    if len(commit.files) > 1:
        return "config.yaml changed"
    return own if own != commit.subject else f"config.yaml changed ({own})"


def _parse_card(path: str, oid: Oid, texts: dict[str, bytes]) -> Card | None:
    if not oid:
        return None
    try:
        return cardfile.parse(texts[oid], path)
    except Bad:
        return Card(_stem_of(path), "(cannot be read)")


def _stem_of(path: str) -> CardId:
    return CardId(path.rpartition("/")[2].removesuffix(".yaml").removesuffix(".md"))
