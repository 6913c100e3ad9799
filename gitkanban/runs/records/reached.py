"""What a clone remembers of its remotes: when each last answered, and what it does not take.

Losing it costs no more than asking once too often.
"""

from collections.abc import Mapping

from gitkanban import files
from gitkanban.core.tick import network
from gitkanban.core.tick.network import Reach
from gitkanban.late import json
from gitkanban.typed import Any

REFUSED_FOR = 3600  # seconds for which a ref that a remote has refused is not pushed again


def recall(private: str, remote: str) -> Reach:
    """Return when the remote last answered, and how often it has not since."""
    row = _read_rows(private).get(remote, {})
    return Reach(*(_whole_number(row.get(name)) for name in Reach._fields))


def wait_left(private: str, remote: str, now: int) -> int:
    """Return for how many seconds a tick leaves the remote alone."""
    return network.wait_left(recall(private, remote), now)


def refused_refs(private: str, remote: str, now: int) -> frozenset[str]:
    """Return the refs that the remote has refused within the last hour."""
    refs = _refused_in(_read_rows(private).get(remote, {}))
    return frozenset(ref for ref, (_, at) in refs.items() if 0 <= now - at < REFUSED_FOR)


def why_refused(private: str, remote: str, ref: str) -> str:
    """Return why the remote did not take the ref, in the server's words; empty if it did."""
    return _refused_in(_read_rows(private).get(remote, {})).get(ref, ("", 0))[0]


def note_answer(private: str, remote: str, now: int, refused: Mapping[str, str]) -> None:
    """Note that the remote has answered, and which refs it does not take, with its reasons."""
    rows = _read_rows(private)
    old = _refused_in(rows.get(remote, {}))
    refs = {ref: pair for ref, pair in old.items() if 0 <= now - pair[1] < REFUSED_FOR}
    refs |= {ref: (why, now) for ref, why in refused.items()}
    _write_row(private, rows, remote, {**network.after_answer(now)._asdict(), "refused": refs})


def note_refusals(private: str, remote: str, now: int, refused: Mapping[str, str]) -> None:
    """Note that the remote can be reached, but was not understood: its board is not the one here."""
    before = recall(private, remote).at
    note_answer(private, remote, now, refused)
    rows = _read_rows(private)
    _write_row(private, rows, remote, {**rows[remote], "at": before})


def note_failure(private: str, remote: str, now: int) -> None:
    """Note that the remote could not be reached."""
    rows = _read_rows(private)
    reach = network.after_failure(recall(private, remote), now)
    _write_row(private, rows, remote, {**rows.get(remote, {}), **reach._asdict()})


def forget_refusals(private: str, remote: str) -> None:
    """Forget which refs the remote does not take: it takes nothing, so none of them is at fault."""
    rows = _read_rows(private)
    if _refused_in(rows.get(remote, {})):
        _write_row(private, rows, remote, {**rows[remote], "refused": {}})


def _write_row(
    private: str, rows: Mapping[str, Any], remote: str, row: Mapping[str, object]
) -> None:
    text = json.dumps({**rows, remote: row}, sort_keys=True)
    files.cache(f"{private}/cache/remotes", text.encode())


def _read_rows(private: str) -> dict[str, dict[str, Any]]:
    try:
        with open(f"{private}/cache/remotes", encoding="utf-8") as file:
            rows = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(rows, dict):
        return {}
    return {str(name): row for name, row in rows.items() if isinstance(row, dict)}


def _refused_in(row: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    pairs = row.get("refused")
    return {
        str(ref): (str(pair[0]), _whole_number(pair[1]))
        for ref, pair in (pairs.items() if isinstance(pairs, dict) else ())
        if isinstance(pair, list) and len(pair) == 2
    }


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) else 0
