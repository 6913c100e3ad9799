"""why, simulate, workers and workers set, and the order of status: one small board, no session."""

import json
import os
from pathlib import Path

import pytest

from gitkanban.core.forecast.assessment import Advice, Assessment, advice, assess
from gitkanban.core.forecast.simulate import Duration, Question, Simulated, simulate
from gitkanban.core.model import Board
from gitkanban.views.simulate import gantt, simulation_text
from tests.cli.calls import call, ok
from tests.conftest import git
from tests.support.boards import board as a_board
from tests.support.boards import observed

POOL = "backend-hermes-pool"


@pytest.fixture
def planned(board: Path) -> Path:
    """The example board with two blocked cards, and two behind one of them."""
    for name, more in (
        ("P1", "status: blocked\n\nreason: needs-input\n\nwhy: which one?\n"),
        ("Q1", "status: blocked\n\nreason: needs-input\n\nwhy: which colour?\n"),
        ("Q2", "status: todo\n\nparents:\n  - Q1\n"),
        ("Q3", "status: todo\n\nparents:\n  - Q2\n"),
    ):
        text = f"id: {name}\n\ntitle: about {name}\n\nworker: {POOL}\n\n{more}"
        (board / ".kanban" / "cards" / f"{name}.yaml").write_text(text)
    git(board, "add", "-A")
    git(board, "commit", "-qm", "questions")
    return board


