"""Refs for work that its card's branch cannot take any more: kept here,
and sent to the remote once.

They are never moved and never removed by us.
"""

from collections.abc import Iterable

from gitkanban.board.repo import git, remotes
from gitkanban.board.repo.place import Place
from gitkanban.core.names import Oid
from gitkanban.core.tick.superseded import LATE_REFS, SALVAGE_REFS, LateWork

SENT_REFS = "refs/gitkanban/sent/"  # by run: what the remote has, or has refused


def keep(place: Place, late: Iterable[LateWork]) -> None:
    """Point a ref of this clone at each commit. Raises GitFailed."""
    orders = "".join(f"update {LATE_REFS}{work.run} {work.commit}\n" for work in late)
    if orders:
        git.run(place.common, "update-ref", "--stdin", input=orders.encode())


def is_set_aside(place: Place, commit: Oid) -> bool:
    """Return whether a commit has been set aside in this clone."""
    return commit in _read_refs(place, LATE_REFS).values()


def send(place: Place, remote: str) -> list[str]:
    """Push what the remote does not have yet, each once; return notices.
    Raises Offline, Refused.
    """
    sent = _read_refs(place, SENT_REFS)
    unsent = {run: tip for run, tip in _read_refs(place, LATE_REFS).items() if run not in sent}
    if not unsent:
        return []
    notices = []
    for run, tip in sorted(unsent.items()):
        pushed = remotes.push(place, remote, [f"{tip}:{SALVAGE_REFS}{run}"], hooks=True)
        where = f"{SALVAGE_REFS}{run} at {remote}"
        if not pushed.done:
            where = f"{LATE_REFS}{run} of this clone alone: {remote} does not take it"
            where += f" {pushed.refused}" if pushed.refused else ""
        notices.append(f"what run {run} left is in {where}")
        git.run(place.common, "update-ref", f"{SENT_REFS}{run}", tip)
    return notices


def _read_refs(place: Place, prefix: str) -> dict[str, str]:
    listed = git.run(
        place.common, "for-each-ref", "--format=%(objectname) %(refname)", prefix
    ).lines
    rows = (line.partition(" ") for line in listed)
    return {ref.removeprefix(prefix): tip for tip, _, ref in rows}
