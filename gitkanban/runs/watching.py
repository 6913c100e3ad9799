"""Notices what changed around the repository during runs: fingerprints, findings, their record.

A run's fingerprint is stored in its folder at the start, and again after its setup. A tick compares
it once, when the run has ended. Findings stay in the private folder until a person settles them
with `trust`. `core.trust.tampering` decides what counts.
"""

import os
from collections.abc import Iterable, Iterator, Sequence

from gitkanban import files
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import CARD_REFS, KNOWN_REF, card_of_ref
from gitkanban.core.model import Board
from gitkanban.core.names import CardId
from gitkanban.core.trust.tampering import (
    OURS,
    Fingerprint,
    RefFacts,
    TamperFinding,
    changes,
    differing_refs,
    merged,
)
from gitkanban.late import json
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder, card_of
from gitkanban.typed import NamedTuple

_NEVER = float("inf")  # later than any time (epoch seconds)
_PRINT, _NOTICED = "fingerprint", "tampering"  # in a run's folder; the second once compared


def refs_of(place: Place, base: str) -> tuple[str, str]:
    """Return the full names of (base, the board's branch)."""
    return f"refs/heads/{base}", place.ref


def take(common: str, refs: Sequence[str]) -> bytes:
    """Return a fingerprint of the repository in its written form. Raises OSError."""
    from gitkanban.board.repo import fingerprint

    prints = fingerprint.take(common, refs)
    return json.dumps({"items": prints.items, "refs": prints.refs, "also": list(refs)}).encode()


def begin(folder: Folder, text: bytes) -> None:
    """Record the fingerprint that a run begins with. Raises OSError."""
    folder.write(_PRINT, text, lasting=False)


def begin_again(folder: Folder) -> None:
    """Record a new fingerprint: changes by a trusted setup are no finding. Raises OSError."""
    row = _read_json(folder.file(_PRINT))
    if isinstance(row, dict):
        begin(folder, take(folder.common, [str(ref) for ref in row.get("also", ())]))


class _Life(NamedTuple):
    """The life of an unsettled run: from its fingerprint to its end, infinite while it lives.

    Times are in seconds of the file system's clock.
    """

    folder: Folder
    card: CardId
    since: float
    until: float

    @property
    def name(self) -> str:
        return f"{self.card} ({self.folder.run})"


def waiting(unsettled: Iterable[Folder]) -> list[Folder]:
    """Return the ended ones of these runs whose fingerprint has not been compared yet."""
    return [
        folder
        for folder in unsettled
        if not folder.shows(_NOTICED) and folder.has_ended() and not folder.has(_NOTICED)
    ]


def notice(place: Place, board: Board, base: str, ended: Iterable[Folder], now: int) -> list[str]:
    """Compare the repository with the fingerprint of each ended run, and return notices.

    Each run is compared once. Call it with the tick lock held. Raises OSError.
    """
    from gitkanban.board.repo import fingerprint

    refs = refs_of(place, base)
    present = fingerprint.take(place.common, refs)
    unsettled = folders.unsettled(place.private)
    lives = [life for folder in unsettled if (life := _life_of(folder))]
    settlements = _Settlements(place)
    new: list[TamperFinding] = []
    for folder in ended:
        before, life = _read_print(folder.file(_PRINT)), _life_of(folder)
        lines: list[str] = []
        if before and life:
            facts = _ref_facts(
                place, board, refs, life, before=before, present=present, settlements=settlements
            )
            lines = changes(before, present, facts, life.card)
        if life and lines:  # rarely: a thousand runs may have lived beside a thousand others
            names = tuple(each.name for each in lives if each.until >= life.since)
            new += [TamperFinding(line, names, now) for line in lines]
        folder.write(_NOTICED, json.dumps(lines).encode(), lasting=False)
    known = findings(place)
    total = merged(known, new)
    if total != known:
        _write_findings(place, total)
    return [each.line for each in total if each.what not in {old.what for old in known}]


def _life_of(folder: Folder) -> _Life | None:
    try:
        since = os.stat(folder.file(_PRINT)).st_mtime
        end = os.stat(folder.file("exit.json")).st_mtime if folder.has("exit.json") else _NEVER
    except OSError:
        return None
    return _Life(folder, card_of(folder.facts()), since, end)


