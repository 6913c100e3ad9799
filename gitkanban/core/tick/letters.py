"""What sessions write to us: letters in the mailboxes of their runs, which nobody vouches for.

A letter is a file `<id>.json`; ids sort by time. The last report (`done`, `block`) counts when the
run is judged. Notes, and cards for the backlog, go onto the board with the next tick. Values in,
values out: `runs.mailbox` reads and writes the files.
"""

from collections.abc import Sequence

from gitkanban.core.changes import AddCard, AddNote, Change, applied
from gitkanban.core.editing import added
from gitkanban.core.model import (
    BACKLOG,
    BLOCK_REASONS,
    NEEDS_INPUT,
    RUNNING,
    Board,
    Card,
    Note,
    NoteKind,
)
from gitkanban.core.names import CardId, WorkerName
from gitkanban.core.tick.facts import Letter, Report, RunFacts
from gitkanban.errors import BadData, GitkanbanError
from gitkanban.late import json, re
from gitkanban.typed import Any, NamedTuple

NAME = re.compile(r"[0-9a-z]{20}\.json\Z", re.ASCII)
SIZE_MOST = 256 << 10  # bytes of a letter
LETTERS_MOST = 100  # of one run that a tick reads
NOTES_MOST = 200  # of one run on the board
CARDS_MOST = 20  # of one letter
TEXT_MOST = 100_000  # characters of a note, a summary, or a body
LINE_MOST = 500  # characters of a title or another line
LIST_MOST = 100

_KINDS = ("done", "block", "note", "memory", "add")


class Opened(NamedTuple):
    """What letters ask for. `used` are the files that are finished with, valid or not."""

    changes: tuple[Change, ...] = ()
    used: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def written(letter: Letter) -> bytes:
    """The letter as the content of its file."""
    values: dict[str, Any] = {"kind": letter.kind, "card": letter.card}
    if letter.report:
        values |= letter.report._asdict() | {"kind": letter.kind}
    elif letter.kind == "add":
        fields = ("id", "title", "worker", "priority", "parents", "needs", "acceptance", "body")
        values["cards"] = [{name: getattr(card, name) for name in fields} for card in letter.cards]
    else:
        values["text"] = letter.text
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def parse_letter(name: str, data: bytes) -> Letter:
    """Read a letter from the content of its file. Raises BadData with one line on what is wrong."""
    if len(data) > SIZE_MOST:
        raise BadData(f"it has more than {SIZE_MOST >> 10} KiB")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        raise BadData("it is not JSON") from None
    if not isinstance(fields, dict) or fields.get("kind") not in _KINDS:
        raise BadData("it is not a letter of a known kind")
    letter = Letter(name.removesuffix(".json"), fields["kind"], CardId(_line_field(fields, "card")))
    match letter.kind:
        case "done":
            report = Report(
                "done", fields.get("no_change") is True, _prose_field(fields, "summary")
            )
            return letter._replace(report=report)
        case "block":
            reason = _line_field(fields, "reason") or NEEDS_INPUT
            if reason not in BLOCK_REASONS:
                raise BadData("its reason to block is unknown")
            return letter._replace(
                report=Report("block", reason=reason, why=_prose_field(fields, "why"))
            )
        case "add":
            rows = _list_field(fields, "cards", CARDS_MOST)
            return letter._replace(cards=tuple(_card_of_row(row) for row in rows))
    text = _prose_field(fields, "text").strip()
    if not text:
        raise BadData("its note is empty")
    return letter._replace(text=text)


def _card_of_row(row: object) -> Card:
    if not isinstance(row, dict):
        raise BadData("one of its cards is not a card")
    priority = row.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > 1_000_000:
        raise BadData("a priority is not a small whole number")
    needs = _list_field(row, "needs", LIST_MOST)
    if not all(_is_need(pair) for pair in needs):
        raise BadData("its needs cannot be read")
    return Card(
        CardId(_line_field(row, "id")),
        _line_field(row, "title").strip(),
        WorkerName(_line_field(row, "worker")),
        BACKLOG,
        priority=priority,
        parents=tuple(sorted(set(map(CardId, _line_fields(row, "parents"))))),
        needs=tuple(sorted((str(name), int(amount)) for name, amount in needs)),
        acceptance=tuple(_line_fields(row, "acceptance")),
        body=_prose_field(row, "body"),
    )


