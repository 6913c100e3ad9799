"""Keys that change something: each is a verb, with its words and its refusals."""

import sys
from pathlib import Path

import pytest

from gitkanban.cli.ui import verbs
from tests.cli.calls import ok
from tests.cli.ui.screens import Screen, drive
from tests.runs.places import until


def let_verbs_wait(monkeypatch: pytest.MonkeyPatch, gate: Path, then: str) -> None:
    """In place of a verb, a program that waits until the gate is there, for two minutes at most."""
    code = f"import time, os\nfor _ in range(12000):\n  os.path.exists({str(gate)!r}) or time.sleep(0.01)\n"
    monkeypatch.setattr(verbs, "OURS", (sys.executable, "-c", code + then))


def test_a_question_is_answered_inline(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("Q1")
        await screen.press("y")
        await screen.until("answer Q1: your answer")
        await screen.type("Stripe, q")  # a key while one writes is a letter
        await screen.until("Q1 blocked → todo")

    drive(states, steps)
    assert "Stripe, q" in ok(states, "show", "Q1")


def test_an_answer_without_words_and_a_question_that_was_left_do_nothing(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("Q1")
        await screen.press("y", "enter")
        await screen.until("no text, so nothing was done")
        await screen.press("y", "n", "escape")
        await screen.press("j")
        assert "your answer" not in screen.text

    drive(states, steps)
    assert "needs-input" in ok(states, "show", "Q1", "--json")


def test_a_review_is_accepted_after_enter(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("2")
        await screen.until("+what was asked")
        await screen.press("a")
        await screen.until("accept R1: enter merges it")
        await screen.press("enter")
        await screen.until("R1 done (")
        await screen.until("DONE 1")

    drive(states, steps, size=(80, 30))
    assert (states / "work.txt").exists()


def test_a_review_is_rejected_with_words_that_look_like_options(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("r")
        await screen.type("--half even")
        await screen.until("R1 review → todo")

    drive(states, steps)
    assert "--half even" in ok(states, "show", "R1")


def test_retry_approve_drop_note_and_new(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("F1")
        await screen.press("t", "enter")
        await screen.until("F1 blocked → todo")
        await screen.at_card("B1")
        await screen.press("p")
        await screen.until("B1 backlog → todo")
        await screen.at_card("A1")
        await screen.press("c")
        await screen.type("-x is not an option")
        await screen.until("noted on A1")
        await screen.press("d")
        await screen.type("not needed")
        await screen.until("A1 todo → dropped")
        await screen.press("n")
        await screen.type("--title one")
        await screen.until("worker (coder, owner)")
        await screen.press("ctrl+u")
        await screen.type("coder")
        await screen.until("--title one")

    drive(states, steps, size=(100, 40))
    shown = ok(states, "list", "--format", "tsv")
    assert "\tcoder\t0\t0\t" in next(line for line in shown.splitlines() if "--title one" in line)
    assert "-x is not an option" in ok(states, "show", "A1")


def test_a_refusal_is_a_line_with_its_hint_and_the_screen_goes_on(states: Path) -> None:
    (states / "work.txt").write_text("in the way\n")

    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("a", "enter")
        await screen.until("Error: ", "work.txt", "Hint: ")
        await screen.press("n")
        await screen.press("escape")
        await screen.until("R1")

    drive(states, steps, size=(100, 30))


def test_two_acts_at_once_on_one_card_are_refused(
    states: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    let_verbs_wait(monkeypatch, gate, "print('R1 done')")

    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("a", "enter")
        await screen.until("… accept R1")
        await screen.press("r")
        await screen.until("Error: accept R1 is still at work", "Hint: Wait for it")
        await screen.at_card("B1")  # the screen is live meanwhile, and other cards can be acted on
        gate.touch()
        await screen.until("R1 done")

    drive(states, steps)


def test_leaving_while_a_verb_is_at_work_says_so_and_lets_it_end(
    states: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate, ended = tmp_path / "gate", tmp_path / "ended"
    let_verbs_wait(monkeypatch, gate, f"open({str(ended)!r}, 'w')")

    async def steps(screen: Screen) -> None:
        await screen.at_card("R1")
        await screen.press("a", "enter")
        await screen.until("… accept R1")
        await screen.press("q")

    assert drive(states, steps).return_value == "still at work: accept R1"
    gate.touch()
    until(ended.exists, "the verb's own end")


def test_a_filter_hides_and_esc_shows_again(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.press("slash")
        await screen.type("later OWNER")
        await screen.until_it(lambda text: "BACKLOG 1" in text and "Q1" not in text, "only B1")
        await screen.press("escape")
        await screen.until("Q1")
        await screen.press("slash")
        await screen.type("nowhere")
        await screen.until("no card has 'nowhere'")

    drive(states, steps)


def test_an_id_and_the_command_that_answers_are_copied(states: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.at_card("A1")
        await screen.press("y")
        await screen.until("copied: A1")
        assert screen.app.clipboard == "A1"
        await screen.at_card("Q1")
        await screen.press("Y")
        await screen.until("copied: gitkanban retry Q1")
        assert screen.app.clipboard.startswith("gitkanban retry Q1 --why")
        await screen.press("y")
        await screen.until("answer Q1: your answer")

    drive(states, steps)
