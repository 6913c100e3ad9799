"""Every key of the configuration has an answer, and only what becomes looser asks."""

import pytest

from gitkanban.board.formats.configkeys import KEYS, SECTION
from gitkanban.core.model import Config, Worker
from gitkanban.core.trust import trusted
from gitkanban.core.trust.trusted import ACCEPTING, ANSWERS, BY_NAME, NOTIFYING, PUSHING, STARTS

OLD = Worker("w", "w")


def test_every_key_of_the_config_is_trusted_or_left_to_the_reviewer() -> None:
    keys = {key.path: key for key in KEYS if key.kind != SECTION}
    answers = {answer.path: answer for answer in ANSWERS}
    assert set(answers) == set(keys), "say in core/trust/trusted.py whether a new key is trusted"
    for path, answer in answers.items():
        if answer.holds and not answer.field:
            assert answer.attribute == (keys[path].field or path.rpartition(".")[2])


def test_every_trusted_key_can_be_read_of_the_model() -> None:
    for answer in BY_NAME.values():
        assert hasattr(OLD if answer.is_workers else Config(), answer.attribute), answer.path


def changed(now: Worker, before: Worker = OLD) -> list[str]:
    values = trusted.worker_values(now), trusted.worker_values(before)
    return [change.text for change in trusted.changes(*values, now.name)]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"profile": "admin"}, "its profile changed from w to admin"),
        ({"workspace_policy": "shared"},
         "its workspace_policy changed from worktree-per-task to shared"),
        ({"on_success": "done"}, "its on_success changed from review to done"),
        ({"consolidate_to": "x"}, "its consolidate_to changed from nothing to x"),
    ],
)  # fmt: skip
def test_a_looser_value_of_a_worker_asks_and_the_way_back_does_not(
    fields: dict[str, str], text: str
) -> None:
    looser = OLD._replace(**fields)
    assert changed(looser) == [text]
    back = changed(OLD, looser)
    assert bool(back) == ("profile" in fields), "one identity is not stricter than another"


def test_a_memory_that_becomes_read_only_asks_nothing() -> None:
    pool = OLD._replace(mode="pool")
    assert changed(pool) == []
    assert changed(OLD, pool) == ["its memory changed from read-only to read-write"]
    assert changed(pool._replace(memory="read-write"), pool) == changed(OLD, pool)


@pytest.mark.parametrize(
    ("name", "before", "now", "holds"),
    [
        ("kanban.base", "main", "release", (STARTS, ACCEPTING)),
        ("kanban.worktrees", "", "~/x", (STARTS,)),
        ("kanban.push", "origin", "evil", (PUSHING,)),
        ("kanban.pr", False, True, (PUSHING,)),
        ("kanban.verify_accept", True, False, (ACCEPTING,)),
        ("kanban.notify", (), ("curl", "x"), (NOTIFYING,)),
        ("kanban.notify", ("curl", "x"), ("curl", "y"), (NOTIFYING,)),
    ],
)
def test_a_key_of_the_board_holds_what_it_decides_and_nothing_else(
    name: str, before: trusted.Value, now: trusted.Value, holds: tuple[str, ...]
) -> None:
    (change,) = trusted.changes({name: now}, {name: before})
    assert (change.key, change.holds) == (name, holds)


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [
        ("kanban.push", "origin", ""),
        ("kanban.pr", True, False),
        ("kanban.verify_accept", False, True),
        ("kanban.notify", ("curl", "x"), ()),
        ("kanban.worktrees", "~/x", ""),
        ("kanban.on_tamper", "warn", "hold"),
        ("kanban.on_tamper", "tell", "warn"),  # in a record of an older version
    ],
)
def test_the_stricter_value_asks_nothing(
    name: str, before: trusted.Value, now: trusted.Value
) -> None:
    assert not list(trusted.changes({name: now}, {name: before}))


def test_an_order_of_values_is_read_from_the_strictest_on() -> None:
    answer = trusted.Answer("kanban.workers.*.x", (STARTS,), ("hold", "warn"))
    assert not trusted.asks(answer, "hold", "warn")
    assert trusted.asks(answer, "warn", "hold")
    assert not trusted.asks(answer, "warn", "off")
    assert trusted.asks(answer, "off", "warn")


def test_the_boards_own_branch_is_base_where_none_is_named() -> None:
    named = trusted.board_values(Config(base="main"), "main")
    assert named == trusted.board_values(Config(), "main")
    assert named != trusted.board_values(Config(), "")


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (Worker("b", "b"), "b, without a sandbox"),
        (Worker("b", "b", sandbox=("bwrap",), pass_env=("KEY",)), "b"),
        (
            Worker(
                "b", "b", sandbox=("podman", "run"), pass_env=("KEY", "MORE"), memory_path="~/b"
            ),
            "b, with the memory home ~/b, which is also given MORE, in podman run",
        ),
    ],
)
def test_a_fallback_names_what_cards_get_there_and_not_at_home(other: Worker, text: str) -> None:
    own = Worker("a", "a", fallback="b", sandbox=("bwrap",), pass_env=("KEY",), memory_path="~/a")
    assert trusted.describe_fallback(Config(workers={"a": own, "b": other}), own) == text
    assert trusted.describe_fallback(Config(workers={"a": own}), own._replace(fallback="")) == ""
