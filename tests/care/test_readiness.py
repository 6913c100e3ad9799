"""A dry start and a dry accept on real repositories:
each thing in the way is found before it is met.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from gitkanban.care import checkup, equipment
from gitkanban.care.readiness import rehearse
from gitkanban.care.repair import Repairs
from gitkanban.core.care.surroundings import Readiness
from gitkanban.core.model import SHARED, Board, Config, Worker
from gitkanban.runs import trust
from gitkanban.runs.records import ticked
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.runs.places import Bench, until
from tests.runs.plain_user import plain_user
from tests.support.boards import board


def state(*cards: str, base: str = "main", **fields: object) -> Board:
    """A board of worker `w`, whose command is there."""
    worker = Worker("w", "p", command=("/bin/sh",))._replace(**fields)  # type: ignore[arg-type]
    return board(*cards)._replace(config=Config(base=base, workers={"w": worker}))


def worktrees_folder(bench: Bench) -> Path:
    return bench.repo.with_name("repo.worktrees")


def test_nothing_is_in_the_way_in_a_fresh_repository(bench: Bench) -> None:
    assert rehearse(bench.place, state("T1 todo")) == Readiness()


# -- the folder of worktrees


def test_a_file_where_the_worktrees_go(bench: Bench) -> None:
    folder = worktrees_folder(bench)
    folder.write_text("mine\n")
    assert rehearse(bench.place, state()).no_folder == f"{folder} is not a folder"
    assert rehearse(bench.place, state(workspace_policy=SHARED)).no_folder == ""
    folder.unlink()
    folder.symlink_to("nowhere")
    assert rehearse(bench.place, state()).no_folder == f"{folder} is not a folder"


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_may_not_be_written(bench: Bench, there: bool) -> None:
    folder = worktrees_folder(bench) if there else bench.repo.parent / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    place = bench.place if there else bench.place._replace(worktrees=str(folder / "a" / "b"))
    with plain_user():
        assert rehearse(place, state()).no_folder == f"you may not write in {folder}"
    folder.chmod(0o755)
    assert rehearse(place, state()).no_folder == ""


def test_a_folder_that_a_board_may_not_choose(bench: Bench) -> None:
    config = state().config
    assert config
    at = state()._replace(config=config._replace(worktrees=".git/trees"))
    assert "lies in a git directory" in rehearse(bench.place, at).no_folder


# -- branches


def test_branches_that_take_the_names_of_cards_branches(bench: Bench) -> None:
    git(bench.repo, "branch", "card", "main")
    [only] = rehearse(bench.place, state("T1 todo")).blocking
    assert only == ("card", "card/…", False)
    git(bench.repo, "branch", "-m", "card", "other")
    git(bench.repo, "branch", "card/T1/x", "main")
    git(bench.repo, "branch", "card/T2/y", "main")
    git(bench.repo, "branch", "card/T3", "main")
    [only] = rehearse(bench.place, state("T1 todo", "T3 todo")).blocking
    assert only == ("card/T1/x", "card/T1", True)
    seen = checkup.look(bench.place, state("T1 todo", "T3 todo"), 0)
    assert [each.card for each in seen.branches] == ["T2/y"]  # each is reported once


def test_a_base_that_is_missing(bench: Bench) -> None:
    assert (
        "the base branch nope does not exist" in rehearse(bench.place, state(base="nope")).no_base
    )


# -- checkouts of base


def moved_by_hand(bench: Bench) -> str:
    """Base moves below its checkout, as by a push or `update-ref`; where it was."""
    before = git(bench.repo, "rev-parse", "main")
    git(bench.repo, "switch", "-q", "-c", "side")
    (bench.repo / "new.txt").write_text("new\n")
    git(bench.repo, "add", "-A")
    git(bench.repo, "commit", "-qm", "new")
    git(bench.repo, "switch", "-q", "main")
    git(bench.repo, "update-ref", "refs/heads/main", "side")
    return before


def test_a_checkout_whose_base_moved_away_below_it(bench: Bench) -> None:
    before = moved_by_hand(bench)
    [late] = rehearse(bench.place, state()).late
    assert late == (str(bench.repo), "main", before)
    (bench.repo / "README.md").write_text("# changed by a person\n")
    git(bench.repo, "read-tree", "-m", "-u", before, "HEAD")  # what the advice says
    assert rehearse(bench.place, state()).late == ()
    assert (bench.repo / "new.txt").exists()
    assert git(bench.repo, "status", "--porcelain") == " M README.md"


def test_a_linked_checkout_of_base_counts_too_and_staged_work_is_no_lag(bench: Bench) -> None:
    git(bench.repo, "switch", "-q", "--detach")
    linked = bench.repo.parent / "linked"
    git(bench.repo, "worktree", "add", "-q", str(linked), "main")
    (linked / "staged.txt").write_text("staged\n")
    git(linked, "add", "-A")
    assert rehearse(bench.place, state()).late == ()
    git(linked, "reset", "-q", "--hard")
    new = git(linked, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "same tree")
    git(linked, "update-ref", "refs/heads/main", new)
    assert rehearse(bench.place, state()).late == ()  # nothing would be taken out
    blob = git(linked, "hash-object", "-w", "README.md")
    tree = git(linked, "mktree", input=f"100644 blob {blob}\tREADME.md\n")
    git(
        linked,
        "update-ref",
        "refs/heads/main",
        git(linked, "commit-tree", tree, "-p", new, "-m", "y"),
    )
    assert [each.root for each in rehearse(bench.place, state()).late] == [str(linked)]


def test_conflicts_that_git_has_left_without_a_merge(bench: Bench) -> None:
    (bench.repo / "README.md").write_text("# mine\n")
    git(bench.repo, "stash", "-q")
    (bench.repo / "README.md").write_text("# theirs\n")
    git(bench.repo, "commit", "-qam", "theirs")
    git(bench.repo, "stash", "pop", "-q", check=False)
    assert rehearse(bench.place, state()).stuck == (
        (str(bench.repo), "conflicts there are not resolved: README.md"),
    )


def test_a_merge_in_the_base_checkout_of_a_board_on_its_own_branch(bench: Bench) -> None:
    git(bench.repo, "switch", "-q", "-c", "side")
    git(bench.repo, "commit", "-q", "--allow-empty", "-m", "side")
    git(bench.repo, "switch", "-q", "main")
    git(bench.repo, "merge", "-q", "--no-ff", "--no-commit", "side")
    own = bench.place._replace(branch="kanban", prefix="")
    assert rehearse(own, state()).stuck == ((str(bench.repo), "a merge is in progress there"),)
    assert rehearse(bench.place, state()).stuck == ()  # `standstill` reports that one


# -- programs


def agent(folder: Path, text: str, name: str = "claude", mode: int = 0o755) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(mode)


@pytest.fixture
def bin_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for programs, the first on PATH."""
    folder = bench.repo.parent / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def silent(bench: Bench, **fields: object) -> list[str]:
    """What is wrong with the agents, where everything is allowed."""
    at = state(**{"command": (), "runner": "claude", **fields})
    assert at.config
    trust.record(bench.place, at.config)
    return [each.why for each in rehearse(bench.place, at).silent]


