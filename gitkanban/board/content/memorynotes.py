"""The notes of kind `memory` on a board, those of quiet and archived cards among them.

It does not know what became of a note; that is private to a clone.
"""

from collections.abc import Container

from gitkanban.board.formats import notefile
from gitkanban.board.repo import blobs, git
from gitkanban.board.repo.place import Place
from gitkanban.core.model import Note
from gitkanban.core.names import Oid
from gitkanban.errors import BadData


def memory_notes(place: Place, commit: Oid, besides: Container[str] = ()) -> list[Note]:
    """Return the memory notes at a commit of the board, oldest first, without those in `besides`.

    Notes that cannot be read are left out. Git searches for them in one go, so that ten thousand
    notes need not be read.
    """
    folders = [place.path("notes"), place.path("archive")]
    listed = git.run(
        place.common, "grep", "-I", "-l", "-z", "--full-name", "-e", "^kind: memory[[:space:]]*$",
        commit, "--", *folders, check=False,
    )  # fmt: skip
    names = [name for name in listed.text.split("\0") if name.endswith(".md")]
    notes = []
    for name in names:
        path = name.partition(":")[2]
        if path.rpartition("/")[2].removesuffix(".md") in besides:
            continue
        try:
            data = blobs.content(place, name)
            if data is None:
                continue
            note = notefile.parse(data, path)
        except BadData:
            continue
        if note.kind == "memory":
            notes.append(note)
    return sorted(notes)
