"""Private homes: what is linked, what is copied, and what comes of it when the run has ended."""

import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from gitkanban.core.agents.memory import ACCEPTED, REJECTED, WAITING, Proposal
from gitkanban.core.model import Card, Worker
from gitkanban.errors import Refused
from gitkanban.runs.memory import applying, consolidation, homes, proposals, proposing
from gitkanban.runs.memory.proposals import Home, MemoryChange
from gitkanban.runs.records.folders import Folder
from gitkanban.runs.supervision.locks import HeldLock, Locks
from tests.runs.places import place_of
from tests.runs.plain_user import plain_user
from tests.support.boards import board

WORKER = Worker("w", "p", memory="read-only", memory_env="AGENT_HOME")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A profile's home: settings, and memory in two places, one of them by a link."""
    path = tmp_path / "agent"
    (path / "memories" / "deep").mkdir(parents=True)
    (path / "state").mkdir()
    (path / "auth.json").write_text("secret")
    (path / "memories" / "MEMORY.md").write_text("# memory\n")
    (path / "memories" / "deep" / "topic.md").write_text("topic\n")
    (path / "memories" / "loop").symlink_to("..")
    (path / "state" / "notes.md").write_text("a note\n")
    (path / "state" / "cache").write_text("cached")
    (tmp_path / "elsewhere.md").write_text("linked\n")
    (path / "memories" / "linked.md").symlink_to(tmp_path / "elsewhere.md")
    return path


@pytest.fixture
def run(tmp_path: Path, home: Path) -> Folder:
    """A run folder whose private home is made and whose run has ended."""
    private = tmp_path / "private"
    folder = Folder(str(private / "runs" / "01run"))
    worker = WORKER._replace(
        memory_path=str(home), memory_parts=("memories", "state/notes.md", "not/there")
    )
    spec = {"run": "01run", "card": "T1", "profile": "p", "worker": "w", "started": "5"}
    folder.write_spec(spec | homes.facts(worker))
    given = homes.prepare(Locks(str(private)), worker, folder)
    assert given == {"AGENT_HOME": folder.file("profiles/p")}
    return folder


def private_of(folder: Folder) -> str:
    return os.path.dirname(os.path.dirname(folder.path))


def test_everything_is_linked_but_the_memory_which_is_copied(run: Folder, home: Path) -> None:
    mine = Path(run.file("profiles/p"))
    assert os.readlink(mine / "auth.json") == str(home / "auth.json")
    assert os.readlink(mine / "state" / "cache") == str(home / "state" / "cache")
    for name in ("memories/MEMORY.md", "memories/deep/topic.md", "memories/linked.md"):
        assert not (mine / name).is_symlink()
        assert (mine / name).read_text() == (home / name).read_text()
    assert not (mine / "state" / "notes.md").is_symlink()
    assert (mine / "not").is_dir()
    assert (mine / "memories").stat().st_mode & 0o077 == 0


def test_a_link_in_the_place_of_a_file_or_a_folder_removes_neither(run: Folder, home: Path) -> None:
    mine = Path(run.file("profiles/p")) / "memories"
    (mine / "MEMORY.md").unlink()
    (mine / "MEMORY.md").symlink_to("/etc/hosts")
    shutil.rmtree(mine / "deep")
    (mine / "deep").symlink_to("/etc")
    assert proposing.propose(run)
    (found,) = proposals.every(private_of(run))
    assert found.files == ()
    assert sorted(found.left_out) == ["memories/MEMORY.md → /etc/hosts", "memories/deep → /etc"]


def test_a_run_that_remembered_nothing_proposes_nothing(run: Folder) -> None:
    assert not proposing.propose(run)
    assert list(proposals.every(private_of(run))) == []


