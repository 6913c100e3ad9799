"""Cards as files: parsing, the canonical layout, edits that touch only their lines, fmt."""

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.board.formats import cardfile, cardlayout, yamltext
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core import model
from gitkanban.core.changes import Value
from gitkanban.core.model import Card
from tests.board import cards
from tests.conftest import git
from tests.support.examples import examples

FULL = Card(
    id="T1", title="implement backend API/repository", worker="backend-hermes-pool",
    status="running", priority=2, parents=("T0", "T9"), needs=(("build", 1), ("gpu", 2)),
    acceptance=("recall within 2 minutes succeeds", "no: lint"), run="01jd0000000000000000",
    slot="backend-hermes#2", clone="c1", host="ci-1", machine="m1", not_before=1763935200, reason="failed",
    why="two\nlines\n", attempts_after="01jc", merged="5b" * 20,
    body="Do it.\n\n  indented\n",
)  # fmt: skip

CANONICAL = """\
id: T1

title: implement backend API/repository

worker: backend-hermes-pool

status: running
run: 01jd0000000000000000
slot: backend-hermes#2
clone: c1
host: ci-1
machine: m1
not_before: 2025-11-23T22:00:00Z
reason: failed
why: |
  two
  lines
attempts_after: 01jc
merged: 5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b

priority: 2

parents:
  - T0
  - T9

needs:
  build: 1
  gpu: 2

acceptance:
  - recall within 2 minutes succeeds
  - 'no: lint'

body: |
  Do it.

    indented
"""


def parsed(text: str, name: str = "T1") -> Card:
    return cardfile.parse(text.encode(), f"cards/{name}.yaml")


def test_the_canonical_layout() -> None:
    assert cardfile.render(FULL) == CANONICAL
    assert parsed(CANONICAL) == FULL


def test_fields_that_only_a_move_sets_are_left_out_where_they_are_empty() -> None:
    assert cardfile.render(Card("T1")) == (
        "id: T1\n\ntitle: ''\n\nworker: ''\n\nstatus: todo\n\npriority: 0\n\n"
        "parents: []\n\nneeds: {}\n\nacceptance: []\n\nbody: ''\n"
    )


def test_a_card_by_hand() -> None:
    text = "id: 1.10\nparents: [1e3, 12e4567, 0x1F]\ntitle: yes\nx-mine: {a: 1}\nneeds:\nbody:\n"
    card = parsed(text, "1.10")
    assert card == Card("1.10", "yes", parents=("0x1F", "12e4567", "1e3"))


@given(cards.cards())
def test_every_card_reads_back(card: Card) -> None:
    text = cardfile.render(card)
    assert parsed(text, card.id) == card
    assert cardlayout.formatted(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: x\n", r"1:1: there is no id"),
        ("id: T2\n", r"1:5: the id is 'T2', the file is named 'T1'"),
        ("id: ../x\n", r"1:5: '\.\./x' cannot be the id"),
        ("id:\n", r"1:\d: '' cannot be the id: it is empty"),
        ("id: [T1]\n", r"1:5: id must be text, not a list"),
        ("id: T1\ntitle: [x]\n", r"2:8: title must be text, not a list"),
        ("id: T1\ntitle: {{x}}\n", r"2:\d: "),
        ("id: T1\nstatus: runing\n", r"2:9: 'runing' is not a status"),
        ("id: T1\npriority: high\n", r"2:11: priority must be a whole number, not 'high'"),
        ("id: T1\npriority: 1.5\n", r"2:11: priority must be a whole number"),
        ("id: T1\npriority: " + "9" * 5000 + "\n", r"2:11: priority must be a whole number"),
        ("id: T1\nparents: T0\n", r"2:10: parents must be a list, not 'T0'"),
        ("id: T1\nparents:\n  - T0\n  - ../../x\n", r"4:5: '\.\./\.\./x' cannot be a card id"),
        ("id: T1\nparents:\n  - {a: b}\n", r"3:5: an item of parents must be text"),
        ("id: T1\nparents:\n  -\n", r"3:4: an item of parents must be text, not nothing"),
        ("id: T1\nneeds: [build]\n", r"2:8: needs must be a mapping, not a list"),
        ("id: T1\nneeds: {build: -1}\n", r"2:16: needs\.build must be at least 1, or 0 for none"),
        ("id: T1\nneeds:\n  build:\n", r"3:9: needs\.build must be at least 1, or 0 for none"),
        ("id: T1\nneeds: {build: x}\n", r"2:16: needs\.build must be a whole number"),
        ("id: T1\nrun: ../x\n", r"2:6: '\.\./x' cannot be the run"),
        ("id: T1\nslot: ../x#1\n", r"2:7: '\.\./x#1' is not a slot"),
        ("id: T1\nnot_before: soon\n", r"2:13: 'soon' is not a time"),
        ("id: T1\nreason: tired\n", r"2:9: 'tired' is not a reason"),
    ],
)
def test_a_bad_card_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(Bad, match=rf"^cards/T1\.yaml:{said}"):
        parsed(text)


