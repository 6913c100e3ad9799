"""Merging proposals into a memory, and gathering them into cards: values in, values out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban.core.agents import memory
from gitkanban.core.agents.memory import Proposal, consolidation_prompt, consolidations, gathered
from gitkanban.core.agents.memorymerge import merged
from gitkanban.core.changes import applied
from gitkanban.core.model import Card
from tests.support.boards import board

WORKERS = """
    pool pool 3 profile=backend consolidate_to=owner
    owner lane
"""

TEXT = b"# memory\nuse tabs\n"


@pytest.mark.parametrize(
    ("path", "base", "real", "new", "take", "content"),
    [
        ("m/a.md", TEXT, TEXT, TEXT + b"x\n", "", TEXT + b"x\n"),
        ("m/a.md", TEXT, TEXT + b"y\n", TEXT + b"x\n", "", TEXT + b"y\nx\n"),
        ("m/a.md", TEXT, TEXT + b"x\n", TEXT + b"x\n", "", TEXT + b"x\n"),
        ("m/a.md", TEXT, TEXT + b"x\ny\n", TEXT + b"x\nz\n", "", TEXT + b"x\ny\nz\n"),
        (
            "m/a.md",
            TEXT,
            TEXT + b"\n## A\n\nx\n",
            TEXT + b"\n## A\n\ny\n",
            "",
            TEXT + b"\n## A\n\nx\ny\n",
        ),
        ("m/a.md", TEXT, TEXT + b"p\nx\ny\nq\n", TEXT + b"x\ny\n", "", TEXT + b"p\nx\ny\nq\n"),
        ("m/a.md", b"one", b"one\ntwo\n", b"one\nthree\n", "", b"one\ntwo\nthree\n"),
        ("m/a.md", None, b"mine\n", b"new\n", "", b"mine\nnew\n"),
        ("m/a.md", None, None, b"new\n", "", b"new\n"),
        ("m/a.md", TEXT, TEXT, None, "", None),
        ("m/a.md", TEXT, None, None, "", None),
        ("m/a.json", b"{}\n", b"{1}\n", b"{2}\n", "memory", b"{1}\n"),
        ("m/a.json", b"{}\n", b"{1}\n", b"{2}\n", "proposal", b"{2}\n"),
        ("m/a.db", b"\0a", b"\0b", b"\0c", "proposal", b"\0c"),
        ("m/a.md", TEXT, TEXT + b"y\n", None, "proposal", None),
    ],
)
def test_a_proposed_file_is_merged_three_ways(
    path: str, base: bytes, real: bytes, new: bytes, take: str, content: bytes
) -> None:
    assert merged(path, base, real, new, take) == (content, "")


@pytest.mark.parametrize(
    ("path", "base", "real", "new", "says"),
    [
        ("m/a.md", TEXT, b"# memory\nuse spaces\n", b"# memory\nuse both\n", "same lines"),
        ("m/a.json", b"", b"{1}\n", b"{2}\n", "same lines"),
        ("m/a.db", b"\0a", b"\0b", b"\0c", "changed on both sides"),
        ("m/a.md", TEXT, TEXT + b"y\n", None, "removed by the proposal"),
        ("m/a.md", TEXT, None, TEXT + b"x\n", "removed by the memory"),
    ],
)
def test_a_conflict_is_reported_and_leaves_the_memory(
    path: str, base: bytes, real: bytes | None, new: bytes | None, says: str
) -> None:
    found = merged(path, base, real, new)
    assert found.content == real
    assert says in found.conflict


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=6).map("".join)


@given(base=LINES, real=LINES, new=LINES)
def test_merging_again_what_was_merged_changes_nothing(base: str, real: str, new: str) -> None:
    """An accept that was killed after writing is repeated: from before, target and target."""
    first = merged("m/a.md", base.encode(), real.encode(), new.encode())
    if first.conflict:
        return
    assert merged("m/a.md", real.encode(), first.content, first.content) == first


def test_of_a_large_conflict_a_part_is_shown_and_the_cut_announced() -> None:
    ours, theirs = (f"{side}{'x' * 500}\n" * 30 for side in "mp")
    found = merged("m/a.json", b"", ours.encode(), theirs.encode())
    lines = found.conflict.splitlines()
    assert len(lines) == 23 and max(map(len, lines)) < 250
    assert lines[11] == "  memory:   [cut: 20 more lines]"
    assert lines[22] == "  proposal: [cut: 20 more lines]"


BLOCKS = st.lists(
    st.sampled_from(["\n", "# a\n", "- x\n", "- y\n", "```\nx\n```\n", "~~~\n\ny\n~~~\n"]),
    max_size=6,
).map("".join)


@given(before=BLOCKS, ours=BLOCKS, theirs=BLOCKS, after=BLOCKS)
def test_lines_that_both_add_to_prose_are_all_there_in_their_order(
    before: str, ours: str, theirs: str, after: str
) -> None:
    base = [f"{before}(the begin)\n", f"(the end)\n{after}"]  # so that both add at one place
    real, new = (added.join(base).encode() for added in (ours, theirs))
    found = merged("m/a.md", "".join(base).encode(), real, new)
    assert not found.conflict and found.content is not None
    lines = found.content.splitlines()
    assert in_order(real.splitlines(), lines) and in_order(new.splitlines(), lines)
    assert sum(line.startswith((b"```", b"~~~")) for line in lines) % 2 == 0


def in_order(few: list[bytes], many: list[bytes]) -> bool:
    """Whether the lines are among the others, in this order."""
    rest = iter(many)
    return all(line in rest for line in few)


def waiting(*names: str, profile: str = "backend") -> list[Proposal]:
    return [Proposal(name, profile, f"T{name}", text=f"words of {name}") for name in names]


def test_a_card_is_made_when_enough_proposals_of_a_profile_wait() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    assert consolidations(before, waiting("1", "2", "3", "4")) == []
    (add,) = consolidations(before, waiting("1", "2", "3", "4", "5"))
    assert (add.card.worker, add.card.status) == ("owner", "todo")
    assert memory.listed(add.card) == [(n, f"T{n}") for n in "12345"]
    assert consolidations(before, waiting("1", "2", "3", "4", "5", profile="owner")) == []


def test_gathered_proposals_make_no_second_card() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    five = waiting("1", "2", "3", "4", "5")
    made = consolidations(before, five)
    after = applied(before, made)
    assert consolidations(after, five) == []
    assert set(gathered(after)) == set("12345")
    assert consolidations(after, [*five, *waiting("6", "7", "8", "9")]) == []
    (more,) = consolidations(after, [*five, *waiting("6", "7", "8", "9", "91")])
    assert [name for name, _ in memory.listed(more.card)] == ["6", "7", "8", "9", "91"]


def test_dropping_the_card_lets_go_of_its_proposals_and_makes_no_copy_of_it() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    five = waiting("1", "2", "3", "4", "5")
    (add,) = consolidations(before, five)
    dropped = before._replace(
        cards={**before.cards, add.card.id: add.card._replace(status="dropped")}
    )
    assert gathered(dropped) == {}
    assert consolidations(dropped, five) == []
    assert len(consolidations(dropped, [*five, *waiting("6")])) == 1


def test_the_card_says_nothing_of_what_the_proposals_say_and_its_prompt_says_all() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    five = waiting("1", "2", "3", "4", "5")
    (add,) = consolidations(before, five)
    assert "words of" not in add.card.body
    known = {each.id: each for each in five[:4]}
    known["2"] = known["2"]._replace(state=memory.REJECTED)
    text = consolidation_prompt(add.card, known)
    assert "words of 1" in text and "from card T1" in text
    assert "words of 2" not in text and "rejected" in text
    assert "not on this machine" in text
    assert consolidation_prompt(Card("T1", body="- proposal 1 from T1"), known) == ""


def test_what_no_session_of_this_clone_was_told_is_not_consolidated() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    five = waiting("1", "2", "3", "4", "5")
    (add,) = consolidations(before, five)
    done = before._replace(cards={**before.cards, add.card.id: add.card._replace(status="done")})
    assert memory.consolidated(done, private="12") == set("345")
    assert memory.consolidated(done, private="12", here={add.card.id}) == set("12345")
    assert memory.consolidated(applied(before, [add])) == set()
    assert consolidations(done, [*five[:2], *waiting("6", "7", "8", "9")]) == []


def test_of_two_cards_with_one_proposal_the_second_is_told_to_leave_it() -> None:
    before = board("T1 done @pool", workers=WORKERS)
    five = waiting("1", "2", "3", "4", "5")
    (first,) = consolidations(before, five)
    dropped = first.card._replace(status="dropped")
    (second,) = consolidations(before._replace(cards={dropped.id: dropped}), [*five, *waiting("6")])
    known = {each.id: each for each in [*five, *waiting("6")]}
    for status, leaves in (("todo", False), ("running", True), ("done", True)):
        cards = {first.card.id: first.card._replace(status=status), second.card.id: second.card}
        both = before._replace(cards=cards)
        text = consolidation_prompt(second.card, known, memory.taken(both, second.card))
        assert ("words of 1" not in text) == leaves and "words of 6" in text
        assert (f"Card {first.card.id} has it" in text) == leaves


def test_a_prompt_of_many_large_proposals_is_bounded_and_names_every_one() -> None:
    many = [Proposal(f"p{n:02}", "backend", f"T{n}", diff="+ a line\n" * 5000) for n in range(50)]
    (add,) = consolidations(board(workers=WORKERS), many)
    text = consolidation_prompt(add.card, {each.id: each for each in many})
    assert len(text) < 60_000
    assert text.count("[cut: ") == 50
    assert all(f"proposal {each.id}, from card {each.card}" in text for each in many)
