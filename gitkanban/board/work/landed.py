"""Whether base has what a commit holds, and when the cards of a board last changed.

It only asks git. It writes nothing but the objects of a trial merge, and a cache of what base did
not have, which may be lost.
"""

import os
from collections.abc import Mapping

from gitkanban.board.repo import cachefile, commits, git, merging
from gitkanban.board.repo.place import FOLDER, Place
from gitkanban.core.model import Board
from gitkanban.core.names import CardId, Oid

_FORM = ("not-landed", 2)


def content(place: Place, tip: Oid, base: Oid) -> bool:
    """Return whether merging `tip` would change nothing in `base`: its work was squashed or picked.

    Work that base has reverted since, or changed further on the same lines, does not count.
    """
    fork = commits.text(place.common, "merge-base", base, tip)
    if not fork or fork == tip:
        return bool(fork)
    names = [f"{commit}^{{tree}}" for commit in (fork, base, tip)]
    start, ours, theirs = git.run(place.common, "rev-parse", *names).text.split("\n")
    if theirs == start:
        return False  # commits that undo each other: only the branch has them
    with merging.merger(place.common, base) as merger:
        done = merger.merge(tip)
    return done.clean and done.tree == ours


LOOKS_MOST = 50  # cards checked in one call; the next call checks others
COMMITS_MOST = 500  # of base, newest first, among which a squashed branch is searched


def otherwise(place: Place, tips: Mapping[CardId, Oid], base: Oid) -> set[CardId]:
    """Return the cards (given by their branch's tip) whose work base has in commits of its own.

    A card without a match is not checked again until base has other content, its board aside.
    """
    if not tips:
        return set()
    listed = git.run(place.common, "ls-tree", "-z", base).text.split("\0")
    state = git.run(
        place.common, "hash-object", "--stdin",
        input="\0".join(line for line in listed if not line.endswith(f"\t{FOLDER}")).encode(
            "utf-8", "surrogateescape"
        ),
    ).text  # fmt: skip
    path = f"{place.private}/cache/not-landed"
    before: frozenset[str] = cachefile.load(path, _FORM) or frozenset()
    known = {f"{tip} {state}" for tip in tips.values()} & before
    landed, looked = set(), 0
    for card, tip in tips.items():
        if f"{tip} {state}" in known or looked == LOOKS_MOST:
            continue
        looked += 1
        if has(place, tip, base):
            landed.add(card)
        else:
            known.add(f"{tip} {state}")
    if known != before:
        cachefile.save(path, _FORM, known)
    return landed


def has(place: Place, tip: Oid, base: Oid) -> bool:
    """Return whether base has the work of `tip` squashed or rebased, even if changed since."""
    fork = git.run(place.common, "merge-base", tip, base, check=False).oid
    if not fork or fork == tip:
        return False
    if content(place, tip, base):
        return True
    picked = git.run(place.common, "cherry", base, tip, check=False).lines
    if picked and all(line.startswith("-") for line in picked):
        return True
    return _is_squashed(place, fork, tip, base)


def _is_squashed(place: Place, fork: Oid, tip: Oid, base: Oid) -> bool:
    """Return whether one commit of base makes the whole change of the branch."""
    options = ("--no-ext-diff", "--no-textconv", "--no-renames", "--full-index", "--binary")
    whole = git.run(place.common, "diff", *options, fork, tip).out
    names = git.run(place.common, "diff", "--name-only", "--no-renames", "-z", fork, tip).out
    paths = [f":(top,literal){os.fsdecode(name)}" for name in names.split(b"\0") if name]
    if not paths:
        return False
    commits = git.run(
        place.common, "log", "--first-parent", "-m", "-p", f"--max-count={COMMITS_MOST}", *options,
        f"{fork}..{base}", "--", *paths,
    ).out  # fmt: skip
    return bool(_patch_ids(place, whole) & _patch_ids(place, commits))


def _patch_ids(place: Place, diffs: bytes) -> set[str]:
    done = git.run(place.common, "patch-id", "--stable", input=diffs)
    return {line.split(" ")[0] for line in done.lines}


def changed(place: Place, board: Board) -> dict[str, int]:
    """Return when each card's file last changed in the board's history, in epoch seconds."""
    folder = place.path("cards")
    done = git.run(
        place.common, "log", "-z", "--format=%x01%ct", "--name-only", "--no-renames", board.commit,
        "--", folder,
    )  # fmt: skip
    times: dict[str, int] = {}
    at = 0
    for part in done.text.split("\0"):
        name = part.strip("\n")
        if name.startswith("\1"):
            at = int(name[1:])
        elif name.startswith(f"{folder}/") and name.endswith(".yaml"):
            card = name.removeprefix(f"{folder}/").removesuffix(".yaml")
            times[card] = max(at, times.get(card, 0))
    return times