def _ref_facts(
    place: Place,
    board: Board,
    refs: tuple[str, str],
    life: _Life,
    before: Fingerprint,
    present: Fingerprint,
    settlements: "_Settlements",
) -> RefFacts:
    """Return what git and the run folders say about the refs that differ."""
    from gitkanban.board.repo import fingerprint
    from gitkanban.core.care.gc import finished

    base_ref, board_ref = refs
    differ = differing_refs(before, present)
    cards = {card_of_ref(ref) for ref, _, _ in differ if ref.startswith(CARD_REFS)}
    moved = [each for each in differ if each[0] in refs or each[0].startswith(OURS)]
    return RefFacts(
        base_ref,
        board_ref,
        frozenset(fingerprint.rewritten(place.common, moved)),
        _is_known_ref_ahead(place, present, board_ref),
        lived=frozenset(settlements.later(cards - {life.card}, life.since)),
        finished=frozenset(
            card for card in cards if card not in board.cards or finished(board, card)
        ),
    )


def _is_known_ref_ahead(place: Place, present: Fingerprint, board_ref: str) -> bool:
    """Return whether the board's branch, right now, lacks the last commit that we know of it."""
    from gitkanban.board.repo import fingerprint

    recorded = present.refs.get(KNOWN_REF, "")
    tip = checkouts.tip_in(place.common, board_ref)  # read after `seen`: a commit moves both
    return bool(tip and recorded) and bool(
        fingerprint.rewritten(place.common, [(KNOWN_REF, recorded, tip)])
    )


class _Settlements:
    """When the last run of each card was settled; looked up once, if it is asked for."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._last: dict[CardId, float] | None = None

    def later(self, cards: Iterable[CardId], since: float) -> Iterator[CardId]:
        """Yield those of the cards that have a run that was not settled before `since`."""
        for card in cards:
            if self._last is None:
                self._last = self._look_up()
            if self._last.get(card, -_NEVER) >= since:
                yield card

    def _look_up(self) -> dict[CardId, float]:
        last: dict[CardId, float] = {}
        for folder in folders.every(self._place.private):
            try:
                settled = os.stat(folder.file("settled")).st_mtime
            except OSError:
                settled = _NEVER
            card = card_of(folder.facts())
            last[card] = max(settled, last.get(card, -_NEVER))
        return last


def of_run(folder: Folder) -> tuple[str, ...]:
    """Return what changed while a run lived, as noticed after its end."""
    rows = _read_json(folder.file(_NOTICED))
    return tuple(str(line) for line in rows) if isinstance(rows, list) else ()


def findings(place: Place) -> tuple[TamperFinding, ...]:
    """Return the findings that nobody has settled yet."""
    rows = _read_json(f"{place.private}/tampering")
    try:
        return tuple(
            TamperFinding(str(row["what"]), tuple(map(str, row["runs"])), int(row["at"]))
            for row in rows  # type: ignore[attr-defined]  # or it raises
        )
    except (TypeError, KeyError, ValueError):
        return ()


def settle(place: Place, base: str) -> None:
    """Drop all findings, as a person accepted the present state, and have live runs begin from it.

    Raises OSError.
    """
    text = take(place.common, refs_of(place, base))
    for folder in folders.unsettled(place.private):
        if folder.has(_PRINT):
            begin(folder, text)
    files.remove(f"{place.private}/tampering")


def expect(place: Place, name: str) -> None:
    """Accept our own change of one watched file, so that no live run is suspected of it.

    Raises OSError.
    """
    from gitkanban.board.repo import fingerprint

    digest = fingerprint.digest_of(f"{place.common}/{name}")
    for folder in folders.unsettled(place.private):
        row = _read_json(folder.file(_PRINT))
        if isinstance(row, dict) and isinstance(row.get("items"), dict):
            row["items"][name] = digest
            begin(folder, json.dumps(row).encode())


def _write_findings(place: Place, findings: Iterable[TamperFinding]) -> None:
    text = json.dumps([each._asdict() for each in findings], indent=1) + "\n"
    files.replace(f"{place.private}/tampering", text.encode(), lasting=False)


def _read_print(path: str) -> Fingerprint | None:
    row = _read_json(path)
    if not isinstance(row, dict):
        return None
    items, refs = row.get("items"), row.get("refs")
    if not isinstance(items, dict) or not isinstance(refs, dict):
        return None
    return Fingerprint(items, refs)


def _read_json(path: str) -> object:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
