"""Ids: what may name a card, and which card a person means."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from gitkanban.core import ids
from gitkanban.errors import NotFound, UsageError
from tests.support.examples import examples

GOOD = ("T0", "a", "0", "1.10", "1e3", "a_b-c.d", "x" * 64, "_a", "a-", "lock", "a.locks", "A.LOCK")
BAD = (
    "", "../x", "-rf", "a/b", "x.lock", "x" * 300, "x" * 65, ".a", "a.", "a..b", "a b", "a\n",
    "a\0", "é", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a@{b", "@", "\x1b[31m",
    "a\x7f", "..", ".",
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_an_id_is_given_back(text: str) -> None:
    assert ids.check_id(text) == text


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_an_id_is_refused_on_one_printable_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ids.check_id(text)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 120
    assert caught.value.hint


def _git_allows(text: str) -> bool:
    name = f"refs/heads/card/{text}"
    if "\0" in text:
        return False
    return subprocess.run(["git", "check-ref-format", name], check=False).returncode == 0


@pytest.mark.parametrize("text", GOOD)
def test_git_takes_every_good_one_as_a_branch(text: str) -> None:
    assert _git_allows(text)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text("aL.-_0k", min_size=1, max_size=4)
    | st.text("ab.", max_size=3).map(lambda t: t + ".lock")
)
def test_the_rule_is_never_laxer_than_git_nor_stricter_inside_its_letters(text: str) -> None:
    allowed = ids.fault(text) == ""
    assert allowed == (_git_allows(text) and text[0] not in "-.")


def test_a_worker_is_named_by_the_same_rule() -> None:
    with pytest.raises(UsageError, match="cannot be a worker: it starts with '-'"):
        ids.check_id("-x", "worker")


KNOWN = ("T1", "T10", "T2", "auth-login", "auth-logout", "Readme")


@pytest.mark.parametrize(
    ("text", "found"),
    [("T1", "T1"), ("T10", "T10"), ("T2", "T2"), ("auth-logi", "auth-login"), ("R", "Readme")],
)
def test_an_exact_name_beats_a_prefix_and_a_prefix_must_be_the_only_one(
    text: str, found: str
) -> None:
    assert ids.resolve(KNOWN, text) == found


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("T", "'T' names 3 cards", "It could be T1, T10, T2. Type more of it."),
        ("auth", "'auth' names 2 cards", "It could be auth-login, auth-logout. Type more of it."),
        ("t2", "no card 't2'", "Did you mean 'T2'? Upper and lower case differ."),
        ("auth-lgoin", "no card 'auth-lgoin'", "Did you mean 'auth-login'?"),
        ("\x1b[2J", r"no card '\x1b[2J'", "`gitkanban list` shows every card."),
    ],
)
def test_a_name_that_is_not_one_card_tells_what_it_could_be(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(NotFound) as caught:
        ids.resolve(KNOWN, text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_nothing_matches_nothing() -> None:
    with pytest.raises(NotFound):
        ids.resolve((), "")
    with pytest.raises(NotFound):
        ids.resolve(("T1",), "")


def test_the_ids_are_usable_as_paths(tmp_path: Path) -> None:
    for text in GOOD:
        (tmp_path / f"{text}.yaml").touch()
