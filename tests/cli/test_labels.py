"""Labels: an optional field of a card, by which views are filtered."""

import json
from pathlib import Path

import pytest

from gitkanban.board.formats import cardfile
from gitkanban.core.model import Card
from tests.cli.calls import call, ok
from tests.conftest import git


def test_a_card_without_labels_has_no_such_field_and_fmt_adds_none(board: Path) -> None:
    text = cardfile.render(Card("T", "title"))
    assert "labels" not in text and cardfile.parse(text.encode(), "cards/T.yaml").labels == ()
    ok(board, "fmt")
    assert "labels" not in git(board, "show", "main:.kanban/cards/T1.yaml")


def test_they_are_set_taken_away_and_sorted(board: Path) -> None:
    ok(board, "add", "x", "--id", "L", "--label", "ui", "--label", "api", "--label", "ui")
    assert "\nlabels:\n  - api\n  - ui\n" in git(board, "show", "main:.kanban/cards/L.yaml")
    assert json.loads(ok(board, "show", "L", "--json"))["labels"] == ["api", "ui"]
    ok(board, "edit", "L", "--label", "docs")
    assert json.loads(ok(board, "show", "L", "--json"))["labels"] == ["docs"]
    ok(board, "edit", "L", "--label", "")
    assert "labels" not in git(board, "show", "main:.kanban/cards/L.yaml")


def test_views_show_the_cards_that_have_them_all(board: Path) -> None:
    ok(board, "edit", "T1", "--label", "ui", "--label", "api")
    ok(board, "edit", "T2", "--label", "ui")
    for command in ("list", "status"):
        lines = ok(board, command, "--label", "ui").splitlines()
        assert {line.split("\t")[0] for line in lines} == {"T1", "T2"}
        lines = ok(board, command, "--label", "ui", "--label", "api").splitlines()
        assert [line.split("\t")[0] for line in lines] == ["T1"]
    page = ok(board, "board", "--by", "label", COLUMNS="80")
    assert "── api" in page and "── ui" in page and "── no label" in page
    assert "T4" not in ok(board, "board", "--label", "ui")


@pytest.mark.parametrize("label", ["two words", "x" * 41, "a\tb", "#"])
def test_what_cannot_be_a_label_is_refused(board: Path, label: str) -> None:
    done = call(board, "edit", "T1", "--label", label)
    assert done.code == 2 and "cannot be a label" in done.err


def test_a_file_with_a_wrong_label_is_said_to_have_one(board: Path) -> None:
    path = board / ".kanban/cards/T1.yaml"
    path.write_text(path.read_text() + "\nlabels: [fine, 'not fine']\n")
    git(board, "commit", "-qam", "labels")
    assert "'not fine' cannot be a label" in call(board, "check").out
