"""`fmt`: on the board by one commit, on files where they lie, and as a check."""

from pathlib import Path

from tests.cli.calls import call, ok
from tests.conftest import git

HAND = "# mine\nid: T9\ntitle:   'x'   # why\nparents: [T1, T0]\nworker: messages-owner\n"
LAID_OUT = """\
# mine
id: T9

title:   'x'   # why

worker: messages-owner

status: todo

priority: 0

parents:
  - T0
  - T1

needs: {}

acceptance: []

body: ''
"""


def hand(board: Path, text: str = HAND) -> Path:
    path = board / ".kanban" / "cards" / "T9.yaml"
    path.write_text(text)
    return path


def test_cards_of_the_board_are_laid_out_by_one_commit(board: Path) -> None:
    path = hand(board)
    git(board, "add", "-A")
    git(board, "commit", "-qm", "by hand")
    done = call(board, "fmt", "--check")
    assert (done.code, done.out) == (1, "T9 would be formatted\n")
    assert ok(board, "fmt") == "T9 formatted\n"
    assert path.read_text() == LAID_OUT  # the checkout follows
    assert git(board, "log", "-1", "--format=%s") == "kanban: T9 formatted"
    assert git(board, "status", "--short") == ""
    tip = git(board, "rev-parse", "main")
    assert ok(board, "fmt", "T9") == ok(board, "fmt") == "nothing to format\n"
    assert git(board, "rev-parse", "main") == tip


def test_files_are_laid_out_where_they_lie(board: Path) -> None:
    path = hand(board)
    done = call(board, "fmt", "--check", str(path))
    assert (done.code, path.read_text()) == (1, HAND)
    ok(board, "fmt", ".kanban/cards/T9.yaml", ".kanban/cards/T0.yaml")
    assert path.read_text() == LAID_OUT
    assert call(board, "fmt", "--check", str(path)).code == 0
    assert ok(board, "fmt", str(path), GITKANBAN_RUN="r1", GITKANBAN_CARD="T1")


def test_a_file_that_cannot_be_read_fails_and_the_others_are_laid_out(board: Path) -> None:
    path = hand(board)
    broken = path.with_name("T8.yaml")
    broken.write_text("id: T8\ntitle: [\n")
    done = call(board, "fmt", str(broken), str(path))
    assert done.code == 1 and f"Error: {broken}:3:1: not valid YAML" in done.err
    assert path.read_text() == LAID_OUT and broken.read_text() == "id: T8\ntitle: [\n"
    path.unlink()
    path.symlink_to("T0.yaml")
    assert call(board, "fmt", str(path)).code == 2
    assert call(board, "fmt", "nothing/here.yaml").code == 2
