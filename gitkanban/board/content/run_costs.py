"""What the runs of a board cost and how long they took, quiet and archived cards included.

A board value leaves out the runs of quiet cards, so this is a cache of its own. Each read adds only
the records that are new since the last one. The cache may be deleted or damaged at any time.
"""

from gitkanban.board.content.boardfiles import BoardFile, listing
from gitkanban.board.repo import blobs, cachefile, commits
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Board
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.core.situation.figures import RunCost
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.errors import GitFailed, GitkanbanError
from gitkanban.late import re

_FORMAT = ("costs", 3)
_RUN = re.compile(r"(?:archive/[^/]+/)?runs/([^/]+)/([^/]+)\.yaml\Z")
_FIELD = re.compile(
    rb"^(started|ended|outcome|worker|cost_usd|clone):[ \t]*[\"']?([^\"'\s#]+)", re.M
)


def read(place: Place, board: Board) -> dict[RunId, RunCost]:
    """Return what each run of a board cost, by run. A record that cannot be read costs nothing."""
    path = f"{place.private}/cache/costs"
    commit, known = _load_costs(path, place.prefix)
    if commit == board.commit:
        return known
    try:
        changed = _changed_records(place, commit, board.commit) if commit else None
        if changed is None:
            known, changed = {}, listing(place, board.commit, "runs", "archive")
        fresh = _read_records(place, known, changed)
    except GitkanbanError:
        return known  # costs are optional; whoever reads the board reports the error
    if not place.aside:
        rows = {run: tuple(each) for run, each in fresh.items()}
        cachefile.save(path, (_FORMAT, place.prefix), (board.commit, rows))
    return fresh


def _load_costs(path: str, prefix: str) -> tuple[Oid, dict[RunId, RunCost]]:
    commit, rows = cachefile.load(path, (_FORMAT, prefix)) or (NO_OID, {})
    return commit, {run: RunCost._make(row) for run, row in rows.items()}


def _changed_records(place: Place, old: Oid, new: Oid) -> list[BoardFile] | None:
    """Return the files that differ between two commits (empty id: removed); None: unknown."""
    try:
        changes = commits.changes_below(place.common, old, new, place.prefix)
    except GitFailed:
        return None
    return [BoardFile(each.mode, each.new, each.path) for each in changes]


def _read_records(
    place: Place, known: dict[RunId, RunCost], changed: list[BoardFile]
) -> dict[RunId, RunCost]:
    """Return the known costs with the changes; a record that was archived is removed and added."""
    costs, wanted = dict(known), dict[str, tuple[CardId, RunId]]()
    for entry in sorted(changed, key=lambda each: bool(each.oid)):
        # Most changes are of no run, and need no pattern.
        named = "runs/" in entry.path and _RUN.match(entry.path)
        if named and not entry.oid:
            costs.pop(RunId(named[2]), None)
        elif named:
            wanted[entry.oid] = CardId(named[1]), RunId(named[2])
    for blob in blobs.read(place, wanted):
        card, run = wanted[blob.asked]
        fields = dict(_FIELD.findall(blob.data or b""))
        began, ended = (_epoch_of(fields.get(key, b"")) for key in (b"started", b"ended"))
        succeeded = began and _text_of(fields, b"outcome") == SUCCEEDED
        costs[run] = RunCost(
            card,
            ended,
            _text_of(fields, b"cost_usd"),
            _text_of(fields, b"clone"),
            worker=_text_of(fields, b"worker"),
            took=max(0, ended - began) if succeeded else 0,
        )
    return costs


def _text_of(fields: dict[bytes, bytes], key: bytes) -> str:
    return fields.get(key, b"").decode("ascii", "replace")


def _epoch_of(text: bytes) -> int:
    from gitkanban import clock

    try:
        return clock.parse(text.decode("ascii"))
    except ValueError:
        return 0
