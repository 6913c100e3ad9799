"""Checkouts of the board's branch brought along after a commit: the board's changed paths only.

The commit that each checkout last followed is recorded in its administrative folder. So following
can be repeated, and the next command completes what was cut short. Files are written first, then
the index by git's own `update-index`, which locks it before reading it. No ref is moved.
"""

from gitkanban import failpoints, files
from gitkanban.board.following.follow_file import Path, settle
from gitkanban.board.repo import blobs, checkouts, git, standstill
from gitkanban.board.repo.checkouts import Checkout
from gitkanban.board.repo.index_file import read_entries
from gitkanban.board.repo.new_objects import ChangedFile
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.turn import Turn
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import BadData, GitFailed
from gitkanban.typed import NamedTuple

RECORD = "gitkanban-followed"
_FEW = 8  # paths; up to as many are looked up in the index by hand
_MANY = 200  # paths; above this the whole board's index entries are listed
_FILES = ("100644", "100755")


class Step(NamedTuple):
    """A commit of ours and the paths that it changed, so that git need not be asked for them."""

    old: Oid
    new: Oid
    files: tuple[ChangedFile, ...]


def begin(place: Place, commit: Oid) -> None:
    """Record, before the branch moves, where checkouts stand that have never followed it."""
    for checkout in _board_checkouts(place):
        if not _followed_commit(place, checkout):
            _write_record(place, checkout, commit)


def follow(place: Place, step: Step | None = None) -> list[str]:
    """Bring every checkout of the board's branch to its tip, and return notices.

    `step` is a commit that has just been made: most often it is all that the checkouts lack.

    If another process is doing this, it is left to that one, which looks again before it ends. An
    obstacle, such as a locked index or a full disk, gives a notice; the next command tries again.
    """
    notices: list[str] = []
    while True:
        tip = checkouts.tip(place, place.ref)
        behind = [each for each in _board_checkouts(place) if _followed_commit(place, each) != tip]
        if not tip or not behind:
            return notices
        with Turn(place, "follow") as turn:
            if not turn.ours:
                return notices
            failpoints.reach("follow.locked")
            tip = checkouts.tip(place, place.ref)  # it may have moved before our turn came
            done = [
                _bring_checkout(place, checkout, tip, notices, step=step) for checkout in behind
            ]
        if not all(done):
            return notices


def _board_checkouts(place: Place) -> list[Checkout]:
    return [each for each in checkouts.followers(place) if each.head == place.ref]


def _followed_commit(place: Place, checkout: Checkout) -> Oid:
    """Return the commit up to which a checkout has followed this branch; empty if it never did."""
    commit, _, ref = checkouts.line(f"{checkout.admin}/{RECORD}").partition(" ")
    return Oid(commit) if ref == place.ref else NO_OID


def _write_record(place: Place, checkout: Checkout, commit: Oid) -> None:
    failpoints.reach("follow.record")
    text = f"{commit} {place.ref}\n".encode("utf-8", "surrogateescape")
    files.replace(f"{checkout.admin}/{RECORD}", text, lasting=False)
    failpoints.reach("follow.recorded")


class _IndexEntry(NamedTuple):
    """The entry of one path in an index."""

    mode: str
    oid: Oid
    stage: str
    skipped: bool  # left out by a sparse checkout


def _bring_checkout(
    place: Place, checkout: Checkout, tip: Oid, notices: list[str], step: Step | None
) -> bool:
    """Bring one checkout to the tip, and return whether it got there."""
    if standstill.unfinished(checkout):
        return False
    try:
        done = _bring_paths(place, checkout, tip, notices, step=step)
        if done:
            _write_record(place, checkout, tip)
    except OSError as error:
        notices.append(f"{checkout.root} follows later: {error.strerror or error}")
        return False
    except (GitFailed, BadData) as error:
        notices.append(f"{checkout.root} follows later: {error.message}")
        return False
    return done


def _bring_paths(
    place: Place, checkout: Checkout, tip: Oid, notices: list[str], step: Step | None
) -> bool:
    since = _followed_commit(place, checkout)
    if step and step[:2] == (since, tip):
        changed = [Path(*file) for file in step.files if file.before != file.after]
    else:
        changed = _changed_paths(place, since, tip) if since else []
    if not changed:
        return True
    entries = _index_entries(place, checkout, [path.name for path in changed])
    whole = True
    orders, sparse = [], []
    for path in changed:
        entry = entries.get(path.name)
        if entry and entry.stage != "0":
            notices.append(f"{path.name} in {checkout.root} is unmerged, so it is left as it is")
            whole = False
            continue
        path = path._replace(staged=entry.oid if entry else NO_OID)
        skipped = bool(entry and entry.skipped)
        settled = settle(place, checkout.root, path, since, tip=tip, skipped=skipped)
        failpoints.reach("follow.file-written")
        notices.extend(settled.notices)
        if settled.staged != path.staged:
            orders.append(_index_line(path, settled.staged))
        if skipped and settled.staged:
            sparse.append(path.name)
    if orders:
        text = "".join(orders).encode("utf-8", "surrogateescape")
        checkout.run("update-index", "-z", "--index-info", input=text)
        failpoints.reach("follow.index-written")
    if sparse:
        names = "".join(f"{name}\0" for name in sparse).encode("utf-8", "surrogateescape")
        checkout.run("update-index", "-z", "--skip-worktree", "--stdin", input=names)
    return whole


def _index_line(path: Path, oid: Oid) -> str:
    """Return a line for `update-index --index-info` (its third form)."""
    return f"{path.mode} {oid} 0\t{path.name}\0" if oid else f"0 {git.ZEROS}\t{path.name}\0"


def _changed_paths(place: Place, since: Oid, tip: Oid) -> list[Path]:
    """Return the board's paths that differ between two commits; none if the older one is gone."""
    done = git.run(
        place.common, "diff-tree", "-r", "-z", "--raw", "--no-renames", since, tip, "--",
        place.prefix or ".", check=False,
    )  # fmt: skip
    fields = done.text.split("\0")
    changed = []
    for meta, name in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, mode, old, new, _ = meta[1:].split(" ")
        if mode not in _FILES and new.strip("0"):
            continue  # a link or a submodule: nothing that a board has
        before, after = git.oid_of(old), git.oid_of(new)
        changed.append(Path(name, mode if after else old_mode, before, after))
    new_ones = {path.new for path in changed if path.new}
    texts = {blob.asked: blob.data for blob in blobs.read(place, new_ones)}
    return [path._replace(text=texts.get(path.new)) for path in changed]


def _index_entries(place: Place, checkout: Checkout, names: list[str]) -> dict[str, _IndexEntry]:
    plain = read_entries(checkout.index_file, names) if len(names) <= _FEW else None
    if plain is not None:
        return {name: _IndexEntry(mode, oid, "0", False) for name, (mode, oid) in plain.items()}
    asked = names if len(names) <= _MANY else [place.prefix or "."]
    done = checkout.run("--literal-pathspecs", "ls-files", "-s", "-t", "-z", "--full-name", "--",
        *asked,
    )  # fmt: skip
    entries = {}
    for line in done.text.split("\0"):
        if line:
            meta, _, name = line.partition("\t")
            tag, mode, oid, stage = meta.split(" ")
            entries[name] = _IndexEntry(mode, Oid(oid), stage, tag == "S")
    return entries
