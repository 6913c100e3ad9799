"""`search`: a text wherever a board or a log has it."""

import json
from pathlib import Path

from gitkanban.board.repo.placefinder import find
from gitkanban.runs.records import folders
from tests.cli.calls import call, ok


def test_a_text_is_found_in_cards_notes_and_logs_whatever_its_case(board: Path) -> None:
    ok(board, "edit", "T1", "--title", "Find the Needle")
    ok(board, "note", "T2", "a needle\tin [hay] \x1b[31m")
    folder = folders.of(find(str(board)).private, "01run")
    folder.write_spec({"card": "T3", "run": "01run", "runner": "codex"})
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": "no NEEDLE"}}
    Path(folder.file("stdout.log")).write_text(json.dumps(said) + "\n")
    found = json.loads(ok(board, "search", "needle", "--json"))
    assert [(each["card"], each["where"]) for each in found] == [
        ("T1", "card"), ("T2", "note"), ("T3", "stdout"),
    ]  # fmt: skip
    assert found[2] == {"card": "T3", "where": "stdout", "line": "text   no NEEDLE", "run": "01run"}
    lines = ok(board, "search", "needle").splitlines()
    assert [line.count("\t") for line in lines] == [3, 3, 3] and "\x1b" not in "".join(lines)
    assert len(json.loads(ok(board, "search", "NEEDLE", "--no-logs", "--json"))) == 2
    page = ok(board, "search", "needle", "--format", "text")
    assert "T1  Find the Needle" in page and "no NEEDLE" in page
    assert len(json.loads(ok(board, "search", "[hay]", "--json"))) == 1


def test_what_is_nowhere_is_said_to_be(board: Path) -> None:
    done = call(board, "search", "--", "-nowhere.*")
    assert (done.code, done.out) == (0, "") and "is nowhere on the board" in done.err
    assert ok(board, "search", "nowhere", "--json") == "[]\n"
