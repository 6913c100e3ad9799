"""The board's branch synced with a remote's: fetched, merged, pushed; and the work of its cards
with it.

Nothing is forced. Only the board's branch is pushed, the branches of cards, and base if it has
work that the board calls done. On a conflict both sides stay as they were, and the conflict is
named.
"""

import time
from collections.abc import Collection, Iterable, Mapping

from gitkanban import clock, failpoints
from gitkanban.board import store
from gitkanban.board.following import follow_base, follow_board, rehearsal
from gitkanban.board.repo import (
    checkouts,
    commits,
    git,
    merging,
    refs,
    remote_names,
    remotes,
)
from gitkanban.board.repo.base import check_base
from gitkanban.board.repo.clone import clone_id
from gitkanban.board.repo.place import Place
from gitkanban.board.sharing import late_refs
from gitkanban.board.sharing.boardmerge import BoardMerge
from gitkanban.board.work import cardwork
from gitkanban.core.ids import CARD_BRANCHES, CARD_REFS, card_ref
from gitkanban.core.model import TODO, Board
from gitkanban.core.names import NO_OID, CardId, Oid, RunId
from gitkanban.core.tick.superseded import LATE_REFS
from gitkanban.core.tick.travel import CardTip, Load, cards_due, carries_work, extendable, lighten
from gitkanban.errors import BoardBusy, BoardMoved, GitFailed, NotFound, Refused
from gitkanban.typed import NamedTuple

ATTEMPTS = 20


class Link(NamedTuple):
    """What this clone shares with a remote: the board, and the work of its cards if `work`."""

    place: Place
    remote: str
    work: bool = False
    base: str = ""  # the branch; empty: it does not travel, or only as the board's own branch
    closed: Collection[str] = ()  # refs that the remote has lately refused to take: not pushed

    @property
    def base_ref(self) -> str:
        """Base's ref; empty if base does not travel."""
        return f"refs/heads/{self.base}" if self.base else ""

    def tip_there(self, branch: str) -> Oid:
        """Return the commit of the remote's branch as far as known; empty for none."""
        return remotes.tip(self.place, self.remote, branch)


class Published(NamedTuple):
    """The result of a push: whether the board went, and what of the load the remote did not take.

    Not `done`: somebody else was first.
    """

    done: bool
    refused: Mapping[str, str] = {}  # the refs that the remote does not take, and why
    fenced: tuple[CardTip, ...] = ()  # their branches have other commits there
    certain: bool = True  # False: it may be that the remote takes nothing at all
    sent: bool = False  # the board went


class Synced(NamedTuple):
    """The result of a sync: the branch's commit, and whether anything was fetched or pushed."""

    commit: Oid
    pulled: bool = False
    pushed: bool = False
    notices: tuple[str, ...] = ()
    base_fault: str = ""  # why base here does not contain base there
    published: Published = Published(True)


def remote_of(place: Place, named: str = "") -> str:
    """Return the remote to sync with: the named one, the branch's own, origin, or the only one.

    Raises NotFound.
    """
    if named:
        return remote_names.check_configured(place.common, named)
    known = remote_names.configured(place.common)
    own = git.run(place.common, "config", f"branch.{place.branch}.remote", check=False).text
    for name in (own, "origin", known[0] if len(known) == 1 else ""):
        if name in known and name:
            return name
    raise NotFound(
        "this repository has no remote to sync with" if not known else "which remote?",
        "`git remote add origin URL`, or --remote NAME.",
    )


def sync(link: Link, cards: bool = False, ask_first: bool = True, send: bool = True) -> Synced:
    """Fetch, merge and push; try again a few times when somebody moves either side first.

    `cards` pushes all branches of cards. Without `ask_first` it pushes first and fetches only if
    that is refused; without `send` it only fetches. Raises Offline, Conflicting, BoardBusy,
    Refused, GitFailed, BoardMoved; the branch is then as it was, or has only taken in the remote's.
    """
    pulled, fault, notices = False, "", list[str]()
    place = link.place
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(1.0, 0.01 * 2 ** min(attempt, 7)) * clock.jitter())
        if attempt or ask_first:
            theirs = fetch(link)
            moved, fault, lines = _take_base(link)
            notices += lines
            pulled |= moved
            ours = checkouts.tip(place, place.ref)
            if theirs and not (ours and commits.is_ancestor(place.common, theirs, ours)):
                taken_in = _take_in(place, link.remote, ours, theirs)
                if taken_in is None:
                    continue
                notices += taken_in
                pulled = True
                if link.work:  # a card that came just now may start at once
                    fetch_cards(link, TODO)
        ours = checkouts.tip(place, place.ref)
        load = load_of(link) if send else Load(NO_OID)
        if load.base and fault:
            raise Refused(
                f"the board is not pushed, for it has work that base lacks there: {fault}"
            )
        done = publish(link, load)
        if done.done:
            if cards:
                _push_all_cards(link)
            return Synced(
                ours, pulled, bool(load.board), tuple(notices), base_fault=fault, published=done
            )
    raise BoardMoved(
        f"{place.branch} moved, here or in {link.remote}, under each of {ATTEMPTS} attempts to "
        "sync it",
        "Try again in a moment.",
    )


