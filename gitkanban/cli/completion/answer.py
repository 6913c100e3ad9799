"""The entry point of completion: the line up to the cursor in, the words that may follow out.

    gitkanban __complete SHELL LINE [BREAKS [LISTS [COLUMNS]]]

The first line of the answer says what follows: `words`; `nospace` if a single word is not finished
yet; `files` or `dirs` if the shell must find them itself. Then comes one candidate a line, in the
form that the shell's script reads. For bash, BREAKS is COMP_WORDBREAKS, and LISTS is 1 if
candidates are about to be listed.

An answer is printed into somebody's prompt, so errors are never reported.
"""

import sys

from gitkanban.cli.completion.candidates import candidates
from gitkanban.cli.completion.line import at_cursor, split_line
from gitkanban.core.visible import shown

_FILES = {"file": "files\n", "dir": "dirs\n"}
_MANY = 500  # with more candidates than this, zsh and fish get only those that match


def answer(argv: "list[str]") -> int:
    """Print what may follow, or nothing; return the exit code, which is always 0."""
    try:
        text = _answer_text(argv)
    except Exception:  # a broken board, a bug: neither belongs in a prompt
        return 0
    sys.stdout.write(text)
    return 0


def _answer_text(argv: "list[str]") -> str:
    shell, line = argv[0], argv[1]
    words, word, typed = split_line(line)
    asked = at_cursor(words, word)
    if isinstance(asked.kind, str) and asked.kind in _FILES:
        return _FILES[asked.kind]
    entries = candidates(asked)
    if shell == "bash" or len(entries) > _MANY:
        entries = [each for each in entries if each[0].startswith(asked.value)]
    if not entries:
        return ""
    entries = [(asked.lead + name, " ".join(shown(does).split())) for name, does in entries]
    head = "nospace\n" if entries[0][0].endswith("=") else "words\n"
    if shell == "bash":
        return head + "".join(f"{each}\n" for each in _for_bash(entries, typed, argv[2:]))
    if shell == "zsh":  # a colon separates word and description; a backslash escapes a colon
        entries = [(name.replace(":", "\\:"), does and f":{does}") for name, does in entries]
        entries = [(name, does.replace("\\", "\\\\")) for name, does in entries]
    else:
        entries = [(name, f"\t{does}") for name, does in entries]
    return head + "".join(f"{name}{does}\n" for name, does in entries)


def _for_bash(entries: "list[tuple[str, str]]", typed: str, rest: "list[str]") -> "list[str]":
    """Return words as bash inserts them: without what it reads as words before, as `--worker=`.

    If they are listed, each has its description beside it. bash never inserts that: it inserts what
    all lines have in common, which ends within the words.
    """
    breaks, lists, columns = [*rest, *("", "0", "80")[len(rest) :]][:3]
    behind = 0
    if not set(typed) & set("\\'\""):  # bash does not split a quoted word
        behind = 1 + max((typed.rfind(sign) for sign in breaks.strip()), default=-1)
    words = [name[behind:] for name, _ in entries]
    if lists != "1" or len(entries) < 2:
        return words
    width = max(map(len, words))
    room = max(int(columns) - width - 5, 10)
    return [
        f"{word:{width}}  {does if len(does) <= room else does[: room - 1] + '…'}" if does else word
        for word, (_, does) in zip(words, entries, strict=True)
    ]
