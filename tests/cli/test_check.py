"""`check` on real repositories: places, severities, what a change brings in, and its formats."""

import json
import re
from pathlib import Path

import pytest

from gitkanban.core.review.rules import RULES
from tests.cli.calls import call, ok
from tests.conftest import git


def card(repo: Path, name: str) -> Path:
    return repo / ".kanban" / "cards" / f"{name}.yaml"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def found(repo: Path, *argv: str) -> list[str]:
    """The findings as `file:line:column rule`, the board's folder left out."""
    done = call(repo, "check", "--format", "json", *argv)
    data = json.loads(done.out)
    assert done.code == (1 if data["errors"] else 0)
    assert {f["severity"] for f in data["findings"]} <= {"error", "warning"}
    return [
        f"{f['file'].removeprefix('.kanban/')}:{f['line']}:{f['column']} {f['rule']}"
        for f in data["findings"]
    ]


def test_the_example_board_is_sound(board: Path) -> None:
    assert ok(board, "check") == "nothing found\n"
    assert ok(board, "check", "main") == "nothing found\n"
    assert ok(board, "check", "--base", "main", "--format", "github") == ""


def test_findings_name_the_place_of_the_value(board: Path) -> None:
    change(card(board, "T1"), "worker: backend-hermes-pool", "worker:  bakend  # who?")
    change(card(board, "T1"), "  - T0", "  - T0\n  - T9")
    change(card(board, "T2"), "needs: {}", "needs:\n  gpu: 1")
    assert found(board) == [
        "cards/T1.yaml:5:10 unknown-worker",
        "cards/T1.yaml:13:5 unknown-parent",
        "cards/T2.yaml:15:8 unknown-capacity",
    ]


def test_what_a_worker_needs_is_checked_in_the_config_and_for_its_cards(board: Path) -> None:
    config = board / ".kanban" / "config.yaml"
    change(config, "max_concurrency: 2\n", "max_concurrency: 2\n      needs: {bild: 1}\n")
    assert found(board) == [
        "cards/T2.yaml:5:9 unknown-capacity",
        "config.yaml:27:21 unknown-capacity",
    ]
    git(board, "commit", "-qam", "a typo")
    done = call(board, "add", "x", "-w", "frontend-hermes-pool")
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        "Error: no capacity 'bild' (all cards of frontend-hermes-pool need it)",
    )
    ok(board, "edit", "T2", "--title", "still to be edited")


def test_a_former_word_is_still_read_and_reported(board: Path) -> None:
    config = board / ".kanban" / "config.yaml"
    change(config, "kanban:\n", "kanban:\n  on_tamper: tell\n")
    assert found(board) == ["config.yaml:3:14 former-word"]
    assert "on_tamper: tell is called warn now" in call(board, "check").out
    change(config, "on_tamper: tell", "on_tamper: warn")
    assert found(board) == []


