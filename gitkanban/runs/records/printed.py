"""The board's commit as of the last tick that printed to nobody's terminal: a tick from cron."""

from gitkanban import files
from gitkanban.core.names import NO_OID, Oid


def last(private: str) -> Oid:
    """Return the commit; empty where none is known."""
    try:
        with open(f"{private}/printed", encoding="ascii") as file:
            return Oid(file.read(64).strip())
    except (OSError, UnicodeDecodeError):
        return NO_OID


def note(private: str, commit: Oid) -> None:
    """Record that everything up to this commit was printed. Raises OSError."""
    if commit != last(private):
        files.replace(f"{private}/printed", f"{commit}\n".encode(), lasting=False, make=True)
