"""How large a board may be: far above what people make, and small enough to be read at once.

Whoever reads asks for a size before the content. What is larger is refused with a sentence, so
that nobody's pull request takes a machine's memory or time.
"""

FILE_MOST = 1 << 20  # bytes of one file
CARDS_MOST = 1_000_000
WORKERS_MOST = 10_000  # also of items in any list, and of keys in any mapping
PARENTS_MOST = 1_000  # of one card
HINTS_MOST = 100  # findings of one review, or of one file, that name the nearest known word
_TOGETHER, _EACH = 32 << 20, 4 << 10  # bytes


def together_most(files: int) -> int:
    """How many bytes so many files of a board may have together."""
    return _TOGETHER + files * _EACH


def shown(size: int) -> str:
    """A size in bytes as a message says it: `90.0 MiB`."""
    return f"{size / (1 << 20):.1f} MiB"