def _is_need(pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    name, amount = pair
    whole = isinstance(amount, int) and not isinstance(amount, bool)
    return isinstance(name, str) and len(name) <= LINE_MOST and whole and 0 <= amount < 1_000_000


def _list_field(row: dict[str, Any], key: str, most: int) -> list[Any]:
    value = row.get(key) or []
    if not isinstance(value, list) or len(value) > most:
        raise BadData(f"its {key} is not a list of at most {most} lines")
    return value


def _line_fields(row: dict[str, Any], key: str) -> list[str]:
    return [_line_field({key: item}, key) for item in _list_field(row, key, LIST_MOST)]


def _line_field(row: dict[str, Any], key: str) -> str:
    value = row.get(key) or ""
    if (
        not isinstance(value, str)
        or len(value) > LINE_MOST
        or re.search(r"[\x00-\x1f\x7f-\x9f]", value)
    ):
        raise BadData(f"its {key} is not a line of at most {LINE_MOST} characters")
    return value


def _prose_field(row: dict[str, Any], key: str) -> str:
    value = row.get(key) or ""
    if not isinstance(value, str) or len(value) > TEXT_MOST:
        raise BadData(f"its {key} is not a text of at most {TEXT_MOST} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadData(f"its {key} is not text") from None
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", value)


def report_in(letters: Sequence[Letter], card: CardId) -> Report | None:
    """The report that counts: the last one on the run's own card."""
    reports = [each.report for each in letters if each.report and each.card in ("", card)]
    return reports[-1] if reports else None


def open_letters(board: Board, facts: RunFacts, now: int) -> Opened:
    """Return the changes that a run's letters ask for: notes on its card, cards for the backlog.

    Changes that were already made are not made again. A run that is no longer its card's current
    one changes nothing.
    """
    card = board.cards.get(facts.card)
    if card is None or card.status != RUNNING or card.run != facts.run:
        return Opened()
    changes: list[Change] = []
    used = [name for name, _ in facts.bad_letters]
    refused = [why for _, why in facts.bad_letters]
    after = board
    for letter in facts.letters:
        if letter.report and letter.card in ("", card.id):
            continue  # it stays in the mailbox until the run is judged
        used.append(f"{letter.id}.json")
        try:
            asked = _changes_asked(after, facts, letter, now)
        except GitkanbanError as error:
            refused.append(error.message)
            continue
        after = applied(after, asked)
        changes += asked
    return Opened(tuple(changes), tuple(used), _refusal_notices(card.id, refused))


def _refusal_notices(card: CardId, refused: Sequence[str]) -> tuple[str, ...]:
    if not refused:
        return ()
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    return (f"{card}: what its session asked for is refused: {refused[0]}{more}",)


def _changes_asked(board: Board, facts: RunFacts, letter: Letter, now: int) -> list[Change]:
    card, run = facts.card, facts.run
    if letter.card not in ("", card):
        raise BadData(f"it is about {letter.card[:80]}, another card")
    if letter.kind == "add":
        done = all(each.id and each.id in board.cards for each in letter.cards)
        return [] if done else _check_cards(board, letter.cards)
    notes = board.notes_of(card)
    if any(note.id == letter.id for note in notes):
        return []
    if sum(note.run == run for note in notes) >= NOTES_MOST:
        raise BadData(f"it has already left {NOTES_MOST} notes")
    kind: NoteKind = "memory" if letter.kind == "memory" else "note"
    return [
        AddNote(
            Note(letter.id, card, f"session of {card}", now, kind=kind, text=letter.text, run=run)
        )
    ]


def _check_cards(board: Board, cards: Sequence[Card]) -> list[Change]:
    done: list[AddCard] = added(board, cards)
    return list(done)
