"""How much the work of cards in review changes since it left base: lines and files, by git.

Two git commands answer for all cards at once: where they forked, and what changed since. Sizes are
cached by the tip of the work and that fork, so that a base that moves on changes none of them.
"""

from collections.abc import Iterable, Mapping

from gitkanban.board.repo import cachefile, checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.board.work import cardwork
from gitkanban.core.model import REVIEW, Board
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.situation.figures import WorkSize
from gitkanban.core.split_cards import open_cards
from gitkanban.typed import NamedTuple

_FORM = ("sizes", 3)


class _Measured(NamedTuple):
    """The work of one tip: where it forked from base (at `onto` then), and its size since."""

    onto: Oid
    fork: Oid
    size: WorkSize


def measure(place: Place, board: Board) -> dict[str, WorkSize]:
    """Return the sizes of the work of cards in review, by card, as far as the work is here."""
    tips = {
        card.id: done.commit
        for card in open_cards(board.cards)
        if card.status == REVIEW and (done := cardwork.result_of(board.runs_of(card.id)))
        if done.commit
    }
    base = checkouts.base_of(place, board.config) if tips and board.config else ""
    onto = checkouts.tip(place, f"refs/heads/{base}") if base else NO_OID
    if not onto:
        return {}
    path = f"{place.private}/cache/sizes"
    known = _load_sizes(path)
    wanted = set(tips.values())
    asked = [tip for tip in sorted(wanted) if tip not in known or known[tip].onto != onto]
    if asked:
        known = _measure_tips(place, onto, asked, known)
        # Other tips are dropped.
        rows = {tip: (*each[:2], tuple(each.size)) for tip, each in known.items() if tip in wanted}
        cachefile.save(path, _FORM, rows)
    return {card: known[tip].size for card, tip in tips.items() if tip in known}


def _load_sizes(path: str) -> dict[Oid, _Measured]:
    rows = cachefile.load(path, _FORM) or {}
    return {tip: _Measured(onto, fork, WorkSize(*size)) for tip, (onto, fork, size) in rows.items()}


def _measure_tips(
    place: Place, onto: Oid, tips: Iterable[Oid], known: Mapping[Oid, _Measured]
) -> dict[Oid, _Measured]:
    """Return the known sizes, updated for these tips."""
    forks = _ask_forks(place, onto, tips)
    new = {tip: fork for tip, fork in forks.items() if tip not in known or known[tip].fork != fork}
    sizes = _ask_sizes(place, new) if new else {}
    measured = {tip: each for tip, each in known.items() if each.onto == onto}
    for tip, fork in forks.items():
        size = sizes.get(tip) if tip in new else known[tip].size
        if size:
            measured[tip] = _Measured(onto, fork, size)
    return measured


def _ask_forks(place: Place, onto: Oid, tips: Iterable[Oid]) -> dict[Oid, Oid]:
    """Return the commit at which each tip left base, for tips that are here."""
    words = ("--parents", "--boundary", "--ignore-missing", *tips, "--not", onto)
    done = git.run(place.common, "rev-list", *words, check=False)
    if done.code:
        return {}
    ahead: dict[Oid, list[Oid]] = {}  # commits that base does not have, and their parents
    for line in done.lines:
        commit, *parents = map(Oid, line.split())
        if not commit.startswith("-"):
            ahead[commit] = parents
    forks = {}
    for tip in tips:
        reached, front = set[Oid](), [tip]
        while front:
            commit = front.pop()
            if commit not in reached:
                reached.add(commit)
                front += ahead.get(commit, ())
        left = reached - ahead.keys()
        if len(left) == 1:
            forks[tip] = left.pop()
        elif left:  # base was merged into it
            asked = git.run(place.common, "merge-base", onto, tip, check=False)
            if not asked.code:
                forks[tip] = asked.oid
    return forks


def _ask_sizes(place: Place, forks: Mapping[Oid, Oid]) -> dict[Oid, WorkSize]:
    """Return the sizes of tips since their forks; binary files count no lines."""
    lines = "".join(f"{tip} {fork}\n" for tip, fork in forks.items())
    words = ("--stdin", "--always", "-r", "-M", "--no-ext-diff", "--numstat", "-z")
    done = git.run(place.common, "diff-tree", *words, input=lines.encode(), check=False)
    sizes: dict[Oid, WorkSize] = {}
    tip = NO_OID
    for field in done.text.split("\0"):
        if field in forks:
            tip = Oid(field)
            sizes[tip] = WorkSize(0, 0, 0)
        elif tip and field.count("\t") >= 2:
            added, removed, _ = (
                int(text) if text.isdigit() else 0 for text in field.split("\t", 2)
            )
            before = sizes[tip]
            sizes[tip] = WorkSize(before.added + added, before.removed + removed, before.files + 1)
    return sizes
