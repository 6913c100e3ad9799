"""Limits, logins, conversations and budgets in the real loop,
with a program that talks as claude does.
"""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.calls import await_rest, call, ok
from tests.conftest import git

# Its modes are lines of `<card>.modes`, one used up by each session; the last one stays.
FAKE = """\
#!{python} -IS
import json, os, sys
folder, card = {folder!r}, os.environ["GITKANBAN_CARD"]
if "--version" in sys.argv:
    sys.exit(print("2.1.332"))
words = dict(zip(sys.argv, sys.argv[1:]))
resumed = words.get("--resume", "")
session = resumed or words["--session-id"]
path = f"{{folder}}/{{card}}.modes"
modes = open(path).read().split() if os.path.exists(path) else ["ok"]
open(path, "w").write(" ".join(modes[1:] or modes))
with open(f"{{folder}}/told", "a") as file:
    row = {{"card": card, "profile": os.environ["GITKANBAN_PROFILE"], "session": session,
           "resumed": bool(resumed), "model": words.get("--model", ""), "prompt": sys.stdin.read()}}
    file.write(json.dumps(row) + "\\n")
mode, _, value = modes[0].partition(":")
say = lambda **event: print(json.dumps(event), flush=True)
if mode == "unknown":
    sys.exit("No conversation found with session ID: " + session)
session = {{"odd": "../no id", "stray": "another-one"}}.get(mode, session)
say(type="system", subtype="init", session_id=session)
end = {{"limit": "You've hit your session limit", "login": "Invalid API key", "fail": "API Error"}}
if mode == "limit" and value:
    say(type="rate_limit_event", rate_limit_info={{"status": "rejected", "resetsAt": int(value)}})
if mode not in (*end, "stray"):
    with open(f"{{card}}.txt", "a") as file:
        file.write("more\\n")
cost = {{"total_cost_usd": json.loads(value or "0.25")}} if mode in ("ok", "cost") else {{}}
say(type="result", result=end.get(mode, "done"), is_error=mode in end, session_id=session, **cost)
sys.exit(mode in end)
"""
CONFIG = """\
version: 1
kanban:
  workers:
    coder: {mode: pool, max_concurrency: 1, runner: claude, profile: one, fallback: spare}
    helper: {runner: claude, profile: one}
    spare: {runner: claude, profile: two, models: [opus]}
"""


class Loop:
    """A board whose agents are the fake one; `tick` waits until no session lives."""

    def __init__(self, repo: Path, folder: Path) -> None:
        self.repo, self.folder = repo, folder

    def configure(self, text: str) -> None:
        (self.repo / ".kanban/config.yaml").write_text(text)
        git(self.repo, "commit", "-qam", "config")
        ok(self.repo, "trust", "--yes")

    def add(self, card: str, *modes: str, worker: str = "coder", **more: str) -> None:
        if modes:
            (self.folder / f"{card}.modes").write_text(" ".join(modes))
        options = [word for key, value in more.items() for word in (f"--{key}", value)]
        ok(self.repo, "add", f"work on {card}", "--id", card, "-w", worker, *options)

    def tick(self) -> None:
        """Tick until no card runs: a tick that stands by may start one as `--wait` ends."""
        call(self.repo, "tick", "--wait")
        while any(
            card["status"] == "running" for card in json.loads(ok(self.repo, "list", "--json"))
        ):
            call(self.repo, "tick", "--wait")
        await_rest(self.repo)  # a person's git may be next

    def card(self, card: str) -> dict[str, object]:
        return json.loads(ok(self.repo, "show", card, "--json"))

    def status(self, card: str) -> object:
        return self.card(card)["status"]

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "told").read_text().splitlines()]

    def held(self, card: str) -> str:
        return str(json.loads(ok(self.repo, "why", card, "--json"))[0]["code"])


