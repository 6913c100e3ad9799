"""`show --diff`: a card's work, before and after it was accepted another way than configured."""

import json
from pathlib import Path

from tests.board.boards import FORMS, new
from tests.board.work.test_integrate import CARD
from tests.cli.calls import call, ok
from tests.conftest import git


def test_the_work_of_a_branch_and_a_squash_for_once(repo: Path) -> None:
    new(repo, FORMS[0], CARD)
    assert call(repo, "show", "T1", "--diff").code == 1
    tree = repo.parent / "work"
    git(repo, "worktree", "add", "-q", "-b", "card/T1", str(tree), "main")
    (tree / "new.txt").write_text("hello\n")
    git(tree, "add", "new.txt")
    git(tree, "commit", "-qm", "work")
    shown = ok(repo, "show", "T1", "--diff")
    assert "+hello" in shown and "\x1b" not in shown
    assert "new.txt | 1 +" in ok(repo, "show", "T1", "--diff", "--stat")
    ok(repo, "accept", "T1", "--squash")
    assert (repo / "new.txt").read_text() == "hello\n"
    assert not git(repo, "log", "--merges", "--format=%H", "main")
    assert "+hello" in ok(repo, "show", "T1", "--diff")  # the branch stays


def test_a_long_summary_is_cut_on_the_page_and_whole_in_json(repo: Path) -> None:
    words = "\n".join(f"line {number}" for number in range(100))
    new(repo, FORMS[0], CARD)
    ok(repo, "add", "next", "--id", "T2", "--parent", "T1")
    ok(repo, "done", "T1", "--summary", words)
    page = ok(repo, "show", "T2")
    assert "line 11\n      [cut: " in page and "line 13" not in page
    data = json.loads(ok(repo, "show", "T2", "--json"))
    assert data["received"][0]["summary"] == words
