"""Which board a command means: found the same way from every folder of a repository.

It reads refs and configuration through git, never a working tree's copy of the board. It attaches a
board that only origin has (`placewriter`), and reports that in the place's notices.
"""

import os
import time

from gitkanban.board.repo import git, gitdir, mainfinder, placewriter, refs
from gitkanban.board.repo.place import CONFIG, FOLDER, Place
from gitkanban.board.repo.settings import answers_of, read_settings
from gitkanban.core.ids import KNOWN_REF
from gitkanban.errors import GitFailed, NoBoard, Refused
from gitkanban.typed import NamedTuple

_ORIGINS = "refs/remotes/origin/kanban"


def find(cwd: str, branch: str = "", attached: bool = False) -> Place:
    """Return the board that a command called in `cwd` means, or the one on `branch`.

    A board that only a remote-tracking branch has is attached, unless `attached` asks for one that
    already is. Raises NoBoard, and Refused for repositories that libgit2 cannot open.
    """
    common, main, here, pinned, worktrees, signs = repository(cwd)
    notices: list[str] = []
    standing = _configured_board(common, pinned)
    standing = standing or _standing_board(common, main, None if attached else notices)
    if standing is None:
        raise NoBoard(
            "there is no kanban board in this repository",
            "`gitkanban init` makes one; in a clone, fetch the board's branch first. If it is on "
            "a branch that is here: git config gitkanban.branch NAME",
        )
    name, prefix = standing
    private = f"{common}/gitkanban"
    root = f"{main}/{FOLDER}" if main else private
    start, aside = "", bool(branch and branch != name)
    if aside:
        refs.check_branch_name(common, branch)
        if not refs.exists(common, f"refs/heads/{branch}"):
            start = f"refs/heads/{name}"
        name = branch
    return Place(
        common, main, name, prefix, slots=f"{root}/slots", private=private, notices=tuple(notices), here=here, start=start, aside=aside,
        worktrees=worktrees, signs=signs,
    )  # fmt: skip


class Repository(NamedTuple):
    """A repository as git has it. `main` and `here` are roots of checkouts, empty for none."""

    common: str
    main: str
    here: str
    pinned: str  # the board's branch by configuration; empty: none is named
    worktrees: str = ""  # a folder by configuration; empty: none is named
    signs: bool = False  # `commit.gpgsign`


def repository(cwd: str) -> Repository:
    """The repository around a folder.

    Raises NoBoard outside of one, Refused for an object or ref format that libgit2 cannot open, or
    where nobody can say what the main checkout is.
    """
    common, admin, objects, here = _recall_folders(cwd) or _ask_folders(cwd)
    settings = read_settings(common).values
    storage = settings.get("extensions.refstorage", "")
    for odd in (objects if objects != "sha1" else "", storage if storage == "reftable" else ""):
        if odd:
            raise Refused(
                f"this repository uses {odd}, which gitkanban cannot read",
                "Boards need the sha1 object format and files as ref storage.",
            )
    main = mainfinder.find_main(common, here if admin == common else "", settings)
    if not here and admin == common and _is_within(cwd, main) and not _is_within(cwd, common):
        here = main  # though it is configured as bare
    return Repository(
        common, main, here, settings.get("gitkanban.branch", ""),
        worktrees=settings.get("gitkanban.worktrees", ""),
        signs=settings.get("commit.gpgsign", "").lower() in mainfinder.TRUE,
    )  # fmt: skip


def _is_within(path: str, folder: str) -> bool:
    return bool(folder) and f"{os.path.realpath(path)}/".startswith(f"{os.path.realpath(folder)}/")


class _Folders(NamedTuple):
    """What `git rev-parse` reports in a folder: the repository's paths, format and checkout."""

    common: str
    admin: str
    objects: str
    here: str  # empty where there is no working tree


def _ask_folders(cwd: str) -> _Folders:
    asked_at = time.time_ns()
    done = git.run(
        cwd, "rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir",
        "--show-object-format", "--show-toplevel", check=False, known=False,
    )  # fmt: skip
    lines = done.text.split("\n")
    if len(lines) < 3:
        if not gitdir.common_dir(os.path.realpath(cwd)):
            raise NoBoard("this is not a git repository", "Go into one, or `git init` here first.")
        raise GitFailed(done.complaint, _ownership_advice(done.err.decode("utf-8", "replace")))
    # It fails where there is no working tree.
    common, admin, objects, *rest = lines
    folders = _Folders(common, admin, objects, rest[0] if rest and not done.code else "")
    values, sources = read_settings(folders.common)
    root = gitdir.root_above(cwd)
    # Elsewhere the answer depends on more than the folder that has `.git`.
    if root == folders.here and sources and "core.worktree" not in values:
        more = [root, f"{root}/.git", folders.common, folders.admin]
        more += [f"{folders.admin}/{name}" for name in ("commondir", "config.worktree")]
        answers_of(folders.common).remember(
            f"folders {root}", (*sources, *more), tuple(folders), asked_at
        )
    return folders


def _recall_folders(cwd: str) -> _Folders | None:
    root = gitdir.root_above(cwd)
    common = gitdir.common_dir(root) if root else ""
    known = answers_of(common).recall(f"folders {root}") if common else None
    return _Folders(*known) if known else None