@pytest.fixture
def loop(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loop:
    folder = tmp_path / "fake"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "claude"
    program.write_text(FAKE.format(python=sys.executable, folder=str(folder)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    ok(repo, "init", "--runner", "claude")
    made = Loop(repo, folder)
    made.configure(CONFIG)
    return made


def test_a_limit_holds_the_profile_and_the_fallback_takes_its_cards(loop: Loop) -> None:
    loop.add("A", "limit", "ok")
    loop.add("B", worker="helper")
    loop.tick()
    assert [(row["card"], row["profile"]) for row in loop.told()] == [("A", "one"), ("A", "two")]
    assert loop.status("A") == "review"
    assert [run["outcome"] for run in loop.card("A")["runs"]] == ["rate-limited", "succeeded"]  # type: ignore[attr-defined]
    assert (loop.status("B"), loop.held("B")) == ("todo", "quota")
    assert "one: quota until" in ok(loop.repo, "why", "B")
    ok(loop.repo, "resume", "helper")
    loop.tick()
    assert loop.status("B") == "review"


def test_a_missing_login_costs_no_attempt_and_holds_the_worker_here_alone(loop: Loop) -> None:
    loop.add("A", "login", "ok", worker="helper")
    loop.add("B", worker="helper")
    loop.add("C", worker="coder")
    loop.tick()
    assert "helper cannot work on this machine: Invalid API key" in ok(loop.repo, "why", "B")
    card = loop.card("A")
    assert (card["status"], card["reason"], card["why"]) == ("blocked", "config", "Invalid API key")
    assert (loop.held("B"), loop.status("C")) == ("misconfigured", "review")
    assert not list((loop.repo / ".kanban/paused").glob("*"))
    before = git(loop.repo, "rev-parse", "main")
    loop.tick()
    assert git(loop.repo, "rev-parse", "main") == before
    assert "A is todo again" in ok(loop.repo, "trust", "--yes")
    loop.tick()
    assert (loop.status("A"), loop.status("B")) == ("review", "review")


def test_a_rejected_card_goes_on_in_its_own_conversation_told_only_what_is_new(loop: Loop) -> None:
    loop.add("A", worker="spare", body="Read the long text.")
    loop.add("B", worker="spare")
    loop.tick()
    ok(loop.repo, "reject", "A", "--why", "not like this")
    loop.tick()
    first, other, again = loop.told()
    assert first["session"] == again["session"] != other["session"]
    assert (first["resumed"], again["resumed"]) == (False, True)
    assert "Read the long text." in str(first["prompt"])
    assert "not like this" in str(again["prompt"])
    assert "Read the long text." not in str(again["prompt"])
    ok(loop.repo, "edit", "A", "--body", "Read another text.")
    ok(loop.repo, "reject", "A", "--why", "once more")
    loop.tick()
    assert "Read another text." in str(loop.told()[-1]["prompt"])
    assert "not like this" not in str(loop.told()[-1]["prompt"])


@pytest.mark.parametrize("change", ["worker", "record", "never", "odd"])
def test_a_conversation_is_gone_on_in_only_where_it_is_the_cards_own(
    loop: Loop, change: str
) -> None:
    loop.add("A", "odd" if change == "odd" else "ok", "ok", worker="spare")
    loop.tick()
    ok(loop.repo, "reject", "A", "--why", "again", "--no-tick")
    if change == "worker":
        ok(loop.repo, "edit", "A", "--worker", "helper")
    elif change == "never":
        loop.configure(CONFIG.replace("models: [opus]", "resume: never"))
    elif change == "record":  # a pull request may write this
        [path] = (loop.repo / ".kanban/runs/A").glob("*.yaml")
        later = path.read_text().replace(path.stem, "z" * 20)
        (path.parent / f"{'z' * 20}.yaml").write_text(later)
        git(loop.repo, "add", ".kanban")
        git(loop.repo, "commit", "-qm", "a record")
    loop.tick()
    first, again = loop.told()
    assert not again["resumed"]
    assert again["session"] != first["session"]
    assert "work on A" in str(again["prompt"])


def test_a_session_that_the_agent_no_longer_knows_is_begun_again(loop: Loop) -> None:
    loop.add("A", "ok", "unknown", "ok", worker="spare")
    loop.tick()
    ok(loop.repo, "reject", "A", "--why", "again")
    loop.tick()
    assert loop.card("A")["runs"][-1]["outcome"] == "not-started"  # type: ignore[index]
    ok(loop.repo, "retry", "A")  # it would wait ten seconds
    loop.tick()
    assert [row["resumed"] for row in loop.told()] == [False, True, False]
    assert loop.status("A") == "review"


def test_an_agent_that_begins_another_conversation_by_itself_costs_no_attempt(loop: Loop) -> None:
    loop.add("A", "ok", "stray", "ok", worker="spare")
    loop.tick()
    ok(loop.repo, "reject", "A", "--why", "again")
    loop.tick()
    assert loop.card("A")["runs"][-1]["outcome"] == "not-started"  # type: ignore[index]
    ok(loop.repo, "retry", "A")
    loop.tick()
    assert [row["resumed"] for row in loop.told()] == [False, True, False]
    assert "work on A" in str(loop.told()[-1]["prompt"])


def test_a_card_chooses_a_model_from_what_its_worker_offers(loop: Loop) -> None:
    loop.add("A", worker="spare", model="opus")
    loop.tick()
    assert loop.told()[0]["model"] == "opus"
    path = loop.repo / ".kanban/cards/A.yaml"
    path.write_text(path.read_text().replace("model: opus", "model: --dangerous"))
    git(loop.repo, "commit", "-qam", "by hand")
    ok(loop.repo, "reject", "A", "--why", "again")
    loop.tick()
    assert loop.held("A") == "choice"
    refused = call(loop.repo, "edit", "A", "--model", "gpt")
    assert (refused.code, "does not offer the model" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("said", "held", "cost"),
    [("2.5", "budget", 2.5), ("-3", "", None), ("NaN", "", None), ("1e12", "", None)],
)
def test_a_spent_budget_holds_a_card_and_what_is_no_cost_is_unknown(
    loop: Loop, said: str, held: str, cost: float | None
) -> None:
    loop.configure(CONFIG.replace("models: [opus]", "max_attempts: 9, budget: {card: 2}"))
    loop.add("A", f"cost:{said}", "ok", worker="spare")
    loop.tick()
    total = json.loads(ok(loop.repo, "cost", "--json"))["total"]
    assert (total["cost_usd"], total["unknown_runs"]) == (cost, int(cost is None))
    ok(loop.repo, "edit", "A", "--title", "more")
    git(loop.repo, "reset", "-q", "--hard")
    path = loop.repo / ".kanban/cards/A.yaml"  # back to todo without a person's leave
    path.write_text(path.read_text().replace("status: review", "status: todo"))
    git(loop.repo, "commit", "-qam", "by hand")
    assert loop.held("A") == held
    assert call(loop.repo, "cost", "--since", "nonsense").code == 2
