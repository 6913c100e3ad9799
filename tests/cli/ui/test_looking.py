"""What the screen shows: the list, the card, the pages, the keys that apply."""

from pathlib import Path

from tests.cli.calls import call, ok
from tests.cli.ui.screens import Screen, drive


def test_the_list_has_the_groups_of_status_and_the_card_follows_the_selection(board: Path) -> None:
    async def steps(screen: Screen) -> None:
        text = await screen.until("T0 · ", "1 [card]")
        assert "WAITING" in text and "commands have not been allowed" in text, text
        await screen.press("j")
        await screen.until("T1 · ", "T1  ")
        await screen.press("G")
        await screen.until("T4 · ")
        await screen.press("4")
        await screen.until("4 [prompt]", "You are")

    drive(board, steps)


def test_only_keys_that_apply_are_shown_and_help_has_them_all(board: Path) -> None:
    async def steps(screen: Screen) -> None:
        text = await screen.until("T0 · ")
        assert "d drop" in text and "a accept" not in text and "x stop" not in text
        await screen.press("a")
        await screen.until("T0 is todo: accept is not for it")
        await screen.press("question_mark")
        text = await screen.until("Merge its work into base.")
        await screen.press("escape")
        await screen.until("WAITING")

    drive(board, steps, size=(80, 40))


def test_a_change_from_elsewhere_is_seen(board: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.until("T0 · ")
        ok(board, "add", "from elsewhere", "--id", "NEW", "-w", "backend-hermes-pool")
        await screen.until("NEW", "from elsewhere")

    drive(board, steps)


def test_q_leaves_and_says_nothing(board: Path) -> None:
    async def steps(screen: Screen) -> None:
        await screen.press("q")

    assert drive(board, steps).return_value == ""


def test_without_a_terminal_it_is_one_line_and_a_hint(board: Path) -> None:
    done = call(board, "ui")
    assert done.code == 1 and done.out == ""
    assert done.err.startswith("Error: ui draws on the whole terminal")
    assert done.err.splitlines()[1].startswith("Hint: `gitkanban status`")


def test_with_labels_only_cards_that_have_them_are_there(board: Path) -> None:
    ok(board, "edit", "T1", "--label", "api")

    async def steps(screen: Screen) -> None:
        await screen.until("T1 · ")
        assert screen.listed() == ["T1"]
        ok(board, "edit", "T4", "--label", "api")
        await screen.until_it(lambda _: sorted(screen.listed()) == ["T1", "T4"], "T4 as well")

    drive(board, steps, labels=("api",))
