"""Memory from end to end: real sessions, real ticks, a real home that only `accept` changes."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitkanban.core.agents.memory import Proposal
from gitkanban.runs.memory import proposals, proposing
from gitkanban.runs.memory.proposals import Home, MemoryChange
from gitkanban.runs.records.folders import Folder
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.runs.places import until

CONFIG = """\
version: 1
kanban:
  base: main
  consolidate_after: 3
  {top}
  profiles:
    backend: {{max_concurrency: 3}}
  workers:
    pool:
      profile: backend
      mode: pool
      max_concurrency: 3
      command: [sh, {agent}]
      on_success: done
      memory_home: {{env: AGENT_HOME, path: {home}, memory: [memories]}}
      {more}
    left:
      profile: backend
      command: [sh, {agent}]
      on_success: done
      memory_home: {{env: AGENT_HOME, path: {home}, memory: [memories]}}
    right:
      profile: backend
      command: [sh, {agent}]
      on_success: done
      memory_home: {{env: AGENT_HOME, path: {home}, memory: [memories]}}
    owner:
      command: [sh, {agent}]
      on_success: done
"""
AGENT = """\
set -e
echo "$GITKANBAN_CARD begins $GITKANBAN_MEMORY" >>{log}
case $GITKANBAN_CARD in
memory-*)
    {gitkanban} done $GITKANBAN_CARD --no-change --summary kept
    exit ;;
