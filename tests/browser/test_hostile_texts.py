"""What people, agents and files say is text on the page, whatever it says: it runs nothing, loads
nothing, adds nothing."""

from pathlib import Path

from gitkanban.board.review.history import Event
from gitkanban.core.agents.transcript import Entry
from gitkanban.core.model import Note, Run
from gitkanban.core.names import CardId, RunId
from gitkanban.views.page.value import CardExtras, CardPatch, PageContent
from tests.browser.driving import IN_A_BROWSER, Browser
from tests.browser.hostility import assert_nothing_intrudes, intruders, read_cards
from tests.browser.planted import TEXTS, plant_hostile_board
from tests.cli.calls import ok
from tests.support.boards import NOW, board
from tests.views.page.contents import HOSTILE, content_of

pytestmark = IN_A_BROWSER


def hostile_content() -> PageContent:
    """Each hostile text in every field in which a text can stand."""
    names = [CardId(f"C{number}") for number in range(len(HOSTILE))]
    given = board(*(f"{name} blocked @w" for name in names), "D todo <- C0")
    cards, extras = {**given.cards}, {}
    runs: dict[CardId, tuple[Run, ...]] = {}
    notes: dict[CardId, tuple[Note, ...]] = {}
    for name, text in zip(names, HOSTILE, strict=True):
        cards[name] = cards[name]._replace(
            title=text, body=text, why=text, acceptance=(text,), worker=text, labels=(text,),
            model=text, effort=text, needs=((text, 1),), merged=text,
            reason="needs-input" if len(runs) % 2 else "failed",
        )  # type: ignore[arg-type]  # fmt: skip
        runs[name] = (
            Run(RunId(text), name, f"{text}#1", host=text, worker=text, started=NOW - 9, ended=NOW,
                outcome=text, cost_usd=text, why=text, summary=text, salvage=text, commit=text),
        )  # type: ignore[arg-type]  # fmt: skip
        notes[name] = (Note("n", name, text, NOW, text, text),)  # type: ignore[arg-type]
        patch = f"diff --git a/{text} b/{text}\n--- a/{text}\n+++ b/{text}\n@@ -1 +1 @@ {text}\n-{text}\n+{text}\n"
        extras[name] = CardExtras(CardPatch(patch, 1), text, (Entry(text, text, NOW, True),))
    content = content_of(
        given._replace(cards=cards, runs=runs, notes=notes, branch=HOSTILE[0]),
        runs=[run for each in runs.values() for run in each],
        events=[Event(text, NOW, text, CardId(text), text, actor=text, status=text) for text in HOSTILE],
        extras=extras,
    )  # fmt: skip
    return content._replace(
        status={**content.status, **_hostile_status(content)}, changes=_hostile_changes()
    )


def _hostile_status(content: PageContent) -> dict[str, object]:
    room = {text: {"running": 0, "limit": 1} for text in HOSTILE}
    return {
        "notes": list(HOSTILE),
        "deadlock": HOSTILE[1],
        "board": dict.fromkeys(content.status["board"], HOSTILE[1]),
        "profiles": room,
        "capacities": room,
        "causes": [
            {"code": text, "subjects": [text], "text": text, "command": text, "holds": 1} for text in HOSTILE
        ],
        "problems": [
            {"file": text, "line": 1, "column": 1, "message": text, "hint": text, "card": text} for text in HOSTILE
        ],
    }  # fmt: skip


def _hostile_changes() -> dict[str, object]:
    changed = {"kind": "changed", "status": "todo", "worker": "w"}
    return {
        "a": HOSTILE[0], "b": HOSTILE[1], "cycles": [HOSTILE], "broken": HOSTILE,
        "cards": [
            {"id": f"C{at}", "title": text, **changed, "fields": {text: {"before": text, "after": [text]}}}
            for at, text in enumerate(HOSTILE)
        ],
        "config": [{"path": t, "before": t, "after": t, "executes": True} for t in HOSTILE],
    }  # fmt: skip


def test_a_page_shows_hostile_texts_in_every_field_as_text(
    browser: Browser, tmp_path: Path
) -> None:
    content = hostile_content()
    browser.open_page(content, tmp_path)
    browser.draw_all()
    for width in (360, 1600):
        with browser.looking(width):
            assert browser.ask("return document.documentElement.scrollWidth") <= width
    read = read_cards(browser, [f"C{number}" for number in range(len(HOSTILE))])
    for words, text in zip(read, HOSTILE, strict=True):
        if text.isascii() and text.isprintable():
            assert words.count(text) >= 12, text
    assert_nothing_intrudes(browser, (tmp_path / "page.html").as_uri())


def test_hostile_texts_in_a_repository_reach_its_page_as_text(
    browser: Browser, tmp_path: Path
) -> None:
    """Names of repository, branch and files, and what sessions printed,
    by `gitkanban page` itself.
    """
    repo = plant_hostile_board(tmp_path)
    file = tmp_path / "page.html"
    ok(repo, "page", "--with-logs", "--out", str(file))
    browser.open(file.as_uri())
    browser.draw_all()
    *read, work = read_cards(browser, [*(f"C{number}" for number in range(len(TEXTS))), "V"])
    for words, text in zip(read, TEXTS, strict=True):
        if text.isascii():
            assert words.count(text) >= 8, text
            assert f"+{text}" in work
    assert_nothing_intrudes(browser, file.as_uri())


def test_a_text_that_became_markup_would_be_noticed(browser: Browser, tmp_path: Path) -> None:
    browser.open_page(content_of(board("A todo")), tmp_path)
    browser.ask(
        "document.body.append(Object.assign(document.createElement('img'), { src: 'x.png' }))"
    )
    browser.ask("window.owned = 1")
    assert intruders(browser)[:2] == ["a script ran", "<img>"]
    browser.wait_for_error()
