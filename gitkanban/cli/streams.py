"""The three standard streams, made safe for any text and any caller. Imports nothing heavy."""

import io
import os
import sys

STDOUT = "<stdout>"  # file name for an OSError of stdout, which has none otherwise


class OutputStream(io.TextIOWrapper):
    """A stdout whose failures can be distinguished from those of other files,
    by their file name.
    """

    def write(self, text: str) -> int:
        """Write the text. Raises OSError with the file name STDOUT."""
        try:
            return super().write(text)
        except OSError as error:
            error.filename = STDOUT
            raise

    def flush(self) -> None:
        """Flush what was written. Raises OSError with the file name STDOUT."""
        try:
            super().flush()
        except OSError as error:
            error.filename = STDOUT
            raise


def settle() -> None:
    """Make the streams accept every text, and replace those that the caller closed by /dev/null.

    What is opened here stays open until the process ends.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (fd := os.open(os.devnull, os.O_RDWR)) < 3:  # a lock file must not become stdout
            os.set_inheritable(fd, True)
        os.close(fd)
        sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    # A path may hold bytes that are not text, and PYTHONIOENCODING may allow less than UTF-8.
    how = "backslashreplace"
    old = sys.stdout
    if old is None:
        sys.stdout = OutputStream(open(1, "wb", closefd=False), "utf-8", how)  # noqa: SIM115
    elif isinstance(old, io.TextIOWrapper):
        sys.stdout = OutputStream(old.buffer, old.encoding, how, line_buffering=old.line_buffering)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=how)


def lead_nowhere() -> None:
    """Point stdout to /dev/null: its reader has gone, and Python would complain of that at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def echo(text: object = "", nl: bool = True, err: bool = False, color: bool | None = None) -> None:
    """Print a text to stdout or stderr, with a newline unless `nl` is false, and flush it.

    `color` says whether its colours stay; by default they do if the stream is a terminal.
    """
    stream = sys.stderr if err else sys.stdout
    words = f"{text}\n" if nl else f"{text}"
    if "\x1b" in words and not (stream.isatty() if color is None else color):
        import re

        words = re.sub(r"\x1b\[[;?0-9]*[a-zA-Z]", "", words)
    stream.write(words)
    stream.flush()
