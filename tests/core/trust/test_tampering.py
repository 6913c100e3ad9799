"""Two fingerprints and what git says of the refs between them: what nobody had reason to change."""

import pytest

from gitkanban.core.trust.tampering import (
    Fingerprint,
    RefFacts,
    TamperFinding,
    changes,
    is_watched,
    merged,
)

MAIN, BOARD = "refs/heads/main", "refs/heads/kanban"
BEFORE = Fingerprint(
    {"hooks/pre-commit": "a", "config core.bare": "b"},
    {
        MAIN: "1", BOARD: "2", "refs/heads/card/T1": "3", "refs/heads/card/T2": "4",
        "refs/tags/v1": "5", "refs/gitkanban/seen": "2", "refs/gitkanban/salvage/r0": "6",
    },
)  # fmt: skip
QUIET = RefFacts(MAIN, BOARD)


def moved(ref: str, to: str = "9", **facts: object) -> list[str]:
    refs = {**BEFORE.refs, ref: to}
    after = BEFORE._replace(refs={name: at for name, at in refs.items() if at})
    return changes(BEFORE, after, QUIET._replace(**facts), "T1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ref", "to", "facts", "line"),
    [
        (MAIN, "9", {}, ""),  # forward: a merge
        (MAIN, "9", {"rewritten": frozenset({MAIN})}, "was rewritten"),
        (MAIN, "", {}, "is gone"),
        (BOARD, "9", {}, ""),
        (BOARD, "9", {"rewritten": frozenset({BOARD})}, "was rewritten"),
        ("refs/heads/card/T1", "9", {}, ""),  # the run's own
        ("refs/heads/card/T2", "9", {}, "was moved"),
        ("refs/heads/card/T2", "9", {"lived": frozenset({"T2"})}, ""),
        ("refs/heads/card/T2", "", {}, "is gone"),
        ("refs/heads/card/T2", "", {"finished": frozenset({"T2"})}, ""),  # accepted, removed
        ("refs/heads/card/T2", "9", {"finished": frozenset({"T2"})}, "was moved"),
        ("refs/heads/card/T9", "9", {}, ""),  # new: a start
        ("refs/tags/v1", "9", {}, "was moved"),
        ("refs/tags/v1", "", {}, "is gone"),
        ("refs/tags/v2", "9", {}, ""),
        ("refs/gitkanban/seen", "9", {}, ""),
        ("refs/gitkanban/seen", "9", {"known_ref_ahead": True}, "was moved to a commit"),
        ("refs/gitkanban/seen", "", {}, "is gone"),
        ("refs/gitkanban/salvage/r0", "9", {}, ""),  # more was kept there
        ("refs/gitkanban/salvage/r0", "9",
         {"rewritten": frozenset({"refs/gitkanban/salvage/r0"})}, "was moved"),
        ("refs/gitkanban/salvage/r0", "", {}, "is gone"),
        ("refs/heads/other", "9", {}, ""),
    ],
)  # fmt: skip
def test_of_refs_only_what_nobody_had_reason_to_do(
    ref: str, to: str, facts: dict[str, object], line: str
) -> None:
    found = moved(ref, to, **facts)
    assert bool(found) == bool(line)
    assert all(each.startswith(f"{ref} {line}") for each in found)


def test_a_board_that_was_rewritten_explains_what_we_saw_of_it() -> None:
    both = frozenset({BOARD, "refs/gitkanban/seen"})
    assert moved("refs/gitkanban/seen", rewritten=both, known_ref_ahead=True) == []


def test_every_item_that_is_new_gone_or_another_is_named() -> None:
    after = BEFORE._replace(items={"config core.bare": "c", "gitkanban/trust": "d"})
    assert changes(BEFORE, after, QUIET, "T1") == [
        "config core.bare has changed", "gitkanban/trust is new", "hooks/pre-commit is gone",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "watched"),
    [
        *((f"core.{name}", True) for name in ("hooksPath", "fsmonitor", "bare", "pager", "editor")),
        *((f"core.{name}", True) for name in ("sshCommand", "attributesFile", "worktree")),
        ("core.compression", False),
        ("core.repositoryformatversion", False),
        ("filter.lfs.clean", True),
        ("diff.x.textconv", True),
        ("merge.ours.driver", True),
        ("merge.conflictstyle", False),
        ("merge.a.b.driver", True),
        ("alias.co", True),
        ("include.path", True),
        ("includeif.gitdir:/x/.path", True),
        ("url.https://x/.insteadof", True),
        ("remote.origin.url", True),
        ("credential.helper", True),
        ("gpg.program", True),
        ("gitkanban.branch", True),
        ("pager.log", True),
        ("core.askPass", True),
        ("sequence.editor", True),
        ("mergetool.x.cmd", True),
        ("trailer.sign.command", True),
        ("branch.main.remote", False),
        ("user.name", False),
        ("gc.auto", False),
    ],
)
def test_which_keys_are_watched(key: str, watched: bool) -> None:
    assert is_watched(key) == watched


def test_one_change_is_one_finding_with_every_run_that_lived() -> None:
    first, again = (
        TamperFinding("hooks/x is new", ("T1 (r1)", "T2 (r2)"), 5),
        TamperFinding("hooks/x is new", ("T2 (r2)", "T3 (r3)"), 9),
    )
    [found] = merged([first], [again])
    assert found == TamperFinding("hooks/x is new", ("T1 (r1)", "T2 (r2)", "T3 (r3)"), 5)
    assert found.line.startswith("hooks/x is new while T1 (r1), T2 (r2) and T3 (r3) ran; ")