# -- what is pushed


def load_of(link: Link) -> Load:
    """Return what the remote lacks, as far as known."""
    place = link.place
    ours = checkouts.tip(place, place.ref)
    board = ours if ours != link.tip_there(place.branch) else NO_OID
    if not link.work or not ours:
        return Load(board)
    now = store.read(place)
    return Load(board, base_due(link, now), card_tips(link, now))


def card_tips(link: Link, board: Board) -> tuple[CardTip, ...]:
    """Return the branches of cards that the remote lacks, as far as known."""
    if not link.work:
        return ()
    clone = clone_id(link.place)
    if not cards_due(board, clone, {}):
        return ()
    prefix = f"refs/remotes/{link.remote}/{CARD_BRANCHES}"
    listed = git.run(
        link.place.common, "for-each-ref", "--format=%(objectname) %(refname)", prefix, LATE_REFS
    ).lines
    tips = {ref: tip for tip, _, ref in (line.partition(" ") for line in listed)}
    there = {CardId(ref.removeprefix(prefix)): Oid(tip) for ref, tip in tips.items()}
    fenced = [RunId(ref.removeprefix(LATE_REFS)) for ref in tips]
    due = cards_due(board, clone, there, fenced)
    common = link.place.common
    return tuple(
        tip
        for tip in due
        if card_ref(tip.card) not in link.closed
        # Somebody has built on it there.
        and not (tip.card in there and commits.is_ancestor(common, tip.commit, there[tip.card]))
    )


def base_due(link: Link, board: Board) -> Oid:
    """Return base's commit if it has work that the board calls done and the remote lacks.

    So the board cannot go alone: where the remote's base has moved on as well, the push is refused
    until that was fetched.
    """
    ours, theirs = checkouts.tip(link.place, link.base_ref), link.tip_there(link.base)
    if not link.base or link.base_ref in link.closed or not ours or ours == theirs:
        return NO_OID
    return ours if carries_work(board, _commits_between(link, theirs, ours)) else NO_OID


def _commits_between(link: Link, older: Oid, newer: Oid) -> frozenset[Oid]:
    without = (f"^{older}",) if older else ()
    return frozenset(map(Oid, git.run(link.place.common, "rev-list", newer, *without).lines))


def publish(link: Link, load: Load, whole: bool = False) -> Published:
    """Push a load in one step, and again without what the remote does not take.

    With `whole` nothing is pushed without base. Raises Offline, Refused where the server rejects
    the board, GitFailed.
    """
    place = link.place
    before = link.tip_there(place.branch)
    refused, fenced = dict[str, str](), list[CardTip]()
    while load != Load(NO_OID):
        wants_base = load.base
        try:
            pushed = _push_load(link, load)
        except Refused as refusal:  # by the hook of the code, which the board alone does not run
            if place.prefix or load == Load(load.board):
                raise
            refused |= dict.fromkeys(_refs_of(link, load) - {place.ref}, refusal.message)
            load = Load(load.board)
        else:
            if pushed.done:
                failpoints.reach("sync.pushed")
                _note_pushed(link, load)
                break
            lighter = lighten(load, pushed.refs, place.ref, link.base_ref)
            if lighter is None:
                return _not_published(link, pushed, before)
            left = _refs_of(link, load) - _refs_of(link, lighter)
            refused |= {ref: _words_of(pushed, ref) for ref in left if not pushed.refs[ref].stale}
            tips = set(load.cards) - set(lighter.cards)
            fenced += [tip for tip in tips if card_ref(tip.card) not in refused]
            load = lighter
        if whole and wants_base and not load.base:
            return Published(False, refused, certain=place.ref in pushed.spared)
    return Published(True, refused, tuple(sorted(fenced)), sent=bool(load.board))


def _refs_of(link: Link, load: Load) -> set[str]:
    refs_there = {card_ref(tip.card) for tip in load.cards}
    refs_there |= {link.base_ref} if load.base else set()
    return refs_there | ({link.place.ref} if load.board else set())


