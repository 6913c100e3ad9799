"""The content of objects by id or name, if they are small enough to belong to a board.

One git process reads all of them, and its output is read as it comes. The line before each content
has its size, so content that is too large is never read.
"""

from collections.abc import Generator, Iterable, Iterator

from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core import sizes
from gitkanban.errors import BadData, GitFailed
from gitkanban.typed import NamedTuple


class Blob(NamedTuple):
    """An object, by the name asked for; `size` in bytes, -1: missing. Too large: no `data`."""

    asked: str
    size: int
    data: bytes | None


def read(place: Place, asked: Iterable[str]) -> Iterator[Blob]:
    """Yield each object once, in order; one of more than `sizes.FILE_MOST` bytes without its
    content.

    Raises BadData when they are too large together, GitFailed for an object that is damaged.
    """
    return read_each(place, list(dict.fromkeys(asked)))


def read_each(place: Place, wanted: list[str]) -> Iterator[Blob]:
    """Yield as many objects as are wanted, as `read` does,
    the same one again where it is repeated.
    """
    room = sizes.together_most(len(wanted))
    answered, room = yield from _read_answers(place, wanted, room)
    if answered < len(wanted):  # ask for the sizes of the rest first, once
        yield from _sorted_out(place, wanted[answered:], room)


def texts(place: Place, asked: Iterable[str]) -> dict[str, str]:
    """Return the text of each object, without missing and too large ones. Raises as `read` does."""
    return {
        blob.asked: blob.data.decode("utf-8", "surrogateescape")
        for blob in read(place, asked)
        if blob.data is not None
    }


def content(place: Place, name: str) -> bytes | None:
    """Return the content of one object, such as `<commit>:<path>`; None if there is no such file.

    Raises BadData for one that is too large, GitFailed for one that is damaged.
    """
    if "\n" in name:
        return None
    blob = next(iter(_read_answers(place, [name], sizes.FILE_MOST)))
    if blob.size > sizes.FILE_MOST:
        raise BadData(f"{name.partition(':')[2] or name} has {sizes.shown(blob.size)}", TOO_LARGE)
    return blob.data


TOO_LARGE = f"A file of a board may be at most {sizes.shown(sizes.FILE_MOST)}."


def _sorted_out(place: Place, wanted: list[str], room: int) -> Iterator[Blob]:
    """Yield objects, of which some are large, after asking for all sizes."""
    lines = git.run(
        place.common, "cat-file", "--batch-check", "--buffer", input=_name_lines(wanted)
    ).out.splitlines()
    known = {
        name: _answered_size(line.split(b" ")) for name, line in zip(wanted, lines, strict=True)
    }
    small = [name for name in wanted if 0 <= known[name] <= sizes.FILE_MOST]
    if sum(known[name] for name in small) > room:
        raise BadData("the files of the board are too large together", TOO_LARGE)
    answers = _read_answers(place, small, room)
    for name in wanted:
        if 0 <= known[name] <= sizes.FILE_MOST:
            yield next(answers)
        else:
            yield Blob(name, known[name], None)


# Long: a board has many files, and a call for each of them would take longer than git does.
def _read_answers(
    place: Place, wanted: list[str], room: int
) -> Generator[Blob, None, tuple[int, int]]:
    """Yield what git answers, up to the first object that is too large, without its content.

    Return how many that are, and how many bytes of `room` are left. Raises BadData where they need
    more.
    """
    if not wanted:
        return 0, room
    number = 0
    with git.stream(
        place.common, "cat-file", "--batch", "--buffer", input=_name_lines(wanted)
    ) as out:
        read_line, read_bytes = out.readline, out.read
        for number, name in enumerate(wanted, 1):
            line = read_line()
            if not line.endswith(b"\n"):
                break  # it ended early: `stream` says why
            fields = line.split(b" ")  # `<id> <type> <size>`, or `<name> missing`
            size = int(fields[2]) if len(fields) == 3 and fields[2][:-1].isdigit() else -1
            if size > sizes.FILE_MOST:
                yield Blob(name, size, None)
                return number, room
            data = read_bytes(size + 1)  # nothing of what is missing
            if len(data) <= size:
                break
            if size < 0 or fields[1] != b"blob":
                yield Blob(name, size, None)
                continue
            room -= size
            if room < 0:
                raise BadData(
                    f"the {len(wanted)} files of the board are too large together",
                    f"Together they may have {sizes.shown(sizes.together_most(len(wanted)))}.",
                )
            yield Blob(name, size, data[:-1])
        else:
            return number, room
    raise GitFailed(f"git cat-file ended before {name}", git.FSCK)


def _answered_size(fields: list[bytes]) -> int:
    """Return the size in `<id> <type> <size>`; -1 for `<name> missing`."""
    return int(fields[2]) if len(fields) == 3 and fields[2].strip().isdigit() else -1


def _name_lines(wanted: list[str]) -> bytes:
    return "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
