"""`page`: where the file goes, what it refuses, and that it says what every other face says."""

import json
import os
import re
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from gitkanban.board.repo.placefinder import find
from gitkanban.cli import boardpage
from gitkanban.cli.boardpage import LastPage, content_now
from gitkanban.core.changes import EndRun
from gitkanban.core.model import Run
from gitkanban.core.names import RunId
from tests.board.boards import FORMS, commit, edit, new
from tests.board.work.test_integrate import CARD
from tests.cli.calls import call, ok
from tests.conftest import git

NAME = "repo-board.html"


def value_in(path: Path) -> dict[str, Any]:
    """The value that a page shows."""
    found = re.search(r'<script id="board-data"[^>]*>(.*?)</script>', path.read_text(), re.S)
    assert found
    return dict(json.loads(found[1]))


def page_of(repo: Path, *more: str, **env: str) -> dict[str, Any]:
    path = repo.parent / "page.html"
    ok(repo, "page", "--out", str(path), *more, **env)
    return value_in(path)


def rows_of(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row[0]: dict(zip(value["keys"], row, strict=True)) for row in value["cards"]}


def test_it_writes_one_file_and_says_where(board: Path) -> None:
    assert ok(board, "page") == f"wrote {board / NAME}\n"
    assert 'content="gitkanban' in (board / NAME).read_text()
    ok(board, "page")  # its own page is written again
    site = board.parent / "site"
    assert ok(board, "page", "--out", f"{site}/") == f"wrote {site}/index.html\n"
    ok(board, "page", "--out", str(site))
    assert os.listdir(site) == ["index.html"]
    assert not git(board, "status", "--porcelain", "--", ".kanban")


def test_it_shows_what_every_face_shows(board: Path) -> None:
    ok(board, "edit", "T1", "--label", "api")
    ok(board, "block", "T2", "--why", "Which one?")
    status = json.loads(ok(board, "status", "--json"))
    rows = rows_of(page_of(board))
    assert list(rows) == [card["id"] for card in status["cards"]]
    for card in status["cards"]:
        for key in rows[card["id"]].keys() & card.keys() - {"since", "started", "hold"}:
            assert rows[card["id"]][key] == json.loads(json.dumps(card[key])), key
    assert page_of(board)["causes"] == status["causes"] != []
    assert rows["T2"]["verbs"] == ["answer", "drop"]


@pytest.mark.parametrize("form", FORMS)
def test_work_in_review_has_its_diff_and_a_long_one_is_cut(
    repo: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(repo, form, CARD)
    tree = repo.parent / "work"
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(tree), "main")
    (tree / "a <b>.txt").write_text("".join(f"line {number}\n" for number in range(100)))
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "work")
    details = page_of(repo)["details"]["T1"]
    assert "+line 99\n" in details["patch"] and "patch_cut" in details
    monkeypatch.setattr("gitkanban.cli.boardpage.PATCH_MOST", 500)
    details = page_of(repo)["details"]["T1"]
    assert details["patch"].endswith("\n") and len(details["patch"]) <= 500
    assert details["patch_cut"] > 300


def test_logs_are_on_the_page_only_where_somebody_asks(repo: Path) -> None:
    place = new(repo, FORMS[0], CARD)
    record = Run(
        RunId("01jd0000000000000001"), CARD.id, "w#1", worker=CARD.worker, started=1_764_000_000,
        ended=1_764_000_060, outcome="failed", why="exited with 1",
    )  # fmt: skip
    commit(place, EndRun(record))
    edit(place, CARD.id, status="blocked", reason="failed", why="exited with 1")
    folder = Path(place.private, "runs", record.run)
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("<b>token=secret</b>\n")
    page = repo.parent / "page.html"
    details = page_of(repo)["details"][CARD.id]
    assert details["runs"] and details["prompt"] and "secret" not in page.read_text()
    details = page_of(repo, "--with-logs")["details"][CARD.id]
    assert [entry[2] for entry in details["log"]] == ["<b>token=secret</b>"]
    assert "token=secret" in details["prompt"]


def test_it_goes_to_stdout_in_utf_8_whatever_the_locale(board: Path) -> None:
    ok(board, "edit", "T1", "--title", "結帳 <b>")
    argv = [sys.executable, "-m", "gitkanban", "page", "--out", "-"]
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(argv, cwd=board, env=env, capture_output=True, check=True, timeout=300)
    assert done.stdout.startswith(b"<!doctype html>") and "結帳".encode() in done.stdout
    assert not list(board.glob("*.html"))


def test_what_is_no_page_of_ours_stays(board: Path) -> None:
    (board / NAME).write_text("mine\n")
    done = call(board, "page")
    assert done.code == 1 and "is not a page of gitkanban, and stays as it is" in done.err
    assert (board / NAME).read_text() == "mine\n"
    (board / NAME).unlink()
    (board / NAME).symlink_to("README.md")
    done = call(board, "page")
    assert done.code == 1 and "is a link" in done.err
    assert (board / "README.md").read_text() == "# a project\n"


def test_a_folder_that_is_not_there_is_named(board: Path) -> None:
    done = call(board, "page", "--out", "no/page.html")
    assert done.code == 1 and done.err == (
        f"Error: no folder {board}/no\nHint: Make it first, or name a folder: --out no/\n"
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--at", "HEAD", "-b", "plan"), "not both"),
        (("--with-logs", "--at", "HEAD"), "--with-logs is for the board as it is now"),
        (("--open", "--out", "-"), "--open needs a file"),
    ],
)
def test_options_that_do_not_go_together(board: Path, argv: tuple[str, ...], words: str) -> None:
    done = call(board, "page", *argv)
    assert done.code == 2 and words in done.err and done.err.count("\n") == 2


