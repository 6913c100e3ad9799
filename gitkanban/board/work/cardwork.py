"""Where the work of a card is: in base, on its branch, in this clone by its recorded commit, or not
here at all.

It only asks git. What gets merged is what a run recorded and people could review, never the tip of
somebody else's branch.
"""

from collections.abc import Iterable, Iterator, Sequence

from gitkanban.board.repo import checkouts, commits, git
from gitkanban.board.repo.place import Place
from gitkanban.board.work import landed
from gitkanban.core.ids import branch_of, card_ref
from gitkanban.core.model import Board, Card, Run
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.tick.absence import absence_words, fetch_hint
from gitkanban.core.tick.facts import Elsewhere
from gitkanban.core.tick.travel import open_work
from gitkanban.core.tick.verdict import SUCCEEDED
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple

NAMES_MOST = 5  # commits beyond the recorded one that are named


class CardWork(NamedTuple):
    """What accept has to merge; without a `commit` there is nothing to merge.

    `merged` is then the commit of base that has the work already, empty where the run left none.
    """

    commit: Oid = NO_OID
    merged: Oid = NO_OID
    notices: tuple[str, ...] = ()


def result_of(runs: Sequence[Run]) -> Run | None:
    """Return the run whose result is reviewed: the last one that succeeded."""
    return next((run for run in reversed(runs) if run.outcome == SUCCEEDED), None)


def left_nothing(runs: Sequence[Run]) -> bool:
    """Return whether nothing needed changing: no attempt has left a commit."""
    done = result_of(runs)
    start = next((run.start_commit for run in runs if run.start_commit), "")
    return done is not None and done.commit in ("", start)


def find(place: Place, card: Card, runs: Sequence[Run], clone: str, base: Oid) -> CardWork:
    """Return what of a card in review has to be merged into `base`, a commit.

    In the clone that ran the card that is its branch as it is now: people may have added to it, or
    rebased it. Elsewhere it is the recorded commit. Raises Refused when that is not here, and when
    the branch no longer has it.
    """
    done = result_of(runs)
    tip = checkouts.tip(place, card_ref(card.id))
    if done is None or not done.commit:
        if done is None and not tip:
            raise Refused(
                f"{card.id} has no work to accept: none of its runs succeeded, and there is no "
                f"branch {branch_of(card.id)}",
                f"`gitkanban done {card.id}` closes it without a merge.",
            )
        return CardWork(tip)
    end = done.commit
    if left_nothing(runs) and (not tip or commits.is_ancestor(place.common, tip, base)):
        return CardWork()
    if tip == end or (tip and commits.is_ancestor(place.common, end, tip)):
        theirs = _lines_beyond(place, card, tip, f"refs/remotes/*/{branch_of(card.id)}")
        return CardWork(tip, notices=(*_lines_beyond(place, card, end, card_ref(card.id)), *theirs))
    if commits.is_ancestor(place.common, end, base):
        return CardWork(merged=end)
    if tip and done.clone in ("", clone):
        return _rewritten_work(place, card, done, tip, base=base)
    if not present(place, [end]):
        away = where(place, done)
        raise Refused(
            f"{card.id} is not accepted: {absence_words(away)}", fetch_hint(card.id, away)
        )
    notices = _lines_beyond(place, card, end, f"refs/remotes/*/{branch_of(card.id)}")
    if tip:
        notices = (f"{card.id}: {branch_of(card.id)} of this clone is another attempt's", *notices)
    return CardWork(end, notices=notices)


def _rewritten_work(place: Place, card: Card, done: Run, tip: Oid, base: Oid) -> CardWork:
    """Return the work of a branch without the recorded commit, if people rebased it.

    Raises Refused if the branch was moved away from the work.
    """
    if not commits.is_ancestor(place.common, tip, base) or landed.has(place, done.commit, base):
        return CardWork(tip)
    raise Refused(
        f"{branch_of(card.id)} no longer has commit {done.commit[:10]}, which run {done.run} left",
        f"`git branch -f {branch_of(card.id)} {done.commit[:10]}` brings it back; "
        f"`gitkanban done {card.id}` closes the card without it.",
    )


def lines_left_out(place: Place, card: Card, runs: Sequence[Run]) -> list[str]:
    """Return a line about each branch of the card at a remote that has more than accept merges.

    As of the last fetch.
    """
    done = result_of(runs)
    end = checkouts.tip(place, card_ref(card.id)) or (done.commit if done else NO_OID)
    beyond = _commits_beyond(place, end, f"refs/remotes/*/{branch_of(card.id)}") if end else ()
    return [
        f"{name} has {words}: not part of this unless {branch_of(card.id)} takes it in "
        f"(`git merge {name}` in its worktree)"
        for name, words in beyond
    ]


def _lines_beyond(place: Place, card: Card, end: Oid, pattern: str) -> tuple[str, ...]:
    """Return a notice about commits that branches have and `end` does not."""
    if pattern.startswith("refs/heads/"):
        what, hint = "merged with commits that its run did not make", ""
    else:
        what, hint = "not merged", " (`git merge {}` brings them)"
    return tuple(
        f"{card.id}: {what}, on {name}: {words}{hint.format(name)}"
        for name, words in _commits_beyond(place, end, pattern)
    )


def _commits_beyond(place: Place, end: Oid, pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the branches that have commits which `end` lacks, each with their names in words."""
    listed = git.run(
        place.common, "for-each-ref", "--format=%(objectname) %(refname)", pattern
    ).lines
    for line in listed:
        tip, _, ref = line.partition(" ")
        if tip == end:
            continue
        log = git.run(place.common, "log", "-z", "--format=%h %s", f"{end}..{tip}", "--").text
        names = [name for name in log.split("\0") if name]
        if names:
            more = f" and {len(names) - NAMES_MOST} more" if len(names) > NAMES_MOST else ""
            name = ref.removeprefix("refs/heads/").removeprefix("refs/remotes/")
            yield name, f"{', '.join(names[:NAMES_MOST])}{more}"


def where(place: Place, run: Run | None, commit: Oid = NO_OID) -> Elsewhere:
    """Return where the work of a run is, if not here."""
    own = git.run(place.common, "config", f"branch.{place.branch}.remote", check=False).text
    known = git.run(place.common, "remote").text.split()
    remote = next((name for name in (own, "origin", *known[:1]) if name in known), "")
    if run is None:
        return Elsewhere(commit, remote=remote)
    return Elsewhere(commit or run.commit, run.host, run.clone, remote)


def missing(place: Place, board: Board) -> list[CardId]:
    """Return the open cards whose last work, a commit that their runs recorded, is not here."""
    last = {card.id: run.commit for card, run in open_work(board)}
    here = present(place, last.values())
    return sorted(card for card, commit in last.items() if commit not in here)


def present(place: Place, ids: Iterable[Oid]) -> set[Oid]:
    """Return which of the commits this clone has, asking git once."""
    wanted = sorted(set(ids))
    if not wanted:
        return set()
    asked = "".join(f"{one}\n" for one in wanted).encode()
    lines = git.run(place.common, "cat-file", "--batch-check", input=asked).lines
    return {Oid(line.split(" ")[0]) for line in lines if line.split(" ")[1:2] == ["commit"]}
