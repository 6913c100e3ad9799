"""The files of a board in git: which there are at a commit, and what each is by its path.

No file is opened here.
"""

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core import sizes
from gitkanban.core.names import NO_CARD, CardId, Oid
from gitkanban.errors import BadData, GitFailed
from gitkanban.late import re
from gitkanban.typed import NamedTuple

ARCHIVE = "archive"  # the folder of archived cards, runs and notes

# A plain file of a card in the output of `git ls-tree -r -z`, after a NUL: its blob, and its name's
# stem. It begins with a fixed text, which is searched for much faster than anything else.
_CARD_LINE = re.compile(r"\x00100644 blob ([0-9a-f]+)\tcards/([^/\0]+)\.yaml(?=\0)")


class BoardFile(NamedTuple):
    """A file in the board's tree; `path` is relative to the board's root."""

    mode: str
    oid: Oid
    path: str


def listing(place: Place, commit: Oid, *below: str) -> list[BoardFile]:
    """Return every file of the board at a commit, or those in some of its folders."""
    return _parse_listing(_list_tree(place, commit, *below))


def list_board(place: Place, commit: Oid) -> tuple[list[tuple[Oid, str]], list[BoardFile]]:
    """Return the (blob, stem) of plain files of cards, and the board's other files.

    Raises BadData where the cards are too many to be read, GitFailed.
    """
    text = "\0" + _list_tree(place, commit)
    plain = _CARD_LINE.findall(text)
    others = _parse_listing(_CARD_LINE.sub("", text))
    if len(plain) + sum(kind_of(each.path) == "card" for each in others) > sizes.CARDS_MOST:
        raise BadData(f"more than {sizes.CARDS_MOST} cards at {commit[:10]}", "Archive some.")
    return plain, others


def _list_tree(place: Place, commit: Oid, *below: str) -> str:
    """Return what `git ls-tree -r -z` says of the board at a commit. Raises GitFailed."""
    tree = f"{commit}:{place.prefix}" if place.prefix else commit
    done = git.run(place.common, "ls-tree", "-r", "-z", "--full-tree", tree, *below, check=False)
    if done.code:
        _refuse_broken_tree(place, commit, done.last)
    return done.out.decode("utf-8", "surrogateescape")


def _parse_listing(text: str) -> list[BoardFile]:
    entries = []
    for line in text.split("\0"):
        if line:
            meta, _, path = line.partition("\t")
            mode, _, oid = meta.split(" ")
            entries.append(BoardFile(mode, Oid(oid), path))
    return entries


def _refuse_broken_tree(place: Place, commit: Oid, error: str) -> None:
    """Raise GitFailed unless the commit has no board: half a board must not pass for a whole."""
    at = ("ls-tree", "-z", "--full-tree", commit, "--", place.prefix or ".")
    if git.run(place.common, *at).out or not place.prefix:
        raise GitFailed(f"the board at {commit[:10]} cannot be read: {error}", git.FSCK)


def kind_of(path: str) -> str:
    """Return what a file of the board is: card, run, note, pause, config, archived, or ""."""
    parts = path.split("/")
    if path == "config.yaml":
        return "config"
    match parts:
        case ["cards", name] if name.endswith(".yaml"):
            return "card"
        case ["runs", _, name] if name.endswith(".yaml"):
            return "run"
        case ["notes", _, name] if name.endswith(".md"):
            return "note"
        case ["paused", name] if name.endswith(".yaml"):
            return "pause"
        case [folder, _, "cards", name] if folder == ARCHIVE and name.endswith(".yaml"):
            return "archived"
    return ""


def card_named(path: str) -> CardId:
    """The card whose file has that path."""
    return CardId(path.rpartition("/")[2].removesuffix(".yaml"))


def card_with_file(path: str) -> CardId:
    """Return the card that a file below `cards`, `runs` or `notes` belongs to, archived or not."""
    parts = path.split("/")
    if parts[0] == ARCHIVE:
        parts = parts[2:]
    if len(parts) == 2 and parts[0] == "cards":
        return card_named(path)
    return CardId(parts[1]) if len(parts) == 3 and parts[0] in ("runs", "notes") else NO_CARD


def unarchived_entry(entry: BoardFile) -> BoardFile:
    """Return an archived file under its former path: `archive/2026/runs/T1/…` as `runs/T1/…`."""
    if not entry.path.startswith(f"{ARCHIVE}/"):
        return entry
    return entry._replace(path=entry.path.split("/", 2)[-1])
