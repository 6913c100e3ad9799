"""What changed around a repository during runs that nobody had reason to change. Pure.

One user id owns the repository and the sessions, so nothing here can be prevented; it is noticed.
A fingerprint is taken when a run begins and again when it has ended; two of them, and what the
shell found out about the refs that differ, give findings. Nobody is accused: runs that overlap are
all named, and a person may have made the change.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitkanban.core.ids import CARD_REFS, card_of_ref
from gitkanban.typed import NamedTuple

OURS = "refs/gitkanban/"
TAGS = "refs/tags/"
SEEN_REF = f"{OURS}seen"
WRITING = f"{OURS}writing-"  # of a commit that is being written
# Keys of the shared config that run programs, say where work goes, or change what git means.
_KEYS = frozenset(
    (
        *("core.hookspath", "core.fsmonitor", "core.bare", "core.pager", "core.editor"),
        *("core.sshcommand", "core.attributesfile", "core.worktree", "core.askpass"),
        *("core.gitproxy", "core.alternaterefscommand", "sequence.editor"),
        *("interactive.difffilter", "gc.recentobjectshook"),
    )
)
_SECTIONS = frozenset(
    (
        *("filter", "diff", "alias", "include", "includeif", "url", "remote", "credential", "gpg"),
        *("pager", "mergetool", "difftool", "trailer", "gitkanban"),
    )
)


class Fingerprint(NamedTuple):
    """What is watched: digests by name (`hooks/pre-commit`, `core.hookspath`), commits by ref."""

    items: Mapping[str, str] = {}
    refs: Mapping[str, str] = {}


class RefFacts(NamedTuple):
    """What the shell found out about refs that differ between two fingerprints."""

    base: str = ""  # full names
    board: str = ""
    rewritten: frozenset[str] = frozenset()  # what they were at is not part of what they are at
    seen_ref_ahead: bool = False  # what we last saw of the board is not part of the board
    lived: frozenset[str] = frozenset()  # cards that had a run between the two
    finished: frozenset[str] = frozenset()  # cards that are done, dropped, or not on the board


class TamperFinding(NamedTuple):
    """One change, the runs that lived when it was made, and when it was noticed (epoch seconds)."""

    what: str
    runs: tuple[str, ...] = ()  # `T1 (<run>)`
    at: int = 0

    @property
    def line(self) -> str:
        """The finding in words."""
        who = f"while {_join_names(self.runs)} ran" if self.runs else "while a run lived"
        return f"{self.what} {who}; `gitkanban trust` settles it if that was intended"


def is_watched(key: str) -> bool:
    """Whether a key of the shared config is part of a fingerprint. Its name is as git lists it."""
    section, _, rest = key.partition(".")
    if section.lower() == "merge":
        return rest.rpartition(".")[2].lower() == "driver"
    return key.lower() in _KEYS or section.lower() in _SECTIONS


def differing_refs(before: Fingerprint, after: Fingerprint) -> list[tuple[str, str, str]]:
    """(ref, before, after or empty) of refs that were there before and differ now."""
    return [
        (ref, old, after.refs.get(ref, ""))
        for ref, old in sorted(before.refs.items())
        if after.refs.get(ref, "") != old and not ref.startswith(WRITING)
    ]


def changes(before: Fingerprint, after: Fingerprint, facts: RefFacts, own: str) -> list[str]:
    """What changed that nobody had reason to change, a line each; `own` is the run's card."""
    moved = [
        f"{ref} {what}"
        for ref, _, new in differing_refs(before, after)
        if (what := _ref_move_words(ref, new, facts, own))
    ]
    if facts.seen_ref_ahead and facts.board not in facts.rewritten and SEEN_REF in before.refs:
        moved.append(f"{SEEN_REF} was moved to a commit that is not the board's")
    return [*_item_changes(before.items, after.items), *dict.fromkeys(moved)]


def _item_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if name not in before:
            yield f"{name} is new"
        elif name not in after:
            yield f"{name} is gone"
        elif before[name] != after[name]:
            yield f"{name} has changed"


def _ref_move_words(ref: str, new: str, facts: RefFacts, own: str) -> str:
    """What is wrong with how a ref moved; empty: somebody had reason to."""
    rewritten = ref in facts.rewritten
    if ref in (facts.base, facts.board):
        return "is gone" if not new else "was rewritten" if rewritten else ""
    if ref.startswith(CARD_REFS):
        card = card_of_ref(ref)
        if card == own or card in facts.lived or (not new and card in facts.finished):
            return ""
        return "was moved" if new else "is gone"
    if ref.startswith(TAGS):
        return "was moved" if new else "is gone"
    if ref == SEEN_REF and facts.board in facts.rewritten:
        return ""
    return "is gone" if not new else "was moved" if rewritten else ""


def merged(
    known: Iterable[TamperFinding], new: Iterable[TamperFinding]
) -> tuple[TamperFinding, ...]:
    """Both, the same change once, with every run that lived then."""
    findings: dict[str, TamperFinding] = {}
    for each in (*known, *new):
        first = findings.get(each.what, each)
        runs = tuple(dict.fromkeys((*first.runs, *each.runs)))
        findings[each.what] = first._replace(runs=runs)
    return tuple(findings.values())


def _join_names(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
