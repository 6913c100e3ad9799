"""Which commit of the board the last tick saw that printed to somebody who does not watch: cron."""

from gitkanban import files


def last(private: str) -> str:
    """The commit; empty where none is known."""
    try:
        with open(f"{private}/printed", encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def note(private: str, commit: str) -> None:
    """Note that everything up to this commit was printed. Raises OSError."""
    if commit != last(private):
        files.replace(f"{private}/printed", f"{commit}\n".encode(), lasting=False, make=True)
