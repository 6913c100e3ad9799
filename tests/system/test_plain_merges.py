"""Plain git merges what two clones did to one board; see `plain_merges` for the long version."""

from pathlib import Path

from tests.plain_merges import play


def test_two_clones_merge_with_plain_git_and_only_true_conflicts(tmp_path: Path) -> None:
    tally = play(tmp_path, rounds=10, seed=7)
    assert tally.conflicts == 1  # one card retitled on both sides
    assert tally.commits == 40 and tally.cards == 25
