"""What a run leaves in git is counted, committed or salvaged, and never lost."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gitkanban.core.tick.facts import Work
from gitkanban.runs import collect
from tests.conftest import git
from tests.runs.places import Bench, Running

PUT = "refs/gitkanban/salvage/"


def ended(bench: Bench, *words: str, **fields: object) -> tuple[Running, Work]:
    running = bench.start(*words, **fields)  # type: ignore[arg-type]
    step = running.end().step("collect")
    verified = bool(running.folder.spec().get("verify"))  # it must see the work collected
    assert (step and step.exit) == (0 if verified else None), running.folder.tail("collect.log")
    return running, running.folder.work()


def again(running: Running) -> Work:
    return collect.collect(running.folder)


def files(bench: Bench, rev: str) -> set[str]:
    return set(git(bench.repo, "ls-tree", "-r", "--name-only", rev).split())


def test_commits_of_the_session_are_counted_from_its_start(bench: Bench) -> None:
    running, work = ended(bench, "commit:a.txt", "commit:b.txt")
    tip = git(bench.repo, "rev-parse", "card/T1")
    assert work == Work(tip=tip, session_commits=2)
    retry, work = ended(bench, "commit:c.txt")
    assert retry.workspace.path == running.workspace.path
    assert work.session_commits == 1


def test_doing_nothing_leaves_nothing(bench: Bench) -> None:
    running, work = ended(bench, "exit:0")
    assert work == Work(tip=running.workspace.start_commit)


def test_left_over_changes_are_committed_and_say_so(bench: Bench) -> None:
    running, work = ended(bench, "write:src/new.py", "write:README.md", "git:add README.md")
    assert work.leftover == work.tip == git(bench.repo, "rev-parse", "card/T1")
    assert work.leftover_paths == ("README.md", "src/new.py")
    assert work.session_commits == 0
    message = git(bench.repo, "log", "-1", "--format=%B", "card/T1")
    assert message.splitlines()[0] == "T1: a title (changes left by the session)"
    assert f"Kanban-Card: T1\nKanban-Run: {running.folder.run}" in message
    where = Path(running.workspace.path)
    assert git(where, "status", "--porcelain", "--branch") == "## card/T1"
    assert again(running) == work


def test_deleted_files_and_odd_names_are_changes_too(bench: Bench) -> None:
    _, work = ended(bench, "git:rm -q src/app.py", "write: a\nb*.txt", "exit:1")
    assert work.leftover_paths == (" a\nb*.txt", "src/app.py")


def test_an_agent_s_droppings_and_the_board_are_left_out(bench: Bench) -> None:
    override: dict[str, str | list[str]] = {"droppings": [".aider*"]}
    (bench.repo / ".kanban/cards").mkdir(parents=True)
    (bench.repo / ".kanban/cards/T1.yaml").write_text("id: T1\n")
    git(bench.repo, "add", ".kanban/cards")
    git(bench.repo, "commit", "-qm", "board")
    words = ("write:.aider.chat", "write:src/.aider.x", "write:.kanban/cards/T1.yaml")
    running, work = ended(bench, *words, override=override)
    assert work == Work(tip=running.workspace.start_commit)
    running, work = ended(bench, *words, "write:real.txt", override=override)
    assert work.leftover_paths == ("real.txt",)
    assert files(bench, "card/T1") == {
        ".kanban/cards/T1.yaml", "README.md", "real.txt", "src/app.py",
    }  # fmt: skip


def test_board_changes_in_a_commit_are_reported(bench: Bench) -> None:
    git(bench.repo, "commit", "-q", "--allow-empty", "-m", "x")
    _, work = ended(bench, "write:card.yaml", "git:mv README.md R", "git:add -A",
                    "git:commit -qm x", "git:rm -q --cached R", "exit:0")  # fmt: skip
    assert work.notices == ()
    script = "mkdir -p .kanban/cards; echo x > .kanban/cards/T9.yaml; git add .; git commit -qm b"
    _, work = ended(bench, override={"session": ["sh", "-c", script]})
    assert work.notices == ("its changes under .kanban/ stay behind on the branch",)


def test_what_setup_and_verify_made_is_not_the_session_s_work(bench: Bench) -> None:
    setup = ("sh", "-c", "echo x > egg-info; echo locked >> README.md")
    verify = ("sh", "-c", "echo x > .cache")
    _, work = ended(bench, "exit:0", setup=setup, verify=verify)
    assert (work.leftover, work.leftover_paths) == ("", ())
    _, work = ended(bench, "write:egg-info", verify=verify)
    assert work.leftover_paths == ("egg-info",), "changed since the session began"
    _, work = ended(bench, "exit:0", verify=verify)
    assert work.leftover == ""


def test_a_session_that_went_on_elsewhere_is_taken_over(bench: Bench) -> None:
    running, work = ended(bench, "git:switch -qc feature", "commit:a.txt", "write:b.txt")
    assert work.session_commits == 1
    assert work.notices == ("it left card/T1; its commits are taken over",)
    assert files(bench, "card/T1") >= {"a.txt", "b.txt"}
    assert git(Path(running.workspace.path), "status", "--porcelain", "-b") == "## card/T1"


def test_work_that_does_not_descend_from_the_branch_is_salvaged(bench: Bench) -> None:
    running, work = ended(
        bench, "commit:a.txt", "git:checkout -q --orphan other", "commit:b.txt", "write:c.txt"
    )
    assert work.session_commits == 1
    assert work.salvage.startswith(f"{PUT}{running.folder.run}")
    assert files(bench, work.salvage) >= {"b.txt", "c.txt"}
    assert "c.txt" not in files(bench, "card/T1")
    assert any("descend" in line for line in work.notices)


def test_looking_at_main_is_no_work(bench: Bench) -> None:
    running = bench.start(override={"session": ["git", "switch", "-q", "--detach", "main"]})
    running.end()
    (bench.repo / "x").write_text("x")
    git(bench.repo, "add", "x")
    git(bench.repo, "commit", "-qm", "somebody else's")
    _, work = ended(bench, "git:checkout -q --detach main")
    assert work.session_commits == 0
    assert work.salvage == ""


@pytest.mark.parametrize("how", ["deleted", "moved"])
def test_a_branch_taken_away_under_it(bench: Bench, how: str) -> None:
    words = ["update-ref", "-d"] if how == "deleted" else ["update-ref"]
    script = (
        "echo a > a.txt && git add . && git commit -qm a && "
        f"git -C {bench.repo} {' '.join(words)} refs/heads/card/T1 "
        + ("" if how == "deleted" else "main^{commit}")
    )
    start = git(bench.repo, "rev-parse", "main")
    running, work = ended(bench, override={"session": ["sh", "-c", script]})
    keeper = "card/T1" if how == "deleted" else work.salvage
    assert "a.txt" in files(bench, keeper)
    assert work.session_commits == (1 if how == "deleted" else 0)
    assert any("while it ran" in line for line in work.notices)
    assert running.workspace.start_commit == start


def test_a_workspace_deleted_under_it_keeps_its_commits(bench: Bench) -> None:
    script = "echo a > a.txt && git add . && git commit -qm a && rm -rf $PWD"
    _, work = ended(bench, override={"session": ["sh", "-c", script]})
    assert work.session_commits == 1
    assert work.notices == ("its workspace was deleted while it ran",)
    assert "a.txt" in files(bench, "card/T1")
    _, work = ended(bench, "commit:b.txt")
    assert files(bench, "card/T1") >= {"a.txt", "b.txt"}


def test_a_rebase_left_half_way_loses_nothing(bench: Bench) -> None:
    script = (
        "echo 1 > README.md; git commit -qam one; echo 2 > README.md; git commit -qam two;"
        "git checkout -q --detach main; echo 3 > README.md; git commit -qam three;"
        "git checkout -q card/T1; git rebase HEAD@{1}; echo resolved > README.md; exit 0"
    )
    running, work = ended(bench, override={"session": ["sh", "-c", script]})
    assert work.session_commits == 2
    assert git(bench.repo, "show", "card/T1:README.md") == "2"
    assert git(bench.repo, "show", f"{work.salvage}:README.md") == "resolved"
    _, work = ended(bench, "exit:0")
    assert git(Path(running.workspace.path), "status", "--porcelain", "-b") == "## card/T1"


def test_a_worktree_never_checked_out_has_nothing_left_over(bench: Bench) -> None:
    running, _ = ended(bench, "exit:0")
    Path(running.workspace.admin, "index").unlink()
    assert again(running).leftover == ""


def test_without_an_identity_left_overs_are_still_committed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(bench.repo, "config", "user.useConfigOnly", "true")
    Path.home().joinpath(".gitconfig").write_text("")
    _, work = ended(bench, "write:a.txt")
    assert work.leftover
    assert git(bench.repo, "log", "-1", "--format=%an", "card/T1") == "gitkanban"


def test_an_unreadable_file_does_not_stop_the_rest(bench: Bench) -> None:
    script = "mkfifo pipe; echo a > a.txt; git init -q inner; exit 0"
    _, work = ended(bench, override={"session": ["sh", "-c", script]})
    assert "a.txt" in work.leftover_paths


def test_a_lock_left_by_a_killed_git_is_no_obstacle(bench: Bench) -> None:
    script = "echo a > a.txt; touch $(git rev-parse --git-dir)/index.lock"
    _, work = ended(bench, override={"session": ["sh", "-c", script]})
    assert work.leftover_paths == ("a.txt",)


def test_the_shared_checkout_is_left_alone(bench: Bench) -> None:
    running = bench.start("write:a.txt", workspace_policy="shared")
    record = running.end()
    assert record.step("collect") is None
    assert running.folder.work() == Work()
    assert git(bench.repo, "status", "--porcelain", "a.txt") == "?? a.txt"


def test_nothing_of_it_is_left_to_collect_when_the_repository_is_gone(bench: Bench) -> None:
    running, _ = ended(bench, "exit:0")
    shutil.rmtree(running.workspace.path)
    subprocess.run(["git", "worktree", "prune"], cwd=bench.repo, check=True)
    assert again(running).tip == git(bench.repo, "rev-parse", "card/T1")
