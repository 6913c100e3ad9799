"""Changes to a board as data: how they are applied, and how they read as history.

A change says what the result is, not how the file is edited; `gitkanban.board` does the writing.
"""

from collections.abc import Collection, Mapping, MutableMapping, Sequence

from gitkanban.core.model import Board, Card, Note, Pause, Run
from gitkanban.core.names import NO_CARD, NO_RUN, CardId, RunId, WorkerName
from gitkanban.core.split_cards import copied
from gitkanban.typed import Any, NamedTuple, TypeAlias

Value: TypeAlias = Any  # str, int, or a tuple of str or of (str, int): the type of the card's field

# The fields that are cleared when a card leaves `running`.
NOT_RUNNING: Mapping[str, Value] = dict.fromkeys(("run", "slot", "clone", "host", "machine"), "")


class AddCard(NamedTuple):
    """A new card. `text` is its YAML if a person wrote it; empty: it is formatted canonically."""

    card: Card
    text: str = ""


class EditCard(NamedTuple):
    """New values for some fields of a card; a field's default value removes it from the file."""

    card: CardId
    fields: Mapping[str, Value]


class RewriteCard(NamedTuple):
    """A card's file as a person saved it in an editor; `card` is the parsed text."""

    card: Card
    text: str


class RemoveCard(NamedTuple):
    """Remove the card's file (for a merge or a rename; a person drops a card instead)."""

    card: CardId


class EndRun(NamedTuple):
    """Add the record of an ended run."""

    run: Run


class AddNote(NamedTuple):
    """Add a note."""

    note: Note


class SetPause(NamedTuple):
    """Pause a worker."""

    pause: Pause


class ClearPause(NamedTuple):
    """Let a paused worker go on."""

    worker: WorkerName


class WriteFile(NamedTuple):
    """Write another board file (config.yaml, prompt.md, .gitignore); `text` None removes it."""

    path: str  # relative to the board's root
    text: str | None


class ArchiveCard(NamedTuple):
    """Move a card, with its runs and notes, to `archive/<year>/`."""

    card: CardId
    year: int


Change: TypeAlias = (
    AddCard
    | EditCard
    | RewriteCard
    | RemoveCard
    | EndRun
    | AddNote
    | SetPause
    | ClearPause
    | WriteFile
    | ArchiveCard
)


def applied(board: Board, changes: Collection[Change]) -> Board:
    """Return the board after the changes; `config` is left as it is.

    Raises KeyError when an edited card does not exist.
    """
    if not changes:
        return board
    # A copy of the cards costs by all of them, and a tick opens a thousand letters with notes.
    keeps_cards = all(isinstance(change, EndRun | AddNote) for change in changes)
    cards: MutableMapping[CardId, Card] = {} if keeps_cards else copied(board.cards)
    runs, notes = dict(board.runs), dict(board.notes)
    paused, archived = dict(board.paused), set(board.archived)
    for change in changes:
        match change:
            case AddCard(card) | RewriteCard(card):
                cards[card.id] = card
            case EditCard(card_id, fields):
                cards[card_id] = cards[card_id]._replace(**fields)
            case RemoveCard(card_id):
                cards.pop(card_id, None)
            case EndRun(run):
                if all(known.run != run.run for known in runs.get(run.card, ())):
                    runs[run.card] = tuple(sorted((*runs.get(run.card, ()), run)))
            case AddNote(note):
                notes[note.card] = tuple(sorted((*notes.get(note.card, ()), note)))
            case SetPause(pause):
                paused[pause.worker] = pause
            case ClearPause(worker):
                paused.pop(worker, None)
            case ArchiveCard(card_id):
                cards.pop(card_id, None)
                runs.pop(card_id, None)
                notes.pop(card_id, None)
                archived.add(card_id)
            case WriteFile():
                pass
    return board._replace(
        cards=board.cards if keeps_cards else cards,
        runs=runs,
        notes=notes,
        paused=paused,
        archived=frozenset(archived),
        complete=board.complete - archived,
    )


class MessageLine(NamedTuple):
    """One line of a commit message: what happened to one card (or to the board, card '')."""

    card: CardId
    text: str
    run: RunId = NO_RUN


def story(board: Board, changes: Sequence[Change]) -> list[MessageLine]:
    """Describe the changes, one line for each card or file, in their order.

    A card whose status moves reads `todo → running (backend-hermes#2)`; run records fold into the
    move of their card.
    """
    lines: list[MessageLine] = []
    moved = {c.card for c in changes if isinstance(c, EditCard) and "status" in c.fields}
    for change in changes:
        line = _change_line(board, change, moved)
        if line:
            lines.append(line)
    return lines


def _change_line(board: Board, change: Change, moved: set[CardId]) -> MessageLine | None:
    match change:
        case AddCard(card):
            return MessageLine(card.id, f"added ({card.title})" if card.title else "added")
        case EditCard(card_id, fields):
            return _edit_line(board.cards[card_id], fields)
        case RewriteCard(card):
            return MessageLine(card.id, "edited")
        case RemoveCard(card_id):
            return MessageLine(card_id, "removed")
        case EndRun(run):
            return (
                None if run.card in moved else MessageLine(run.card, f"run {run.outcome}", run.run)
            )
        case AddNote(note):
            return (
                None if note.card in moved else MessageLine(note.card, _note_words(note), note.run)
            )
        case SetPause(pause):
            return MessageLine(
                NO_CARD,
                f"pause {_worker_words(pause.worker)}" + (f" ({pause.why})" if pause.why else ""),
            )
        case ClearPause(worker):
            return MessageLine(NO_CARD, f"resume {_worker_words(worker)}")
        case ArchiveCard(card_id):
            return MessageLine(card_id, "archived")
        case WriteFile(path, text):
            return MessageLine(NO_CARD, f"{path} {'removed' if text is None else 'written'}")


def _note_words(note: Note) -> str:
    return note.kind + (f" by {note.by}" if note.by else "")


def _worker_words(worker: WorkerName) -> str:
    return "every worker" if worker == "*" else worker


def change_words(before: Card | None, after: Card | None) -> str:
    """What changed between two versions of a card, in the words of the board's commits."""
    if before is None:
        return f"added ({after.title}, {after.status})" if after else ""
    if after is None:
        return "removed"
    changed = {name: getattr(after, name) for name in Card._fields}
    changed = {name: value for name, value in changed.items() if value != getattr(before, name)}
    if not changed:
        return "formatted"
    text = _edit_line(before, changed).text
    also = sorted(changed.keys() & {"title", "worker", "priority", "parents", "needs", "body"})
    if "status" in changed and also:
        text += f", edited ({', '.join(also)})"
    return text + (f": {after.why}" if after.why and "why" in changed else "")


def _edit_line(before: Card, fields: Mapping[str, Value]) -> MessageLine:
    after = before._replace(**fields)
    if after.status == before.status:
        return MessageLine(before.id, f"edited ({', '.join(sorted(fields))})")
    detail = after.slot or after.reason
    text = f"{before.status} → {after.status}" + (f" ({detail})" if detail else "")
    return MessageLine(before.id, text, after.run or before.run)
