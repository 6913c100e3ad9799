"""A dry run of a start and of an accept, for `core.care.readiness`.

It changes nothing. What only a trial can show, such as a failing filter, is left to the accept.
"""

import os
from collections.abc import Iterator

from gitkanban.board.following import follow_base
from gitkanban.board.repo import checkouts, commits, standstill
from gitkanban.board.repo.checkouts import Checkout, base_of
from gitkanban.board.repo.place import Place
from gitkanban.care import equipment
from gitkanban.core.care.surroundings import BlockingBranch, LateIndex, Readiness
from gitkanban.core.ids import CARD_BRANCHES, CARD_REFS, branch_of
from gitkanban.core.model import WORKTREE, Board, Config
from gitkanban.core.names import CardId, Oid
from gitkanban.errors import Refused
from gitkanban.runs import trust
from gitkanban.runs.workspace import worktree_places, worktrees

_EARLIER_MOST = 30  # earlier commits of base, of each kind, with which an index is compared


def rehearse(place: Place, board: Board) -> Readiness:
    """Return what would stop the next start or the next accept. Raises GitFailed, OSError."""
    config = board.config
    if config is None:
        return Readiness()
    base = base_of(place, config)
    untrusted = trust.untrusted(place, config)
    on_base = checkouts.on(place, f"refs/heads/{base}") if base else []
    return Readiness(
        no_base=_find_base_fault(place, base),
        no_folder=_find_folder_fault(place, config),
        blocking=tuple(_list_blocking(place, board, base)),
        silent=tuple(equipment.ask_agents(place, config, untrusted)),
        late=tuple(_list_late(place, on_base, base)),
        stuck=tuple(_list_stuck(place, on_base)),
    )


def _find_base_fault(place: Place, base: str) -> str:
    if not base:
        return "no base is set, and HEAD names no branch: no card can start, no work is accepted"
    if not commits.resolve(place.common, f"refs/heads/{base}"):
        return f"the base branch {base} does not exist: no card can start, no work is accepted"
    return ""


# -- a start


def _find_folder_fault(place: Place, config: Config) -> str:
    """Return why the folder of worktrees cannot be created or written to; empty if it can."""
    if all(worker.workspace_policy != WORKTREE for worker in config.workers.values()):
        return ""
    try:
        worktree_places.check_folder(place, config.worktrees)
    except Refused as error:
        return error.message
    standing = worktrees.folder_of(place, config.worktrees)
    while not os.path.lexists(standing):
        standing = os.path.dirname(standing)
    if not os.path.isdir(standing):
        return f"{standing} is not a folder"
    if os.access(standing, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return ""
    if os.statvfs(standing).f_flag & os.ST_RDONLY:
        return f"the disk of {standing} is read-only"
    return f"you may not write in {standing}"


def _list_blocking(place: Place, board: Board, base: str) -> Iterator[BlockingBranch]:
    """Yield branches named `card`, or below the branch of a card on the board.

    git keeps refs as files in folders, so one name cannot be both (git-check-ref-format(1)).
    """
    listed = commits.text(
        place.common, "for-each-ref", "--format=%(refname)", CARD_REFS.rstrip("/"), CARD_REFS
    )
    for ref in dict.fromkeys(filter(None, listed.split("\n"))):
        name = ref.removeprefix("refs/heads/")
        _, _, rest = name.partition("/")
        card, below, _ = rest.partition("/")
        if not rest:
            yield BlockingBranch(name, f"{CARD_BRANCHES}…")
        elif below and card in board.cards:
            merged = bool(base) and commits.is_ancestor(place.common, ref, f"refs/heads/{base}")
            yield BlockingBranch(name, branch_of(CardId(card)), merged)


# -- an accept


def _list_stuck(place: Place, on_base: list[Checkout]) -> Iterator[tuple[str, str]]:
    for checkout in on_base:
        what = standstill.unfinished(checkout)
        if what and checkout.head == place.ref:
            continue  # reported already, as the board's standstill
        if what:
            yield checkout.root, f"{what} is in progress there"
        elif paths := checkout.run("ls-files", "-z", "--unmerged", check=False).text:
            first = paths.split("\0")[0].partition("\t")[2]
            yield checkout.root, f"conflicts there are not resolved: {first}"
        elif not os.access(checkout.root, os.W_OK | os.X_OK):
            yield checkout.root, "you may not write there"


def _list_late(place: Place, on_base: list[Checkout], base: str) -> Iterator[LateIndex]:
    """Yield checkouts whose index is that of an earlier commit of base, with no record of why."""
    for checkout in on_base:
        known = next(follow_base.behind(place, [checkout]), None) or standstill.unfinished(checkout)
        if known or _is_index_of(place, checkout, "HEAD"):
            continue
        words = ("log", "--format=%H", f"--max-count={_EARLIER_MOST}")
        ref = f"refs/heads/{base}"
        earlier = commits.text(place.common, *words, "-g", ref).split("\n")
        earlier += commits.text(place.common, *words, "--first-parent", ref).split("\n")
        for commit in map(Oid, dict.fromkeys(filter(None, earlier))):
            if _is_index_of(place, checkout, commit):
                yield LateIndex(checkout.root, base, commit)
                break


def _is_index_of(place: Place, checkout: Checkout, rev: str) -> bool:
    """Return whether the index is that of a revision, apart from the board's files.

    Those follow separately.
    """
    apart = (
        (".", f":(exclude){place.prefix}") if place.prefix and place.ref == checkout.head else ()
    )
    words = ("diff-index", "--cached", "--quiet", rev, "--", *apart)
    return checkout.run(*words, check=False).code == 0
