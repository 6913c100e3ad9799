"""The page from disk, with the network cut: what it shows, its keys,
its addresses and its policy.
"""

from pathlib import Path

import pytest

from gitkanban.core.forecast.usual import usual_forecast
from gitkanban.core.model import Run
from gitkanban.core.names import CardId, RunId
from gitkanban.views.page.value import CardExtras, CardPatch, PageContent
from tests.browser.driving import ENTER, ESCAPE, IN_A_BROWSER, Browser
from tests.support.boards import NOW, board, observed
from tests.views.page.contents import content_of

pytestmark = IN_A_BROWSER


def shop() -> PageContent:
    given = board(
        "CO-1 done @back", "CO-2 review <- CO-1 @back", "CO-3 blocked <- CO-1 @back reason=needs-input",
        "CO-6 todo <- CO-2 CO-3 @owner", "CO-7 todo <- CO-6 @owner", "B1 backlog @owner",
    )  # fmt: skip
    cards = {**given.cards}
    cards[CardId("CO-3")] = cards[CardId("CO-3")]._replace(why="Stripe or Adyen?")
    runs = (
        Run(RunId("r1"), CardId("CO-2"), "back#1", worker="back", started=NOW - 900, ended=NOW - 60,
            outcome="succeeded", cost_usd="0.04", summary="Wrote it."),
    )  # fmt: skip
    patch = (
        "diff --git a/api/cart.py b/api/cart.py\n--- a/api/cart.py\n+++ b/api/cart.py\n"
        "@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n"
    )
    return content_of(
        given._replace(cards=cards, runs={CardId("CO-2"): runs}),
        runs=runs,
        forecast=usual_forecast(given, observed(), runs),
        extras={CardId("CO-2"): CardExtras(CardPatch(patch, 5000), prompt="You are to")},
    )


def test_a_page_from_disk_shows_the_board_and_complains_of_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open_page(shop(), tmp_path)
    assert browser.errors() == []
    assert browser.ask("return $$('#queue a.open').map((a) => a.dataset.card)") == ["CO-2", "CO-3"]
    heads = browser.ask("return $$('.column h3').map((h) => h.innerText.replace(/\\s+/g, ' '))")
    assert heads == ["Needs you2", "Running0/6", "Next0", "Waiting2", "Backlog1", "Done1"]
    browser.ask("$('#graph').scrollIntoView()")
    browser.draw_all()
    assert browser.ask("return $$('#graph .node.bold').length") >= 2
    drawn = browser.ask("return $$('#graph .node').map((node) => node.dataset.card)")
    assert sorted(drawn) == ["CO-2", "CO-3", "CO-6", "CO-7"]  # what is done is folded away
    assert browser.ask("return $$('#time .bar.good').length") == 2  # the run, and the legend
    assert browser.requests() == [(tmp_path / "page.html").as_uri()]
    assert browser.errors() == []


