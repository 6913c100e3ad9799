"""The sandbox `bwrap`, for real: what a session may do in it, and what it is refused."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from gitkanban.board.repo.place import Place
from gitkanban.core.model import Config
from gitkanban.errors import Refused
from gitkanban.runs import contained, leases, mailbox
from gitkanban.runs.briefing import Reservation
from gitkanban.runs.memory import homes
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision import processes
from tests.conftest import git
from tests.runs.places import Bench, Running, until

_WHY = contained.cannot(os.environ["PATH"])
pytestmark = pytest.mark.skipif(bool(_WHY), reason=f"no sandbox here: {_WHY}")

NAMED = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    (path / ".ssh").mkdir(parents=True)
    (path / ".ssh/id").write_text("a key")
    (path / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(path))
    return path


@pytest.fixture
def bench(repo: Path, home: Path) -> Iterator[Bench]:
    found = Bench(repo)
    yield found
    found.close()


def shell(bench: Bench, script: str, card: str = "T1", number: int = 1, **more: object) -> Running:
    """Run a script of sh as a contained session, to its end."""
    fields = {"command": ("/bin/sh", "-c", script), "sandbox": ("bwrap",), **more}
    running = bench.start(card=card, number=number, **fields)  # type: ignore[arg-type]
    running.end()
    return running


def code(running: Running) -> int | None:
    end = running.folder.exit()
    assert end and end.how == "exited", running.folder.tail("stderr.log")
    return next(step.exit for step in end.steps if step.name == "session")


def said(running: Running) -> str:
    return "\n".join(running.folder.tail("stdout.log") + running.folder.tail("stderr.log"))


def test_it_commits_on_its_own_branch(bench: Bench) -> None:
    before = git(bench.repo, "rev-parse", "main")
    running = shell(bench, "echo a > a; git add a; git commit -qm one; echo b > b; git add b; "
                           "git commit -qm two; git log -1 --format=%an")  # fmt: skip
    assert code(running) == 0, said(running)
    work = running.folder.work()
    assert (work.session_commits, work.leftover, work.notices) == (2, "", ())
    assert git(bench.repo, "log", "--format=%s", "main..card/T1") == "two\none"
    assert said(running) == "Ada"
    assert git(bench.repo, "rev-parse", "main") == before
    path = Path(running.workspace.path)
    assert git(path, "status", "--porcelain", "--branch") == "## card/T1"
    again = shell(bench, "git log --format=%s -2; echo c > c; git add c; git commit -qm three",
                  number=2)  # fmt: skip
    assert said(again) == "two\none" and again.folder.work().session_commits == 1
    assert git(bench.repo, "fsck", "--strict") == ""


def test_what_it_leaves_is_committed_for_it_and_verify_sees_it(bench: Bench) -> None:
    script = "echo a > a; git add a; git commit -qm one; echo b > b"
    verify = ("/bin/sh", "-c", 'test -z "$(git status --porcelain)" && ! cat ~/.ssh/id')
    running = shell(bench, script, verify=verify)
    end = running.folder.exit()
    assert end and [(step.name, step.exit) for step in end.steps][-1] == ("verify", 0)
    work = running.folder.work()
    assert (work.session_commits, work.leftover_paths) == (1, ("b",))
    assert git(bench.repo, "ls-tree", "--name-only", "card/T1").splitlines()[1:3] == ["a", "b"]


REFUSED = {
    "a hook": "echo '#!/bin/sh' > $C/hooks/pre-commit",
    "a hook in the place of another": "rm -f $C/hooks/pre-commit.sample",
    "its configuration": "git config core.hooksPath /tmp/hooks",
    "its configuration, by hand": "echo '[core]' >> $C/config",
    "base": "git update-ref refs/heads/main HEAD",
    "base, by hand": "git rev-parse HEAD > $C/refs/heads/main",
    "base, from another folder": "cd $GITKANBAN_MAIN && git commit --allow-empty -m x",
    "a tag": "git tag mine",
    "a branch": "git branch other",
    "all refs": "echo x > $C/packed-refs",
    "the board": "echo x > $GITKANBAN_MAIN/.kanban/config.yaml",
    "the main checkout": "echo x > $GITKANBAN_MAIN/new",
    "another card's worktree": "echo x > ../T2/x",
    "another card's branch": "git update-ref refs/heads/card/T2 HEAD 2>/dev/null; test -w $C/worktrees/T2",
    "the stash": "echo x >> src/app.py; git stash",
    "other objects": "echo /tmp > $C/objects/info/alternates",
    "packs": "touch $C/objects/pack/x",
    "trust": "echo x > $C/gitkanban/trust",
    "values of other workers": "grep . $C/gitkanban/trust.env",
    "its own spec": "echo x > $C/gitkanban/runs/$GITKANBAN_RUN/spec",
    "its own exit record": "echo x > $C/gitkanban/runs/$GITKANBAN_RUN/exit.json",
    "keys": "cat ~/.ssh/id",
    "the machine": "touch /etc/gitkanban-test",
    "the file system": "mount -o remount,rw /",
    "other processes": "test $(ls /proc | grep -c '^[0-9]*$') -gt 9",
    "files of others in TMPDIR's usual place": "cat /tmp/gitkanban-canary.* /var/tmp/gitkanban-canary.* 2>/dev/null | grep . || ls /run/* 2>/dev/null | grep .",
}  # fmt: skip


@pytest.fixture
def canaries() -> Iterator[None]:
    """A file of somebody else in each of the usual places for temporary files."""
    with ExitStack() as stack:
        for folder in ("/tmp", "/var/tmp"):
            if os.access(folder, os.W_OK):
                canary = stack.enter_context(
                    NamedTemporaryFile("w", prefix="gitkanban-canary.", dir=folder)
                )
                print("theirs", file=canary, flush=True)
        yield


@pytest.mark.usefixtures("canaries")
@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused(bench: Bench, script: str) -> None:
    other = bench.start("commit:x", card="T2", number=2)
    other.end()
    (bench.repo / ".kanban").mkdir(exist_ok=True)
    Path(bench.place.common, "hooks", "pre-commit.sample").touch()
    Path(bench.place.private, "trust.env").write_text('{"KEY": "value"}')
    before = _state(bench)
    running = shell(bench, f"C={bench.place.common}; if ( {script} ); then exit 9; fi")
    assert code(running) == 0, f"it was let: {said(running)}"
    assert _state(bench) == before


def _state(bench: Bench) -> tuple[str, ...]:
    refs = git(bench.repo, "for-each-ref", "--format=%(refname) %(objectname)")
    kept = [line for line in refs.splitlines() if "/T1 " not in line]
    names = sorted(os.listdir(f"{bench.place.common}/hooks"))
    config = Path(bench.place.common, "config").read_text()
    others = sorted(os.listdir(f"{bench.repo}.worktrees/T2"))
    return (*kept, *names, config, *others, git(bench.repo, "status", "--porcelain"))


def test_without_the_sandbox_the_same_is_let(bench: Bench) -> None:
    """The negative control: these are refused by the sandbox and nothing else."""
    let = ("a hook", "base, by hand", "keys", "another card's worktree", "its own spec")
    bench.start("commit:x", card="T2", number=2).end()
    for number, name in enumerate(let, 3):
        script = f"C={bench.place.common}; if ( {REFUSED[name]} ); then exit 9; fi"
        running = shell(bench, script, card=f"N{number}", number=number, sandbox=())
        assert code(running) == 9, name


def test_it_has_a_tmpdir_and_a_mailbox_of_its_own(bench: Bench) -> None:
    letter = json.dumps({"kind": "done", "card": "T1", "no_change": True, "summary": "all there"})
    name = f"{'0' * 20}.json"
    running = shell(
        bench, f"echo '{letter}' > $GITKANBAN_MAILBOX/{name}; echo x > $TMPDIR/x; mktemp"
    )
    assert code(running) == 0, said(running)
    (found,) = mailbox.receive(running.folder).letters
    assert found.report and found.report.summary == "all there"
    assert os.listdir(running.folder.file("tmp"))


def test_the_network_is_there_unless_it_is_taken_away(bench: Bench) -> None:
    links = "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ' | sort | tr '\\n' ' '"
    with_it = said(shell(bench, links))
    without = said(shell(bench, links, card="T2", number=2, sandbox=("bwrap", "--unshare-net")))
    assert without.split() == ["lo"]
    assert set(with_it.split()) == set(os.listdir("/sys/class/net"))


def test_more_can_be_shown(bench: Bench, home: Path) -> None:
    (home / "models").mkdir()
    (home / "models/a").write_text("weights")
    more = ("bwrap", "--ro-bind", "~/models", "~/models", "--setenv", "WHERE", "{workspace}")
    running = shell(bench, 'cat ~/models/a && echo " $WHERE"', sandbox=more)
    assert said(running) == f"weights {running.workspace.path}"


def test_programs_and_an_agent_s_own_folders_are_there(
    bench: Bench, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = home / ".local/share/tools/agent/bin/agent"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho more >> ~/.claude/history; echo x > ~/.claude/settings.json\n")
    tool.chmod(0o755)
    (home / ".local/bin").mkdir()
    (home / ".local/bin/agent").symlink_to(tool)
    (home / ".local/share/keyrings").mkdir()
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").write_text("{}")
    monkeypatch.setenv("PATH", f"{home}/.local/bin:{os.environ['PATH']}")
    script = ("agent", "; ls ~ ~/.local/share; cat ~/.claude/history")
    running = shell(bench, "".join(script), runner="claude", commits="session")
    lines = said(running).splitlines()
    assert "more" in lines and "tools" in lines and "keyrings" not in lines
    assert (home / ".claude/history").read_text() == "more\n"
    assert (home / ".claude/settings.json").read_text() == "{}"


def test_memory_is_a_copy_and_the_real_one_cannot_be_written(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "home/.agent"
    (real / "memories").mkdir(parents=True)
    (real / "memories/a.md").write_text("known\n")
    (real / "auth").write_text("old")
    fields = {
        "memory": "read-only", "memory_env": "AGENT_HOME", "memory_path": str(real),
        "memory_parts": ("memories",),
    }  # fmt: skip
    script = (
        f"echo more >> $AGENT_HOME/memories/a.md && echo new > $AGENT_HOME/auth; "
        f"echo bad >> {real}/memories/a.md"
    )
    write = leases.write

    def write_and_remember(place: Place, config: Config, reservation: Reservation) -> Folder:
        folder = write(place, config, reservation)
        given = homes.prepare(bench.locks, reservation.worker, folder)
        monkeypatch.setattr(bench, "env", lambda: given)
        return folder

    monkeypatch.setattr(leases, "write", write_and_remember)
    running = shell(bench, script, **fields)
    assert "Read-only file system" in said(running)
    assert (real / "memories/a.md").read_text() == "known\n"
    assert (real / "auth").read_text() == "new\n"  # a login that was renewed
    copy = Path(homes.private_home(running.folder), "memories/a.md")
    assert copy.read_text() == "known\nmore\n"


def test_a_stop_and_a_killed_supervisor_leave_nothing(bench: Bench) -> None:
    fields = {"command": ("/bin/sh", "-c", "env -i setsid sleep 600 & sleep 600"),
              "sandbox": ("bwrap",)}  # fmt: skip
    running = bench.start(**fields)  # type: ignore[arg-type]
    until(lambda: len(processes.descendants(running.pid)) >= 4, "the session")
    bench.local.stop(running.folder, "enough")
    assert running.end().how == "stop"
    bench.nothing_left(running)

    running = bench.start(number=2, card="T2", **fields)  # type: ignore[arg-type]
    until(lambda: len(processes.descendants(running.pid)) >= 4, "the session")
    below = processes.descendants(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not any(processes.look(each.pid) for each in below), "all of the sandbox")


def test_a_run_whose_tick_and_supervisor_died_keeps_its_commits(bench: Bench) -> None:
    script = "echo a > a; git add a; git commit -qm one; echo b > b; sleep 600"
    running = bench.start(command=("/bin/sh", "-c", script), sandbox=("bwrap",))
    until(lambda: Path(running.workspace.path, "b").exists(), "its work")
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: bench.local.finish(running.folder, 1.0), "recovery")
    work = running.folder.work()
    assert (work.session_commits, work.leftover_paths) == (1, ("b",))
    assert git(bench.repo, "show", "card/T1:a") == "a"


def test_a_branch_that_a_person_moved_in_the_meantime_stays_and_the_work_is_kept(
    bench: Bench,
) -> None:
    script = (
        "echo a > a; git add a; git commit -qm one; while [ ! -e go ]; do sleep 0.05; done; rm go"
    )
    running = bench.start(command=("/bin/sh", "-c", script), sandbox=("bwrap",))
    path = Path(running.workspace.path)
    until(lambda: (path / "a").exists(), "its work")
    theirs = git(bench.repo, *NAMED, "commit-tree", "-m", "a person's", "-p", "main", "main^{tree}")
    git(bench.repo, "update-ref", "refs/heads/card/T1", theirs)
    (path / "go").touch()
    running.end()
    work = running.folder.work()
    assert git(bench.repo, "merge-base", "--is-ancestor", theirs, "card/T1") == ""
    assert any("salvage" in line for line in work.notices)
    assert "one" in git(
        bench.repo, "log", "--format=%s", f"refs/gitkanban/salvage/{running.folder.run}"
    )


@pytest.mark.parametrize("text", ["", "x" * 40, "0" * 40, "../../main", "ref: refs/heads/main"])
def test_a_ref_that_it_filled_with_nonsense_moves_nothing(bench: Bench, text: str) -> None:
    running = shell(bench, f"printf '%s' '{text}' > $(git rev-parse --git-path refs/heads/card/T1)")
    assert git(bench.repo, "rev-parse", "card/T1") == running.workspace.start_commit


def test_a_link_in_the_place_of_its_ref_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    secret = git(bench.repo, *NAMED, "commit-tree", "-m", "s", "-p", "main", "main^{tree}")
    (tmp_path / "file").write_text(secret)
    ref = "$(git rev-parse --git-path refs/heads/card/T1)"
    running = shell(bench, f"ln -sf {tmp_path}/file {ref}; ln -sfn {tmp_path} $TMPDIR/../contained")
    assert git(bench.repo, "rev-parse", "card/T1") == running.workspace.start_commit


def test_a_repository_in_the_place_of_the_home_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(bench.repo))
    with pytest.raises(Refused, match="cannot hide the home"):
        bench.start("commit:a", sandbox=("bwrap",))


def test_another_prefix_is_put_before_the_session_as_it_is(bench: Bench, tmp_path: Path) -> None:
    prefix = ("env", "W={workspace}", "R={run_dir}", "G={git_dir}")
    running = shell(bench, "echo $W $R $G", sandbox=prefix)
    assert said(running).split() == [
        running.workspace.path, running.folder.path, bench.place.common,
    ]  # fmt: skip
