"""What a clone remembers of its remotes: when each last answered, and what it does not take.

Losing it costs no more than asking once too often.
"""

from collections.abc import Mapping

from gitkanban.board.repo import cachefile
from gitkanban.core.tick import network
from gitkanban.core.tick.network import Reach
from gitkanban.typed import NamedTuple

_FORM = ("remotes", 3)
REFUSED_FOR = 3600  # seconds for which a ref that a remote has refused is not pushed again
SUSPECTED_FOR = 300  # the same, where it may have refused everything for another reason


class Refusal(NamedTuple):
    """That a remote did not take a ref: why, in the server's words, and when."""

    why: str = ""
    at: int = 0
    certain: bool = True  # False: it may be that the remote took nothing at all

    def counts(self, now: int) -> bool:
        """Whether the ref is not pushed again yet."""
        return 0 <= now - self.at < (REFUSED_FOR if self.certain else SUSPECTED_FOR)


class _RemoteRow(NamedTuple):
    """What is known of one remote; `refused` has the refs that it does not take."""

    reach: Reach = Reach()
    refused: Mapping[str, Refusal] = {}


_UNKNOWN = _RemoteRow()


def recall(private: str, remote: str) -> Reach:
    """Return when the remote last answered, and how often it has not since."""
    return _read_rows(private).get(remote, _UNKNOWN).reach


def wait_left(private: str, remote: str, now: int) -> int:
    """Return for how many seconds a tick leaves the remote alone."""
    return network.wait_left(recall(private, remote), now)


def refused_refs(private: str, remote: str, now: int) -> frozenset[str]:
    """Return the refs that the remote has refused, and that are not to be pushed again yet."""
    refs = _read_rows(private).get(remote, _UNKNOWN).refused
    return frozenset(ref for ref, refusal in refs.items() if refusal.counts(now))


def why_refused(private: str, remote: str, ref: str) -> str:
    """Return why the remote did not take the ref, in the server's words; empty if it did."""
    return _read_rows(private).get(remote, _UNKNOWN).refused.get(ref, Refusal()).why


def note_answer(
    private: str, remote: str, now: int, refused: Mapping[str, str], certain: bool = True
) -> None:
    """Note that the remote has answered, and which refs it does not take, with its reasons."""
    old = _read_rows(private).get(remote, _UNKNOWN).refused
    refs = {ref: refusal for ref, refusal in old.items() if refusal.counts(now)}
    refs |= {ref: Refusal(why, now, certain) for ref, why in refused.items()}
    _write_row(private, remote, _RemoteRow(network.after_answer(now), refs))


def confirm_refusals(private: str, remote: str, now: int) -> None:
    """Note that the remote has taken another push: what it refused, it refused for its own sake."""
    row = _read_rows(private).get(remote, _UNKNOWN)
    if any(refusal.counts(now) and not refusal.certain for refusal in row.refused.values()):
        refs = {ref: refusal._replace(certain=True) for ref, refusal in row.refused.items()}
        _write_row(private, remote, row._replace(refused=refs))


def note_refusals(
    private: str, remote: str, now: int, refused: Mapping[str, str], certain: bool = True
) -> None:
    """Note that the remote can be reached, but was not understood:
    its board is not the one here.
    """
    before = recall(private, remote).at
    note_answer(private, remote, now, refused, certain=certain)
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
    plain = {
        name: (tuple(each.reach), {ref: tuple(one) for ref, one in each.refused.items()})
        for name, each in rows.items()
    }
    cachefile.save(_path_of(private), _FORM, plain)


def _read_rows(private: str) -> dict[str, _RemoteRow]:
    rows = cachefile.load(_path_of(private), _FORM) or {}
    return {
        name: _RemoteRow(Reach(*reach), {ref: Refusal(*one) for ref, one in refused.items()})
        for name, (reach, refused) in rows.items()
    }


def _path_of(private: str) -> str:
    return f"{private}/cache/remotes"
