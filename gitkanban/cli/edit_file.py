"""The person's editor, by git's own rules, and the files that hold their text until it is used.

git's rules are `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`, then git's own default; all of them
may be command lines with options. A text stays in `<private>/edits/`, beside the text that it was
begun from, until it is used or discarded: a mistake, a conflict or ^C loses nothing.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from gitkanban import files
from gitkanban.board.repo.git import run as git
from gitkanban.board.repo.place import Place
from gitkanban.errors import GitkanbanError, Refused, UsageError

HINT = "Set EDITOR, or git's core.editor, to one that works."
_SHELL_SIGNS = frozenset("|&;<>()$`*?[#~=%\n\\")  # a line with any of these is run by the shell


def editor_line(place: Place) -> str:
    """Return the command line of the person's editor.

    Without a terminal, only an editor that the environment names counts. Raises UsageError if there
    is none.
    """
    known = git(place.common, "var", "GIT_EDITOR", check=False)
    named = any(os.environ.get(name) for name in ("GIT_EDITOR", "VISUAL", "EDITOR"))
    if known.code or not (named or sys.stdin.isatty()):
        raise UsageError(
            "no editor to open", "Set EDITOR, or use an option of the command instead."
        )
    return known.text


def edit_path(place: Place, path: str, cwd: str = "") -> None:
    """Open a file or a folder in the person's editor, and wait until it is closed.

    Raises UsageError if there is no editor, Refused if it cannot be run or fails.
    """
    line = editor_line(place)
    argv = _with_path(line, path)
    try:
        code = run_in_terminal(argv, cwd or None)
    except OSError as error:
        raise Refused(f"the editor {argv[0]} cannot be run: {error.strerror}", HINT) from None
    if code:
        raise Refused(f"the editor ended with {code}: {line}", HINT)


def _with_path(line: str, path: str) -> list[str]:
    """Return argv for the editor's line and a path; like git, it uses the shell only if it must."""
    if not _SHELL_SIGNS & set(line):
        try:
            return [*shlex.split(line), path]
        except ValueError:  # a quote that is not closed: the shell will say so
            pass
    return ["sh", "-c", f'{line} "$@"', line, path]


def run_in_terminal(
    argv: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None
) -> int:
    """Run a program that has the terminal, ^C included, to itself; return its exit code.

    Raises OSError if it cannot be run.
    """
    sys.stdout.flush()
    with _signals_passed_on():
        return subprocess.run(argv, cwd=cwd, env=env, check=False).returncode


@contextmanager
def _signals_passed_on() -> Iterator[None]:
    """While the body runs, leave ^C and ^\\ to the program in the foreground."""
    numbers = (signal.SIGINT, signal.SIGQUIT)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class EditFile:
    """The file that holds a person's text; `<path>.base` is the text that it was begun from."""

    def __init__(self, path: str, own: bool = False) -> None:
        self.path = path
        self.own = own or bool(path and os.path.exists(f"{path}.base"))

    @classmethod
    def begin(cls, place: Place, name: str, text: str, suffix: str = ".yaml") -> "EditFile":
        """Create a new file, beside those that earlier edits may have left."""
        folder = f"{place.private}/edits"
        number = 1
        while True:
            path = f"{folder}/{name}{f'-{number}' if number > 1 else ''}{suffix}"
            if files.create(path, encode_text(text), make=True):
                files.replace(f"{path}.base", encode_text(text))
                return cls(path, own=True)
            number += 1

    def edit(self, place: Place) -> None:
        """Open the file in the editor and wait.

        If the editor fails, an unchanged text is discarded; the error's hint says where a changed
        one is saved. Raises UsageError, Refused.
        """
        try:
            edit_path(place, self.path)
        except (Refused, UsageError) as error:
            if self.text() == self.base(""):
                self.discard()
            else:
                error.hint = f"Your text is saved in {self.path}. {error.hint}"
            raise

    def text(self) -> str:
        """Return the file's text."""
        return _decode_file(self.path)

    def base(self, otherwise: str) -> str:
        """Return the text that the edit began from; `otherwise` if there is no record of it."""
        return _decode_file(f"{self.path}.base") if self.own else otherwise

    @contextmanager
    def saved_until_done(self, text: str, how: str) -> Iterator[None]:
        """Discard the file once the body succeeds.

        If the body is refused, the text is written to the file. The error's hint then names the
        file and `how` to go on, in which `{}` stands for the file.
        """
        try:
            yield
        except GitkanbanError as error:
            if self.own:
                files.replace(self.path, encode_text(text))
            error.hint = f"{error.hint} Your text is saved; {how.format(self.path)}".strip()
            raise
        self.discard()

    def discard(self) -> None:
        """Remove the file: its text is used, or unchanged. A file of the person's own stays."""
        if self.own and self.path:
            files.remove(self.path)
            files.remove(f"{self.path}.base")


def encode_text(text: str) -> bytes:
    """Encode a text; what `_decode_file` read comes out again byte for byte."""
    return text.encode("utf-8", "surrogateescape")


def _decode_file(path: str) -> str:
    """Return a file's text; empty if the editor has removed the file."""
    try:
        return files.read(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
