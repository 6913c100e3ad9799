"""A new board: in the tree of the branch that is checked out, or on a branch of its own.

It writes one commit, in the same way as every other change, and overwrites no file.
"""

import os
from collections.abc import Mapping

from gitkanban.board.content.writing import NewTree
from gitkanban.board.following import follow_board
from gitkanban.board.moving import move
from gitkanban.board.repo import git, mainfinder, placefinder, placewriter, refs
from gitkanban.board.repo.place import CONFIG, FOLDER, Place
from gitkanban.core.names import NO_OID, Oid
from gitkanban.errors import BoardBusy, BoardMoved, GitFailed, NoBoard, Refused
from gitkanban.files import make_folder

__all__ = ["create", "move"]

ATTEMPTS = 10
IGNORED = "slots/\n"


def create(cwd: str, *, branch: str = "", config: str, files: Mapping[str, str]) -> Place:
    """Make a board of a config and other files (by path from its root), and return its place.

    `branch` names a new branch for the board; empty: the branch that is checked out in `cwd`.
    Raises Refused for an obstacle, GitFailed when git knows no author; nothing is written then.
    """
    common, main, here, pinned, _, signs = placefinder.repository(cwd)
    mainfinder.refuse_overlooked(common, main)
    _refuse_second(cwd, common, pinned)
    texts = {CONFIG: config, ".gitignore": IGNORED, **files}
    private = f"{common}/gitkanban"
    slots = f"{main}/{FOLDER}/slots" if main else f"{private}/slots"
    if branch:
        place = Place(
            common, main, branch, "", slots=slots, private=private, here=here, signs=signs
        )
        _on_its_own(place, texts)
    else:
        name = _checked_out(cwd)
        place = Place(
            common, main, name, FOLDER, slots=slots, private=private, here=here, signs=signs
        )
        place = _in_tree(place, texts)
    placewriter.pin(place)
    if main and main != os.path.dirname(common):
        make_folder(private)
        mainfinder.remember_main(common, main)
    return place


def refuse_where_none_can_be(cwd: str) -> None:
    """Refuse a folder in which no board can begin, before the user is asked which one to make.

    Raises Refused, GitFailed, NoBoard.
    """
    common, _, _, pinned, _, _ = placefinder.repository(cwd)
    _refuse_second(cwd, common, pinned)
    if git.run(common, "for-each-ref", "--count=1", "refs/heads").text == "":
        raise Refused("this repository has no commit yet", "Commit something first.")


def _refuse_second(cwd: str, common: str, pinned: str) -> None:
    try:
        other = placefinder.find(cwd)
    except NoBoard:
        if pinned and refs.exists(common, f"refs/heads/{pinned}"):
            return  # somebody removed it from there; a new one may begin
        if pinned:
            raise
        return
    raise Refused(f"there is already a board, on branch {other.branch}", "`gitkanban status`")


def _checked_out(cwd: str) -> str:
    """Return the branch that is checked out here. Raises Refused where no board can begin."""
    name = git.run(cwd, "symbolic-ref", "-q", "HEAD", check=False).text.removeprefix("refs/heads/")
    if not name:
        raise Refused(
            "HEAD is detached, and a board lives on a branch",
            "`git switch` to one, or `gitkanban init --branch kanban`.",
        )
    if git.run(cwd, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False).code:
        raise Refused(
            f"branch {name} has no commit yet", "Commit something first; work starts from a commit."
        )
    refs.check_branch_name(cwd, name)
    return name


def _in_tree(place: Place, texts: Mapping[str, str]) -> Place:
    for _ in range(ATTEMPTS):
        tip = git.run(place.common, "rev-parse", place.ref).oid
        root = place.here
        if root:
            _refuse_drafts(root, texts)
        why = refs.why_not(place)
        if why:
            raise BoardBusy(f"the board was not created: {why}", "Finish or abort that first.")
        commit = _commit_files(place, tip, texts)
        follow_board.begin(place, tip)
        if refs.swap(place, tip, commit, "kanban: a board"):
            placewriter.hide(place.common, f"{FOLDER}/slots/")
            notices = follow_board.follow(place)
            return place._replace(notices=(*notices, *_uncommitted_files(root)))
    raise BoardMoved(f"branch {place.branch} kept moving", "Try again.")


def _refuse_drafts(root: str, texts: Mapping[str, str]) -> None:
    """Refuse to overwrite files of the board that a person wrote by hand. Raises Refused."""
    folder = f"{root}/{FOLDER}"
    if os.path.lexists(folder) and (os.path.islink(folder) or not os.path.isdir(folder)):
        raise Refused(f"{folder} is in the way", "Move it away; the board's folder goes there.")
    for name, text in texts.items():
        try:
            with open(f"{folder}/{name}", encoding="utf-8", errors="surrogateescape") as file:
                same = file.read() == text
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Refused(f"{folder}/{name} is in the way: {error.strerror}", "") from None
        if not same:
            raise Refused(
                f"{folder}/{name} is already there, but not committed",
                f"Commit it (git add {FOLDER} && git commit): that makes the board. Or move it.",
            )


def _uncommitted_files(root: str) -> list[str]:
    """Return a notice about uncommitted files in the board's folder, if there are any."""
    if not root:
        return []
    done = git.run(
        root, "ls-files", "-z", "--others", "--exclude-standard", "--", FOLDER, check=False
    )
    paths = [path for path in done.text.split("\0") if path]
    return [f"not committed, so not on the board yet: {', '.join(paths)}"] if paths else []


def _on_its_own(place: Place, texts: Mapping[str, str]) -> None:
    refs.check_branch_name(place.common, place.branch)
    if refs.exists(place.common, place.ref):
        raise Refused(
            f"branch {place.branch} exists, and holds no board", "Choose another name for it."
        )
    if git.run(place.common, "for-each-ref", "--count=1", "refs/heads").text == "":
        raise Refused("this repository has no commit yet", "Commit something first.")
    refuse_occupied(place)
    commit = _commit_files(place, NO_OID, texts)
    if not refs.swap(place, NO_OID, commit, "kanban: a board"):
        raise Refused(f"branch {place.branch} has just been made by somebody else", "")
    placewriter.check_out(place.common, place.main, place.branch)


def refuse_occupied(place: Place) -> None:
    """Refuse where something is in the place of the board's checkout. Raises Refused."""
    folder = f"{place.main}/{FOLDER}"
    if not place.main or not os.path.lexists(folder):
        return
    if os.path.islink(folder) or not os.path.isdir(folder) or os.listdir(folder):
        raise Refused(
            f"{folder} already exists", "The board is checked out there: move it away first."
        )


def _commit_files(place: Place, tip: Oid, texts: Mapping[str, str]) -> Oid:
    draft = NewTree(place, tip)
    for name, text in texts.items():
        draft.write(name, text)
    commit = draft.commit("kanban: a board\n", [tip] if tip else [])
    if not commit:
        raise GitFailed("the board already exists", "`gitkanban status`")
    return commit