def _words_of(pushed: remotes.Pushed, ref: str = "") -> str:
    """Return why a ref (or the whole push) was refused: `(hook declined), saying "no"`."""
    why = pushed.refs[ref].why if ref else pushed.refused
    return f'{why}, saying "{pushed.words}"' if pushed.words else why


def _not_published(link: Link, pushed: remotes.Pushed, before: Oid) -> Published:
    """Return that somebody else was first. Raises Refused if the remote takes no board."""
    place = link.place
    if pushed.refused and not _was_first(link, before):
        hint = f"Have {link.remote} take them; `gitkanban sync` tries at once."
        if place.prefix:
            hint = "A board that ticks cannot live on a protected branch: "
            hint += "gitkanban init --branch kanban."
        why = _words_of(pushed)
        raise Refused(f"{link.remote} does not take pushes to {place.branch} {why}", hint)
    return Published(False)


def _push_load(link: Link, load: Load) -> remotes.Pushed:
    place = link.place
    specs = [f"{tip.commit}:{card_ref(tip.card)}" for tip in load.cards]
    specs += [f"{load.base}:{link.base_ref}"] if load.base else []
    # Hooks of the code must not run for a branch that has only the board.
    hooks = bool(place.prefix or specs)
    specs += [f"{load.board}:{place.ref}"] if load.board else []
    return remotes.push(place, link.remote, specs, hooks=hooks)


def _push_all_cards(link: Link) -> None:
    """Push every branch of a card. Raises Offline, Refused."""
    pushed = remotes.push(link.place, link.remote, [f"{CARD_REFS}*:{CARD_REFS}*"], hooks=True)
    if not pushed.done:
        why = pushed.refused or f"{', '.join(pushed.refs)} has other commits there"
        raise Refused(f"{link.remote} does not take the branches of all cards: {why}")


def _note_pushed(link: Link, load: Load) -> None:
    """Note the remote's new tips, which git itself does only if a fetch is configured so."""
    moves = {f"{CARD_BRANCHES}{tip.card}": tip.commit for tip in load.cards}
    moves |= {link.place.branch: load.board, link.base: load.base}
    wrong = {
        f"refs/remotes/{link.remote}/{branch}": commit
        for branch, commit in moves.items()
        if commit and link.tip_there(branch) != commit
    }
    if wrong:
        orders = "".join(f"update {ref} {commit}\n" for ref, commit in wrong.items())
        git.run(link.place.common, "update-ref", "--stdin", input=orders.encode(), check=False)


def _was_first(link: Link, before: Oid) -> bool:
    """Return whether a push failed because somebody else pushed: servers word that differently."""
    return fetch(link) != before


# -- what is fetched


def fetch(link: Link) -> Oid:
    """Fetch what is shared, and return the remote's tip of the board; empty if it has none.

    With it come the branches of open cards whose last work is not here, or on which people may
    have built. Raises Offline.
    """
    branches = [link.place.branch, *filter(None, [link.base])]
    wanted = {f"refs/heads/{name}": f"refs/remotes/{link.remote}/{name}" for name in branches}
    there = remotes.fetch(link.place, link.remote, wanted, _card_patterns(link))
    failpoints.reach("sync.fetched")
    return link.tip_there(link.place.branch) if link.place.ref in there else NO_OID


def fetch_cards(link: Link, status: str = "") -> None:
    """Fetch the branches of open cards (of one status) whose last work is not here.

    Raises Offline.
    """
    board = _board_at_work(link)
    missing = cardwork.missing(link.place, board) if board else []
    cards = [card for card in missing if board and status in ("", board.cards[card].status)]
    if cards:
        fetch_branches(link, cards)


def fetch_branches(link: Link, cards: Iterable[CardId]) -> None:
    """Fetch the branches of these cards. Raises Offline."""
    remotes.fetch(link.place, link.remote, {}, _patterns_of(link, cards))


def _card_patterns(link: Link) -> list[str]:
    board = _board_at_work(link)
    if board is None:
        return []
    cards = {*cardwork.missing(link.place, board), *extendable(board)}
    return _patterns_of(link, sorted(cards))


def _patterns_of(link: Link, cards: Iterable[CardId]) -> list[str]:
    # With a star: a branch that is not there is no fault.
    return [
        f"+{CARD_REFS}{card}*:refs/remotes/{link.remote}/{CARD_BRANCHES}{card}*" for card in cards
    ]


def _board_at_work(link: Link) -> Board | None:
    """Return the board here if the work of its cards travels; else, and without one, None."""
    if not link.work or not checkouts.tip(link.place, link.place.ref):
        return None
    return store.read(link.place)