esac
cat "$AGENT_HOME/login" >/dev/null
echo "- learned in $GITKANBAN_CARD" >>"$AGENT_HOME/memories/MEMORY.md"
ln -sf /etc/passwd "$AGENT_HOME/memories/link"
i=0; while [ -e {log}.hold ] && [ $i -lt 3000 ]; do sleep 0.1; i=$((i+1)); done
echo $GITKANBAN_CARD >$GITKANBAN_CARD.txt
git add . && git commit -qm "work on $GITKANBAN_CARD"
echo "$GITKANBAN_CARD ends" >>{log}
{gitkanban} done $GITKANBAN_CARD --summary "what $GITKANBAN_CARD did" >/dev/null
"""


class World:
    """A board whose sessions remember, and the home in which they do."""

    def __init__(self, repo: Path, more: str = "", top: str = "") -> None:
        self.repo, self.top = repo, repo.parent
        self.home, self.log = self.top / "agent-home", self.top / "log"
        (self.home / "memories").mkdir(parents=True)
        self.memory = self.home / "memories" / "MEMORY.md"
        self.memory.write_text("# memory\n")
        self.hold = self.top / "log.hold"  # while it is there, sessions go on no further
        (self.home / "login").write_text("secret\n")
        agent = self.top / "agent.sh"
        program = f"{sys.executable} -m gitkanban"
        agent.write_text(AGENT.format(log=self.log, gitkanban=program))
        config = self.top / "config.yaml"
        config.write_text(CONFIG.format(agent=agent, home=self.home, more=more, top=top))
        ok(repo, "init", "--config", str(config))
        ok(repo, "trust", "--yes")

    def cards(self, *lines: str) -> None:
        for line in lines:
            name, worker, *parents = line.split()
            words = [word for parent in parents for word in ("-p", parent)]
            ok(self.repo, "add", f"card {name}", "--id", name, "-w", worker, *words)

    def work(self) -> None:
        """Tick until every card is done and every slot is free."""
        ok(self.repo, "tick")

        def quiet() -> bool:
            data = json.loads(ok(self.repo, "status", "--json"))
            bad = [card for card in data["cards"] if card["status"] == "blocked"]
            assert not bad, bad
            if any(card["status"] != "done" for card in data["cards"]) or data["slots"]:
                time.sleep(0.1)  # the supervisors tick by themselves; look, do not press
                return False
            return True

        until(quiet, "the cards to be done")
        assert not call(self.repo, "tick").err

    def proposals(self, *words: str) -> list[dict[str, object]]:
        return json.loads(ok(self.repo, "memory", "--json", *words))  # type: ignore[no-any-return]

    def ids(self) -> dict[object, str]:
        return {each["card"]: str(each["id"]) for each in self.proposals()}


def test_read_only_runs_side_by_side_leave_the_memory_alone_and_propose(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool", "B pool")
    world.hold.touch()
    ok(repo, "tick")
    until(lambda: world.log.exists() and world.log.read_text().count("begins") == 2, "both")
    world.hold.unlink()
    world.work()
    lines = world.log.read_text().split("\n")
    assert sorted(lines[:2]) == ["A begins read-only", "B begins read-only"]
    assert world.memory.read_text() == "# memory\n"
    assert os.listdir(world.home / "memories") == ["MEMORY.md"]
    found = world.proposals()
    assert [(each["card"], each["files"]) for each in found] == [
        ("A", ["memories/MEMORY.md"]),
        ("B", ["memories/MEMORY.md"]),
    ]
    assert found[0]["left_out"] == ["memories/link → /etc/passwd"]
    assert "+- learned in A" in str(found[0]["diff"])
    ids = world.ids()
    ok(repo, "memory", "accept", ids["A"], ids["B"])
    assert world.memory.read_text() == "# memory\n- learned in A\n- learned in B\n"
    again = call(repo, "memory", "accept", ids["A"])
    assert (again.code, "already accepted" in again.err) == (1, True)
    assert world.proposals() == []
    assert "secret" not in git(repo, "log", "-p", "--all") + git(repo, "status")


def test_two_runs_that_write_one_memory_never_run_at_once(repo: Path) -> None:
    world = World(repo)
    world.cards("A left", "B right", "C left")
    world.hold.touch()
    ok(repo, "tick")
    held = ok(repo, "why", "B", "C")
    world.hold.unlink()
    assert "the memory of backend is held by A" in held
    world.work()
    words = [line.split()[:2] for line in world.log.read_text().splitlines()]
    assert [each for each, _ in words[::2]] == [each for each, _ in words[1::2]]
    assert {word for _, word in words[::2]} == {"begins"}
    assert sorted(world.memory.read_text().splitlines()) == [
        "# memory",
        *(f"- learned in {card}" for card in "ABC"),
    ]
    assert world.proposals() == []


def test_a_conflict_is_shown_and_changes_nothing_until_a_side_is_taken(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool")
    world.work()
    (name,) = world.ids().values()
    folder = repo / ".git" / "gitkanban" / "memory" / "waiting" / name
    (folder / "new" / "memories" / "MEMORY.md").write_text("# what A calls it\n")
    world.memory.write_text("# what a person calls it\n")
    refused = call(repo, "memory", "accept", name)
    assert refused.code == 1
    assert refused.err.splitlines() == [
        f"Error: proposal {name} conflicts with the memory as it is now",
        "Hint: Decide with --take memory or --take proposal; nothing was changed.",
        "  memories/MEMORY.md: both changed the same lines",
        "    memory:   # what a person calls it",
        "    proposal: # what A calls it",
    ]
    told = json.loads(call(repo, "memory", "accept", name, "--json").out)["refused"][0]
    assert "--take" in told["hint"] and len(told["conflicts"]) == 3
    assert world.memory.read_text() == "# what a person calls it\n"
    assert list(world.ids().values()) == [name]
    ok(repo, "memory", "accept", name, "--take", "proposal")
    assert world.memory.read_text() == "# what A calls it\n"


def test_what_was_decided_is_reported_beside_what_the_system_refused(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool")
    world.work()
    (learned,) = world.ids().values()
    ok(repo, "note", "A", "--memory", "tests want TZ=UTC")
    (noted,) = {str(each["id"]) for each in world.proposals()} - {learned}
    (world.home / "memories" / "notes.md").symlink_to("notes.md")  # it can never be opened
    done = call(repo, "memory", "accept", learned, noted, "--json")
    told = json.loads(done.out)
    assert (done.code, [each["id"] for each in told["decided"]]) == (1, [learned])
    assert [each["id"] for each in told["refused"]] == [noted]
    assert "notes.md" in told["refused"][0]["why"]


def test_names_of_files_steer_no_terminal(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool")
    world.work()
    (name,) = world.ids().values()
    folder = repo / ".git" / "gitkanban" / "memory" / "waiting" / name
    about = json.loads((folder / "proposal.json").read_text())
    about["files"] = ["memories/\ax.md"]
    (folder / "proposal.json").write_text(json.dumps(about))
    (folder / "new" / "memories" / "\ax.md").write_text("x\n")
    said = ok(repo, "memory") + ok(repo, "memory", "accept", name)
    assert "\a" not in said and said.count("memories/\u2407") == 2


def test_names_that_are_no_text_are_shown_by_their_bytes(repo: Path) -> None:
    """In a terminal's encoding they could not be written, and the command would end with a bug."""
    world = World(repo)
    world.cards("A pool")
    where = Home(str(world.home), ("memories",))
    name = os.fsdecode(b"memories/\xff.md")
    change = MemoryChange(name, None, b"x\n")
    proposal = Proposal("p1", "backend", "A", files=(name,))
    proposals.keep(str(repo / ".git" / "gitkanban"), proposal, where, [change])
    (found,) = json.loads(strictly(repo, "memory", "--json"))
    assert found["files"] == [name]
    assert b"memories/\\xff.md" in strictly(repo, "memory")