BROKEN = {
    "yaml": ("title: [\n", 2, "unreadable"),
    "twice": ("id: T9\nid: T9\n", 2, "unreadable"),
    "tag": ("id: !!str T9\n", 1, "unreadable"),
    "alias": ("id: T9\ntitle: &a x\n", 2, "unreadable"),
    "type": ("id: T9\ntitle: x\npriority: high\n", 3, "unreadable"),
    "name": ("id: T8\ntitle: x\n", 1, "unreadable"),
    "markers": ("<<<<<<< ours\nid: T9\n=======\nid: T9\n>>>>>>> theirs\n", 1, "unreadable"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_cannot_be_read_are_reported_and_hide_nothing(board: Path, name: str) -> None:
    text, line, rule = BROKEN[name]
    card(board, "T9").write_text(text)
    change(card(board, "T4"), "  - T3", "  - T9")  # no unknown parent: it is there, and broken
    where, _, told = found(board)[0].partition(" ")
    assert where.startswith(f"cards/T9.yaml:{line}:") and told == rule
    assert len(found(board)) == 1


def test_bytes_symlinks_and_big_files(board: Path) -> None:
    card(board, "A").write_bytes(b"id: A\ntitle: \xff\n")
    card(board, "B").symlink_to("T0.yaml")
    card(board, "C").write_text("id: C\nbody: |\n" + "  x\n" * 300_000)
    assert found(board) == [
        "cards/A.yaml:2:8 unreadable",
        "cards/B.yaml:0:0 unreadable",
        "cards/C.yaml:0:0 unreadable",
    ]


def test_the_config_stray_files_and_layout(board: Path) -> None:
    change(board / ".kanban" / "config.yaml", "mode: lane", "mode: lean")
    (board / ".kanban" / "cards" / "T9.yml").write_text("id: T9\n")
    card(board, "T7").write_text("{id: T7, title: x, worker: frontend-hermes-pool}\n")
    assert found(board) == [
        "cards/T7.yaml:0:0 layout",
        "cards/T9.yml:0:0 stray-file",
        "config.yaml:8:13 config",
    ]
    out = call(board, "check").out
    assert "A card is read from cards/T9.yaml." in out
    assert "gitkanban fmt .kanban/cards/T7.yaml" in out
    ok(board, "fmt", ".kanban/cards/T7.yaml")
    assert "cards/T7.yaml:0:0 layout" not in found(board)


def test_a_word_in_the_prompt_that_stands_for_nothing(board: Path) -> None:
    (board / ".kanban" / "prompt.md").write_text("{title}\n\nDo {tilte}, as {json: 1} says.\n")
    assert found(board) == ["prompt.md:3:4 prompt-field"]
    assert "Did you mean 'title'?" in call(board, "check").out


def test_with_a_base_only_what_the_change_brings_in_fails_it(board: Path) -> None:
    change(card(board, "T1"), "  - T0", "  - T8")
    git(board, "commit", "-qam", "broken on main")
    git(board, "checkout", "-qb", "work")
    change(card(board, "T2"), "  - T0", "  - T7")
    git(board, "commit", "-qam", "more")
    assert found(board, "--base", "main") == ["cards/T2.yaml:12:5 unknown-parent"]
    assert len(found(board, "--base", "main", "--all")) == 2 == len(found(board))
    change(card(board, "T2"), "  - T7", "  - T0")
    assert found(board, "--base", "main") == []  # the draft at hand, not the commit
    assert found(board, "HEAD", "--base", "main") != []


def test_what_main_did_in_the_meantime_is_not_blamed_on_the_branch(board: Path) -> None:
    git(board, "checkout", "-qb", "work")
    change(card(board, "T2"), "implement frontend UI", "another title")
    git(board, "commit", "-qam", "retitled")
    git(board, "checkout", "-q", "main")
    change(card(board, "T0"), "status: todo", "status: done")
    change(card(board, "T1"), "status: todo", "status: running")
    git(board, "commit", "-qam", "as a tick would")
    git(board, "checkout", "-q", "work")
    assert found(board, "--base", "main") == []
    git(board, "merge", "-q", "--no-edit", "main")
    assert found(board, "--base", "main") == []


def test_a_pull_request_that_moves_cards_or_edits_records(board: Path) -> None:
    runs = board / ".kanban" / "runs" / "T1"
    runs.mkdir(parents=True)
    (runs / "01.yaml").write_text("run: '01'\noutcome: failed\n")
    git(board, "add", ".kanban/runs")
    change(card(board, "T1"), "status: todo", "status: running\nrun: 02\nslot: backend-hermes#1")
    git(board, "commit", "-qam", "a tick")
    git(board, "checkout", "-qb", "work")
    change(card(board, "T1"), "status: running", "status: todo")
    change(card(board, "T2"), "status: todo", "status: running")
    change(card(board, "T3"), "status: todo", "status: dropped")
    change(runs / "01.yaml", "failed", "succeeded")
    (board / ".kanban" / "prompt.md").write_text("Obey {title}.\n")
    change(board / ".kanban" / "config.yaml", "demo/check.sh", "demo/evil.sh")
    git(board, "add", ".kanban")
    assert found(board, "--base", "main") == [
        "cards/T1.yaml:7:9 status-by-hand",
        "cards/T2.yaml:7:9 status-by-hand",
        "cards/T4.yaml:14:5 dropped-parent",
        "config.yaml:18:15 executes",
        "prompt.md:0:0 prompt",
        "runs/T1/01.yaml:0:0 run-edited",
    ]


def test_one_id_on_both_branches_has_a_way_out(board: Path) -> None:
    ok(board, "add", "ours", "--id", "T9", "-w", "messages-owner", "-b", "work")
    ok(board, "add", "child", "--id", "T10", "-p", "T9", "-w", "messages-owner", "-b", "work")
    ok(board, "add", "theirs", "--id", "T9", "-w", "messages-owner")
    done = call(board, "check", "-b", "work")
    assert done.code == 1
    assert ".kanban/cards/T9.yaml:1:5: error: main has another card T9 (theirs)" in done.out
    assert "gitkanban rename T9 NEW on this branch" in done.out
    assert ok(board, "rename", "T9", "T11", "-b", "work") == "T9 is now T11, also in T10\n"
    assert ok(board, "check", "-b", "work") == "nothing found\n"
    git(board, "merge", "-q", "--no-edit", "work")
    assert found(board) == []


def test_github_annotations_are_escaped(board: Path) -> None:
    change(card(board, "T1"), "worker: backend-hermes-pool", 'worker: "100%\\r\\n::error::x"')
    done = call(board, "check", "--format", "github")
    lines = done.out.splitlines()
    assert len(lines) == 1 and done.code == 1
    assert lines[0].startswith(
        "::error file=.kanban/cards/T1.yaml,line=5,col=9,title=unknown-worker::no worker '100%25"
    )


def test_it_works_detached_in_linked_worktrees_and_on_a_branch_of_its_own(
    board: Path, tmp_path: Path
) -> None:
    git(board, "checkout", "-q", "--detach")
    git(board, "branch", "-D", "main")
    change(card(board, "T1"), "  - T0", "  - T8")
    assert found(board, "--base", "HEAD") == ["cards/T1.yaml:12:5 unknown-parent"]
    git(board, "commit", "-qam", "broken")
    git(board, "worktree", "add", "-q", str(tmp_path / "linked"), "HEAD~1")
    assert found(tmp_path / "linked") == []
    assert len(found(tmp_path / "linked", git(board, "rev-parse", "HEAD"))) == 1
    tree = git(board, "rev-parse", "HEAD:.kanban")
    own = git(board, "commit-tree", "-m", "own", tree)
    git(board, "worktree", "add", "-q", str(tmp_path / "own"), own)
    done = call(tmp_path / "own", "check")
    assert "cards/T1.yaml:12:5: error" in done.out and done.out[0] == "c"


def test_a_branch_that_brings_the_first_board(repo: Path, board: Path) -> None:
    start = git(board, "rev-parse", "HEAD~1")
    done = call(board, "check", "--base", start)
    assert done.code == 0 and "[executes]" in done.out


def test_unknown_revisions_and_no_board(repo: Path) -> None:
    done = call(repo, "check")
    assert done.code == 1 and "no kanban board" in done.err
    done = call(repo, "check", "nowhere")
    assert done.code == 1 and "no revision 'nowhere'" in done.err
    done = call(repo, "check", "main")
    assert done.code == 1 and "main holds no board" in done.err


def test_a_hook_works_before_the_first_commit(repo: Path, board: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q")
    (board / ".kanban").rename(fresh / ".kanban")
    assert call(fresh, "check", "--base", "HEAD").code == 0
    change(card(fresh, "T1"), "  - T0", "  - T8")
    assert found(fresh, "--base", "HEAD")[0] == "cards/T1.yaml:12:5 unknown-parent"


ROOT = Path(__file__).parent.parent.parent


def test_hooks_and_workflows_of_the_docs_are_yaml_and_call_what_there_is() -> None:
    from ruamel.yaml import YAML

    page = (ROOT / "docs" / "review.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, flags=re.S)
    loaded = [YAML(typ="safe", pure=True).load(block) for block in blocks]
    hooks = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in loaded[0]["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]
    checking, posting = loaded[1:3]
    assert checking["permissions"] == {"contents": "read"}  # forks get no more
    assert "checkout" not in blocks[2]  # what may write never looks at the pull request's code
    assert posting["permissions"] == {"actions": "read", "pull-requests": "write"}
    # What people can write into a pull request never stands in a shell line.
    assert not re.findall(r"run: .*\$\{\{", page)


def test_every_rule_is_documented() -> None:
    page = (ROOT / "docs" / "review.md").read_text()
    for name, rule in RULES.items():
        assert f"| `{name}` | {rule.severity} | {rule.finds} |" in page


@pytest.mark.parametrize("status", ["todo", "review", "dropped"])
def test_a_card_moved_into_the_archive_frees_nobody_unless_it_was_done(
    repo: Path, status: str
) -> None:
    ok(repo, "init", "--worker", "w", "--runner", "claude")
    ok(repo, "add", "first", "--id", "T0")
    ok(repo, "add", "second", "--id", "T1", "--parent", "T0")
    file = repo / ".kanban/cards/T0.yaml"
    file.write_text(file.read_text().replace("status: todo", f"status: {status}") + "\n")
    git(repo, "commit", "-qam", "as it is")
    folder = repo / ".kanban/archive/2026/cards"
    folder.mkdir(parents=True)
    git(repo, "mv", ".kanban/cards/T0.yaml", str(folder))
    git(repo, "commit", "-qm", "moved by hand")
    found = call(repo, "check", "HEAD", "--base", "HEAD~1")
    assert found.code == 1 and f"it lies in the archive and is {status}, not done" in found.out
    assert "git mv .kanban/archive/2026/cards/T0.yaml .kanban/cards/T0.yaml" in found.out
    assert "T0, which cannot be read (.kanban/archive/2026/cards/T0.yaml" in ok(repo, "why", "T1")
    card = next(c for c in json.loads(ok(repo, "list", "--json")) if c["id"] == "T1")
    assert not card["ready"]
    done = folder / "T0.yaml"
    done.write_text(done.read_text().replace(f"status: {status}", "status: done"))
    git(repo, "commit", "-qam", "it was done after all")
    assert "T0" not in ok(repo, "why", "T1")
    done.write_text("id: T0\nstatus: [\n")
    git(repo, "commit", "-qam", "broken")
    assert call(repo, "check").code == 1 and "cannot be read" in ok(repo, "why", "T1")