def test_what_a_run_changed_is_proposed_once_and_applied_to_the_real_memory(
    run: Folder, home: Path
) -> None:
    mine = Path(run.file("profiles/p"))
    (mine / "memories" / "MEMORY.md").write_text("# memory\nmore\n")
    (mine / "memories" / "linked.md").write_text("linked\nand more\n")
    (mine / "memories" / "deep" / "topic.md").unlink()
    (mine / "not" / "there").mkdir()
    (mine / "not" / "there" / "new.bin").write_bytes(b"\0\1")
    (mine / "memories" / "skill.sh").write_text("exit\n")
    (mine / "memories" / "skill.sh").chmod(0o755)
    (mine / "memories" / "trap").symlink_to(home / "auth.json")
    assert proposing.propose(run)
    assert not proposing.propose(run)
    (found,) = proposals.every(private_of(run))
    assert (found.id, found.card, found.profile, found.state) == ("01run", "T1", "p", WAITING)
    assert found.files == (
        "memories/MEMORY.md",
        "memories/deep/topic.md",
        "memories/linked.md",
        "memories/skill.sh",
        "not/there/new.bin",
    )
    assert found.left_out == (f"memories/trap → {home / 'auth.json'}",)
    assert "new file memories/skill.sh is executable" in found.diff
    assert "+more" in found.diff and "-topic" in found.diff and "binary file" in found.diff
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\n"

    locks = Locks(private_of(run))
    wrote = applying.accept(private_of(run), locks, found, Home("", ()))
    assert set(wrote) == set(found.files)
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\nmore\n"
    assert not (home / "memories" / "deep" / "topic.md").exists()
    assert (home / "memories" / "linked.md").is_symlink()
    assert (home.parent / "elsewhere.md").read_text() == "linked\nand more\n"
    assert (home / "not" / "there" / "new.bin").read_bytes() == b"\0\1"
    modes = [
        os.stat(home / each).st_mode & 0o777 for each in ("not/there/new.bin", "memories/skill.sh")
    ]
    assert modes == [0o600, 0o700]
    assert not os.path.lexists(home / "memories" / "trap")
    assert [each.state for each in proposals.every(private_of(run))] == [ACCEPTED]


def fresh(tmp_path: Path, home: Path, name: str = "02run") -> Folder:
    """The folder of another read-only run, its private home made."""
    private = tmp_path / "private"
    folder = Folder(str(private / "runs" / name))
    worker = WORKER._replace(memory_path=str(home), memory_parts=("memories",))
    folder.write_spec({"run": name, "card": "T2", "profile": "p"} | homes.facts(worker))
    homes.prepare(Locks(str(private)), worker, folder)
    return folder


