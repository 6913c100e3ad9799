"""New cards and edits against the board they go to: everything bad is refused by name."""

import pytest

from gitkanban.core.editing import added, drafted, edited, linked, unlinked
from gitkanban.core.model import Board, Card, Problem
from gitkanban.errors import GitkanbanError
from tests.support.boards import board

STATE = board("T1 todo", "T2 todo <- T1", "T3 todo <- T2", workers="capacity build 2")


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (Card("T9", "t", worker="sola"), "no worker 'sola'"),
        (Card("T9", "t", parents=("T8",)), "no card 'T8'"),
        (Card("T9", "t", parents=("T9",)), "its own parent"),
        (Card("T1", "t"), "T1 already exists"),
        (Card("t1", "t"), "differs from T1 only in case"),
        (Card("bad", "t"), "cannot be read"),
        (Card("old", "t"), "in the archive"),
        (Card("T9", " "), "no title"),
        (Card("T9", "a\nb"), "more than one line"),
        (Card("T9", "t", needs=(("gpu", 1),)), "no capacity 'gpu'"),
        (Card("T9", "t", needs=(("build", 3),)), "of which there are 2"),
        *((Card(bad, "t"), "") for bad in ("../x", "-rf", "a/b", "x.lock", "x" * 300, "", ".x")),
    ],
)
def test_a_bad_card_is_refused(card: Card, words: str) -> None:
    state = STATE._replace(
        archived=frozenset({"old"}), problems=(Problem("f", 1, 1, "m", card="bad"),)
    )
    with pytest.raises(GitkanbanError) as caught:
        added(state, [card])
    assert words in caught.value.message
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_several_cards_may_name_each_other_and_go_in_all_or_none() -> None:
    pair = [Card("A", "a", parents=("B",)), Card("B", "b", parents=("T1",))]
    assert [change.card.id for change in added(STATE, pair)] == ["A", "B"]
    with pytest.raises(GitkanbanError, match="A → B → A"):
        added(STATE, [pair[0], Card("B", "b", parents=("A",))])


def test_a_cycle_is_named_in_order() -> None:
    with pytest.raises(GitkanbanError, match="T1 → T3 → T2 → T1"):
        linked(STATE, STATE.cards["T1"], ["T3"])


def test_what_was_wrong_before_does_not_stop_another_edit() -> None:
    odd = board("T1 todo @gone")
    config = odd.config
    assert config is not None
    state: Board = odd._replace(config=config._replace(workers={}))
    card = state.cards["T1"]._replace(parents=("nowhere",))
    state = state._replace(cards={"T1": card})
    assert edited(state, card, {"title": "new"})[0].fields == {"title": "new"}
    assert edited(state, card, {"title": card.title}) == []


def test_links_are_sets() -> None:
    [change] = linked(STATE, STATE.cards["T3"], ["T1", "T2"])
    assert change.fields == {"parents": ("T1", "T2")}
    assert linked(STATE, STATE.cards["T3"], ["T2"]) == []
    [change] = unlinked(STATE, STATE.cards["T3"], ["T2"])
    assert change.fields == {"parents": ()}
    with pytest.raises(GitkanbanError, match="not a parent of T3"):
        unlinked(STATE, STATE.cards["T3"], ["T1"])


def test_drafts_get_unused_ids_the_only_worker_and_their_parents() -> None:
    state = board("alpha todo", workers="sole lane", archived=["old"])
    drafts = [
        Card("", "one", parents=("alp", "X")),
        Card("X", "two", parents=("old",)),
        Card("", "three"),
    ]
    changes = drafted(state, drafts, iter(["alpha", "old", "X", "n1", "n1", "n2"]))
    assert [each.card.id for each in changes] == ["n1", "X", "n2"]
    assert changes[0].card.parents == ("X", "alpha")
    assert {each.card.worker for each in changes} == {"sole"}


def test_of_two_workers_none_is_the_one_for_a_draft() -> None:
    state = board("T1 todo", workers="sole lane\nother lane")
    [change] = drafted(state, [Card("", "one")], iter(["n1"]))
    assert change.card.worker == ""
