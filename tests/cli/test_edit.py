"""`edit`: fields by options, the file in an editor, and no text is ever lost."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.calls import EXAMPLE, call, ok
from tests.conftest import git


def card(repo: Path, name: str = "T1") -> str:
    return git(repo, "show", f"main:.kanban/cards/{name}.yaml")


def editor(tmp_path: Path, *lines: str) -> str:
    """An editor that runs these shell lines on the file `$1`."""
    script = tmp_path / "editor.sh"
    script.write_text("\n".join(lines) + "\n")
    return f"sh {script}"


def edits(repo: Path) -> list[str]:
    folder = repo / ".git" / "gitkanban" / "edits"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_options_set_fields_and_touch_no_other_line(board: Path) -> None:
    before = card(board)
    assert ok(board, "edit", "T1", "--priority", "5") == "T1 changed: priority\n"
    assert card(board) == before.replace("priority: 2  ", "priority: 5  ")
    assert git(board, "log", "-1", "--format=%s") == "kanban: T1 edited (priority)"


def test_lists_are_set_whole_and_emptied_by_an_empty_word(board: Path) -> None:
    ok(board, "edit", "T4", "--parent", "T3", "--acceptance", "it works", "--worker", "")
    data = json.loads(ok(board, "edit", "T4", "--parent", "", "--json"))
    assert data["id"] == "T4" and data["changed"] == ["parents"]
    text = card(board, "T4")
    assert "parents: []" in text and "worker: ''" in text and "- it works" in text


def test_what_holds_already_makes_no_commit(board: Path) -> None:
    tip = git(board, "rev-parse", "main")
    assert ok(board, "edit", "T1", "--priority", "2") == "T1: nothing to change\n"
    assert ok(board, "edit", "T1", EDITOR="true") == "T1: nothing to change\n"
    assert git(board, "rev-parse", "main") == tip and edits(board) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--worker", "bakend-hermes-pool"], "Did you mean 'backend-hermes-pool'?"),
        (["--parent", "T4"], "that makes a cycle: T1 → T4"),
        (["--parent", "T9"], "no card 'T9'"),
        (["--needs", "gpu"], "no capacity 'gpu'"),
        (["--title", " "], "no title"),
        (["--body", "x", "--body-file", "-"], "not both"),
        (["--title", "x", "--file", "y"], "leave the other options out"),
    ],
)
def test_what_would_break_the_board_is_refused(board: Path, options: list[str], said: str) -> None:
    tip = git(board, "rev-parse", "main")
    done = call(board, "edit", "T1", *options)
    assert done.code in (1, 2) and said in done.err
    assert git(board, "rev-parse", "main") == tip


def test_a_card_goes_back_to_the_backlog_unless_it_is_finished(board: Path) -> None:
    ok(board, "edit", "T1", "--to-backlog")
    assert "status: backlog" in card(board)
    ok(board, "done", "T0")
    done = call(board, "edit", "T0", "--to-backlog")
    assert done.code == 1 and "T0 is done" in done.err


def test_the_editor_gets_the_file_and_its_text_is_committed_as_it_is(
    board: Path, tmp_path: Path
) -> None:
    before = card(board)
    command = editor(tmp_path, 'sed -i "s/^title: .*/title: words  # mine/" "$1"')
    assert ok(board, "edit", "T1", EDITOR=command) == "T1 changed: title\n"
    title = "title: implement backend API/repository"
    assert card(board) == before.replace(title, "title: words  # mine")
    assert edits(board) == []


def test_a_text_that_cannot_be_read_is_kept_and_can_be_mended(board: Path, tmp_path: Path) -> None:
    tip = git(board, "rev-parse", "main")
    done = call(board, "edit", "T1", EDITOR=editor(tmp_path, 'echo "bad: [" >>"$1"'))
    assert done.code == 1 and ".kanban/cards/T1.yaml:" in done.err
    kept = board / ".git" / "gitkanban" / "edits" / "T1.yaml"
    assert f"gitkanban edit T1 --file {kept}" in done.err
    assert git(board, "rev-parse", "main") == tip
    ok(board, "edit", "T1", "--title", "meanwhile")  # the mended text is merged with it
    kept.write_text(kept.read_text().replace("bad: [\n", "  one line more\n"))
    assert ok(board, "edit", "T1", "--file", str(kept)) == "T1 changed: body\n"
    assert "one line more" in card(board) and "title: meanwhile" in card(board)
    assert edits(board) == []


def test_a_change_in_the_meantime_is_merged_and_a_true_conflict_keeps_the_text(
    board: Path, tmp_path: Path
) -> None:
    program = f"PYTHONPATH={EXAMPLE.parent} {sys.executable} -m gitkanban"
    meanwhile = f"cd {board} && {program} edit T1 --title theirs"
    sed = 'sed -i "s/^priority: 2/priority: 7/" "$1"'
    retitle = 'sed -i "s/^title: .*/title: mine/" "$1"'
    ok(board, "edit", "T1", EDITOR=editor(tmp_path, meanwhile, sed))
    assert "title: theirs" in card(board) and "priority: 7" in card(board)
    again = editor(tmp_path, meanwhile.replace("theirs", "theirs2"), retitle)
    done = call(board, "edit", "T1", EDITOR=again)
    assert done.code == 1 and "'mine' (your text), 'theirs2' (the board)" in done.err
    kept = board / ".git" / "gitkanban" / "edits" / "T1.yaml"
    assert "title: mine" in kept.read_text() and "title: theirs2" in card(board)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("s/^status: todo/status: done/", "an edit may not change status of T1"),
        ("s/^status: todo/status: running/", "an edit may not change status of T1"),
        ("s/^id: T1/id: T7/", "the id is 'T7'"),
        ("s/- T0/- T4/", "that makes a cycle"),
    ],
)
def test_an_edit_of_the_file_follows_the_same_rules(
    board: Path, tmp_path: Path, change: str, said: str
) -> None:
    tip = git(board, "rev-parse", "main")
    done = call(board, "edit", "T1", EDITOR=editor(tmp_path, f'sed -i "{change}" "$1"'))
    assert done.code == 1 and said in done.err
    assert git(board, "rev-parse", "main") == tip and "T1.yaml" in edits(board)


def test_a_quarantined_card_can_be_mended(board: Path, tmp_path: Path) -> None:
    path = board / ".kanban" / "cards" / "T1.yaml"
    path.write_text(path.read_text().replace("priority: 2", "priority: two"))
    git(board, "commit", "-qam", "broken")
    assert call(board, "edit", "T1", "--priority", "2").code == 1
    fix = editor(tmp_path, 'sed -i "s/two/2/" "$1"')
    ok(board, "edit", "T1", EDITOR=fix)
    assert "priority: 2" in card(board)


def test_another_branch_is_aimed_at_with_its_card(board: Path) -> None:
    ok(board, "edit", "T1", "--title", "planned", "-b", "plan")
    assert "title: planned" in git(board, "show", "plan:.kanban/cards/T1.yaml")
    assert "planned" not in card(board)


def test_without_an_editor_it_says_so(board: Path) -> None:
    done = call(board, "edit", "T1")
    assert done.code == 2 and "no editor to open" in done.err and edits(board) == []
    done = call(board, "edit", "T1", EDITOR="false")
    assert done.code == 1 and "the editor ended with 1: false" in done.err and edits(board) == []


def test_needs_of_amount_0_are_none_and_no_needs_are_those_of_the_worker(board: Path) -> None:
    config = board / ".kanban" / "config.yaml"
    config.write_text(config.read_text() + "  capacities: {build: 1}\n")
    git(board, "commit", "-qam", "a capacity")
    ok(board, "edit", "T1", "--needs", "build:0")
    assert "needs:\n  build: 0\n" in card(board)
    ok(board, "edit", "T1", "--needs", "")
    assert "build" not in card(board)