def _ownership_advice(error: str) -> str:
    """Return the command that git suggests where a repository belongs to somebody else."""
    lines = [line.strip() for line in error.splitlines()]
    command = next((line for line in lines if line.startswith("git config ")), "")
    return f"If you trust its owner: {command}" if command else ""


def _configured_board(common: str, name: str) -> tuple[str, str] | None:
    """Return the board whose branch git's configuration names. Raises NoBoard if it is missing."""
    if not name:
        return None
    ref = f"refs/heads/{name}"
    prefix = _prefix_at_tip(common, ref)
    if prefix is not None:
        placewriter.note_pinned(common, name)
        return name, prefix
    asked = "".join(f"{ref}{path}\n" for path in ("", f":{FOLDER}/{CONFIG}", f":{CONFIG}"))
    answers = git.run(common, "cat-file", "--batch-check", input=asked.encode()).text.split("\n")
    there = [not line.endswith((" missing", " ambiguous")) for line in answers]
    if not there[0]:
        # Git writes nothing over a file that a power loss has left without content.
        first = f"rm {common}/{ref}; " if os.path.lexists(f"{common}/{ref}") else ""
        raise NoBoard(
            f"the board's branch {name} does not exist",
            f"Restore it ({first}git branch {name} {KNOWN_REF}), or "
            "name another one with `git config gitkanban.branch`.",
        )
    if not any(there[1:]):
        raise NoBoard(
            f"branch {name} holds no board",
            "`git config gitkanban.branch` names the board's branch.",
        )
    placewriter.note_pinned(common, name)
    return name, FOLDER if there[1] else ""


def _prefix_at_tip(common: str, ref: str) -> str | None:
    """Return the board's folder on a branch; None if git must be asked what is wrong there."""
    from gitkanban.board.repo.checkouts import tip_in
    from gitkanban.board.repo.new_objects import NewObjects

    tip, answers = tip_in(common, ref), answers_of(common)
    if not tip:
        return None
    known = answers.recall(f"board at {ref}")
    if known is not None and known[0] == tip:
        return str(known[1])
    asked_at = time.time_ns()
    try:
        with NewObjects(common) as objects:
            tree = objects.reader.tree_of(tip)
            for prefix in (FOLDER, ""):
                path = f"{prefix}/{CONFIG}" if prefix else CONFIG
                if objects.entry(tree, path.encode())[1]:
                    if objects.reader.asks_git:  # after a pull or a gc: until the next commit
                        answers.remember(f"board at {ref}", (), (tip, prefix), asked_at)
                    return prefix
    except GitFailed:
        pass
    return None


def _standing_board(common: str, main: str, notices: list[str] | None) -> tuple[str, str] | None:
    """Return the board where none is configured: branch kanban, origin's default branch, HEAD.

    A branch that only origin has is created here and reported in `notices`; if that is None, such a
    board does not count.
    """
    ours = board_in(common, "refs/heads/kanban")
    if ours is not None and _is_own(common):
        return "kanban", ours
    theirs = board_in(common, _ORIGINS) if ours is None else None
    if theirs is not None:
        if notices is None:
            return None
        placewriter.attach(common, main, _ORIGINS)
        notices.append("attached the board: branch kanban from origin/kanban")
        return "kanban", theirs
    for ref in (_default_branch(common, notices), _head_of(common)):
        # In the tree of code only the folder makes a board: a config.yaml is anybody's.
        if ref and board_in(common, ref) == FOLDER:
            return ref.removeprefix("refs/heads/"), FOLDER
    return None


def _is_own(common: str) -> bool:
    """Return whether the branch kanban was created here or comes from origin's.

    A branch of that name from elsewhere becomes the board only if a person says so.
    """
    done = git.run(common, "merge-base", "refs/heads/kanban", _ORIGINS, check=False)
    if not done.code:
        return True
    fetched = os.path.exists(f"{common}/FETCH_HEAD")
    return not fetched and not git.run(common, "for-each-ref", "--count=1", "refs/remotes").text


def _head_of(common: str) -> str:
    """Return the branch that is checked out in the main checkout; empty if HEAD is detached."""
    return git.run(common, "symbolic-ref", "-q", "HEAD", check=False).text


def _default_branch(common: str, notices: list[str] | None) -> str:
    """Return origin's default branch; created here where only origin has it, with a board."""
    theirs = git.run(common, "symbolic-ref", "-q", "refs/remotes/origin/HEAD", check=False).text
    ours = theirs.replace("refs/remotes/origin/", "refs/heads/")
    if notices is None or not theirs:
        return ours
    if not refs.exists(common, ours) and board_in(common, theirs) == FOLDER:
        name = ours.removeprefix("refs/heads/")
        git.run(common, "branch", "--", name, theirs)
        notices.append(f"attached the board: branch {name} from origin/{name}")
    return ours


def board_in(common: str, ref: str) -> str | None:
    """Return the board's folder on a ref, None when it has no board."""
    asked = f"{ref}:{FOLDER}/{CONFIG}\n{ref}:{CONFIG}\n".encode()
    lines = git.run(common, "cat-file", "--batch-check", input=asked).text.split("\n")
    for line, prefix in zip(lines, (FOLDER, ""), strict=True):
        if " blob " in line:
            return prefix
    return None
