"""Presets are data: templates expand once, and what a worker adds to them has its place."""

from typing import Any

import pytest

from gitkanban.core.agents.presets import (
    CUSTOM,
    PLACEHOLDERS,
    PRESETS,
    expand,
    reads_stdin,
    sentence,
    templates_of,
    unknown_placeholders,
)
from gitkanban.core.model import Worker

PRIVATE = ("last_message", "run_dir", "mailbox", "gitkanban")
VALUES = {name: f"<{name}>" for name in (*PLACEHOLDERS, *PRIVATE)}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_expands_and_is_given_the_prompt_once(name: str) -> None:
    argv = expand(templates_of(worker(runner=name))[0], VALUES)
    assert argv[0] == name
    assert argv.count("<prompt>") == (0 if PRESETS[name].stdin else 1)
    assert not any("{" in word for word in argv)


def test_a_value_is_never_expanded_again() -> None:
    assert expand(["x", "{card}"], {**VALUES, "card": "{prompt}"}) == ["x", "{prompt}"]


def test_other_braces_are_plain_text() -> None:
    argv = ["--json={}", '{"a": 1}', "{Card}", "${HOME}"]
    assert expand(argv, VALUES) == argv
    assert [unknown_placeholders(word) for word in argv[:2]] == [[], []]
    assert unknown_placeholders("{promt}-{prompt}-{Card}") == ["promt", "Card"]


def worker(**values: Any) -> Worker:
    return Worker("coder", "coder", **values)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_options_go_into_start_and_resume_and_the_prompt_stays_last(name: str) -> None:
    preset = PRESETS[name]
    made = worker(
        runner=name, command=preset.start, args=("--verbose", "{card}"), model="m-1",
        effort="high" if preset.effort else "",
    )  # fmt: skip
    for template in templates_of(made):
        if not template:
            assert name == "aider"  # it has no conversations to resume
            continue
        argv = expand(template, VALUES)
        assert "--verbose" in argv
        assert "<card>" in argv
        assert any("m-1" in word for word in argv)
        assert any("high" in word for word in argv) == bool(preset.effort)
        assert not any("{options}" in word or "{value}" in word for word in argv)
        assert (argv[-1] == "-") == (name == "codex")


def test_args_of_a_command_of_one_s_own_go_to_its_end() -> None:
    made = worker(command=("x", "{prompt}"), resume=("x", "-r", "{session}"), args=("-v",))
    assert templates_of(made) == (("x", "{prompt}", "-v"), ("x", "-r", "{session}", "-v"))
    assert templates_of(worker(runner="")) == ((), ())


def test_stdin_is_the_preset_s_choice_or_one_s_own() -> None:
    assert reads_stdin(worker(runner="claude", command=PRESETS["claude"].start))
    assert not reads_stdin(worker(runner="aider"))
    assert not reads_stdin(worker(runner="claude", command=("claude", "-p", "{prompt}")))
    assert reads_stdin(worker(command=("x",), stdin="prompt"))


def test_every_preset_says_what_it_allows_itself() -> None:
    for name, preset in PRESETS.items():
        assert sentence(preset).startswith(f"{name} edits ")
    assert sentence(CUSTOM) == ""


def test_aider_installs_nothing_and_fetches_nothing() -> None:
    assert {"--no-detect-urls", "--disable-playwright", "--no-suggest-shell-commands"} <= {
        *PRESETS["aider"].start
    }
