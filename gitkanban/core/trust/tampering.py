"""Unexpected changes around a repository during runs.

One user id owns the repository and the sessions, so nothing here can be prevented, only noticed.
Pure: the shell takes a fingerprint when a run begins and when it has ended. Findings follow from
the two, and from facts on the refs that differ. Nobody is accused: all overlapping runs are named,
and a person may have made the change.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitkanban.core.ids import CARD_REFS, KNOWN_REF, card_of_ref
from gitkanban.typed import NamedTuple

OURS = "refs/gitkanban/"
TAGS = "refs/tags/"
WRITING = f"{OURS}writing-"  # refs to commits that are being written
# Keys of the shared config that run programs, say where work goes, or change how git works.
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
    """Facts on the refs that differ between two fingerprints."""

    base: str = ""  # full names
    board: str = ""
    rewritten: frozenset[str] = frozenset()  # their old commit is not an ancestor of the new one
    known_ref_ahead: bool = False  # the last commit of the board that we saw is not part of it
    lived: frozenset[str] = frozenset()  # cards that had a run between the two fingerprints
    finished: frozenset[str] = frozenset()  # cards that are done, dropped, or not on the board


class TamperFinding(NamedTuple):
    """One change, the runs that were alive then, and when it was noticed (epoch seconds)."""

    what: str
    runs: tuple[str, ...] = ()  # `T1 (<run>)`
    at: int = 0

    @property
    def line(self) -> str:
        """The finding in words."""
        who = f"while {_join_names(self.runs)} ran" if self.runs else "while a run lived"
        return f"{self.what} {who}; `gitkanban trust` settles it if that was intended"


def is_watched(key: str) -> bool:
    """Whether a key of the shared config, as git lists it, is part of a fingerprint."""
    section, _, rest = key.partition(".")
    if section.lower() == "merge":
        return rest.rpartition(".")[2].lower() == "driver"
    return key.lower() in _KEYS or section.lower() in _SECTIONS


def differing_refs(before: Fingerprint, after: Fingerprint) -> list[tuple[str, str, str]]:
    """(Ref, old commit, new commit or empty) of refs that existed before and differ now."""
    return [
        (ref, old, after.refs.get(ref, ""))
        for ref, old in sorted(before.refs.items())
        if after.refs.get(ref, "") != old and not ref.startswith(WRITING)
    ]


def changes(before: Fingerprint, after: Fingerprint, facts: RefFacts, own: str) -> list[str]:
    """The unexpected changes, one line each; `own` is the run's card."""
    moved = [
        f"{ref} {what}"
        for ref, _, new in differing_refs(before, after)
        if (what := _ref_move_words(ref, new, facts, own))
    ]
    if facts.known_ref_ahead and facts.board not in facts.rewritten and KNOWN_REF in before.refs:
        moved.append(f"{KNOWN_REF} was moved to a commit that is not the board's")
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
    """What is wrong with how a ref moved; empty if the move is expected."""
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
    if ref == KNOWN_REF and facts.board in facts.rewritten:
        return ""
    return "is gone" if not new else "was moved" if rewritten else ""


def merged(
    known: Iterable[TamperFinding], new: Iterable[TamperFinding]
) -> tuple[TamperFinding, ...]:
    """Join findings; the same change is listed once, with all runs that were alive then."""
    findings: dict[str, TamperFinding] = {}
    for each in (*known, *new):
        first = findings.get(each.what, each)
        runs = tuple(dict.fromkeys((*first.runs, *each.runs)))
        findings[each.what] = first._replace(runs=runs)
    return tuple(findings.values())


def _join_names(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