def test_hints_name_the_nearest_word() -> None:
    with pytest.raises(Bad) as caught:
        parsed("id: T1\nstatus: runing\n")
    assert caught.value.hint == "Did you mean 'running'?"


ODD = """\
# a card by hand

id:   "T1"    # quoted
title:  'it''s   odd'   # keep me
# about the worker
worker: w
x-list: [ 1,2,   3 ]
status:   todo      # why not
parents: # these
# contract first
- T0   # the contract
- "T5"


- T9
acceptance:
    -   a: b
x-map:
      deep:   {a: 1,b: 2}
      # inner
      other: >-
        folded
        text
body: >
   folded
   body

   # no comment
# the end
"""
HAND = ODD.replace("    -   a: b\n", "    -   first\n    # two\n    -   'second  one'\n")


@pytest.mark.parametrize(
    ("fields", "gone", "new"),
    [
        ({"status": "done"}, ["status:   todo      # why not"], ["status:   done      # why not"]),
        ({"title": "new"}, ["title:  'it''s   odd'   # keep me"], ["title:  'new'   # keep me"]),
        ({"worker": "v"}, ["worker: w"], ["worker: v"]),
        ({"worker": ""}, ["worker: w"], ["worker: ''"]),
        ({"parents": ("T0", "T9")}, ['- "T5"'], []),
        ({"parents": ("T0", "T5", "T7", "T9")}, [], ["- T7"]),
        ({"acceptance": ("second  one", "3")}, ["    -   first"], ["    -   '3'"]),
        ({"priority": 2}, [], ["priority: 2"]),
        ({"run": "r1", "slot": "w#1"}, [], ["run: r1", "slot: w#1"]),
        ({"status": "todo", "title": "it's   odd", "reason": ""}, [], []),
    ],
)
def test_an_edit_touches_only_its_lines(
    fields: dict[str, Value], gone: list[str], new: list[str]
) -> None:
    after = cardfile.edited(HAND, fields)
    assert parsed(after) == parsed(HAND)._replace(**fields)  # type: ignore[arg-type]  # by field
    before_lines, after_lines = HAND.split("\n"), after.split("\n")
    assert [line for line in before_lines if line and line not in after_lines] == gone
    assert [line for line in after_lines if line and line not in before_lines] == new


def test_a_new_field_goes_to_its_place_and_leaves_no_trace_when_it_goes() -> None:
    start = cardfile.render(
        FULL._replace(**{n: getattr(Card(""), n) for n in cardfile.STATUS_GROUP})
    )
    assert (
        cardfile.edited(cardfile.edited(start, {"run": "r", "why": "w"}), {"run": "", "why": ""})
        == start
    )
    for name in ("worker", "parents", "needs", "acceptance", "body"):
        without = cardfile.edited(CANONICAL, {name: getattr(Card(""), name)})
        assert parsed(without) == FULL._replace(**{name: getattr(Card(""), name)})
        assert cardfile.edited(without, {name: getattr(FULL, name)}) == CANONICAL, name