class OneBrowser(webbrowser.GenericBrowser):
    """A browser that notes what it is to open."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


@pytest.mark.parametrize("name", ["", "w3m"])
def test_without_a_browser_the_file_is_there_and_one_line_says_so(
    board: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_browser = OneBrowser(name)

    def get() -> OneBrowser:
        if name:
            return text_browser
        raise webbrowser.Error("none")

    monkeypatch.setattr(webbrowser, "get", get)
    done = call(board, "page", "--open")
    assert done.code == 1 and (board / NAME).exists() and not text_browser.opened
    assert done.err.startswith("Error: there is no browser here to open it\nHint: ")


def test_a_browser_gets_the_address_of_the_file(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = OneBrowser("firefox")
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    ok(board, "page", "--open")
    assert browser.opened == [(board / NAME).as_uri()]


def test_the_board_at_a_revision_offers_no_verbs(board: Path) -> None:
    ok(board, "add", "later", "--id", "L1")
    value = page_of(board, "--at", "HEAD~1")
    assert "L1" not in rows_of(value) and not value["of_now"]
    assert not any(row["verbs"] or row["command"] for row in rows_of(value).values())
    assert call(board, "page", "--at", "nowhere").code == 1


def test_a_plan_shows_what_it_would_change(board: Path) -> None:
    git(board, "branch", "plan")
    git(board, "switch", "-q", "plan")
    (board / ".kanban/cards/T4.yaml").unlink()
    text = (board / ".kanban/cards/T1.yaml").read_text()
    (board / ".kanban/cards/T1.yaml").write_text(re.sub("(?m)^title:.*$", "title: other", text))
    (board / ".kanban/cards/N1.yaml").write_text("id: N1\ntitle: new\nparents: [T1]\n")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "plan")
    git(board, "switch", "-q", "main")
    value = page_of(board, "-b", "plan")
    kinds = {each["id"]: each["kind"] for each in value["changes"]["cards"]}
    assert kinds == {"N1": "added", "T1": "changed", "T4": "removed"}
    assert rows_of(value)["T1"]["title"] == "other" and "T4" in rows_of(value)
    assert (value["changes"]["a"], value["changes"]["b"]) == ("main", "plan")
    done = call(board, "page", "-b", "nowhere")
    assert done.code == 1 and "nowhere" in done.err


def test_a_build_server_has_a_detached_checkout(board: Path) -> None:
    git(board, "switch", "-q", "-c", "plan")
    (board / ".kanban/cards/N1.yaml").write_text("id: N1\ntitle: new\n")
    git(board, "add", "-A")
    git(board, "commit", "-qm", "plan")
    there = board.parent / "there"
    git(board.parent, "clone", "-q", str(board), str(there))
    git(there, "switch", "-q", "--detach", "origin/plan")
    git(there, "branch", "-q", "-D", "plan")
    value = page_of(there, "-b", "origin/main...HEAD")
    assert [(each["id"], each["kind"]) for each in value["changes"]["cards"]] == [("N1", "added")]
    assert value["changes"]["a"] == "origin/main"


def test_boards_without_cards_with_bad_ones_alone_and_with_a_cycle(repo: Path) -> None:
    new(repo, FORMS[0])
    assert page_of(repo)["cards"] == []
    for name in ("A", "B"):
        (repo / f".kanban/cards/{name}.yaml").parent.mkdir(exist_ok=True)
        (repo / f".kanban/cards/{name}.yaml").write_text("id: [\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "bad")
    value = page_of(repo)
    assert value["cards"] == [] and len(value["problems"]) == 2
    for name, parent in (("A", "B"), ("B", "A")):
        text = f"id: {name}\ntitle: {name}\nparents: [{parent}]\n"
        (repo / f".kanban/cards/{name}.yaml").write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "cycle")
    value = page_of(repo)
    assert sorted(row["state"] for row in rows_of(value).values()) == ["stuck", "waiting"]
    (repo / ".kanban/config.yaml").write_text("version: [\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "no config")
    value = page_of(repo)
    assert value["forecast"] is None and value["problems"]


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    done = call(tmp_path, "page")
    assert done.code == 1 and done.err.startswith("Error: ")
    assert not list(tmp_path.iterdir())


def test_a_page_made_after_another_reads_only_what_is_new(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(board)
    git(board, "branch", "card/T1")
    ok(board, "block", "T1", "--why", "Which one?")
    place, last = find(str(board)), LastPage()
    first = content_now(place, last=last)
    assert first.events and last.patches
    commits, patched = len(last.events), []
    read = boardpage._patch_of
    monkeypatch.setattr(
        boardpage, "_patch_of", lambda *given: patched.append(given[2].id) or read(*given)
    )
    assert content_now(place, last=last).events == first.events and not patched
    ok(board, "note", "T1", "a word")
    second = content_now(place, last=last)
    assert second.events == content_now(place).events and len(last.events) == commits + 1
    patched.clear()
    git(board, "commit", "-q", "--allow-empty", "-m", "x")
    git(board, "branch", "-f", "card/T1", "HEAD")
    content_now(place, last=last)
    assert patched == ["T1"]
