"""The prompt: what is in it, what is cut and said, and that card text stays data."""

import pytest

from gitkanban.core.agents.presets import PRESETS
from gitkanban.core.agents.prompt import (
    PROMPT_MOST,
    SUMMARY_MOST,
    TEMPLATE,
    Handoff,
    SessionSetting,
    compose,
    unknown_fields,
)
from gitkanban.core.model import Card, Note, Run, Worker

WORKER = Worker("backend", "hermes", mode="pool", verify=("pytest", "-q"))
SETTING = SessionSetting("/w/T1", "card/T1", "main")
CARD = Card("T1", "do it", "backend", body="the body", acceptance=("it works", "it is tested"))


def prompt(card: Card = CARD, worker: Worker = WORKER, **more: object) -> str:
    return compose(card, worker, SETTING, **more)  # type: ignore[arg-type]


def test_it_holds_the_card_the_rules_and_how_to_report() -> None:
    text = prompt()
    for part in ("T1: do it", "the body", "- it works\n- it is tested", "/w/T1", "card/T1",
                 "pytest -q", "gitkanban done T1", "gitkanban block T1", "git stash", "read-only"):  # fmt: skip
        assert part in text


def test_it_says_what_the_parents_left_and_what_happened_before_in_order() -> None:
    text = prompt(
        handoffs=[Handoff("T0", "contract", "see docs/c.md", "abc123", ("docs/c.md",))],
        runs=[
            Run("r1", "T1", outcome="failed", why="exit 3", summary="tried x"),
            Run("r3", "T1", outcome="no-work"),
        ],
        notes=[
            Note("r2", "T1", "Ada", 0, "reject", "not like this"),
            Note("r4", "T1", kind="memory", text="m"),
        ],
    )
    for part in ("## T0: contract", "see docs/c.md", "abc123", "tried x"):
        assert part in text
    assert text.index("attempt r1") < text.index("not like this") < text.index("attempt r3")
    assert "- memory" not in text


def test_what_is_cut_is_announced_and_the_whole_stays_bounded() -> None:
    text = prompt(handoffs=[Handoff("T0", "t", "x" * (SUMMARY_MOST + 7), paths=tuple("p" * 45))])
    assert "[cut: 7 more characters]" in text
    assert "[cut: 5 more]" in text
    many = [Handoff(f"T{i}", "t", "y" * SUMMARY_MOST) for i in range(90)]
    assert len(prompt(handoffs=many)) < PROMPT_MOST + 100


def test_a_prompt_fits_into_one_argument_in_any_script() -> None:
    text = prompt(CARD._replace(body="漢" * 60_000))
    assert PROMPT_MOST - 10 < len(text.encode()) < PROMPT_MOST + 100
    assert text.endswith("more characters]\n")


def test_why_an_attempt_failed_stays_below_it() -> None:
    text = prompt(runs=[Run("r1", "T1", outcome="failed", why="first\n# second")])
    assert "attempt r1: failed (first\n  # second)" in text


def test_card_text_is_never_read_as_a_template() -> None:
    text = prompt(CARD._replace(title="{body} {rules}", body="{title} {0} {x.y}"))
    assert "{body} {rules}" in text
    assert "{title} {0} {x.y}" in text


def test_a_template_of_ones_own() -> None:
    assert prompt(template="Only {title} and {acceptance}") == (
        "Only do it and The card is done when:\n- it works\n- it is tested\n"
    )
    assert unknown_fields("{title}\n- {nonsense}") == [("nonsense", 2, 3)]
    assert unknown_fields(TEMPLATE) == []


def test_who_commits_decides_what_the_session_is_reported() -> None:
    assert "Commit your work" in prompt()
    assert "they are committed for you" in prompt(worker=WORKER._replace(commits="supervisor"))


@pytest.mark.parametrize("runner", sorted(PRESETS))
def test_a_preset_that_leaves_committing_to_the_supervisor_says_so_to_its_sessions(
    runner: str,
) -> None:
    notices = "they are committed for you" in prompt(
        worker=WORKER._replace(runner=runner, commits="")
    )
    assert notices == (PRESETS[runner].commits == "supervisor")


@pytest.mark.parametrize(
    "first", ["-", "--yolo", "@/etc/passwd", "/clear", "!id", "\ufeff-x", "\x01@x"]
)
def test_a_prompt_never_begins_as_an_option_a_file_or_a_command(first: str) -> None:
    """Agents take `-x` for an option, `@file` for a file's content, `/x` and `!x` for commands."""
    text = prompt(CARD._replace(title=f"{first} now"), template="{title}")
    assert text.startswith("Card T1\n\n") and f"{first} now" in text
    assert prompt(template="# {title}").startswith("# do it")