@given(cards.cards(), cards.cards(), st.sets(st.sampled_from(cardfile.ORDER[1:]), min_size=1))
def test_edits_of_canonical_cards_stay_canonical(a: Card, b: Card, names: set[str]) -> None:
    fields = {name: getattr(b, name) for name in names}
    after = cardfile.edited(cardfile.render(a), fields)
    assert parsed(after, a.id) == a._replace(**fields)
    if "acceptance" not in names:
        assert cardlayout.formatted(after) == after


@pytest.mark.slow
@given(cards.handwritten(), cards.cards(), st.sampled_from(cardfile.ORDER[1:]))
@examples(300)
def test_one_edit_of_a_handwritten_card_changes_one_stretch_of_lines(
    text: str, other: Card, name: str
) -> None:
    before = parsed(text)
    value = getattr(other, name)
    after = cardfile.edited(text, {name: value})
    assert parsed(after) == before._replace(**{name: value})
    assert cards.comments(text) - cards.comments(after) <= cards.comments_of(text, name)
    # Cutting the field's own lines out of both leaves the same lines, blank ones aside.
    assert cards.without(after, name) == cards.without(text, name)


@given(cards.handwritten())
def test_fmt_keeps_meaning_and_comments_and_has_nothing_left_to_do(text: str) -> None:
    after = cardlayout.formatted(text)
    assert parsed(after) == parsed(text)
    assert cards.comments(text) == cards.comments(after)
    assert cardlayout.formatted(after) == after


def test_fmt() -> None:
    text = (
        "---\n# head\n\nstatus: todo # s\nid: T1\n\n\n# why\ntitle:  x   \nparents: [T9, # nine\n"
        '   T0]\nmine: 1\r\nbody: "a\\nb"\n# end\n...\n'
    )
    assert cardlayout.formatted(text) == (
        "# head\n\nid: T1\n\n# why\ntitle:  x\n\nworker: ''\n\nstatus: todo # s\n\npriority: 0\n\nparents:\n"
        "  - T0\n  - T9  # nine\n\nmine: 1\n\nneeds: {}\n\nacceptance: []\n\nbody: |-\n  a\n  b\n\n# end\n"
    )


def test_a_card_in_braces_is_laid_out_when_it_is_edited() -> None:
    after = cardfile.edited("{id: T1, title: 'x', mine: [1, 2]}", {"status": "done"})
    assert after == "id: T1\ntitle: 'x'\n\nstatus: done\n\nmine: [1, 2]\n"


@pytest.mark.parametrize(
    "text",
    [
        "{id: T1, title: 'x', # why\n mine: [1, 2]}\n",
        "  id: T1\n  title: 'x' # why\n  mine: [1, 2]\n",
        "id: T1 # why\rtitle: 'x'\rmine: [1, 2]\r",
        "id: T1 # why\x85title: 'x'\nmine: [1, 2]\n",
        "? id\n: T1 # why\n? title\n: 'x'\n? mine\n: [1, 2]\n",
    ],
)
def test_what_cannot_be_edited_line_by_line_is_laid_out_first(text: str) -> None:
    before = parsed(text)
    for after in (cardfile.edited(text, {"status": "done"}), cardlayout.formatted(text)):
        assert parsed(after)._replace(status="todo") == before
        assert "# why" in after and "mine: [1, 2]\n" in after
        assert cardfile.edited(after, {"status": "review"}).count("\n") >= 4


def test_blank_lines_at_the_end_of_prose_are_layout() -> None:
    assert parsed("id: T1\nbody: |+\n  a\n\n\n").body == "a\n"
    assert parsed("id: T1\nbody: |+\n\n\nwhy: x\n").body == ""
    assert cardfile.render(Card("T1", body="a\n\n\n")).endswith("body: |\n  a\n")


def test_windows_line_ends_and_byte_order_marks_stay() -> None:
    text = "\ufeff" + CANONICAL.replace("\n", "\r\n")
    after = cardfile.edited(text, {"priority": 3, "acceptance": ("x",), "reason": ""})
    assert after.startswith("\ufeff")
    assert after.count("\n") == after.count("\r\n") > 10


def test_terminal_escapes_are_kept_as_data() -> None:
    card = Card("T1", "\x1b[31mred\0", body="a\x1b[2J\n")
    text = cardfile.render(card)
    assert text.isascii() and "\x1b" not in text
    assert parsed(text) == card


