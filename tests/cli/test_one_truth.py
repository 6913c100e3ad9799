"""What holds a card back is the same everywhere: status and list, warm and cold, why, and tick."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitkanban import clock
from gitkanban.board.content import status_cache
from gitkanban.core.names import CardId
from gitkanban.runs.records import last_tick
from gitkanban.tick.rounds import tick
from gitkanban.views.signs import sign
from gitkanban.views.text import Look
from tests.cli.calls import call, ok
from tests.cli.ui.screens import Screen, drive
from tests.conftest import git
from tests.support.arena import Arena

WORKERS = """\
version: 1
kanban:
  max_concurrency: 9
  workers:
    back: {command: ["true"], mode: pool, max_concurrency: 2, needs: {build: 1}}
    owner: {command: ["true"], on_success: done}
  capacities: {build: 2}
"""


# What a card is shown with, by whichever command.
SHOWN = (
    "hold",
    "group",
    "state",
    "remark",
    "since",
    "after",
    "tries",
    "last",
    "cost_usd",
    "command",
)


def made(repo: Path, **cards: str) -> Path:
    """A board with these cards, each with more lines of its file, all untrusted."""
    (repo / "config.yaml").write_text(WORKERS)
    ok(repo, "init", "--config", "config.yaml")
    (repo / "config.yaml").unlink()
    commit(repo, **cards)
    return repo


def commit(repo: Path, **cards: str) -> None:
    for name, more in cards.items():
        lines = more.replace(" <- ", "; parents: ").replace("; ", "\n")
        file = repo / f".kanban/cards/{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"id: {name}\ntitle: {name}\n{lines}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "cards")


def said(repo: Path, **env: str) -> dict[str, str]:
    """What holds each card back, for which every way to ask gives the same words."""
    foreseen = json.loads(call(repo, "tick", "--dry-run", "--json", **env).out)["holds"]
    cards = json.loads(ok(repo, "status", "--json", **env))["cards"]
    warm = json.loads(ok(repo, "list", "--json", **env))
    every = json.loads(ok(repo, "why", "--all", "--json", **env))
    why = {row["card"]: row for row in every["cards"]}
    held = {each["card"]: each["reason"] for each in foreseen}
    lines = {line.split("\t")[0]: line.split("\t") for line in ok(repo, "list", **env).splitlines()}
    for card in cards:
        row = lines[card["id"]]
        assert (row[1], row[7]) == (card["state"], card["remark"])
        shown = json.loads(ok(repo, "show", card["id"], "--json", **env))
        assert {key: shown[key] for key in SHOWN} == {key: card[key] for key in SHOWN}
        if card["id"] in why:
            assert why[card["id"]]["command"] == card["command"]
    assert {c["id"]: c["hold"] for c in cards if c["status"] == "todo" and c["hold"]} == held
    assert {c["id"]: c["hold"] for c in warm} == {c["id"]: c["hold"] for c in cards}
    for name, text in held.items():
        assert why[name]["text"] == text
        assert json.loads(ok(repo, "why", name, "--json", **env)) == [why[name]]
    flagged = {card["id"] for card in cards if card["needs_person"]}
    assert flagged == {name for name, row in why.items() if row["needs_person"]}
    assert flagged == {each["card"] for each in every["needs_person"]} & why.keys()
    assert {c["id"]: c["holds"] for c in cards if c["id"] in why} == {
        name: row["waiting"] for name, row in why.items()
    }
    return held


def page_of(repo: Path, **env: str) -> str:
    """The page of `status`, in lines long enough for everything."""
    return ok(repo, "status", "--format", "text", COLUMNS="900", **env)


def is_warm(repo: Path) -> bool:
    return status_cache.warm(str(repo)) is not None


def test_trust_shows_at_once_and_so_does_its_loss(repo: Path) -> None:
    made(repo, A="worker: back", B="worker: owner <- [A]")
    held = said(repo)
    assert held["A"] == "back is not trusted: its commands have not been allowed on this machine"
    assert held["B"] == f"waits for A, which cannot start: {held['A']}"
    data = json.loads(ok(repo, "status", "--json"))
    assert [worker["stuck"] for worker in data["workers"]] == [1, 1]
    assert data["deadlock"] == data["waits_for_you"] == ""
    assert is_warm(repo)
    ok(repo, "trust", "--yes")
    assert not is_warm(repo)
    assert said(repo) == {"B": "waits for A (todo)"}
    (repo / ".git/gitkanban/trust").unlink()
    assert "not trusted" in said(repo)["A"]


def test_the_order_is_that_of_the_next_tick(repo: Path) -> None:
    made(repo, **dict.fromkeys(("A", "B", "C"), "worker: back"))
    ok(repo, "trust", "--yes")
    assert said(repo) == {"C": "worker back 2/2: the next tick starts A, B first"}
    assert is_warm(repo)
    # An earlier tick saw C ready long before the others.
    last_tick.note_schedule(str(repo / ".git/gitkanban"), {CardId("C"): 1}, {})
    assert not is_warm(repo)
    assert said(repo) == {"B": "worker back 2/2: the next tick starts A, C first"}


def test_a_standstill_holds_every_card_until_it_is_over(repo: Path) -> None:
    made(repo, A="worker: owner", B="worker: owner <- [A]")
    ok(repo, "trust", "--yes")
    (repo / ".git/MERGE_HEAD").touch()
    assert said(repo) == {
        "A": f"a merge is in progress in {repo}",
        "B": "waits for A (todo)",
    }
    page = page_of(repo)
    assert f" ! nothing is committed or started: a merge is in progress in {repo}" in page
    assert "deadlock" not in page
    (repo / ".git/MERGE_HEAD").unlink()
    assert said(repo) == {"B": "waits for A (todo)"}


def test_times_are_reported_as_of_now_from_the_cache_too(repo: Path) -> None:
    when = "2026-11-24T10:00:{}Z"
    made(
        repo,
        A="worker: owner; not_before: 2026-11-24T10:00:50Z",
        B="worker: owner; status: blocked; reason: failed; why: exit 1",
        C="worker: owner <- [B]",
    )
    run = repo / ".kanban/runs/B/r1.yaml"
    run.parent.mkdir(parents=True)
    run.write_text("run: r1\ncard: B\nended: 2026-11-24T09:59:30Z\noutcome: failed\nwhy: exit 1\n")
    commit(repo)
    ok(repo, "trust", "--yes")
    early = said(repo, GITKANBAN_NOW=when.format("05"))
    assert early["A"] == "not before 10:00:50 UTC, in 45 s"
    assert early["C"] == "waits for B, which has been blocked for 35 s: failed (exit 1)"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITKANBAN_NOW", when.format("45"))
        assert is_warm(repo)
    late = said(repo, GITKANBAN_NOW=when.format("45"))
    assert late["A"] == "not before 10:00:50 UTC, in 5 s"
    assert late["C"] == "waits for B, which has been blocked for 1 min: failed (exit 1)"
    assert "\x1e" not in page_of(repo, GITKANBAN_NOW=when.format("45"))
    assert "A" not in said(repo, GITKANBAN_NOW=when.format("51"))


def in_review(repo: Path) -> None:
    """A in review with a branch that tick is to accept; B waits for it."""
    made(repo, A="worker: owner; status: review", B="worker: owner <- [A]")
    ok(repo, "trust", "--yes")
    tree = repo.parent / "work"
    git(repo, "worktree", "add", "-q", "-b", "card/A", str(tree), "main")
    (tree / "src/app.py").write_text("print('better')\n")
    git(tree, "commit", "-qam", "work")


def test_work_that_tick_could_not_accept_is_everywhere_and_needs_a_person(repo: Path) -> None:
    in_review(repo)
    assert said(repo) == {"B": "waits for A (review)"}
    ok(repo, "pause", "--all")  # so that nothing starts here
    (repo / "src/app.py").write_text("print('mine')\n")
    data = json.loads(ok(repo, "status", "--json"))
    assert not any(card["needs_person"] for card in data["cards"] if card["id"] == "A")
    assert data["deadlock"] == data["waits_for_you"] == ""
    done = call(repo, "tick", "--json")
    assert done.code == 1
    why = f"tick could not accept it: uncommitted work in {repo} is in the way: src/app.py"
    (held,) = json.loads(done.out)["holds"]
    assert held["reason"] == f"waits for A, which is in review; {why}" == said(repo)["B"]
    page = page_of(repo)
    assert f"         {why}" in page and "holds 1" in page
    assert f"A  is in review; {why}" in ok(repo, "why", "A")
    assert "gitkanban accept" not in ok(repo, "why", "A", "B")
    data = json.loads(ok(repo, "status", "--json"))
    assert data["waits_for_you"] == f"1 card waits on A, which is in review; {why}"
    git(repo, "checkout", "-q", "src/app.py")
    ok(repo, "tick")
    assert last_tick.refused(str(repo / ".git/gitkanban")) == {}
    assert "A\tdone\t" in ok(repo, "status")


def test_a_card_that_has_waited_a_long_time_keeps_what_it_needs_from_the_cache_too(
    repo: Path,
) -> None:
    made(
        repo,
        big="worker: back; priority: 1; needs: {build: 2}",
        run="worker: back; status: running; run: r1; slot: back#1; host: far; clone: far",
        small="worker: back",
    )
    ok(repo, "trust", "--yes")
    ready = {CardId("big"): clock.parse("2026-11-24T09:30:30Z")}
    last_tick.note_schedule(str(repo / ".git/gitkanban"), ready, {})
    assert "small" not in said(repo, GITKANBAN_NOW="2026-11-24T10:00:00Z")
    held = said(repo, GITKANBAN_NOW="2026-11-24T10:00:30Z")
    assert held["small"] == "the next slot of back is kept for big, which has waited a long time"


def test_a_deadlock_is_named_by_status_and_why(repo: Path) -> None:
    made(repo, X="worker: owner <- [Y]", Y="worker: owner <- [X]", Z="worker: owner <- [Y]")
    ok(repo, "trust", "--yes")
    line = "nothing can go on: 2 cards wait on X, which waits in a cycle: X → Y → X"
    assert f" ! deadlock: {line}" in page_of(repo)
    assert ok(repo, "why", "--all").startswith(f"Deadlock: {line}\n\nX  waits in a cycle")
    said(repo)


def test_why_all_has_one_order_for_cards_and_for_parents_that_are_not_there(repo: Path) -> None:
    made(
        repo,
        A="worker: owner <- [GONE]",
        B="worker: owner <- [GONE]",
        C="worker: owner <- [A]",
        D="worker: owner; status: dropped",
        E="worker: owner <- [D]",
        F="worker: owner; status: blocked; reason: failed",
    )
    ok(repo, "trust", "--yes")
    page = ok(repo, "why", "--all")
    assert page == (
        "Deadlock: nothing can go on: 3 cards wait on GONE, which does not exist\n"
        "\n"
        "GONE  does not exist\n"
        "    3 cards wait on it\n"
        "    freed by a card GONE that can be read, or its children unlinked\n"
        "D  is dropped\n"
        "    1 card waits on it\n"
        "    freed by `gitkanban reopen D`, or its children unlinked\n"
        "F  is blocked: failed\n"
        "    freed by a person: `gitkanban show F`, then `gitkanban retry F`\n"
        "A  waits for GONE, which does not exist\n"
        "    freed by a card GONE, or `gitkanban unlink A GONE`\n"
        "B  waits for GONE, which does not exist\n"
        "    freed by a card GONE, or `gitkanban unlink B GONE`\n"
        "C  waits for A, behind GONE, which does not exist\n"
        "    freed by a card GONE, or its children unlinked\n"
        "E  waits for D, which is dropped\n"
        "    freed by `gitkanban reopen D`, or `gitkanban unlink E D`\n"
    )
    data = json.loads(ok(repo, "why", "--all", "--json"))
    assert [row["card"] for row in data["cards"]] == ["D", "F", "A", "B", "C", "E"]
    assert [each["card"] for each in data["needs_person"]] == ["GONE", "D", "F"]
    assert [row["waiting"] for row in data["cards"]] == [1, 0, 1, 0, 0, 0]
    said(repo)


def test_a_tick_words_what_it_holds_with_its_starts_made(make: Callable[..., Arena]) -> None:
    cards = dict.fromkeys(("A", "B", "C"), "@pool") | {"D": "@pool <-A"}
    arena = make(cards)
    for name in cards:
        arena.words(name, "hang")
    with arena.patched():
        outcome = tick(arena.place)
    held = {each.card: each.text for each in outcome.holds}
    assert held == {"C": "worker pool 2/2 held by A, B", "D": "waits for A (running)"}
    assert said(arena.repo) == held
    workers = json.loads(ok(arena.repo, "workers", "--json"))["workers"]
    assert [(w["name"], w["running"]) for w in workers] == [("lane", 0), ("pool", 2)]


def test_limits_count_what_runs_took_when_they_began(make: Callable[..., Arena]) -> None:
    arena = make({"A": "@pool !build", "B": "@pool !build"})
    for name in "AB":
        arena.words(name, "hang")
    with arena.patched():
        tick(arena.place)

    def taken() -> Any:
        data = json.loads(ok(arena.repo, "status", "--json"))
        return data["capacities"]["build"], data["profiles"]["many"]["running"], said(arena.repo)

    before = taken()
    assert before == (
        {"running": 1, "limit": 1}, 1, {"B": "capacity build 1/1 held by A"}
    )  # fmt: skip
    card = arena.repo / ".kanban/cards/A.yaml"
    assert "needs" in card.read_text()
    card.write_text(card.read_text().replace("build", "other"))
    git(arena.repo, "commit", "-qam", "edited while it runs")
    assert taken() == before


def test_a_warm_status_imports_nothing_heavy(repo: Path) -> None:
    made(repo, A="worker: owner; status: blocked; reason: failed", B="worker: owner <- [A]")
    ok(repo, "status")
    assert is_warm(repo)
    code = (
        "import sys; sys.argv[1:] = ['status']\n"
        "from gitkanban.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"pygit2", "ruamel.yaml", "portalocker", "click", "typing", "json"}
    assert "gitkanban.views.status" in loaded and not heavy & loaded


AGENT = """\
version: 1
kanban:
  max_concurrency: 9
  workers:
    coder: {command: [some-agent, "{prompt}"]}
    other: {command: ["true"]}
