"""Merging the text of a card by field: what is clean, what conflicts, what that leaves."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import cardfile, yamltext
from gitkanban.board.formats.mergefile import MergedText, merge_card
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core import merge
from gitkanban.core.model import STATUS_FIELDS, Card
from tests.board import cards
from tests.support.examples import examples

BASE = """\
# about T1
id: T1

title: old

worker: w

status: todo

priority: 0

parents:
  - T0  # contract

body: |
  one
  two
  three
  four
  five

x-mine: {a: 1}
"""


def parsed(text: str | None) -> Card:
    assert text is not None
    return cardfile.parse(text.encode(), "cards/T1.yaml")


def changed(old: str, new: str, text: str = BASE) -> str:
    assert old in text
    return text.replace(old, new)


def test_fields_that_stand_side_by_side_merge_where_lines_do_not() -> None:
    text = "id: T1\ntitle: old\nstatus: todo  # s\nparents: [T0]\n"
    ours = text.replace("old", "new").replace("[T0]", "[T0, T2]")
    theirs = text.replace("todo", "done").replace("[T0]", "[T3]")
    assert merge_card(text, ours, theirs) == MergedText(
        "id: T1\ntitle: new\nstatus: done  # s\nparents:\n  - T2\n  - T3\n"
    )


def test_comments_of_both_sides_survive() -> None:
    ours = changed("title: old", "# mine\ntitle: new")
    theirs = changed("status: todo", "status: done  # theirs").replace("{a: 1}", "{a: 2}")
    merged = merge_card(BASE, ours, theirs)
    assert merged.text == ours.replace("todo", "done  # theirs").replace("{a: 1}", "{a: 2}")


def test_unknown_keys_merge_as_values() -> None:
    theirs = changed("x-mine: {a: 1}", "x-mine: [2]  # two\n\nx-new:\n    k: v")
    merged = merge_card(BASE, changed("old", "new").replace("\n\n", "\n"), theirs)
    assert merged.conflicts == ()
    assert merged.text is not None
    assert "x-mine: [2]  # two\n" in merged.text
    assert merged.text.endswith("\n\nx-new:\n    k: v\n")
    gone = merge_card(
        BASE, changed("title: old", "title: new\nx-ours: 1"), changed("\nx-mine: {a: 1}\n", "")
    )
    assert gone.text == changed("title: old", "title: new\nx-ours: 1").replace(
        "\nx-mine: {a: 1}\n", ""
    )
    both = merge_card(BASE, changed("{a: 1}", "3"), changed("{a: 1}", "4"))
    assert (both.text, both.conflicts) == (changed("{a: 1}", "3"), ("x-mine",))


def test_a_body_merges_by_lines() -> None:
    merged = merge_card(BASE, changed("  one", "  ONE"), changed("  five", "  FIVE\n  six"))
    assert parsed(merged.text).body == "ONE\ntwo\nthree\nfour\nFIVE\nsix\n"


def test_a_conflict_leaves_ours_and_shows_both() -> None:
    ours = changed("old", "mine").replace("todo", "done")
    theirs = changed("old", "other").replace("todo", "blocked\nreason: failed").replace("T0", "T5")
    merged = merge_card(BASE, ours, theirs)
    assert merged.conflicts == ("status", "title")
    assert merged.notices == (
        "status: done (yours), blocked: failed (board)",
        "title: 'mine' (yours), 'other' (board)",
    )
    assert parsed(merged.text) == parsed(ours)._replace(parents=("T5",))


def test_strict_puts_markers_around_that_field_alone() -> None:
    ours = changed("todo", "done").replace("old", "new")
    theirs = changed("todo", "blocked\nreason: failed").replace("one", "ONE")
    merged = merge_card(BASE, ours, theirs, ("HEAD", "topic"), strict=True)
    assert merged.text == changed("old", "new").replace("one", "ONE").replace(
        "status: todo\n",
        "<<<<<<< HEAD\nstatus: done\n=======\nstatus: blocked\nreason: failed\n>>>>>>> topic\n",
    )
    with pytest.raises(Bad, match=r"cards/T1\.yaml:8:1: an unresolved merge conflict"):
        parsed(merged.text)


def test_strict_marks_only_the_lines_of_a_body_that_conflict() -> None:
    merged = merge_card(
        BASE, changed("two", "deux").replace("five", "5"), changed("two", "zwei"), strict=True
    )
    assert merged.text == changed("five", "5").replace(
        "  two\n", "<<<<<<< yours\n  deux\n=======\n  zwei\n>>>>>>> board\n"
    )


def test_a_deleted_card_that_the_other_side_edited_is_a_conflict() -> None:
    edited = changed("old", "new")
    assert merge_card(BASE, None, BASE) == MergedText(None)
    assert merge_card(BASE, BASE, None) == MergedText(None)
    assert merge_card(BASE, None, None) == MergedText(None)
    gone = merge_card(BASE, None, edited)
    assert gone == MergedText(None, ("card",), ("card: deleted (yours), edited (board)",))
    kept = merge_card(BASE, edited, None)
    assert kept == MergedText(edited, ("card",), ("card: edited (yours), deleted (board)",))
    strict = merge_card(BASE, None, edited, strict=True)
    assert strict.text == f"<<<<<<< yours\n=======\n{edited}>>>>>>> board\n"


def test_two_cards_of_one_id_are_a_conflict_unless_they_are_the_same() -> None:
    assert merge_card(None, BASE, BASE.replace("\n\n", "\n")).conflicts == ()
    twice = merge_card("", BASE, changed("old", "another"))
    assert (twice.text, twice.conflicts) == (BASE, ("card",))
    assert twice.notices == ("card: two different cards have this id (yours, board)",)


def test_a_draft_that_is_no_card_yet_is_merged_by_lines_or_kept() -> None:
    draft = changed("title: old", "title: [old")
    assert merge_card(BASE, draft, changed("five", "5")).text == draft.replace("five", "5")
    stuck = merge_card(BASE, draft, changed("old", "new"))
    assert (stuck.text, stuck.conflicts) == (draft, ("card",))
    assert "not by field" in stuck.notices[0]


def _git_merge(tmp_path: Path, *texts: str) -> tuple[int, str]:
    for name, text in zip(("base", "ours", "theirs"), texts, strict=True):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_where_git_merges_cleanly_the_result_is_the_same(tmp_path: Path) -> None:
    ours, theirs = changed("old", "new"), changed("five", "5").replace("todo", "done")
    assert _git_merge(tmp_path, BASE, ours, theirs) == (0, merge_card(BASE, ours, theirs).text)


# Properties -------------------------------------------------------------------------------------

CARD = cards.cards("T1")
HAND = cards.handwritten()


@pytest.mark.slow
@given(HAND, HAND, HAND)
@examples(300)
def test_any_three_texts_merge_symmetrically_in_meaning(base: str, ours: str, theirs: str) -> None:
    one, two = merge_card(base, ours, theirs), merge_card(base, theirs, ours)
    assert sorted(one.conflicts) == sorted(two.conflicts)
    if not one.conflicts:
        a, b = parsed(one.text), parsed(two.text)
        assert a._replace(acceptance=()) == b._replace(acceptance=())
        assert set(a.acceptance) == set(b.acceptance)
        assert _unknown(one.text) == _unknown(two.text)
        wanted = merge.card(parsed(base), parsed(ours), parsed(theirs))
        assert a._replace(acceptance=()) == wanted.card._replace(acceptance=())
    else:
        parsed(one.text)  # what is not strict always loads
        for strict in (merge_card(base, ours, theirs, strict=True),):
            assert strict.conflicts == one.conflicts
            with pytest.raises(Bad, match="unresolved merge conflict"):
                parsed(strict.text)


def _unknown(text: str | None) -> dict[str, object]:
    root = yamltext.load(text or "", "card")
    return {
        key.text: yamltext.plain(value)
        for key, value in root.entries
        if key.text not in cardfile.ORDER
    }


@given(HAND, HAND)
def test_merging_with_what_did_not_change_changes_nothing(base: str, text: str) -> None:
    assert merge_card(base, text, base) == MergedText(text)
    assert merge_card(base, base, text) == MergedText(text)
    assert merge_card(base, text, text) == MergedText(text)


EDITS = [
    *((name,) for name in cardfile.ORDER[1:] if name not in STATUS_FIELDS),
    STATUS_FIELDS,
]


@pytest.mark.slow
@given(
    HAND,
    CARD,
    CARD,
    st.lists(st.sampled_from((0, 1, None)), min_size=len(EDITS), max_size=len(EDITS)),
)
@examples(200)
def test_edits_of_different_fields_equal_one_after_the_other(
    base: str, mine: Card, other: Card, who: list[int | None]
) -> None:
    edits: tuple[dict[str, object], dict[str, object]] = ({}, {})
    for names, side in zip(EDITS, who, strict=True):
        if side is not None:
            edits[side].update({name: getattr((mine, other)[side], name) for name in names})
    ours = cardfile.edited(base, edits[0])  # type: ignore[arg-type]  # values of fields
    theirs = cardfile.edited(base, edits[1])  # type: ignore[arg-type]
    both = parsed(cardfile.edited(ours, edits[1]))  # type: ignore[arg-type]
    assert both == parsed(cardfile.edited(theirs, edits[0]))  # type: ignore[arg-type]
    merged = merge_card(base, ours, theirs)
    assert merged.conflicts == ()
    assert parsed(merged.text) == both
    assert _unknown(merged.text) == _unknown(base)
    touched = {name for edit in edits for name in edit}
    lost = set().union(*(cards.comments_of(base, name) for name in touched))
    assert cards.comments(base) - cards.comments(merged.text or "") <= lost


def test_lines_that_merge_cleanly_and_mean_something_else_are_not_taken() -> None:
    ours = changed("title: old\n", "title: old\n\nneeds:\n  gpu: 1\n")
    theirs = BASE + "\nneeds:\n  gpu: 1\n"
    lines = merge.text(BASE, ours, theirs)
    assert lines is not None and lines.count("needs:") == 2
    merged = merge_card(BASE, ours, theirs)
    assert merged == MergedText(ours)
    with pytest.raises(Bad, match="twice"):
        parsed(lines)
