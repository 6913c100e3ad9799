"""The words that go with an act, written in the person's editor where none were given.

The text they find there says what their words are for, and may end with a diff to write into. It
does not do the act; while that is done, the words lie in a file, which is named where it is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gitkanban.board.repo.place import Place
from gitkanban.errors import Refused
from gitkanban.typed import NamedTuple
from gitkanban.views.text import shown_lines

DIFF_MOST = 20_000  # lines of a diff that are worth an editor


class WordsWanted(NamedTuple):
    """What words are wanted for.

    `about` are lines that say so, `otherwise` what is so where nothing is written, `hint` what to
    do then, `again` the command line that takes the words from a file, `{}` standing for it.
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
    """The words as the editor leaves them, for as long as they are needed.

    Raises Refused where nothing was written, and what the editor raises.
    """
    from gitkanban.cli.edit_file import EditFile  # late: most acts come with their words
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
    """An empty line for the words, the scissors, what they are for, and the diff."""
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
