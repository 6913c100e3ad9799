"""A board and a remote's: merged by meaning, pushed without force,
and safe among several clones.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import CGIHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.init import create
from gitkanban.board.repo import refs
from gitkanban.board.repo import remotes as module
from gitkanban.board.repo.git import Done
from gitkanban.board.repo.place import Place
from gitkanban.board.repo.placefinder import find
from gitkanban.board.repo.remotes import Offline
from gitkanban.board.sharing import late_refs
from gitkanban.board.sharing.boardmerge import Conflicting
from gitkanban.board.sharing.link import Link, remote_of
from gitkanban.board.sharing.pushing import publish
from gitkanban.board.sharing.sync import sync
from gitkanban.core.changes import AddCard, AddNote, Change, EditCard, EndRun
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.core.tick import network
from gitkanban.core.tick.superseded import LateWork
from gitkanban.core.tick.travel import Load
from gitkanban.errors import NotFound, Refused
from gitkanban.tick.remote import Remote
from gitkanban.views.message import commit_message
from tests.conftest import git
from tests.support.serving import begin_serving

CONFIG = "version: 1\nkanban:\n  base: main\n  workers:\n    w: {command: ['true']}\n"
FORMS = pytest.mark.parametrize("branch", ["", "kanban"], ids=["in-tree", "own-branch"])


def change(place: Place, *changes: Change) -> Board:
    return store.commit(place, lambda _: changes, message=commit_message).after


def clone(hub: Path, name: str) -> Place:
    path = hub.parent / name
    git(hub.parent, "clone", "-q", str(hub), name)
    return find(str(path))


def pair(repo: Path, branch: str) -> tuple[Place, Place, Path]:
    """Two clones of one hub, with a board of two cards."""
    hub = repo.parent / "hub.git"
    git(repo.parent, "init", "-q", "--bare", "-b", "main", str(hub))
    git(repo, "remote", "add", "origin", str(hub))
    git(repo, "push", "-q", "origin", "main")
    cards = {
        f"cards/{c}.yaml": f"id: {c}\n\ntitle: card {c}\n\nstatus: todo\n\npriority: 0\n"
        for c in "AB"
    }
    create(str(repo), branch=branch, config=CONFIG, files=cards)
    one = find(str(repo))
    assert sync(Link(one, "origin")).pushed
    return one, clone(hub, "other"), hub


@FORMS
def test_a_commit_here_while_the_remote_is_merged_loses_nothing(
    repo: Path, branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = pair(repo, branch)
    change(one, AddCard(Card("C", "from one")))
    change(two, AddCard(Card("D", "from two")))
    assert sync(Link(two, "origin")).pushed
    swap = refs.swap

    def second(place: Place, old: str, new: str, why: str) -> bool:
        monkeypatch.setattr(refs, "swap", swap)
        change(place, AddCard(Card("E", "from one, just now")))
        return swap(place, old, new, why)

    monkeypatch.setattr(refs, "swap", second)
    assert sync(Link(one, "origin")).pushed
    assert set(store.read(one).cards) == set("ABCDE")
    assert git(Path(one.main) / ".kanban", "status", "--porcelain") == ""
    assert not sync(Link(two, "origin")).pushed
    assert store.read(two).cards == store.read(one).cards


@FORMS
def test_changes_of_both_sides_come_together(repo: Path, branch: str) -> None:
    one, two, _ = pair(repo, branch)
    change(one, AddCard(Card("C", "from one")), EditCard("A", {"title": "retitled"}))
    change(two, AddCard(Card("D", "from two")), EditCard("A", {"priority": 7}))
    change(two, AddNote(Note("01", "A", "Bob", 0, "note", "words")))
    assert sync(Link(one, "origin")).pushed
    done = sync(Link(two, "origin"))
    assert (done.pulled, done.pushed) == (True, True)
    assert sync(Link(one, "origin")).pulled
    left, right = store.read(one), store.read(two)
    assert left.commit == right.commit
    assert sorted(left.cards) == ["A", "B", "C", "D"]
    assert (left.cards["A"].title, left.cards["A"].priority) == ("retitled", 7)
    assert [note.text for note in left.notes_of("A")] == ["words"]
    for place in (one, two):
        folder = Path(place.main) / ".kanban"
        assert (folder / "cards" / "D.yaml").exists()
        assert git(Path(place.main), "status", "--porcelain") == ""
        assert git(folder, "status", "--porcelain") == ""


@FORMS
def test_what_truly_conflicts_is_named_and_left_as_it_was(repo: Path, branch: str) -> None:
    one, two, hub = pair(repo, branch)
    change(one, EditCard("A", {"title": "this"}))
    sync(Link(one, "origin"))
    before = change(two, EditCard("A", {"title": "that"})).commit
    with pytest.raises(Conflicting) as caught:
        sync(Link(two, "origin"))
    assert "A.yaml" in caught.value.message
    assert "this" in caught.value.message
    assert "that" in caught.value.message
    assert store.read(two).commit == before
    change(two, EditCard("A", {"title": "this"}))
    assert sync(Link(two, "origin")).pushed
    assert git(hub, "fsck", "--strict", "--no-dangling") == ""


def test_code_in_conflict_stops_the_sync_and_changes_nothing(repo: Path) -> None:
    one, two, _ = pair(repo, "")
    for place, text in ((one, "one"), (two, "two")):
        (Path(place.main) / "src" / "app.py").write_text(text)
        git(Path(place.main), "commit", "-qam", text)
    sync(Link(one, "origin"))
    before = store.read(two).commit
    with pytest.raises(Conflicting, match=r"src/app.py"):
        sync(Link(two, "origin"))
    assert store.read(two).commit == before
    assert (Path(two.main) / "src" / "app.py").read_text() == "two"


def test_code_that_merges_comes_into_the_checkout_and_open_work_is_not_lost(repo: Path) -> None:
    one, two, _ = pair(repo, "")
    (Path(one.main) / "new.py").write_text("new\n")
    git(Path(one.main), "add", "new.py")
    git(Path(one.main), "commit", "-qm", "new")
    change(one, EditCard("A", {"priority": 3}))
    sync(Link(one, "origin"))
    change(two, AddCard(Card("C", "c")))
    mine = Path(two.main) / "README.md"
    mine.write_text("open work\n")
    assert sync(Link(two, "origin")).pulled
    assert (Path(two.main) / "new.py").read_text() == "new\n"
    assert mine.read_text() == "open work\n"
    assert git(Path(two.main), "status", "--porcelain") == " M README.md"
    (Path(one.main) / "README.md").write_text("another\n")
    git(Path(one.main), "commit", "-qam", "readme")
    sync(Link(one, "origin"))
    before = store.read(two).commit
    with pytest.raises(Refused, match=r"README.md"):
        sync(Link(two, "origin"))
    assert store.read(two).commit == before
    assert mine.read_text() == "open work\n"


def test_a_remote_out_of_reach_is_a_warning_and_holds_new_starts_back(repo: Path) -> None:
    one, _, hub = pair(repo, "kanban")
    hub.rename(hub.with_name("away.git"))
    with pytest.raises(Offline):
        sync(Link(one, "origin"))
    remote = Remote(one, "origin")
    remote.ask()
    [line] = remote.notices
    assert line.startswith("warning: cannot fetch from origin")
    assert remote.offline


def test_a_protected_branch_is_reported_with_the_way_out_and_nothing_is_forced(repo: Path) -> None:
    one, two, hub = pair(repo, "")
    hook = hub / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch >&2\nexit 1\n")
    hook.chmod(0o755)
    change(two, AddCard(Card("C", "c")))
    with pytest.raises(Refused) as caught:
        sync(Link(two, "origin"))
    assert "--branch kanban" in caught.value.hint
    hook.unlink()
    change(one, AddCard(Card("D", "d")))
    sync(Link(one, "origin"))
    tip = git(hub, "rev-parse", "main")
    assert not publish(Link(two, "origin"), Load(store.read(two).commit)).done
    assert git(hub, "rev-parse", "main") == tip


def test_only_the_board_is_pushed_and_card_branches_when_asked(repo: Path) -> None:
    one, _, hub = pair(repo, "kanban")
    git(repo, "branch", "card/A")
    git(repo, "branch", "private")
    git(repo, "commit", "-q", "--allow-empty", "-m", "not for others yet")
    change(one, AddCard(Card("C", "c")))
    before = git(hub, "rev-parse", "main")
    sync(Link(one, "origin"))
    assert git(hub, "branch", "--format=%(refname:short)").split() == ["kanban", "main"]
    sync(Link(one, "origin"), cards=True)
    assert git(hub, "branch", "--format=%(refname:short)").split() == ["card/A", "kanban", "main"]
    assert git(hub, "rev-parse", "main") == before


def test_which_remote(repo: Path) -> None:
    create(str(repo), branch="", config=CONFIG, files={})
    place = find(str(repo))
    with pytest.raises(NotFound, match="no remote to sync with"):
        remote_of(place)
    git(repo, "remote", "add", "hub", "/nowhere")
    assert remote_of(place) == "hub"
    git(repo, "remote", "add", "origin", "/nowhere")
    assert remote_of(place) == "origin"
    git(repo, "config", "branch.main.remote", "hub")
    assert remote_of(place) == "hub"
    with pytest.raises(NotFound, match="no remote 'x'"):
        remote_of(place, "x")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL under which `git http-backend` serves the folder, pushes allowed, on loopback."""
    backend = Path(git(tmp_path, "--exec-path")) / "git-http-backend"
    if not backend.exists():
        pytest.skip("this git has no http-backend")
    root = tmp_path / "www"
    (root / "cgi-bin").mkdir(parents=True)
    script = root / "cgi-bin" / "git"
    script.write_text(
        "#!/bin/sh\n"
        f"export GIT_PROJECT_ROOT={tmp_path} GIT_HTTP_EXPORT_ALL=1 REMOTE_USER=ada\n"
        f"exec {backend}\n"
    )
    script.chmod(0o755)

    class Handler(CGIHTTPRequestHandler):
        have_fork = False  # a subprocess: forking a threaded test is asking for trouble

        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(root))  # type: ignore[arg-type]

        def is_python(self, path: str) -> bool:
            return False

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = begin_serving(server)
    yield f"http://127.0.0.1:{server.server_port}/cgi-bin/git"
    server.shutdown()
    server.server_close()
    thread.join()