# Plain git merges what two branches changed -----------------------------------------------------

CHANGES: dict[str, dict[str, Value]] = {
    "title": {"title": "another title"},
    "worker": {"worker": "frontend"},
    "status": {"status": "running", "run": "r1", "slot": "b#1", "clone": "c", "host": "h"},
    "blocked": {"status": "blocked", "reason": "failed", "why": "two\nlines\n"},
    "priority": {"priority": 5},
    "parents": {"parents": ("T0", "T3")},
    "needs": {"needs": (("build", 2),)},
    "acceptance": {"acceptance": ("first", "more")},
    "body": {"body": "something else\n"},
}
BASE = Card(
    "T1", "title", "backend", parents=("T0", "T2"), needs=(("build", 1),), acceptance=("first",),
    body="Words.\n",
)  # fmt: skip
SAME_FACT = {frozenset({"status", "blocked"})}
PAIRS = [p for p in itertools.combinations(CHANGES, 2) if frozenset(p) not in SAME_FACT]


def _merge_file(tmp_path: Path, base: str, ours: str, theirs: str) -> tuple[int, str]:
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_branches_that_edit_different_fields_merge_with_plain_git(
    pair: tuple[str, str], tmp_path: Path
) -> None:
    base = cardfile.render(BASE)
    for one, two in (pair, pair[::-1]):
        code, text = _merge_file(
            tmp_path, base, cardfile.edited(base, CHANGES[one]), cardfile.edited(base, CHANGES[two])
        )
        assert code == 0, text
        assert parsed(text) == BASE._replace(**CHANGES[one], **CHANGES[two])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [n for n in CHANGES if n not in ("status", "blocked", "priority")])
def test_a_tick_meets_no_field_that_a_person_adds(name: str, tmp_path: Path) -> None:
    card = Card("T1", "title", "backend")
    base = cardfile.render(card)
    start, edit = CHANGES["status"], CHANGES[name]
    code, text = _merge_file(
        tmp_path, base, cardfile.edited(base, start), cardfile.edited(base, edit)
    )
    assert code == 0, text
    assert parsed(text) == card._replace(**start, **edit)  # type: ignore[arg-type]


def test_a_merge_of_branches_in_a_repository(repo: Path) -> None:
    path = repo / "T1.yaml"
    path.write_text(cardfile.render(BASE))
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "card")
    for name, fields in CHANGES.items():
        if name == "blocked":
            continue
        git(repo, "checkout", "-qb", name, "main")
        path.write_text(cardfile.edited(path.read_text(), fields))
        git(repo, "commit", "-qam", name)
    git(repo, "checkout", "-q", "main")
    for name in CHANGES:
        if name != "blocked":
            git(repo, "merge", "-q", "--no-edit", name)
    wanted = BASE
    for name, fields in CHANGES.items():
        wanted = wanted._replace(**fields) if name != "blocked" else wanted  # type: ignore[arg-type]
    assert parsed(path.read_text()) == wanted


def test_the_order_of_the_file_names_every_field_once() -> None:
    assert sorted(cardfile.ORDER) == sorted(Card._fields)
    assert yamltext.scalar(model.TODO) == "todo"


def test_an_optional_field_is_read_where_it_is_and_added_nowhere() -> None:
    plain = cardfile.render(Card("T1", title="one"))
    for name in cardfile.OPTIONAL:
        assert f"\n{name}:" not in plain
    assert cardlayout.formatted(plain) == plain
    done = cardfile.edited(plain, {"status": "done", "merged": "ab" * 20})
    assert f"status: done\nmerged: {'ab' * 20}\n\npriority" in done
    assert cardfile.parse(done.encode(), "cards/T1.yaml").merged == "ab" * 20
    assert cardlayout.formatted(done) == done
    assert cardfile.edited(done, {"status": "todo", "merged": ""}) == plain


@pytest.mark.parametrize("text", ["HEAD", "--all", "ab12", "AB" * 20, "[x]"])
def test_what_is_no_commit_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(Bad, match=r"merged must be text|is not a commit"):
        cardfile.parse(f"id: T1\nmerged: {text}\n".encode(), "cards/T1.yaml")