def strictly(repo: Path, *argv: str) -> bytes:
    """What a command prints where its output must be UTF-8."""
    command = [sys.executable, "-m", "gitkanban", *argv]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    return subprocess.run(command, cwd=repo, env=env, stdout=subprocess.PIPE, check=True).stdout


def test_what_was_rejected_may_be_accepted_after_all(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool")
    for words in ("tests want TZ=UTC", "by hand"):
        ok(repo, "note", "A", "--memory", words)
    first, second = sorted(str(each["id"]) for each in world.proposals())
    ok(repo, "memory", "reject", first, second)
    again = call(repo, "memory", "reject", first)
    assert again.code == 1 and f"memory accept {first}" in again.err
    notes = world.home / "memories" / "notes.md"
    notes.mkdir()
    (notes / "in the way").touch()
    assert call(repo, "memory", "accept", first).code == 1
    assert world.proposals() == []  # it is as rejected as before
    shutil.rmtree(notes)
    ok(repo, "memory", "accept", first)
    ok(repo, "memory", "accept", second, "--by-hand")
    assert [each["state"] for each in world.proposals("--all")] == ["accepted", "accepted"]
    assert "TZ=UTC" in notes.read_text()


def test_notes_of_archived_cards_and_of_removed_ones_are_decided_as_well(repo: Path) -> None:
    world = World(repo, top="archive_after: 1s")
    world.cards("A pool")
    world.work()
    ok(repo, "add", "card B", "--id", "B", "-w", "pool", "--backlog")
    for card in ("A", "B"):
        ok(repo, "note", card, "--memory", f"words of {card}")
    ok(repo, "gc", GITKANBAN_NOW="2035-01-01T00:00:00Z")
    git(repo, "rm", "-q", ".kanban/cards/B.yaml")
    git(repo, "commit", "-q", "-m", "no B")
    found = {each["text"]: each for each in world.proposals() if each["text"]}
    assert [found[f"words of {card}"]["profile"] for card in ("A", "B")] == ["backend", ""]
    first, second = (str(found[f"words of {card}"]["id"]) for card in ("A", "B"))
    ok(repo, "memory", "accept", first)
    refused = call(repo, "memory", "accept", second)
    assert refused.code == 1 and "nobody knows whose memory this is for" in refused.err
    ok(repo, "memory", "accept", second, "--by-hand")


def test_what_a_session_or_a_person_notes_is_a_proposal_that_is_appended(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool", "B owner")
    ok(repo, "note", "A", "--memory", "tests want TZ=UTC")
    ok(repo, "note", "B", "--memory", "nobody knows where")
    listed = ok(repo, "memory", "backend")
    assert "tests want TZ=UTC" in listed and "nobody" not in listed
    ids = world.ids()
    ok(repo, "memory", "accept", ids["A"])
    notes = (world.home / "memories" / "notes.md").read_text()
    assert notes == f"- tests want TZ=UTC (card A, {ids['A']})\n"
    refused = call(repo, "memory", "accept", ids["B"])
    assert refused.code == 1 and "--by-hand" in refused.err
    ok(repo, "memory", "accept", ids["B"], "--by-hand")
    assert world.proposals() == []
    assert len(world.proposals("--all")) == 2


def test_gc_keeps_what_a_run_remembered_that_nobody_has_looked_at(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(repo, top="keep_runs: 0")
    world.cards("A pool", "B pool", "C pool")
    world.work()
    ids = world.ids()
    private = repo / ".git" / "gitkanban"
    for name in ids.values():
        (private / "runs" / name / "memory-kept").unlink()
        shutil.rmtree(private / "memory" / "waiting" / name)
    (private / "runs" / ids["C"] / "spec").write_text("card=C")
    propose = proposing.propose

    def broken(folder: Folder) -> bool:
        if folder.run == ids["B"]:
            raise OSError(28, "No space left on device", folder.path)
        return propose(folder)

    monkeypatch.setattr(proposing, "propose", broken)
    said = ok(repo, "gc")
    assert f"kept run folder {ids['B']}: No space left on device" in said
    assert f"kept run folder {ids['C']}: cannot tell whose memory" in said
    assert sorted(os.listdir(private / "runs")) == sorted([ids["B"], ids["C"]])
    assert os.listdir(private / "memory" / "waiting") == [ids["A"]]


POINTS = [f"{name}:{time}" for name in ("file.written", "file.renamed") for time in (1, 2, 3, 4)]


def test_an_accept_that_is_killed_is_finished_by_the_next_and_applied_once(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool")
    wanted, killed = "- before\n", 0
    (world.home / "memories" / "notes.md").write_text(wanted)
    for point in POINTS:
        ok(repo, "note", "A", "--memory", f"struck at {point}")
        (name,) = world.ids().values()
        env = {**os.environ, "GITKANBAN_FAILPOINT": f"{point}:kill"}
        command = [sys.executable, "-m", "gitkanban", "memory", "accept", name]
        done = subprocess.run(command, cwd=repo, env=env, capture_output=True, check=False)
        killed += done.returncode == -9
        call(repo, "memory", "accept", name)
        wanted += f"- struck at {point} (card A, {name})\n"
        assert (world.home / "memories" / "notes.md").read_text() == wanted
        assert world.proposals() == []
    assert killed >= 4


def test_enough_proposals_make_one_card_whose_session_is_told_them_all(repo: Path) -> None:
    world = World(repo, "consolidate_to: owner")
    world.cards("A pool", "B pool")
    ok(repo, "note", "A", "--memory", "tests want TZ=UTC")
    world.work()
    world.work()
    done = [each for each in world.proposals("--all") if each["state"] == "consolidated"]
    assert sorted(str(each["card"]) for each in done) == ["A", "A", "B"]
    (name,) = {str(each["gathered_in"]) for each in done}
    run = json.loads(ok(repo, "show", name, "--json"))["runs"][0]["run"]
    prompt = (repo / ".git" / "gitkanban" / "runs" / run / "prompt.md").read_text()
    assert "tests want TZ=UTC" in prompt
    assert "+- learned in A" in prompt and "+- learned in B" in prompt
    assert "TZ=UTC" not in git(repo, "show", f"main:.kanban/cards/{name}.yaml")
    before = git(repo, "rev-parse", "main")
    ok(repo, "tick")
    assert git(repo, "rev-parse", "main") == before
    assert world.proposals() == []


def test_what_another_clone_s_session_could_not_be_told_stays_waiting(repo: Path) -> None:
    world = World(repo, "consolidate_to: owner")
    world.cards("A pool", "B pool")
    ok(repo, "note", "A", "--memory", "tests want TZ=UTC")
    world.work()
    world.work()
    private = repo / ".git" / "gitkanban"
    (name,) = {str(each["gathered_in"]) for each in world.proposals("--all")}
    ids = [str(each["id"]) for each in world.proposals("--all")]
    for each in ids:  # as if this clone had not looked since, and another had run the card
        os.makedirs(private / "memory" / "waiting", exist_ok=True)
        os.rename(private / "memory" / "consolidated" / each, private / "memory" / "waiting" / each)
    (private / "clone").write_text("another\n")
    ok(repo, "tick")
    assert sorted(str(each["card"]) for each in world.proposals()) == ["A", "B"]
    assert name not in ok(repo, "memory")
    states = {each["text"]: each["state"] for each in world.proposals("--all")}
    assert states["tests want TZ=UTC"] == "consolidated"


def test_a_card_receives_what_its_parents_left_and_show_prints_it(repo: Path) -> None:
    world = World(repo)
    world.cards("A pool", "B pool", "C pool A B")
    world.work()
    data = json.loads(ok(repo, "show", "C", "--json"))
    assert [(each["card"], each["summary"], each["paths"]) for each in data["received"]] == [
        ("A", "what A did", ["A.txt"]),
        ("B", "what B did", ["B.txt"]),
    ]
    page = ok(repo, "show", "C")
    assert "received:" in page and "what A did" in page and "changed A.txt" in page
    prompt = (
        repo / ".git" / "gitkanban" / "runs" / data["runs"][0]["run"] / "prompt.md"
    ).read_text()
    assert "what B did" in prompt and data["received"][1]["commit"] in prompt
