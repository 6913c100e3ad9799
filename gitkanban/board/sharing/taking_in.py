"""What came from the remote merged into our base and our board, and their checkouts brought along.

On a conflict both sides stay as they were, and the conflict is named.
"""

from gitkanban import failpoints
from gitkanban.board import store
from gitkanban.board.following import follow_base, follow_board, rehearsal
from gitkanban.board.repo import checkouts, commits, git, merging, refs
from gitkanban.board.repo.base import check_base
from gitkanban.board.repo.place import Place
from gitkanban.board.sharing import late_refs
from gitkanban.board.sharing.boardmerge import BoardMerge
from gitkanban.board.sharing.link import Link
from gitkanban.board.sharing.unsent import commits_between
from gitkanban.core.names import NO_OID, Oid
from gitkanban.core.tick.travel import carries_work
from gitkanban.errors import BoardBusy, GitFailed, Refused


def take_base(link: Link) -> tuple[bool, str, list[str]]:
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
            if not carries_work(store.read(link.place), commits_between(link, theirs, ours)):
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
    words = ("update-ref", "-m", f"kanban: merge {name}")
    done = git.run(place.common, *words, ref, new, old or git.ZEROS, check=False)
    if done.code:
        follow_base.forget(stays, new)
        raise BoardBusy(f"{link.base} moved meanwhile", "Try again.")
    failpoints.reach("sync.base-moved")
    return follow_base.bring(place, stays, old, new)


def take_board(place: Place, remote: str, ours: Oid, theirs: Oid) -> list[str] | None:
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