def test_over_http(repo: Path, served: str) -> None:
    one, two, hub = pair(repo, "kanban")
    git(hub, "config", "http.receivepack", "true")
    for place in (one, two):
        git(Path(place.main), "remote", "set-url", "origin", f"{served}/{hub.name}")
    change(one, AddCard(Card("C", "c")))
    assert sync(Link(one, "origin")).pushed
    assert sync(Link(two, "origin")).pulled
    assert "C" in store.read(two).cards


def test_over_ssh(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git's own ssh transport, with a stand-in for ssh that runs the command here."""
    fake = tmp_path / "ssh"
    fake.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(fake))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    one, two, hub = pair(repo, "kanban")
    for place in (one, two):
        git(Path(place.main), "remote", "set-url", "origin", f"host:{hub}")
    change(one, AddCard(Card("C", "c")))
    assert sync(Link(one, "origin")).pushed
    assert sync(Link(two, "origin")).pulled


@pytest.mark.parametrize(
    ("err", "words"),
    [
        ("Writing objects\rremote: \nremote: we are moving house   \nerror: failed\n", "we are moving house"),
        ("remote: Resolving deltas: 100% (1/1), done.\nremote: error: GH006: Protected branch update failed.\n", "GH006: Protected branch update failed."),
        (
            "Writing objects: 100%\rerror: remote unpack failed: unable to create temporary object directory\n",
            "unable to create temporary object directory",
        ),
        ("error: failed to push some refs to 'origin'\n", ""),
        ("remote: \x1b[31mno\x1b[0m\n", "\u241b[31mno\u241b[0m"),
    ],
)  # fmt: skip
def test_a_refusal_has_the_server_s_own_words(repo: Path, err: str, words: str) -> None:
    one, _, _ = pair(repo, "kanban")
    out = b"!\tkanban:refs/heads/kanban\t[remote rejected] (unpacker\terror)\n"
    found = module._read_push(one, "origin", Done(1, out, err.encode()), hooks=False)
    assert (found.done, found.refused, found.words) == (False, "(unpacker\terror)", words)


