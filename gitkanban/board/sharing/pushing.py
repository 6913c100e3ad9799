"""A load pushed to the remote in one step: board, base, and branches of cards.

Nothing is forced. What the remote does not take is left out, where the rest may go without it.
"""

from collections.abc import Mapping

from gitkanban import failpoints
from gitkanban.board.repo import git, remotes
from gitkanban.board.sharing.fetching import fetch
from gitkanban.board.sharing.link import Link
from gitkanban.core.ids import CARD_BRANCHES, CARD_REFS, card_ref
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.tick.travel import CardTip, Load, lighten
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple


class Published(NamedTuple):
    """The result of a push: whether the board went, and what of the load the remote did not take.

    Not `done`: somebody else was first.
    """

    done: bool
    refused: Mapping[str, str] = {}  # the refs that the remote does not take, and why
    fenced: tuple[CardTip, ...] = ()  # their branches have other commits there
    certain: bool = True  # False: it may be that the remote takes nothing at all
    sent: bool = False  # the board went


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


def push_all_cards(link: Link) -> None:
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