@pytest.mark.parametrize(
    "script, why",
    [
        ("#!/bin/sh\necho 2.1\n", ""),
        ("#!/bin/sh\necho broken >&2\nexit 3\n", "ended with 3: broken"),
        ("#!/bin/sh\necho out\nexit 1\n", "ended with 1: out"),
        ("#!/bin/sh\nkill -9 $$\n", "was ended by signal 9"),
        ("#!/no/such/interpreter\n", "cannot be started: No such file or directory"),
        ("#!/bin/sh\nread x && exit 4\nexit 0\n", ""),  # nothing to read
        ("#!/bin/sh\n[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ]\n", ""),  # no terminal of ours
        ('#!/bin/sh\n[ "$1" = --version ] && [ -z "$SECRET" ] && [ -z "$GITKANBAN_RUN" ]\n', ""),
    ],
)
def test_what_an_agent_answers(
    bench: Bench, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    monkeypatch.setenv("SECRET", "s")
    agent(bin_folder, script)
    assert silent(bench) == ([why] if why else [])


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for somebody to take its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_an_agent_that_never_answers_is_ended_with_all_it_started(
    bench: Bench, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(equipment, "VERSION_MOST", 0.5)
    note = bench.repo.parent / "child"
    agent(
        bin_folder, f"#!/bin/sh\nsleep 1000 &\necho $! > {note}.part; mv {note}.part {note}\nwait\n"
    )
    assert silent(bench) == ["gave no answer in 0.5 seconds"]
    if note.exists():
        pid = int(note.read_text())
        until(lambda: has_ended(pid), "the end of what it started")  # a kill is not at once


def test_only_agents_that_were_allowed_are_run_and_no_other_command(
    bench: Bench, bin_folder: Path
) -> None:
    ran = bench.repo.parent / "ran"
    for name in ("claude", "my-agent"):
        agent(bin_folder, f"#!/bin/sh\ntouch {ran}\nexit 1\n", name)
    assert rehearse(bench.place, state(command=(), runner="claude")).silent == ()
    assert silent(bench, command=("my-agent", "{prompt}"), runner="") == []
    assert not ran.exists()
    assert silent(bench, command=("claude", "-p", "{prompt}"), runner="") == ["ended with 1"]
    assert ran.exists()


def test_a_program_that_may_not_be_executed_is_missing_once(bench: Bench, bin_folder: Path) -> None:
    agent(bin_folder, "#!/bin/sh\n", mode=0o644)
    at = state(command=(), runner="claude")
    assert at.config
    trust.record(bench.place, at.config)
    [only] = checkup.look(bench.place, at, 0).missing
    assert only.why == f"{bin_folder}/claude is not executable"
    assert rehearse(bench.place, at).silent == ()
    (bin_folder / "claude").chmod(0o755)
    assert checkup.look(bench.place, at, 0).missing == ()


# -- who owns what, and who ticked


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")
@pytest.mark.parametrize("name", ["objects/aa", "refs/heads/card", "gitkanban/runs", "index"])
def test_files_of_roots_after_a_tick_with_sudo(bench: Bench, name: str) -> None:
    top = Path(bench.place.common)
    assert checkup.look(bench.place, state(), 0).foreign == ()
    path = top / name
    if name != "index":
        path.mkdir(parents=True, exist_ok=True)
        path = path / "made"
        path.write_text("x")
    os.chown(path, 12345, 12345)
    [only] = checkup.look(bench.place, state(), 0).foreign
    assert (only.user, only.number, only.example) == ("user 12345", 1, str(path))
    git(bench.repo, "config", "core.sharedRepository", "group")
    assert checkup.look(bench.place, state(), 0).foreign == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")
def test_a_run_of_another_user_is_not_called_over(bench: Bench) -> None:
    running = bench.start("hang")
    for path in (Path(running.folder.path), *Path(running.folder.path).rglob("*")):
        with suppress(FileNotFoundError):  # one that its supervisor has just replaced
            os.chown(path, 12345, 12345, follow_symlinks=False)
    with plain_user():
        found = checkup.examine(bench.place, state("T1 todo"), 0)
    about = [
        each for each in found if each.subject in (running.lease.run, "p#1", running.workspace.path)
    ]
    assert [each.code for each in about] == ["run-of-another-user"]
    assert "user 12345" in about[0].text


def test_the_last_tick_was_the_first_process_of_a_container(bench: Bench) -> None:
    program = (
        "import sys; from gitkanban.runs.records import ticked; "
        "ticked.note(sys.argv[1]); print(ticked.last(sys.argv[1]).first)"
    )
    apart = ["unshare", "--pid", "--fork", "--mount-proc"]
    words = [sys.executable, "-c", program, bench.place.private]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a process id name space cannot be had here")
    done = subprocess.run([*apart, *words], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert checkup.look(bench.place, state(), 0).ticked_first
    assert abs(ticked.last(bench.place.private).jumped) < 60  # the mark is in nobody's way
    done = subprocess.run([*apart, *words, "--wait"], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    ticked.note(bench.place.private)
    assert not checkup.look(bench.place, state(), 0).ticked_first


# -- worktrees that point elsewhere, and those of nobody's


def mend(bench: Bench, at: Board, code: str) -> list[str]:
    found = checkup.examine(bench.place, at, 0)
    return [
        Repairs(bench.place, at).mend(each) for each in found if each.code == code and each.repair
    ]


def test_a_worktree_of_a_repository_that_was_moved_points_here_again(bench: Bench) -> None:
    running = bench.start("write:work.txt")
    running.end()
    path = Path(running.workspace.path)
    moved = bench.repo.with_name("moved")
    bench.repo.rename(moved)
    there = Bench(moved)
    [tree] = checkup.look(there.place, state("T1 review"), 0).worktrees
    assert tree.adrift and "which is gone" in tree.astray
    assert mend(there, state("T1 review"), "worktree-astray") == [""]
    assert git(path, "status", "--porcelain", "--branch").startswith("## card/T1")
    assert (path / "work.txt").exists()
    [tree] = checkup.look(there.place, state("T1 review"), 0).worktrees
    assert not tree.astray


def test_a_repository_that_was_moved_with_its_worktrees_finds_them_again(bench: Bench) -> None:
    bench.start("write:work.txt").end()
    moved = bench.repo.parent.with_name("moved")
    bench.repo.parent.rename(moved)
    there, path = Bench(moved / "repo"), moved / "repo.worktrees" / "T1"
    at = state("T1 review")
    [tree] = checkup.look(there.place, at, 0).worktrees
    assert (tree.path, tree.adrift) == (str(path), True)
    assert mend(there, at, "worktree-astray") == [""]
    assert git(path, "status", "--porcelain", "--branch").startswith("## card/T1")
    assert str(path) in git(there.repo, "worktree", "list")
    [tree] = checkup.look(there.place, at, 0).worktrees
    assert (tree.path, tree.astray) == (str(path), "")
    moved.rename(bench.repo.parent)


def test_a_copy_of_a_repository_leaves_the_worktrees_of_the_first_alone(bench: Bench) -> None:
    bench.start("write:work.txt").end()
    copy = bench.repo.with_name("copy")
    subprocess.run(["cp", "-a", str(bench.repo), str(copy)], check=True)
    there = Bench(copy)
    [tree] = checkup.look(there.place, state("T1 review"), 0).worktrees
    assert str(bench.repo) in tree.astray and not tree.adrift
    assert mend(there, state("T1 review"), "worktree-astray") == []
    [tree] = checkup.look(bench.place, state("T1 review"), 0).worktrees
    assert not tree.astray


def test_worktrees_that_a_session_made_beside_and_in_its_own(bench: Bench) -> None:
    folder = worktrees_folder(bench)
    git(bench.repo, "worktree", "add", "-q", "--detach", str(folder / "mine"))  # nothing runs
    running = bench.start("hang")
    inside = f"{running.workspace.path}/try"
    for path in (inside, str(folder / "T1-b"), str(bench.repo.parent / "elsewhere")):
        git(bench.repo, "worktree", "add", "-q", "--detach", path)
    admin = bench.repo / ".git" / "worktrees" / "mine" / "commondir"
    os.utime(admin, (1, 1))  # long before
    found = checkup.look(bench.place, state("T1 todo"), 0).beside
    assert {each.path for each in found} == {inside, str(folder / "T1-b")}
    assert {each.run for each in found} == {running.lease.run}


def test_a_persons_worktree_among_those_of_cards_is_no_sessions(bench: Bench) -> None:
    bench.start("write:work.txt").end()
    path = worktrees_folder(bench) / "mine"
    git(bench.repo, "worktree", "add", "-q", "--detach", str(path))
    assert checkup.look(bench.place, state("T1 review"), 0).beside == ()


# -- the checkout of a board on its own branch, and the command itself


@pytest.fixture
def own(repo: Path) -> Path:
    ok(repo, "init", "--branch", "kanban")
    ok(repo, "add", "a card", "--id", "T1")
    return repo


def doctor_codes(repo: Path, *words: str) -> dict[str, dict[str, object]]:
    said = json.loads(call(repo, "doctor", "--json", *words).out)
    return {each["code"]: each for each in said["symptoms"]}


@pytest.mark.parametrize("what", ["folder", "all but slots", "pruned"])
def test_a_checkout_of_the_board_that_is_gone_is_made_again(own: Path, what: str) -> None:
    checkout = own / ".kanban"
    subprocess.run(["rm", "-r", str(checkout)], check=True)
    if what == "all but slots":
        (checkout / "slots").mkdir(parents=True)
    if what == "pruned":
        git(own, "worktree", "prune")
    assert "board-checkout-gone" in doctor_codes(own)
    assert doctor_codes(own, "--fix")["board-checkout-gone"]["repaired"]
    assert "board-checkout-gone" not in doctor_codes(own)
    assert (checkout / "cards" / "T1.yaml").exists()
    assert git(checkout, "status", "--porcelain") == ""
    ok(own, "add", "another", "--id", "T2")
    assert (checkout / "cards" / "T2.yaml").exists()


def test_a_checkout_of_the_board_is_not_made_over_something_else(own: Path) -> None:
    checkout = own / ".kanban"
    subprocess.run(["rm", "-r", str(checkout)], check=True)
    git(own, "worktree", "prune")
    checkout.write_text("mine\n")
    said = doctor_codes(own, "--fix")["board-checkout-gone"]
    assert not said["repaired"] and "something else is there" in str(said["why_not"])
    assert checkout.read_text() == "mine\n"


def test_doctor_names_what_blocks_every_start(repo: Path) -> None:
    ok(repo, "init")
    ok(repo, "add", "a card", "--id", "T1")
    git(repo, "branch", "card")
    repo.with_name("repo.worktrees").write_text("")
    said = call(repo, "doctor")
    assert said.code == 1
    assert "[branch-in-the-way]" in said.out and "git branch -m card another-name" in said.out
    assert "[no-worktrees-folder]" in said.out
    git(repo, "branch", "-D", "card")
    repo.with_name("repo.worktrees").unlink()
    assert not {"branch-in-the-way", "no-worktrees-folder"} & doctor_codes(repo).keys()
