"""Which names may become a path or a ref, and which card a person means.

New ids come from `gitkanban.clock.card_id`, not from here.
"""

from bisect import bisect
from collections.abc import Collection, Iterable

from gitkanban.core.names import CardId
from gitkanban.core.sizes import HINTS_MOST
from gitkanban.errors import NotFound, UsageError
from gitkanban.late import difflib, re

CARD_BRANCHES = "card/"  # how the names of cards' branches begin
CARD_REFS = f"refs/heads/{CARD_BRANCHES}"
KNOWN_REF = "refs/gitkanban/seen"  # the last commit of the board that this clone knows
LONGEST = 64
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # the digits of `clock.sortable_id`
_AROUND = 500  # words on either side that are searched for the nearest one

_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?\Z")


def fault(text: str) -> str:
    """Why `text` cannot be an id; empty if it can. The same rule holds for workers and profiles.

    It allows fewer characters than `git check-ref-format refs/heads/card/<id>`, and is never laxer.
    """
    if text.isalnum() and text.isascii() and len(text) <= LONGEST:
        return ""  # as most are, and a large board has many
    if _ID.match(text) and ".." not in text and not text.endswith(".lock"):
        return ""
    if not text:
        return "it is empty"
    if len(text) > LONGEST:
        return f"it has {len(text)} characters, more than {LONGEST}"
    odd = re.search(r"[^A-Za-z0-9._-]", text)
    if odd:
        return f"it has {odd.group()!a} in it"
    if text[0] in "-.":
        return f"it starts with {text[0]!r}"
    if text.endswith("."):
        return "it ends with '.'"
    if text.endswith(".lock"):
        return "it ends with '.lock'"
    return "it has '..' in it"


def time_of_id(text: str) -> float | None:
    """The time at which a run or note id was created, in epoch seconds; None for any other text."""
    digits = [_BASE32.find(letter) for letter in text[:10]]
    if len(text) != 20 or min(digits) < 0:
        return None
    millis = 0
    for digit in digits:
        millis = millis << 5 | digit
    return millis / 1000


def branch_fault(text: str) -> str:
    """Why `text` cannot be the name of a branch or a remote; empty if it can.

    The rules are those of git-check-ref-format(1). Options are refused as well, so that a valid
    name is safe on a command line.
    """
    if text.startswith("-"):
        return "it starts with '-'"
    odd = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//", text)
    if odd:
        return f"it has {odd.group()!a} in it"
    for part in text.split("/"):
        if not part or part.startswith(".") or part.endswith((".", ".lock")):
            return f"{part!a} may not be part of such a name"
    return "it is '@'" if text == "@" else ""


def branch_of(card: CardId) -> str:
    """The branch on which a card's sessions work."""
    return f"{CARD_BRANCHES}{card}"


def card_ref(card: CardId) -> str:
    """The full name of a card's branch."""
    return f"{CARD_REFS}{card}"


def card_of_ref(ref: str) -> CardId:
    """The card whose branch has that full name; the inverse of `card_ref`."""
    return CardId(ref.removeprefix(CARD_REFS))


def check_id(text: str, what: str = "card id") -> str:
    """Return `text` unchanged. Raises UsageError if it cannot name a card, worker or profile."""
    wrong = fault(text)
    if wrong:
        shown = ascii(text if len(text) <= 40 else text[:37] + "...")
        hint = "Use letters, digits, '.', '_' and '-', at most 64, a letter or digit first."
        raise UsageError(f"{shown} cannot be a {what}: {wrong}", hint)
    return text


class Nearest:
    """Finds the known words closest to misspelt ones; only the first `questions` get a hint.

    Each search is bounded: of very many words only the alphabetical neighbours are compared.
    """

    def __init__(self, known: Iterable[str], questions: int = HINTS_MOST) -> None:
        self._known, self._left = known, questions
        self._words: list[str] | None = None
        self._folded: dict[str, str] = {}

    def find(self, text: str, but: str = "") -> str:
        """The nearest word other than `but`; empty if none is close."""
        words = self._sorted()
        key = text[:LONGEST].lower()
        if self._folded.get(key, but) != but:
            return self._folded[key]
        at = bisect(words, key)
        around = words[max(0, at - _AROUND) : at + _AROUND]
        close = difflib.get_close_matches(key, around, n=2, cutoff=0.6)
        return next((self._folded[word] for word in close if self._folded[word] != but), "")

    def hint(self, text: str, but: str = "") -> str:
        """A hint that names the nearest word, or all of them where they are few, or nothing."""
        self._left -= 1
        if self._left < 0:
            return ""
        near = self.find(text, but)
        if near:
            return f"Did you mean {near!r}?"
        every = sorted(set(self._folded.values()) - {but})
        if every and len(every) <= 12:
            return "Known: " + ", ".join(every) + "."
        return ""

    def _sorted(self) -> list[str]:
        if self._words is None:
            for word in sorted(self._known, reverse=True):
                self._folded[word.lower()] = word
            self._words = sorted(self._folded)
        return self._words


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them where they are few, or nothing."""
    names = list(known)
    return Nearest(names).hint(text) if names else "There are none yet."


def resolve(known: Collection[CardId], text: str) -> CardId:
    """The one known card id that `text` names: itself, or the only one that starts with it.

    Raises NotFound when there is none (close ones are named) or several (all are named).
    """
    if text in known:
        return CardId(text)
    starting = sorted(name for name in known if text and name.startswith(text))
    if len(starting) == 1:
        return starting[0]
    shown = ascii(text if len(text) <= 40 else text[:37] + "...")
    if starting:
        names = ", ".join(starting[:8]) + (", …" if len(starting) > 8 else "")
        hint = f"It could be {names}. Type more of it."
        raise NotFound(f"{shown} names {len(starting)} cards", hint)
    twins = sorted(name for name in known if name.lower() == text.lower())
    if twins:
        hint = f"Did you mean {twins[0]!r}? Upper and lower case differ."
        raise NotFound(f"no card {shown}", hint)
    hint = did_you_mean(text, known) if fault(text) == "" else ""
    raise NotFound(f"no card {shown}", hint or "`gitkanban list` shows every card.")


LABEL_RULE = "one word of at most 40 letters, digits and . _ - / :"
_LABEL = re.compile(r"[\w./:-]{1,40}\Z")


def is_label(text: str) -> bool:
    """Whether a text can be a card's label: it is typed after `--label`, and named in lists."""
    return _LABEL.match(text) is not None
