"""What gc may remove, and the reason for everything that stays."""

from gitkanban.core.care.gc import (
    BranchFact,
    Facts,
    FolderFact,
    Spared,
    WorktreeFact,
    finished,
    tidying,
)
from tests.support.boards import NOW, board

DAY = 86400
STATE = board("T1 done", "T2 dropped", "T3 review", "T4 running", archived=["T0"], broken=["T9"])


def reasons(kept: tuple[Spared, ...]) -> dict[str, str]:
    return {each.name: each.why for each in kept if each.kind != "card"}


def test_a_card_is_finished_when_done_dropped_or_archived() -> None:
    states = [finished(STATE, card) for card in ("T1", "T2", "T3", "T0", "T9", "TX")]
    assert states == ["done", "dropped", "", "archived", "", ""]


def test_only_clean_and_merged_worktrees_of_finished_cards_go() -> None:
    trees = (
        WorktreeFact("/w/T0", "T0"),
        WorktreeFact("/w/T1", "T1"),
        WorktreeFact("/w/T1b", "T1", unclean="changes that are not committed"),
        WorktreeFact("/w/T2", "T2", landed=False),
        WorktreeFact("/w/T2b", "T2", live=True),
        WorktreeFact("/w/T2c", "T2", there=False),
        WorktreeFact("/w/T3", "T3"),
        WorktreeFact("/w/T9", "T9"),
        WorktreeFact("/w/TX", "TX"),
    )
    found = tidying(STATE, Facts(trees), NOW)
    assert [tree.path for tree in found.worktrees] == ["/w/T0", "/w/T1"]
    assert reasons(found.spared) == {
        "/w/T1b": "it has changes that are not committed, and the card is done",
        "/w/T2": "it has commits that base lacks, and the card is dropped",
        "/w/T2b": "a run is alive there",
        "/w/T2c": "the folder is gone: see `gitkanban doctor`",
        "/w/T3": "T3 is still in review",
        "/w/T9": "the card cannot be read",
        "/w/TX": "the board has no such card: see `gitkanban doctor`",
    }


def test_a_branch_goes_when_base_has_its_commits_or_its_content() -> None:
    branches = (BranchFact("T0", True), BranchFact("T1", False, "c1"), BranchFact("T2", False))
    found = tidying(STATE, Facts(branches=branches), NOW)
    assert [branch.card for branch in found.branches] == ["T0", "T1"]
    assert reasons(found.spared) == {
        "card/T2": "it has commits that base lacks, and the card is dropped"
    }


def test_a_branch_stays_with_its_worktree() -> None:
    facts = Facts(
        (WorktreeFact("/w/T1", "T1", unclean="changes that are not committed"),),
        (BranchFact("T1", True),),
    )
    assert tidying(STATE, facts, NOW).branches == ()


def test_the_newest_run_folders_stay_and_those_that_are_still_needed() -> None:
    state = STATE._replace(config=STATE.config and STATE.config._replace(keep_runs=2))
    folders = (
        FolderFact("r1", "T1", True),
        FolderFact("r2", "T3", True),
        FolderFact("r3", "T3", True),
        FolderFact("r4", "T4", False),
        FolderFact("r5", "T2", True),
        FolderFact("r6", "T2", True),
        FolderFact("r0", "TX", True),
        FolderFact("r00", "T9", True),
    )
    found = tidying(state, Facts(folders=folders), NOW)
    assert found.folders == ("r0", "r1", "r2")
    assert reasons(found.spared) == {
        "r00": "the last run of a card that is not finished",
        "r3": "the last run of a card that is not finished",
        "r4": "the end is not on the board yet",
        "r5": "among the newest 2 (keep_runs)",
        "r6": "among the newest 2 (keep_runs)",
    }


def test_cards_done_long_ago_are_archived_with_the_year_of_their_last_change() -> None:
    state = board("A done", "B done", "C done", "D done", "E done", "F dropped", "G todo <- C")
    state = state._replace(config=state.config and state.config._replace(archive_after=DAY))
    old = NOW - 400 * DAY
    facts = Facts(
        worktrees=(WorktreeFact("/w/E", "E", unclean="changes that are not committed"),),
        folders=(FolderFact("r1", "D", False),),
        changed={"A": old, "B": NOW - DAY + 1, "C": old, "D": old, "E": old, "F": old, "G": old},
    )
    found = tidying(state, facts, NOW)
    assert found.archive == (("A", 2024),)
    assert {each.name: each.why for each in found.spared if each.kind == "card"} == {
        "B": "changed more recently than archive_after",
        "C": "a parent of cards that are not finished",
        "D": "it has a run that is not settled",
        "E": "with work that is not in base",
    }


def test_without_archive_after_no_card_is_archived() -> None:
    found = tidying(STATE, Facts(changed={"T1": 0}), NOW)
    assert found.archive == ()
    assert Spared("card", "T1", "archive_after is not set") in found.spared


def test_what_did_not_go_after_all_is_kept_and_so_is_its_card() -> None:
    state = STATE._replace(config=STATE.config and STATE.config._replace(archive_after=DAY))
    facts = Facts(
        (WorktreeFact("/w/T1", "T1"),), (BranchFact("T1", True),), changed={"T1": NOW - 2 * DAY}
    )
    before = tidying(state, facts, NOW)
    assert [card for card, _ in before.archive] == ["T1"]
    late = Spared("worktree", "/w/T1", "a run is alive there")
    found = before.without([late])
    assert found.worktrees == () and len(found.branches) == 1 and found.archive == ()
    assert found.spared == (Spared("card", "T1", "with work that is not in base"), late)
    assert before.without([]) == before