def _take_base(link: Link) -> tuple[bool, str, list[str]]:
    """Bring base here to contain base there: (whether it moved, why it could not, notices).

    It is fast-forwarded. Where both have commits, they are merged if ours are accepted work, for
    only then must base be pushed; what a person has not pushed yet stays a person's.
    """
    ours, theirs = checkouts.tip(link.place, link.base_ref), link.tip_there(link.base)
    if not link.base or not theirs or ours == theirs:
        return False, "", []
    common = link.place.common
    if ours and commits.is_ancestor(common, theirs, ours):
        return False, "", []
    name = f"{link.remote}/{link.base}"
    try:
        check_base(link.place, link.base)
        new = theirs
        if ours and not commits.is_ancestor(common, ours, theirs):
            if not carries_work(store.read(link.place), _commits_between(link, theirs, ours)):
                why = f"{link.base} and {name} have diverged, by commits that no card made"
                return False, f"{why}: merge or rebase them, and push", []
            new = _merge_bases(link, ours, theirs, name)
        return True, "", _move_base(link, ours, new, name)
    except (Refused, BoardBusy, GitFailed) as error:
        return False, f"{link.base} stays behind {name}: {error.message}", []


def _merge_bases(link: Link, ours: Oid, theirs: Oid, name: str) -> Oid:
    """Make the merge of base here and there, and return its commit. Raises Refused."""
    from gitkanban.board.content.writing import NewTree

    with merging.merger(link.place.common, ours) as merger:
        done = merger.merge(theirs)
    if not done.clean:
        raise Refused(f"both changed {', '.join(done.conflicts)}", f"`git merge {name}` by hand.")
    return NewTree(link.place, ours).commit_tree(done.tree, f"Merge {name}\n", [ours, theirs])


def _move_base(link: Link, old: Oid, new: Oid, name: str) -> list[str]:
    """Move base and the checkouts that are on it; return notices. Raises Refused, BoardBusy."""
    place, ref = link.place, link.base_ref
    why = refs.why_not(place)
    if why:
        raise BoardBusy(why, "Finish or abort that first.")
    stays = checkouts.on(place, ref) if old else []
    rehearsal.refuse_unable(place, stays, old, new)
    follow_base.begin(stays, ref, old, new)
    words = ("-c", "core.fsync=all", "update-ref", "-m", f"kanban: merge {name}")
    done = git.run(place.common, *words, ref, new, old or git.ZEROS, check=False)
    if done.code:
        follow_base.forget(stays, new)
        raise BoardBusy(f"{link.base} moved meanwhile", "Try again.")
    failpoints.reach("sync.base-moved")
    return follow_base.bring(place, stays, old, new)


# -- how the board is merged


def _take_in(place: Place, remote: str, ours: Oid, theirs: Oid) -> list[str] | None:
    """Merge the remote's tip into the branch, bring the checkouts along, and return notices.

    None where the branch has moved in the meantime: then nothing was done.
    """
    why = refs.why_not(place)
    if why:
        raise BoardBusy(f"the board is not merged: {why}", "Finish or abort that first.")
    name = f"{remote}/{place.branch}"
    if not ours or commits.is_ancestor(place.common, ours, theirs):
        new, notices = theirs, list[str]()
    else:
        merge = BoardMerge(place, ours, theirs, name)
        new, notices = merge.commit(), merge.notices
        late_refs.keep(place, merge.late)
    # Code and board move separately. The code moves by git's two-way merge, refused where work
    # is in the way. The board moves as after every commit: an edited card is merged by field.
    stays = checkouts.on(place, place.ref) if place.prefix and ours else []
    mixed = _tree_with_old_board(place, ours, new) if stays else NO_OID
    if stays:
        rehearsal.refuse_unable(place, stays, ours, mixed)
        follow_base.begin(stays, place.ref, ours, mixed, commit=new)
    if ours:
        follow_board.begin(place, ours)
    if not refs.swap(place, ours, new, f"kanban: merge {name}"):
        follow_base.forget(stays, mixed)
        return None
    failpoints.reach("sync.merged")
    if stays:
        notices += follow_base.bring(place, stays, ours, mixed)
    return [*notices, *follow_board.follow(place)]


def _tree_with_old_board(place: Place, old: Oid, new: Oid) -> Oid:
    """Return the tree of `new` with the board of `old`."""
    folder = commits.text(place.common, "rev-parse", "--verify", "-q", f"{old}:{place.prefix}")
    return merging.with_folder(place.common, new, place.prefix, Oid(folder))
