"""What a clone remembers of its remotes: when each last answered, and what it does not take.

Losing it costs no more than asking once too often.
"""

from collections.abc import Mapping

from gitkanban.board.repo import cachefile
from gitkanban.core.tick import network
from gitkanban.core.tick.network import Reach
from gitkanban.typed import NamedTuple

_FORM = ("remotes", 2)
REFUSED_FOR = 3600  # seconds for which a ref that a remote has refused is not pushed again


class _RemoteRow(NamedTuple):
    """What is known of one remote; `refused` says of refs why they were, and when."""

    reach: Reach = Reach()
    refused: Mapping[str, tuple[str, int]] = {}


_UNKNOWN = _RemoteRow()


def recall(private: str, remote: str) -> Reach:
    """Return when the remote last answered, and how often it has not since."""
    return _read_rows(private).get(remote, _UNKNOWN).reach


def wait_left(private: str, remote: str, now: int) -> int:
    """Return for how many seconds a tick leaves the remote alone."""
    return network.wait_left(recall(private, remote), now)


def refused_refs(private: str, remote: str, now: int) -> frozenset[str]:
    """Return the refs that the remote has refused within the last hour."""
    refs = _read_rows(private).get(remote, _UNKNOWN).refused
    return frozenset(ref for ref, (_, at) in refs.items() if 0 <= now - at < REFUSED_FOR)


def why_refused(private: str, remote: str, ref: str) -> str:
    """Return why the remote did not take the ref, in the server's words; empty if it did."""
    return _read_rows(private).get(remote, _UNKNOWN).refused.get(ref, ("", 0))[0]


def note_answer(private: str, remote: str, now: int, refused: Mapping[str, str]) -> None:
    """Note that the remote has answered, and which refs it does not take, with its reasons."""
    old = _read_rows(private).get(remote, _UNKNOWN).refused
    refs = {ref: pair for ref, pair in old.items() if 0 <= now - pair[1] < REFUSED_FOR}
    refs |= {ref: (why, now) for ref, why in refused.items()}
    _write_row(private, remote, _RemoteRow(network.after_answer(now), refs))


def note_refusals(private: str, remote: str, now: int, refused: Mapping[str, str]) -> None:
    """Note that the remote can be reached, but was not understood: its board is not the one here."""
    before = recall(private, remote).at
    note_answer(private, remote, now, refused)
    row = _read_rows(private).get(remote, _UNKNOWN)  # a full disk takes nothing
    _write_row(private, remote, row._replace(reach=row.reach._replace(at=before)))


def note_failure(private: str, remote: str, now: int) -> None:
    """Note that the remote could not be reached."""
    row = _read_rows(private).get(remote, _UNKNOWN)
    _write_row(private, remote, row._replace(reach=network.after_failure(row.reach, now)))


def forget_refusals(private: str, remote: str) -> None:
    """Forget which refs the remote does not take: it takes nothing, so none of them is at fault."""
    row = _read_rows(private).get(remote, _UNKNOWN)
    if row.refused:
        _write_row(private, remote, row._replace(refused={}))


def _write_row(private: str, remote: str, row: _RemoteRow) -> None:
    rows = {**_read_rows(private), remote: row}
    plain = {name: (tuple(each.reach), dict(each.refused)) for name, each in rows.items()}
    cachefile.save(_path_of(private), _FORM, plain)


def _read_rows(private: str) -> dict[str, _RemoteRow]:
    rows = cachefile.load(_path_of(private), _FORM) or {}
    return {name: _RemoteRow(Reach(*reach), refused) for name, (reach, refused) in rows.items()}


def _path_of(private: str) -> str:
    return f"{private}/cache/remotes"
