"""What changed around the repository while sessions ran is noticed, and settled by a person."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitkanban.board import init, store
from gitkanban.core.changes import WriteFile
from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Exit
from gitkanban.runs import watching
from gitkanban.runs.records import folders
from gitkanban.runs.records.folders import Folder
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.arena import Arena, until


def write(path: str) -> Callable[[Arena], None]:
    """A change to a file of the git directory."""

    def act(arena: Arena) -> None:
        file = Path(arena.repo, ".git", path)
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as stream:
            stream.write("\n")

    return act


def run(*words: str) -> Callable[[Arena], None]:
    def act(arena: Arena) -> None:
        git(arena.repo, *words)

    return act


CHANGES = [
    (write("hooks/post-checkout"), "hooks/post-checkout is new"),
    (write("info/attributes"), "info/attributes"),
    (write("info/grafts"), "info/grafts is new"),
    (run("config", "pager.log", "/x"), "config pager.log is new"),
    (write("objects/info/alternates"), "objects/info/alternates is new"),
    (write("config.worktree"), "config.worktree is new"),
    (write("gitkanban/trust"), "gitkanban/trust has changed"),
    (run("config", "core.hooksPath", "/x"), "config core.hookspath is new"),
    (run("config", "filter.x.clean", "cat"), "config filter.x.clean is new"),
    (run("config", "remote.origin.url", "/x"), "config remote.origin.url is new"),
    (run("tag", "-f", "v1", "HEAD"), "refs/tags/v1 was moved"),
    (run("tag", "-d", "v1"), "refs/tags/v1 is gone"),
    (run("update-ref", "refs/heads/card/T3", "HEAD"), "refs/heads/card/T3 was moved"),
    (run("update-ref", "refs/heads/main", "HEAD~1"), "refs/heads/main was rewritten"),
]


def begun(make: Callable[..., Arena]) -> Arena:
    """T1 and T2 run until `go`; T3 has a branch, and there is a tag."""
    arena = make({"T1": "@pool", "T2": "@pool", "T3": "@lane backlog"})
    git(arena.repo, "tag", "v1")
    git(arena.repo, "branch", "card/T3")
    for card in ("T1", "T2"):
        arena.words(card, "commit wait:go")
    arena.tick()
    until(lambda: len(arena.logged("waits")) == 2, "both sessions")
    return arena


def ended(arena: Arena) -> str:
    """Both sessions end; what the tick after that says."""
    (arena.log / "go").write_text("")
    until(lambda: not arena.supervisors(), "their ends")
    return ok(arena.repo, "tick")


@pytest.mark.parametrize("change, line", CHANGES, ids=[line for _, line in CHANGES])
def test_a_change_is_reported_and_kept_until_a_person_settles_it(
    make: Callable[..., Arena], change: Callable[[Arena], None], line: str
) -> None:
    arena = begun(make)
    change(arena)
    notices = ended(arena)
    [said] = [each for each in notices.splitlines() if line in each]
    assert "T1 (" in said and "T2 (" in said, "all who ran are named"
    assert any(line in note for note in json.loads(ok(arena.repo, "status", "--json"))["notes"])
    assert "tampering" in call(arena.repo, "doctor").out
    shown = ok(arena.repo, "show", "T1") + ok(arena.repo, "show", "T2")
    assert line in shown
    ok(arena.repo, "trust", "--yes")
    assert watching.findings(arena.place) == ()
    assert json.loads(ok(arena.repo, "status", "--json"))["notes"] == []


def test_what_ticks_sessions_and_git_itself_do_is_no_tampering(make: Callable[..., Arena]) -> None:
    arena = begun(make)
    for words in (("pack-refs", "--all"), ("gc", "-q"), ("branch", "card/T9"), ("tag", "v2")):
        git(arena.repo, *words)
    ok(arena.repo, "add", "one more", "--id", "T4", "--worker", "pool")
    git(arena.repo, "worktree", "add", "-q", str(arena.repo.with_name("beside")), "HEAD~0")
    assert "`gitkanban trust`" not in ended(arena)
    arena.settle()
    assert watching.findings(arena.place) == ()


def test_many_runs_that_ended_together_are_not_each_compared_with_all_others(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = init.create(str(repo), config="version: 1\nkanban: {}\n", files={})
    listed: list[str] = []
    every = folders.every

    def counted(private: str) -> Iterator[Folder]:
        listed.append(private)
        return every(private)

    monkeypatch.setattr(folders, "every", counted)
    for count in (2, 9):
        runs = [folders.of(place.private, RunId(f"r{count}-{n}")) for n in range(count)]
        for run in runs:
            git(repo, "branch", "-f", f"card/{run.run}", "HEAD~1")
        for run in runs:
            run.write_spec({"card": run.run, "common": place.common})
            watching.begin(run, watching.take(place.common, watching.refs_of(place, "main")))
        for run in runs:  # each one's branch has moved while all the others lived
            git(repo, "branch", "-f", f"card/{run.run}", "HEAD")
            run.write_exit(Exit(1, "exited"))
        listed.clear()
        assert watching.notice(place, store.read(place), "main", runs, now=1) == []
        assert len(listed) == 1
        for run in runs:
            run.settle("")


def test_a_change_while_nothing_runs_is_a_person_s(make: Callable[..., Arena]) -> None:
    arena = make({"T1": "@pool"})
    arena.words("T1", "commit")
    run("config", "core.hooksPath", "/x")(arena)
    arena.tick()
    arena.wait()
    arena.tick()
    assert watching.findings(arena.place) == ()


def test_settled_while_a_run_lives_it_is_not_found_again(make: Callable[..., Arena]) -> None:
    arena = begun(make)
    run("config", "core.hooksPath", "/x")(arena)
    watching.settle(arena.place, "main")
    assert "core.hookspath" not in ended(arena)


def test_a_board_that_holds_starts_nothing_until_it_is_settled(make: Callable[..., Arena]) -> None:
    arena = begun(make)
    text = git(arena.repo, "show", "main:.kanban/config.yaml") + "\n"
    held = text.replace("kanban:\n", "kanban:\n  on_tamper: hold\n", 1)
    arena.change(lambda _: [WriteFile("config.yaml", held)])
    ok(arena.repo, "trust", "--yes")
    run("config", "core.hooksPath", "/x")(arena)
    ok(arena.repo, "add", "next", "--id", "T9", "--worker", "pool")
    (arena.log / "go").write_text("")
    until(lambda: not arena.supervisors(), "their ends")
    call(arena.repo, "tick")
    assert arena.status("T9") == "todo"
    assert arena.status("T1") != "running", "what has ended is settled all the same"
    assert "core.hookspath" in ok(arena.repo, "why", "T9")
    ok(arena.repo, "trust", "--yes")
    ok(arena.repo, "tick")
    assert arena.status("T9") == "running"
