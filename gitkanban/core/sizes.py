"""How large a board may be: far above real use, yet small enough to be read in one go.

Readers check the size before they load the content. Anything larger is refused with a message, so
that no pull request can use up a machine's memory or time.
"""

FILE_MOST = 1 << 20  # bytes of one file
CARDS_MOST = 1_000_000
WORKERS_MOST = 10_000  # also of items in any list, and of keys in any mapping
PARENTS_MOST = 1_000  # of one card
HINTS_MOST = 100  # findings of one review, or of one file, that name the nearest known word
_TOGETHER, _EACH = 32 << 20, 4 << 10  # bytes


def together_most(files: int) -> int:
    """The total size, in bytes, that this many files of a board may have."""
    return _TOGETHER + files * _EACH


def shown(size: int) -> str:
    """A size in bytes, formatted for a message: `90.0 MiB`."""
    return f"{size / (1 << 20):.1f} MiB"