"""


def test_an_agent_that_is_missing_is_known_before_any_start_and_when_it_comes_and_goes(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    (repo / "config.yaml").write_text(AGENT)
    ok(repo, "init", "--config", "config.yaml")
    (repo / "config.yaml").unlink()
    commit(repo, A="worker: coder", B="worker: other <- [A]", C="worker: other")
    ok(repo, "trust", "--yes")
    words = "cannot run some-agent: not on PATH"
    # The PATH of the record counts, not that of whoever asks.
    held = said(repo, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert held == {"A": words, "B": f"waits for A, which cannot start: {words}"}
    assert is_warm(repo) and f" ! coder: {words}; holds 2 cards" in page_of(repo)
    assert words in ok(repo, "why", "A") and "missing-command" in call(repo, "doctor").out
    (folder / "some-agent").write_text("#!/bin/sh\n")
    assert said(repo)["A"] == f"cannot run some-agent: {folder}/some-agent is not executable"
    (folder / "some-agent").chmod(0o755)
    assert not is_warm(repo)
    assert "A" not in said(repo)
    ok(repo, "status")
    (folder / "some-agent").unlink()
    assert not is_warm(repo) and said(repo)["A"] == words
    done = call(repo, "tick")
    assert done.code == 1 and "started  C" in done.out and "A" not in done.out
    assert f"nothing starts for coder: {words} (install it, or " in done.err
    assert not (repo / ".kanban/runs/A").exists()


def test_board_ui_why_show_and_diff_have_the_groups_signs_and_words_of_status(repo: Path) -> None:
    in_review(repo)
    commit(
        repo,
        C="worker: back; status: blocked; reason: needs-input; why: which port?",
        D="worker: back; status: todo",
        E="worker: owner; status: backlog <- [B]",
        F="worker: nobody; status: todo",
    )
    said(repo)
    data = json.loads(ok(repo, "status", "--json"))
    cards, causes = data["cards"], data["causes"]
    signs = {card["id"]: sign(Look(), card["state"]) for card in cards}
    counts = [
        f"{group.replace('-', ' ').upper()} {sum(card['group'] == group for card in cards)}"
        for group in ("needs-you", "next", "waiting", "backlog")
    ]
    assert causes and {card["group"] for card in cards} >= {"needs-you", "next", "waiting"}

    def has(page: str) -> Callable[[dict[str, Any]], bool]:
        lines = page.replace("│", "  ").splitlines()
        return lambda card: any(f"{signs[card['id']]} {card['id']} " in f"{x} " for x in lines)

    def agrees(face: str, page: str, marks: bool = True) -> None:
        for count in counts if marks else ():
            assert count in page, f"{face} has no {count!r}:\n{page}"
        for card in cards if marks else ():
            assert has(page)(card), (face, card["id"], page)
        for cause in causes:
            assert cause["text"] in page, (face, cause, page)

    agrees("board", ok(repo, "board", COLUMNS="600"))
    agrees("status", page_of(repo), marks=False)

    async def steps(screen: Screen) -> None:
        agrees("ui", await screen.until("NEEDS YOU", "which port?"))
        await screen.press("b")
        text = await screen.until_it(lambda text: all(map(has(text), cards)), "each card")
        agrees("columns of ui", text)

    drive(repo, steps, size=(200, 50))
    for card in cards:
        shown = ok(repo, "show", card["id"])
        assert shown.startswith(f"{signs[card['id']]} {card['id']}  "), shown
        why = ok(repo, "why", card["id"])
        assert not card["hold"] or card["hold"] in why, (card, why)
        assert not card["command"] or card["command"] in why + shown, (card, why, shown)
    git(repo, "switch", "-qc", "plan")
    commit(repo, G="worker: back; status: todo <- [D]")
    git(repo, "switch", "-q", "main")
    plan = ok(repo, "diff", "-b", "plan")
    assert "+ G  G  (todo, back, after D)" in plan and "G waits for D" in plan


def test_a_root_cause_says_why_nothing_goes_on_and_no_deadlock_says_it_again(repo: Path) -> None:
    made(repo, X="worker: owner", Y="worker: owner <- [X]")
    config = repo / ".kanban/config.yaml"
    config.write_text(config.read_text().replace("command: [", "command: [no-such-agent, "))
    git(repo, "commit", "-qam", "another agent")
    ok(repo, "trust", "--yes")
    page = page_of(repo)
    assert "cannot run no-such-agent: not on PATH" in page and "deadlock" not in page
    data = json.loads(ok(repo, "status", "--json"))
    assert data["deadlock"].endswith(data["causes"][0]["text"])
