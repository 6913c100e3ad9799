"""Asks for the words of a command in the person's editor, if none were given.

The template in the editor says what the words are for, and may end with a diff to write into. This
module does not run the command; while that runs, the words lie in a file, and if the command is
refused, the error names that file.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gitkanban.board.repo.place import Place
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple
from gitkanban.views.text import shown_lines

DIFF_MOST = 20_000  # lines of a diff that an editor is given at most


class WordsWanted(NamedTuple):
    """What words are wanted for.

    `about` are lines that explain it; `otherwise` is what happens if nothing is written, and `hint`
    what to do then; `again` is the command line that takes the words from a file, written as `{}`.
    """

    verb: str
    card: str
    about: Sequence[str]
    otherwise: str
    hint: str
    again: str
    diff: str = ""


@contextmanager
def write_words(place: Place, wanted: WordsWanted) -> Iterator[str]:
    """Yield the words that the person writes; their file is removed once the body succeeds.

    Raises Refused if nothing was written, and as `EditFile.edit` does.
    """
    from gitkanban.cli.edit_file import EditFile  # late: most commands come with their words
    from gitkanban.core.review.linecomments import read_words

    template = _template_of(wanted)
    suffix = ".diff" if wanted.diff else ".md"
    draft = EditFile.begin(place, f"{wanted.verb}-{wanted.card}", template, suffix)
    draft.edit(place)
    words = read_words(template, draft.text())
    if not words:
        draft.discard()
        raise Refused(f"nothing was written, so {wanted.otherwise}", wanted.hint)
    with draft.saved_until_done(f"{words}\n", f"go on with `{wanted.again}`."):
        yield words


def _template_of(wanted: WordsWanted) -> str:
    """Return an empty line for the words, the scissors, what the words are for, and the diff."""
    from gitkanban.core.review.linecomments import SCISSORS

    lines = [f"Write above the line with the scissors: {wanted.about[0]}", *wanted.about[1:]]
    lines.append(f"With nothing written, {wanted.otherwise}.")
    about = "".join(
        f"# {line}".rstrip() + "\n" for line in shown_lines("\n".join(lines)).split("\n")
    )
    return f"\n{SCISSORS}\n{about}{_bound_diff(wanted.diff, wanted.card)}"


def _bound_diff(diff: str, card: str) -> str:
    lines = diff.split("\n")
    if len(lines) <= DIFF_MOST:
        return diff
    more = f"# {len(lines) - DIFF_MOST} lines more: gitkanban show {card} --diff\n"
    return "\n".join(lines[:DIFF_MOST]) + f"\n{more}"