def test_every_card_has_an_address_and_keys_lead_through_them(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open_page(shop(), tmp_path, "#CO-2")
    assert browser.ask("return $('#drawer').hidden") is False
    words = browser.ask("return text('#drawer')")
    for part in ("CO-2", "Wrote it.", "api/cart.py", "+2 −1", "Cut here: 5 kB more", "$0.04"):
        assert part in words
    browser.press(ESCAPE)
    browser.wait_for("return [$('#drawer').hidden, location.hash]", [True, ""])
    browser.open_page(shop(), tmp_path)
    browser.press("j")
    browser.press("j")
    assert browser.ask("return document.activeElement.dataset.card") == "CO-3"
    browser.press("k")
    browser.press(ENTER)
    browser.wait_for("return [location.hash, document.activeElement.id]", ["#CO-2", "drawer-title"])
    browser.press("j")
    browser.wait_for("return $('#drawer .id').innerText", "CO-3")
    browser.press(ESCAPE)
    browser.press("/")
    browser.press("co-7")
    assert browser.ask("return $$('#board a.open').map((a) => a.dataset.card)") == ["CO-7"]
    browser.press(ESCAPE)
    browser.press("?")
    assert browser.ask("return $('#keys').open") is True


def test_buttons_give_the_command_with_words_as_a_shell_takes_them(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open_page(shop(), tmp_path)
    browser.ask("$('#queue form input').focus()")
    browser.press("it's; rm -rf $HOME" + ENTER)
    browser.wait_for(
        "return text('#toast code')",
        "gitkanban retry CO-3 --why='it'\\''s; rm -rf $HOME'",
    )
    browser.ask("$$('#queue [data-row=CO-2] button').find((b) => b.innerText === 'accept').click()")
    browser.wait_for("return text('#toast code')", "gitkanban accept CO-2")


def test_the_board_has_a_lane_for_each_worker_or_label(browser: Browser, tmp_path: Path) -> None:
    cards = ("A todo @w labels=api,web", "B blocked @w", "C done @v", "D dropped @u labels=old")
    lanes = """
        const choose = $('#board .lanes');
        choose.value = arguments[0];
        choose.dispatchEvent(new Event('change'));
        return $$('.lane-of').map((lane) => [lane.querySelector('h3').innerText,
          ...[...lane.querySelectorAll('.card')].map((card) => card.querySelector('.id').innerText)].join(' '));
    """
    browser.open_page(content_of(board(*cards)), tmp_path)
    assert browser.ask(lanes, "worker") == ["v1 C", "w2 B A"]
    assert browser.ask(lanes, "label") == ["api1 A", "web1 A", "no label2 B C"]
    browser.ask("$('#search').focus()")
    browser.press("done")
    assert browser.ask("return $$('.lane-of').length") == 1  # a search keeps the lanes
    assert browser.ask(lanes, "") == []
    browser.open_page(content_of(board("A todo @w", "B done @w")), tmp_path)
    assert browser.ask("return $('#board .lanes')") is None


def test_ten_thousand_cards_are_a_small_page_that_can_be_searched(
    browser: Browser, tmp_path: Path
) -> None:
    """Few elements, not a clock, say that it is at hand at once, also on a busy machine."""
    lines = [f"T{number} {'done' if number < 9000 else 'todo'} @w" for number in range(10_000)]
    lines[9001:] = [f"{line} <- T{number}" for number, line in enumerate(lines[9001:], 9000)]
    given = board(*lines)
    cards = {name: card._replace(body="some words\n" * 30) for name, card in given.cards.items()}
    browser.open_page(content_of(given._replace(cards=cards)), tmp_path)
    assert (tmp_path / "page.html").stat().st_size < 5_000_000
    assert browser.ask("return document.documentElement.dataset.ready") > "0"
    assert browser.ask("return $$('*').length") < 2_000
    browser.draw_all()
    assert 0 < browser.ask("return $$('#graph .node').length") <= 200
    browser.ask("$('#search').focus()")
    browser.press("t9999")
    assert browser.ask("return $$('#board a.open').map((a) => a.dataset.card)") == ["T9999"]
    browser.ask("location.hash = 'T9999'")
    browser.wait_for("return text('#drawer .id')", "T9999")
    assert browser.errors() == []


def test_the_policy_stops_what_would_run_or_load(browser: Browser, tmp_path: Path) -> None:
    """That the page is quiet is also the policy's doing: it holds against a script of ours."""
    browser.open_page(shop(), tmp_path)
    assert (
        browser.ask(
            "try { document.body.innerHTML = '<b>x</b>'; return 'set' } catch (error) { return error.name }"
        )
        == "TypeError"
    )
    browser.ask(
        "const s = document.createElement('style'); s.textContent = '*{color:red}';"
        "document.head.append(s)"
    )
    browser.wait_for_error("Content Security Policy")


@pytest.mark.parametrize("lines", [(), ("A todo <- B", "B todo <- A"), ("A todo <- gone",)])
def test_boards_that_are_empty_or_go_in_circles(
    browser: Browser, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    browser.open_page(content_of(board(*lines, broken=("X",))), tmp_path)
    browser.draw_all()
    assert browser.errors() == []
    assert "cards/X.yaml" in browser.ask("return text('.causes')")