def test_status_puts_first_who_needs_a_person_and_holds_most(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    data = json.loads(ok(planned, "status", "--json"))
    flagged = {card["id"] for card in data["cards"] if card["needs_person"]}
    assert flagged == {"P1", "Q1"}
    lines = [line.split("\t") for line in ok(planned, "status").splitlines()]
    cards = [line[0] for line in lines if line[1] in ("question", "next")]
    assert cards == ["Q1", "P1", "T0"]
    page = ok(planned, "status", "--format", "text")
    assert "holds 2\n         “which colour?”\n" in page
    assert data["deadlock"] == ""


def test_a_board_that_waits_for_a_person_says_for_which_card(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    ok(planned, "block", "T0", "--why", "no contract yet")
    page = ok(planned, "status", "--format", "text")
    assert " ? T0 " in page.partition("holds 4")[0] and "deadlock" not in page
    data = json.loads(ok(planned, "why", "--all", "--json"))
    assert data["waits_for_you"].startswith("4 cards wait on T0, which is blocked")
    assert data["deadlock"] == ""
    assert [each["card"] for each in data["needs_person"]] == ["T0", "Q1", "P1"]


def test_why_names_what_holds_a_card_and_what_frees_it(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    said = ok(planned, "why", "Q3", "T1", "T0")
    assert "waits for Q2, behind Q1, which is blocked: needs-input (which colour?)" in said
    assert (
        'freed by a person: `gitkanban show Q1`, then `gitkanban retry Q1 --why "your answer"`'
        in said
    )
    assert "T1  waits for T0 (todo)" in said
    assert "T0  nothing holds it: the next tick starts it" in said
    rows = json.loads(ok(planned, "why", "Q1", "--json"))
    assert (rows[0]["code"], rows[0]["needs_person"], rows[0]["waiting"]) == ("blocked", True, 2)
    assert ok(planned, "why") == ok(planned, "why", "--all")
    assert call(planned, "why", "Q1", "--all").code == 2
    assert "not trusted" not in said


def test_the_words_of_why_are_those_of_tick_and_status(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    tick = {
        each["card"]: each["reason"]
        for each in json.loads(ok(planned, "tick", "--dry-run", "--json"))["holds"]
    }
    why = {
        each["card"]: each["text"]
        for each in json.loads(ok(planned, "why", "--all", "--json"))["cards"]
    }
    status = {
        card["id"]: card["hold"] for card in json.loads(ok(planned, "status", "--json"))["cards"]
    }
    for card in ("T1", "T4", "Q2", "Q3"):
        assert tick[card] == why[card] == status[card] != ""


def test_simulate_shows_when_cards_start_and_what_bounds_them(planned: Path) -> None:
    words = ("--duration", "20m", "--duration", f"{POOL}=10m+-5m", "--no-advice")
    data = json.loads(ok(planned, "simulate", *words, "--json"))
    bars = {bar["card"]: bar for bar in data["cards"]}
    assert set(bars) == {"T0", "T1", "T2", "T3", "T4"}
    assert bars["T1"]["start"] == bars["T2"]["start"] == bars["T0"]["end"]
    assert data["chain"] == ["T0", "T2", "T4"]
    assert data["makespan"] == data["bound"] == 3600
    assert {each["card"] for each in data["never"]} == {"Q2", "Q3"}
    page = ok(planned, "simulate", *words)
    assert "5 cards in 1h00m, as fast as the longest chain allows" in page
    assert "█T0" in page and "2 cards would never start:" in page


def test_simulate_says_which_limit_to_raise(planned: Path) -> None:
    page = ok(planned, "simulate", "--host-limit", "1", "--duration", "10m")
    assert "5 cards in 50m" in page
    assert "raise max_concurrency of the host from 1 to 2: 40m, 10m less" in page


def test_simulate_says_that_it_stopped_and_what_is_left(planned: Path) -> None:
    page = ok(planned, "simulate", "--until", "15m")
    assert "4 cards started before it stopped, and the last ends after 20m; 3 more to come" in page
    assert "allow" not in page and "raise" not in page
    data = json.loads(ok(planned, "simulate", "--until", "15m", "--json"))
    assert (data["left"], data["never"], data["advice"]) == (3, [], [])


def test_simulate_fits_a_narrow_terminal_and_says_whose_colours_they_are(planned: Path) -> None:
    words = ("simulate", "--duration", f" {POOL} = 10m", "--host-limit", "2")
    narrow = ok(planned, *words, COLUMNS="40")
    assert max(map(len, narrow.splitlines())) <= 40
    text = simulation_text(*_simulated(), colour=True)
    assert "\x1b[32m█\x1b[0m x  \x1b[36m█\x1b[0m y" in text


def test_bars_too_short_for_a_column_of_their_own_do_not_push_others_aside() -> None:
    given = a_board("a @x\nb @x\nc @x\nlong @y")
    done = simulate(given, observed(), Question({"x": Duration(1), "y": Duration(1000)}))
    assert gantt(done, 60)[1] == "x#1  █"


def test_where_no_single_limit_helps_it_says_so() -> None:
    assert (
        "neither one limit nor two shorten it; cards wait most at worker x and worker y"
        in simulation_text(*_simulated())
    )


def _simulated() -> tuple[Board, Simulated, Assessment, tuple[Advice, ...]]:
    """Two lanes with the same work, and what to raise."""
    given = a_board("\n".join(f"a{n} @x\nb{n} @y" for n in range(3)), workers="x\ny\nhost 2")
    done = simulate(given, observed())
    worth = assess(given, observed(), Question(), done)
    return given, done, worth, advice(given, observed(), Question(), done)


def test_simulate_refuses_what_it_cannot_read(planned: Path) -> None:
    for words, says in (
        (("--duration", "nobody=5m"), "no worker 'nobody'"),
        (("--duration", "5m±1m±1m"), "not a duration"),
        (("--duration", "soon"), "not a duration"),
        (("--until", "1h", "--until-done"), "not both"),
        (("--until", "0"), "--until 0 leaves nothing to simulate"),
        (("--duration", "5m±"), "'5m±' is not a duration"),
        (("--duration", "0"), "'0' is not a length of time"),
        (("--duration", f"{POOL}=5m±6m"), "allows a negative duration"),
        (("--branch", "nosuch"), "no branch 'nosuch'"),
    ):
        done = call(planned, "simulate", *words)
        assert done.code in (1, 2) and says in done.err


def config(repo: Path) -> str:
    return git(repo, "show", "main:.kanban/config.yaml")


def test_workers_set_edits_in_place_in_one_commit_and_keeps_comments(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    before = config(planned)
    done = call(planned, "workers", "set", POOL, "max_concurrency=2", "weight=3", "timeout=90m")
    assert (done.code, done.err) == (0, "")
    after = config(planned)
    gone = set(before.splitlines()) - set(after.splitlines())
    assert {line.split("#")[0].strip() for line in gone} == {"max_concurrency: 3", "timeout: 2h"}
    assert set(after.splitlines()) - set(before.splitlines()) >= {"      weight: 3"}
    assert after.count("#") == before.count("#")
    assert git(planned, "log", "-1", "--format=%s") == (
        f"kanban: workers set {POOL} max_concurrency=2, weight=3, timeout=90m"
    )
    worker = next(
        each
        for each in json.loads(ok(planned, "workers", "--json"))["workers"]
        if each["name"] == POOL
    )
    assert (worker["limit"], worker["weight"], worker["stuck"]) == (2, 3, 4)
    tip = git(planned, "rev-parse", "main")
    assert "nothing changes" in ok(planned, "workers", "set", POOL, "weight=3")
    assert git(planned, "rev-parse", "main") == tip


def test_workers_set_refuses_what_would_break_the_config(planned: Path) -> None:
    before = config(planned)
    for word, says in (
        ("max_concurency=3", "Did you mean 'max_concurrency'?"),
        ("mode=lane", "is a lane"),
        ("max_concurrency=many", "must be a whole number"),
        ("runner=hermse", "unknown runner"),
        ("needs=1", "needs.NAME=VALUE"),
        ("profile", "KEY=VALUE"),
        ("needs.bulid=1", f"with that, {POOL} needs bulid, which is not a capacity"),
        ("max_concurrency=0", f"`gitkanban pause {POOL}` lets it start nothing"),
        ("max_concurrency=1000000000", "a whole number from 1 to 999999999, found '1000000000'"),
        ("needs.build=1000000000", "a whole number from 1 to 999999999"),
        ("command=", "has neither runner nor command"),
    ):
        done = call(planned, "workers", "set", POOL, word)
        assert done.code in (1, 2) and says in done.err
        assert "config.yaml:" not in done.err  # what would be wrong is in no file
    done = call(planned, "workers", "set", POOL, "weight=2", "reserve=1", "weight=3")
    assert (done.code, done.err.splitlines()[0]) == (2, "Error: weight is given twice")
    assert config(planned) == before


def test_trust_records_a_new_value_though_no_command_has_changed(planned: Path) -> None:
    ok(planned, "workers", "set", POOL, "pass_env=API_KEY")
    ok(planned, "trust", "--yes", API_KEY="old")
    assert "Recorded" not in ok(planned, "trust", "--yes", API_KEY="old")
    assert "Recorded today's API_KEY." in ok(planned, "trust", "--yes", API_KEY="new")
    kept = (planned / ".git" / "gitkanban" / "trust.env").read_text()
    assert '"new"' in kept
    done = call(planned, "trust", API_KEY="newer")
    assert (done.code, done.err) == (
        0,
        "API_KEY: the recorded values are not today's (--yes records today's)\n",
    )
    assert (planned / ".git" / "gitkanban" / "trust.env").read_text() == kept


def test_a_key_is_taken_out_and_reported(planned: Path) -> None:
    assert ok(planned, "workers", "set", POOL, "timeout=") == f"{POOL}: no timeout\n"


def written(repo: Path, old: str, new: str) -> None:
    """The config changed by hand, and committed."""
    path = repo / ".kanban" / "config.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    git(repo, "commit", "-qam", "by hand")


def test_a_worker_with_a_mistake_is_named_by_all_and_can_be_mended(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    ok(planned, "drop", "T0")
    written(planned, "max_concurrency: 3\n", "max_concurrency: 3\n      weight: 0\n")
    mistake = ".kanban/config.yaml:16:15: weight must be a whole number from 1, found '0'"
    ok(planned, "unlink", "T1", "T0")
    assert f"worker {POOL} has a mistake ({mistake})" in ok(planned, "why", "T1")
    assert mistake in ok(planned, "workers", "--format", "text")
    assert json.loads(ok(planned, "workers", "--json"))["problems"][0]["line"] == 16
    done = call(planned, "add", "x", "-w", POOL)
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        f"Error: worker {POOL} has a mistake: {mistake}",
    )
    ok(planned, "pause", POOL)
    ok(planned, "resume", POOL)
    done = call(planned, "workers", "set", POOL, "reserve=1")
    assert (done.code, done.err) == (0, f"but it has a mistake: {mistake}\n")
    done = call(planned, "workers", "set", POOL, "weight=1")
    assert (done.code, done.err) == (0, "")
    assert "nothing holds it" in ok(planned, "why", "T1")
    assert "problem" not in ok(planned, "workers", "--format", "text")


def test_a_config_that_cannot_be_read_is_reported_by_workers(planned: Path) -> None:
    written(planned, "max_concurrency: 6 ", "max_concurrency: x ")
    mistake = ".kanban/config.yaml:4:20: max_concurrency must be a whole number from 1, found 'x'"
    assert ok(planned, "workers", "--format", "text") == f"1 problem:\n  {mistake}\n"
    done = call(planned, "workers", "set", POOL, "weight=2")
    assert done.code == 1 and mistake in done.err
    assert "freed by its repair; see `gitkanban check`" in ok(planned, "why", "T0")


def test_the_log_shows_changes_of_the_config_in_their_own_words(planned: Path) -> None:
    ok(planned, "workers", "set", POOL, "timeout=")
    written(planned, "max_concurrency: 6", "max_concurrency: 5")
    log = [line.split("  ") for line in ok(planned, "log", "-n", "2").splitlines()]
    assert [[cell.strip() for cell in line if cell.strip()][2] for line in log] == [
        "config.yaml changed (by hand)",
        f"workers set {POOL} no timeout",
    ]


def test_workers_in_a_pipe_are_a_line_each(planned: Path) -> None:
    rows = [line.split("\t") for line in ok(planned, "workers").splitlines()]
    data = json.loads(ok(planned, "workers", "--json"))["workers"]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        (each["name"], str(each["running"]), str(each["limit"])) for each in data
    ]
    assert {len(row) for row in rows} == {11}


def test_workers_shows_the_host_and_what_is_reserved_of_it(planned: Path) -> None:
    assert "reserved" not in ok(planned, "workers", "--format", "text")
    ok(planned, "workers", "set", "messages-owner", "reserve=1")
    page = ok(planned, "workers", "--format", "text")
    assert "this one  0/6 (1 reserved)" in page and " 0/1 (1 reserved) " in page
    for data in (
        json.loads(ok(planned, "workers", "--json")),
        json.loads(ok(planned, "status", "--json")),
    ):
        assert data["host"] == {"running": 0, "limit": 6, "reserved": 1}
        reserves = {each["name"]: each["reserve"] for each in data["workers"]}
        assert reserves["messages-owner"] == 1 and reserves[POOL] == 0
    card = planned / ".kanban" / "cards" / "T0.yaml"
    running = "status: running\n\nrun: r1\n\nslot: messages-hermes#1\n\nhost: {}\n"
    for host, count in (("elsewhere", 0), (os.uname().nodename, 1)):
        text = card.read_text()
        start, end = text.index("status: "), text.index("priority: ")
        card.write_text(text[:start] + running.format(host) + "\n" + text[end:])
        git(planned, "commit", "-qam", "as a tick would")
        assert json.loads(ok(planned, "workers", "--json"))["host"]["running"] == count


def test_a_changed_command_is_said_to_need_trust(planned: Path) -> None:
    ok(planned, "trust", "--yes")
    done = call(planned, "workers", "set", POOL, "verify=make 'a test'")
    assert done.code == 0 and "until `gitkanban trust`: its verify changed" in done.err
    assert "verify: [make, a test]" in config(planned)
    ok(planned, "workers", "set", POOL, "verify=")
    assert "verify: [make" not in config(planned)