def test_what_another_writes_while_the_memory_is_copied_is_not_the_run_s(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else accepting it would take back what the other wrote."""
    copy = shutil.copy2

    def meanwhile(source: str, target: str) -> None:
        copy(source, target)
        with open(home / "memories" / "MEMORY.md", "a") as file:
            file.write("- of another session\n")

    monkeypatch.setattr(shutil, "copy2", meanwhile)
    assert not proposing.propose(fresh(tmp_path, home))


def test_what_cannot_be_read_stops_no_start(tmp_path: Path, home: Path) -> None:
    (home / "memories" / "MEMORY.md").chmod(0)
    (home / "memories" / "deep").chmod(0)
    (home / "memories" / "more.md").write_text("more\n")
    with plain_user():
        folder = fresh(tmp_path, home)
        assert sorted(os.listdir(folder.file("profiles/p") + "/memories")) == [
            "linked.md",
            "more.md",
        ]
        assert not proposing.propose(folder)


def test_what_a_run_left_unreadable_is_reported_and_not_taken_for_removed(
    tmp_path: Path, home: Path
) -> None:
    folder = fresh(tmp_path, home)
    mine = Path(folder.file("profiles/p"), "memories")
    (mine / "linked.md").write_text("more\n")
    (mine / "MEMORY.md").chmod(0)
    (mine / "deep").chmod(0)
    with plain_user():
        assert proposing.propose(folder)
    (found,) = proposals.every(private_of(folder))
    assert found.files == ("memories/linked.md",)
    assert found.left_out == (
        "memories/deep: cannot be read",
        "memories/MEMORY.md: cannot be read",
    )


def test_a_link_to_a_folder_is_followed_within_the_memory_alone(tmp_path: Path, home: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.md").write_text("x\n")
    (home / "memories" / "out").symlink_to("../../outside")
    (home / "memories" / "up").symlink_to("../..")
    (home / "memories" / "own").symlink_to("../state")
    (home / "memories" / "deep" / "self").symlink_to(".")
    (home / "memories" / "again").symlink_to("deep")
    mine = Path(fresh(tmp_path, home).file("profiles/p"), "memories")
    assert sorted(os.listdir(mine)) == ["MEMORY.md", "again", "deep", "linked.md"]
    assert os.listdir(mine / "again") == ["topic.md"] and not (mine / "again").is_symlink()


class Impatient(Locks):
    """Locks that nobody may wait for."""

    def take(self, name: str, wait: float = 0.0) -> HeldLock | None:
        assert not wait
        return super().take(name)


def test_a_tick_waits_for_no_writer_to_file_away_what_was_consolidated(repo: Path) -> None:
    place = place_of(repo)
    words = Proposal("n1", "backend", "T1", text="tests want TZ=UTC")
    proposals.keep(place.private, words, Home("", ()), ())
    card = Card("memory-1", "gather", status="done", body="- proposal n1 from T1\n")
    state = board("T1 done @pool")._replace(cards={card.id: card})
    locks = Impatient(place.private)
    with locks.take(proposals.lock_name("backend")) or pytest.fail():
        assert consolidation.due(place, locks, state) == []
        assert waiting_in(place.private) == ["n1"]
    assert consolidation.due(place, locks, state) == []
    assert waiting_in(place.private) == []


def waiting_in(private: str) -> list[str]:
    return [each.id for each in proposals.every(private, (WAITING,))]


def test_a_read_only_start_waits_for_no_writer(tmp_path: Path, home: Path) -> None:
    locks = Impatient(str(tmp_path / "private"))
    folder = Folder(str(tmp_path / "private" / "runs" / "02run"))
    worker = WORKER._replace(memory_path=str(home), memory_parts=("memories",))
    with locks.take(proposals.lock_name("p")) or pytest.fail():
        assert homes.prepare(locks, worker, folder)
    assert Path(folder.file("profiles/p"), "memories", "MEMORY.md").exists()


def test_two_that_keep_a_proposal_at_once_keep_it_whole(
    run: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one would say that it is kept while the other still takes its files away."""
    Path(run.file("profiles/p"), "memories", "MEMORY.md").write_text("# changed\n")
    differences, tried = proposing._memory_differences, []

    def meanwhile(folder: Folder, home: Home) -> object:
        if not tried:
            tried.append("the other")
            with pytest.raises(TimeoutError):
                proposing.propose(folder)
        return differences(folder, home)

    monkeypatch.setattr(proposing, "KEEP_WAIT", 0.0)
    monkeypatch.setattr(proposing, "_memory_differences", meanwhile)
    assert proposing.propose(run)
    assert tried and not proposing.propose(run)
    (found,) = proposals.every(private_of(run))
    assert [each.new for each in proposals.changes_of(private_of(run), found)] == [b"# changed\n"]


def test_a_run_whose_collecting_failed_is_gathered_later(run: Folder) -> None:
    Path(run.file("profiles/p"), "memories", "MEMORY.md").write_text("# changed\n")
    proposing.gather(private_of(run))
    assert list(proposals.every(private_of(run))) == []  # it has not ended
    assert os.path.isdir(run.file("memory-before"))
    Path(run.file("exit.json")).write_text("{}")
    assert proposing.gather(private_of(run)) == []
    assert len(list(proposals.every(private_of(run)))) == 1
    assert not os.path.exists(run.file("memory-before"))


def test_a_run_that_cannot_be_kept_is_reported_and_stops_no_other(
    run: Folder, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = fresh(tmp_path, home)
    for folder in (run, other):
        Path(folder.file("profiles/p"), "memories", "MEMORY.md").write_text("# changed\n")
        Path(folder.file("exit.json")).write_text("{}")
    differences = proposing._memory_differences

    def broken(folder: Folder, home: Home) -> object:
        if folder == run:
            raise OSError(5, "Input/output error")
        return differences(folder, home)

    monkeypatch.setattr(proposing, "_memory_differences", broken)
    (line,) = proposing.gather(private_of(run))
    assert line.startswith("what run 01run remembered is not kept yet")
    assert [each.id for each in proposals.every(private_of(run))] == ["02run"]


def test_nothing_is_applied_while_a_session_writes_the_memory(
    run: Folder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(run.file("profiles/p"), "memories", "MEMORY.md").write_text("# changed\n")
    proposing.propose(run)
    (found,) = proposals.every(private_of(run))
    locks = Locks(private_of(run))
    held = locks.take(proposals.lock_name("p"))
    assert held
    monkeypatch.setattr(proposals, "locked", partial(proposals.locked, wait=0.0))
    with held, pytest.raises(Refused, match="writes the memory of p"):
        applying.accept(private_of(run), locks, found, Home("", ()))
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\n"


def test_an_interrupted_accept_is_finished_before_a_session_may_write(
    run: Folder, home: Path
) -> None:
    """Else what the session then takes out of the memory would be put in again."""
    Path(run.file("profiles/p"), "memories", "MEMORY.md").write_text("# memory\nmore\n")
    proposing.propose(run)
    (found,) = proposals.every(private_of(run))
    interrupted(run, home, found)
    writer = WORKER._replace(memory="read-write", memory_path=str(home), memory_parts=("memories",))
    assert homes.prepare(Locks(private_of(run)), writer, run) == {"AGENT_HOME": str(home)}
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\nmore\n"
    assert [each.state for each in proposals.every(private_of(run))] == [ACCEPTED]


def proposed(run: Folder, name: str, changes: list[MemoryChange], home: Path) -> Proposal:
    """A proposal that waits, with these changes."""
    files = tuple(change.path for change in changes)
    proposal = Proposal(name, "p", "T1", name, files=files)
    proposals.keep(private_of(run), proposal, Home(str(home), ("memories",)), changes)
    return proposal


def accept(run: Folder, proposal: Proposal) -> tuple[str, ...]:
    return applying.accept(private_of(run), Locks(private_of(run)), proposal, Home("", ()))


def waiting(run: Folder) -> list[str]:
    return waiting_in(private_of(run))


def test_what_cannot_be_written_changes_nothing_and_holds_nobody_up(
    run: Folder, home: Path
) -> None:
    (home / "memories" / "taken" / "by").mkdir(parents=True)
    (home / "memories" / "taken" / "by" / "a.md").write_text("a file\n")
    first = MemoryChange("memories/MEMORY.md", b"# memory\n", b"# memory\nmore\n")
    gone = MemoryChange("memories/deep/topic.md", b"topic\n", None)
    stuck = proposed(run, "02", [first, gone, MemoryChange("memories/taken", None, b"x\n")], home)
    other = proposed(run, "03", [MemoryChange("memories/new.md", None, b"new\n")], home)
    for _ in range(2):
        with pytest.raises(OSError):
            accept(run, stuck)
        assert (home / "memories" / "MEMORY.md").read_text() == "# memory\n"
        assert (home / "memories" / "deep" / "topic.md").read_text() == "topic\n"
        assert waiting(run) == ["02", "03"]
    assert accept(run, other) == ("memories/new.md",)
    proposals.put_aside(private_of(run), Locks(private_of(run)), stuck, REJECTED)
    assert waiting(run) == []


@pytest.mark.parametrize("policy", ["read-only", "read-write"])
def test_an_interrupted_accept_that_cannot_be_finished_starts_no_writer_alone(
    policy: str, run: Folder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(run, home, proposed(run, "02", [MemoryChange("memories/n.md", None, b"n\n")], home))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(applying, "_write_all", full)
    worker = WORKER._replace(memory=policy, memory_path=str(home), memory_parts=("memories",))
    if policy == "read-only":
        assert homes.prepare(Locks(private_of(run)), worker, run)
    else:
        with pytest.raises(Refused, match="a part of proposal 02"):
            homes.prepare(Locks(private_of(run)), worker, run)


def interrupted(run: Folder, home: Path, proposal: Proposal) -> None:
    """Leave a proposal as an accept that was killed leaves it."""
    path = proposals.folder(private_of(run), WAITING, proposal.id)
    changes = proposals.changes_of(private_of(run), proposal)
    where = Home(str(home), ("memories", "state/notes.md", "not/there"))
    applying._write_journal(path, applying._plan_steps(where, proposal.id, changes, ""))


def test_an_interrupted_accept_is_finished_before_another_and_leaves_no_part(
    run: Folder, home: Path
) -> None:
    change = MemoryChange("memories/MEMORY.md", b"# memory\n", b"# memory\nmore\n")
    interrupted(run, home, proposed(run, "02", [change], home))
    (home / "memories" / "MEMORY.md.4711.part").write_text("# mem")
    (home / "memories" / "MEMORY.md.old.part").write_text("a person's")
    other = proposed(run, "03", [MemoryChange("memories/new.md", None, b"new\n")], home)
    assert accept(run, other) == ("memories/new.md",)
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\nmore\n"
    assert waiting(run) == []
    names = set(os.listdir(home / "memories"))
    assert "MEMORY.md.4711.part" not in names and "MEMORY.md.old.part" in names


def test_a_file_may_become_a_folder_and_a_folder_a_file(run: Folder, home: Path) -> None:
    changes = [
        MemoryChange("memories/MEMORY.md", b"# memory\n", None),
        MemoryChange("memories/MEMORY.md/one.md", None, b"one\n"),
        MemoryChange("memories/deep", None, b"flat\n"),
        MemoryChange("memories/deep/topic.md", b"topic\n", None),
    ]
    accept(run, proposed(run, "02", changes, home))
    assert (home / "memories" / "MEMORY.md" / "one.md").read_text() == "one\n"
    assert (home / "memories" / "deep").read_text() == "flat\n"


def test_words_go_where_the_memory_is_when_they_are_accepted(run: Folder, home: Path) -> None:
    private, locks = private_of(run), Locks(private_of(run))
    words = Proposal("n1", "p", "T1", text="tests want TZ=UTC")
    with pytest.raises(Refused, match="nothing says where"):
        applying.accept(private, locks, words, Home("", ()))
    where = Home(str(home), ("memories",))
    assert applying.accept(private, locks, words, where) == ("memories/notes.md",)
    notes = home / "memories" / "notes.md"
    assert notes.read_text() == "- tests want TZ=UTC (card T1, n1)\n"

    other = str(home.parent / "of another clone with this home")
    assert applying.accept(other, Locks(other), words, where) == ()
    assert notes.read_text() == "- tests want TZ=UTC (card T1, n1)\n"
    assert [each.state for each in proposals.every(other)] == [ACCEPTED]


def test_a_proposal_of_nothing_but_links_writes_nothing(run: Folder, home: Path) -> None:
    before = sorted(os.listdir(home / "memories"))
    assert accept(run, proposed(run, "02", [], home)) == ()
    assert sorted(os.listdir(home / "memories")) == before


@pytest.mark.parametrize("path", ["auth.json", "memories/../auth.json", "memories//x", "/etc/x"])
def test_only_memory_paths_are_ever_written(path: str, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        applying.inside(Home(str(tmp_path), ("memories",)), path)


def test_no_link_leads_accept_out_of_the_memory(run: Folder, home: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (home / "memories" / "out").symlink_to("../../outside")
    (home / "memories" / "again").symlink_to("deep")
    first = MemoryChange("memories/MEMORY.md", b"# memory\n", b"# more\n")
    bad = proposed(run, "02", [first, MemoryChange("memories/out/x.md", None, b"x\n")], home)
    with pytest.raises(Refused, match="out of the memory"):
        accept(run, bad)
    assert os.listdir(tmp_path / "outside") == [] and waiting(run) == ["02"]
    assert (home / "memories" / "MEMORY.md").read_text() == "# memory\n"
    accept(run, proposed(run, "03", [MemoryChange("memories/again/new.md", None, b"new\n")], home))
    assert (home / "memories" / "deep" / "new.md").read_text() == "new\n"


@pytest.mark.parametrize("policy", ["read-only", "read-write"])
@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_no_session_gets_a_home_that_is_not_there(
    run: Folder, tmp_path: Path, policy: str, kind: str
) -> None:
    """An empty one would lack its settings and its login, and nobody would say so."""
    path = tmp_path / "no-home"
    if kind == "a file":
        path.touch()
    worker = WORKER._replace(memory=policy, memory_path=str(path), memory_parts=("memories",))
    with pytest.raises(Refused, match="no-home, which is not a folder"):
        homes.prepare(Locks(private_of(run)), worker, run)
    assert homes.lacking(worker, private_of(run)) == [f"{path} is not a folder, so nothing starts"]


def test_what_no_copy_has_is_known_without_a_run(run: Folder, home: Path) -> None:
    (home / "memories" / "up").symlink_to("../..")
    (home / "memories" / "secret.md").touch(mode=0)
    worker = WORKER._replace(memory_path=str(home), memory_parts=("memories",))
    with plain_user():
        found = homes.lacking(worker, private_of(run))
    assert sorted(found) == [
        f"no copy has {home}/memories/loop: it leads to {home}",
        f"no copy has {home}/memories/secret.md: it cannot be read",
        f"no copy has {home}/memories/up: it leads to {home.parent}",
    ]
    assert homes.lacking(worker._replace(memory="read-write"), private_of(run)) == []


@pytest.mark.parametrize(
    ("path", "parts"), [("relative", ("m",)), ("/home", ("../m",)), ("/home", (".",))]
)
def test_a_memory_home_that_is_none_is_refused(path: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="memory_home"):
        homes.home_of(WORKER._replace(memory_path=path, memory_parts=parts))


def test_a_memory_path_within_another_is_read_once() -> None:
    worker = WORKER._replace(memory_path="/h/", memory_parts=("m/deep", "m/", "mm"))
    assert homes.home_of(worker) == Home("/h", ("m", "mm"))


def test_an_agent_s_lock_files_are_no_memory(tmp_path: Path, home: Path, run: Folder) -> None:
    mine = Path(run.file("profiles/p"), "memories")
    (mine / "MEMORY.md.lock").write_text("1234")
    assert not proposing.propose(run)


def test_the_default_profile_s_home_is_its_own_root(tmp_path: Path, home: Path) -> None:
    folder = Folder(str(tmp_path / "private" / "runs" / "09run"))
    folder.write_spec({"run": "09run", "profile": "default"})
    worker = WORKER._replace(profile="default", memory_path=str(home), memory_parts=("memories",))
    given = homes.prepare(Locks(private_of(folder)), worker, folder)
    assert (
        given == {"AGENT_HOME": folder.file("home")} == {"AGENT_HOME": homes.private_home(folder)}
    )