@pytest.mark.parametrize(
    ("err", "denied"),
    [
        ("fatal: remote error: access denied or repository not exported: /hub.git\n", True),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403\n", True),
        ("ERROR: Permission to a/b.git denied to c.\nfatal: Could not read from remote.\n", True),
        ("fatal: unable to access 'https://h/': Could not resolve host: h\n", False),
        ("ssh: connect to host h port 22: Connection timed out\nfatal: Could not read\n", False),
    ],
)
def test_a_denial_is_told_apart_from_a_lost_connection(repo: Path, err: str, denied: bool) -> None:
    one, _, _ = pair(repo, "kanban")
    with pytest.raises(Offline) as caught:
        module._read_push(one, "origin", Done(128, b"", err.encode()), hooks=False)
    assert isinstance(caught.value, module.Denied) is denied


def test_a_remote_that_can_only_be_read_is_no_lost_connection(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "ssh"
    words = "ERROR: The key you are authenticating with has been marked as read only."
    fake.write_text(
        "#!/bin/sh\nfor last; do :; done\n"
        f'case "$last" in *receive-pack*) echo "{words}" >&2; exit 1;; esac\nexec sh -c "$last"\n'
    )
    fake.chmod(0o755)
    one, _, hub = pair(repo, "kanban")
    monkeypatch.setenv("GIT_SSH_COMMAND", str(fake))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    git(Path(one.main), "remote", "set-url", "origin", f"host:{hub}")
    change(one, AddCard(Card("C", "c")))
    remote = Remote(one, "origin")
    remote.ask()
    assert remote.notices == [
        "warning: origin takes no pushes from here: The key you are authenticating with has been "
        "marked as read only.; nothing new starts until it does"
    ]
    assert remote.offline


# Read here, for tests see none of the caller's variables; 100 is worth a try now and then.
CARDS = int(os.environ.get("GITKANBAN_TEST_CARDS", "16"))


def test_two_fetches_of_one_clone_at_once_are_no_lost_connection(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, _ = pair(repo, "kanban")
    real, begun = module.talk, []

    def talk(place: Place, remote: str, *words: str) -> Done:
        begun.append(next(w for w in words if w in ("fetch", "ls-remote", "push")))
        if begun == ["fetch"]:
            return Done(1, b"", b"error: cannot lock ref 'x': is at 1 but expected 2\n")
        return real(place, remote, *words)

    monkeypatch.setattr(module, "talk", talk)
    change(one, AddCard(Card("C", "c")))
    assert sync(Link(one, "origin")).pushed
    assert begun == ["fetch", "ls-remote", "fetch", "push"]


POOL = """\
version: 1
kanban:
  base: main
  max_concurrency: 4
  workers:
    w:
      mode: pool
      max_concurrency: 12
      command: [sh, -c, 'echo "$GITKANBAN_CARD $GITKANBAN_RUN" >> %s; gitkanban done "$GITKANBAN_CARD" --no-change']
"""


@pytest.mark.timeout(1200)
def test_four_clones_that_tick_one_board_never_run_a_card_twice(repo: Path) -> None:
    log = repo.parent / "log"
    bin_ = repo.parent / "bin"
    bin_.mkdir()
    (bin_ / "gitkanban").write_text(
        f'#!/bin/sh\nPYTHONPATH={Path(__file__).parents[2]} exec {sys.executable} -m gitkanban "$@"\n'
    )
    (bin_ / "gitkanban").chmod(0o755)
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}
    one, _, hub = pair(repo, "kanban")
    change(one, EditCard("A", {"status": "done"}), EditCard("B", {"status": "done"}))
    config = Path(one.main) / ".kanban" / "config.yaml"
    config.write_text(POOL % log)
    git(config.parent, "commit", "-qam", "a pool")
    change(one, *(AddCard(Card(f"T{n}", f"t{n}", "w")) for n in range(CARDS)))
    sync(Link(one, "origin"))
    places = [one, *(clone(hub, f"c{n}") for n in range(3))]
    for place in places:
        subprocess.run(
            ["gitkanban", "trust", "-y"], cwd=place.main, env=env, check=True, capture_output=True
        )
    end, over = time.monotonic() + 900, False
    while not over:
        ticks = [
            subprocess.Popen(
                ["gitkanban", "tick", "--sync"],
                cwd=p.main,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for p in places
        ]
        said = [tick.communicate()[0].decode() for tick in ticks]
        assert all(tick.returncode == 0 for tick in ticks), said
        sync(Link(one, "origin"))
        cards = store.read(one).cards
        over = all(card.status in ("review", "done") for card in cards.values())
        assert over or time.monotonic() < end, cards
    runs = log.read_text().split("\n")[:-1]
    assert sorted(line.split()[0] for line in runs) == sorted(f"T{n}" for n in range(CARDS))
    assert git(hub, "fsck", "--strict", "--no-dangling") == ""


@FORMS
def test_what_is_configured_for_pushes_by_hand_has_no_part_in_the_board_s(
    repo: Path, branch: str
) -> None:
    one, _, hub = pair(repo, branch)
    for words in (
        ("push.followTags", "true"),
        ("push.recurseSubmodules", "check"),
        ("remote.origin.mirror", "true"),
        ("remote.origin.fetch", "+refs/*:refs/*"),
        ("fetch.prune", "true"),
    ):
        git(repo, "config", *words)
    git(repo, "tag", "-a", "-m", "not for others yet", "v1", "HEAD")
    git(repo, "branch", "private")
    change(one, AddCard(Card("C", "c")))
    before = store.read(one).commit
    assert sync(Link(one, "origin")).pushed
    assert store.read(one).commit == before
    assert git(hub, "for-each-ref", "--format=%(refname)").split() == sorted(
        {"refs/heads/main", f"refs/heads/{branch or 'main'}"}
    )
    assert git(repo, "rev-parse", "--verify", "private")


@FORMS
def test_a_pre_push_hook_is_the_code_s_and_its_refusal_is_called_a_hook_s(
    repo: Path, branch: str
) -> None:
    one, _, hub = pair(repo, branch)
    hook = repo / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho lint first >&2\nexit 7\n")
    hook.chmod(0o755)
    change(one, AddCard(Card("C", "c")))
    if branch:
        assert sync(Link(one, "origin")).pushed  # the board's own branch has no code in it
        assert git(hub, "rev-parse", branch) == store.read(one).commit
        git(repo, "branch", "card/A")
        with pytest.raises(Refused, match="the pre-push hook of this repository refuses"):
            sync(Link(one, "origin"), cards=True)
        return
    with pytest.raises(Refused, match="the pre-push hook of this repository refuses") as caught:
        sync(Link(one, "origin"))
    assert not isinstance(caught.value, Offline)
    assert "hooks/pre-push" in caught.value.hint


@FORMS
def test_tags_and_branches_of_others_named_as_ours_change_nothing(repo: Path, branch: str) -> None:
    one, two, hub = pair(repo, branch)
    for name in ("main", "kanban", "card/A", "origin/kanban", "origin/main"):
        for place in (repo, Path(two.main), hub):
            git(place, "tag", name, "HEAD")
    git(repo, "branch", "origin/kanban", "refs/heads/main")
    change(one, AddCard(Card("C", "c")))
    assert sync(Link(one, "origin")).pushed
    change(two, AddCard(Card("D", "d")))
    assert sync(Link(two, "origin")).pulled
    assert sync(Link(one, "origin")).pulled
    assert {"C", "D"} <= set(store.read(one).cards) & set(store.read(two).cards)


def test_a_remote_that_says_nothing_is_out_of_reach_after_a_while(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, _ = pair(repo, "kanban")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        git(repo, "remote", "set-url", "origin", f"git://127.0.0.1:{port}/x.git")
        monkeypatch.setattr(network, "SILENT_MOST", 0.5)
        with pytest.raises(Offline, match="no sign of life"):
            sync(Link(one, "origin"))
        with pytest.raises(Offline, match="no sign of life"):
            publish(Link(one, "origin"), Load(store.read(one).commit))


def test_an_http_server_that_hangs_is_noticed_by_the_transport(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _, _ = pair(repo, "kanban")
    monkeypatch.setattr(
        module, "_HTTP", ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=1")
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        git(repo, "remote", "set-url", "origin", f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        with pytest.raises(Offline, match="too slow"):
            sync(Link(one, "origin"))


@pytest.mark.parametrize(
    ("url", "settings", "env", "options", "silence"),
    [
        ("ada@host:x", {}, ["GIT_SSH_COMMAND"], 0, network.WATCHED_MOST),
        ("ada@host:x", {"core.sshCommand": "ssh -i key"}, [], 0, network.SILENT_MOST),
        (
            *("ada@host:x", {"core.sshCommand": "ssh -o ServerAliveInterval=9"}),
            *([], 0, network.WATCHED_MOST),
        ),
        ("https://host/x", {}, [], 4, network.SILENT_MOST),
        ("https://host/x", {"http.lowSpeedTime": "60"}, [], 0, network.WATCHED_MOST),
        (
            *("https://host/x", {"http.https://host.lowSpeedTime": "60"}),
            *([], 0, network.WATCHED_MOST),
        ),
        ("git://host/x", {}, [], 0, network.SILENT_MOST),
        ("/srv/x", {}, [], 0, network.WATCHED_MOST),
    ],
)
def test_a_cut_line_is_watched_for_unless_its_owner_does_so(
    repo: Path,
    url: str,
    settings: dict[str, str],
    env: list[str],
    options: int,
    silence: float,
) -> None:
    git(repo, "remote", "add", "origin", url)
    for key, value in settings.items():
        git(repo, "config", key, value)
    line = module.line_to(str(repo / ".git"), "origin")
    assert (list(line.env), len(line.options), line.silence) == (env, options, silence)


@FORMS
def test_a_remote_that_is_a_path_beside_the_checkout(repo: Path, branch: str) -> None:
    one, two, hub = pair(repo, branch)
    for place in (one, two):
        git(Path(place.main), "remote", "set-url", "origin", f"../{hub.name}")
    change(one, AddCard(Card("C", "c")))
    assert sync(Link(one, "origin")).pushed
    assert sync(Link(two, "origin")).pulled


def ended(run: str, commit: str, **more: object) -> Run:
    return Run(run, "A", "w#1", "h", "k1", "w", 5, 9, "succeeded", commit=commit)._replace(**more)


GIVEN_UP = Run("r1", "A", "w#1", "h", "k1", "w", ended=7, outcome="lost", why="Ada gave up")
RUNNING = {"status": "running", "run": "r1", "clone": "k1", "host": "h", "slot": "w#1"}
FREE = {"run": "", "clone": "", "host": "", "slot": ""}


@FORMS
def test_a_run_that_was_given_up_there_and_ended_here_no_longer_counts(
    repo: Path, branch: str
) -> None:
    one, two, hub = pair(repo, branch)
    change(one, EditCard("A", RUNNING))
    sync(Link(one, "origin"))
    sync(Link(two, "origin"))
    work = git(Path(one.main), "rev-parse", "HEAD")
    change(one, EndRun(ended("r1", work)), EditCard("A", {"status": "review", **FREE}))
    again = {**RUNNING, "run": "r2", "clone": "k2"}
    change(two, EndRun(GIVEN_UP), EditCard("A", {"status": "todo", **FREE}))
    change(two, EditCard("A", again))
    assert sync(Link(two, "origin")).pushed
    assert sync(Link(one, "origin")).pushed
    board = store.read(one)
    assert (board.cards["A"].status, board.cards["A"].run) == ("running", "r2")
    assert [run.outcome for run in board.runs_of("A")] == ["lost"]
    [note] = board.notes_of("A")
    assert note.id == "r1"
    assert work[:10] in note.text
    assert git(Path(one.main), "rev-parse", "refs/gitkanban/late/r1") == work
    [line] = late_refs.send(one, "origin")
    assert line == "what run r1 left is in refs/gitkanban/salvage/r1 at origin"
    assert git(hub, "rev-parse", "refs/gitkanban/salvage/r1") == work
    assert late_refs.send(one, "origin") == []
    assert not sync(Link(two, "origin")).pushed
    assert store.read(two).commit == board.commit


@FORMS
def test_giving_up_a_run_whose_end_was_there_first_changes_nothing(repo: Path, branch: str) -> None:
    one, two, _ = pair(repo, branch)
    change(one, EditCard("A", RUNNING))
    sync(Link(one, "origin"))
    sync(Link(two, "origin"))
    change(one, EndRun(ended("r1", "c" * 40)), EditCard("A", {"status": "review", **FREE}))
    sync(Link(one, "origin"))
    change(two, EndRun(GIVEN_UP), EditCard("A", {"status": "todo", **FREE}))
    assert sync(Link(two, "origin")).pushed
    board = store.read(two)
    assert board.cards["A"].status == "review"
    assert [run.outcome for run in board.runs_of("A")] == ["succeeded"]
    assert board.notes_of("A") == ()


def test_a_remote_that_takes_no_hidden_refs_loses_nothing(repo: Path) -> None:
    one, _, hub = pair(repo, "kanban")
    git(hub, "config", "receive.hideRefs", "refs/gitkanban")
    work = git(repo, "rev-parse", "HEAD")
    late_refs.keep(one, [LateWork("A", "r1", work)])
    [line] = late_refs.send(one, "origin")
    assert line.startswith("what run r1 left is in refs/gitkanban/late/r1 of this clone alone")
    assert late_refs.send(one, "origin") == []
    assert git(repo, "rev-parse", "refs/gitkanban/late/r1") == work
