"""Only what this machine's owner has allowed may run, and any change of it asks again."""

import json
import stat
from pathlib import Path

import pytest

from gitkanban.board.repo.place import Place
from gitkanban.core.agents import presets
from gitkanban.core.model import Config, Worker
from gitkanban.errors import Untrusted
from gitkanban.runs import trust
from tests.runs.places import place_of

WORKER = Worker("w", "p", command=("sh", "-c", "true"), verify=("true",), pass_env=("API_KEY",))


def config(**fields: object) -> Config:
    worker = WORKER._replace(**fields)  # type: ignore[arg-type]
    return Config(workers={"w": worker})


def test_nothing_is_trusted_at_first(repo: Path) -> None:
    place = place_of(repo)
    assert trust.untrusted(place, config()) == {
        "w": "its commands have not been allowed on this machine"
    }
    trust.record(place, config())
    assert trust.untrusted(place, config()) == {}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"command": ("sh", "-c", "rm x")}, 'its command changed from sh -c true to sh -c "rm x"'),
        ({"setup": ("make",)}, "its setup changed from nothing to make"),
        ({"verify": ("false",)}, "its verify changed from true to false"),
        ({"pass_env": ("API_KEY", "AWS")}, "its pass_env changed from API_KEY to API_KEY AWS"),
        ({"command": (), "runner": "claude"}, "its command changed"),
        (
            {"memory_env": "HERMES_HOME", "memory_path": "/etc"},
            "its environment changed: HERMES_HOME=/etc is new",
        ),
    ],
)
def test_a_change_is_named(repo: Path, fields: dict[str, object], why: str) -> None:
    place = place_of(repo)
    trust.record(place, config())
    assert trust.untrusted(place, config(**fields))["w"].startswith(why)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"memory_parts": ("memories", "bin")}, "memories bin"),
        ({"memory_parts": ("memories bin",)}, '"memories bin"'),
    ],
)
def test_what_a_session_may_write_of_a_home_is_part_of_what_is_trusted(
    repo: Path, fields: dict[str, object], why: str
) -> None:
    place = place_of(repo)
    home = {"memory_env": "A_HOME", "memory_path": "/a", "memory_parts": ("memories",)}
    trust.record(place, config(**home))
    assert trust.untrusted(place, config(**home)) == {}
    now = trust.untrusted(place, config(**home | fields))["w"]
    assert now == f"its memory_home.memory changed from memories to {why}"
    assert trust.untrusted(place, config(**home, memory="read-only")) == {}


@pytest.mark.parametrize(
    "fields", [{"timeout": 5}, {"weight": 9}, {"max_attempts": 5}, {"pass_env": ()}]
)
def test_what_runs_nothing_needs_no_trust(repo: Path, fields: dict[str, object]) -> None:
    place = place_of(repo)
    trust.record(place, config())
    assert trust.untrusted(place, config(**fields)) == {}


def test_an_upgraded_preset_asks_again(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(repo)
    with_preset = config(command=(), runner="codex")
    trust.record(place, with_preset)
    assert trust.untrusted(place, with_preset) == {}
    newer = presets.PRESETS["codex"]._replace(start=("codex", "exec", "--yolo", "{prompt}"))
    monkeypatch.setitem(presets.PRESETS, "codex", newer)  # type: ignore[arg-type]
    assert trust.untrusted(place, with_preset)["w"].startswith(
        "the preset codex runs something else than what was allowed: its command changed from codex"
    )


def test_a_pool_is_not_told_to_have_another_preset_but_another_variable(repo: Path) -> None:
    place = place_of(repo)
    lane = config(command=(), runner="claude", memory_env="A", memory_path="/a")
    trust.record(place, lane)
    moved = config(command=(), runner="claude", memory_env="A", memory_path="/b")
    assert trust.untrusted(place, moved)["w"] == "its environment changed: A=/b was /a"
    pool = config(command=(), runner="claude", mode="pool", max_concurrency=3)
    assert trust.untrusted(place, pool)["w"] == "its environment changed: A=/a is gone"


def test_a_command_of_ones_own_beside_a_runner_is_no_changed_preset(repo: Path) -> None:
    place = place_of(repo)
    trust.record(place, config(command=(), runner="claude"))
    own = config(command=("claude", "-p", "{prompt}"), runner="claude")
    assert trust.untrusted(place, own)["w"].startswith("its command changed from claude -p")


def test_another_program_of_the_same_name_is_not_the_allowed_one(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    agent = tmp_path / "second/agent"
    agent.write_text("#!/bin/sh\n")
    agent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/first:{tmp_path}/second:/usr/bin:/bin")
    place, allowed = place_of(repo), config(command=("agent",))
    trust.record(place, allowed)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert trust.untrusted(place, allowed) == {}, "cron's PATH changes nothing"
    assert trust.search_path(place).startswith(f"{tmp_path}/first:")
    agent.rename(tmp_path / "first/agent")
    assert trust.untrusted(place, allowed)["w"] == (
        f"{tmp_path}/second/agent now resolves to {tmp_path}/first/agent"
    )


def test_what_cron_lacks_is_kept_where_only_the_owner_reads(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(repo)
    monkeypatch.setenv("API_KEY", "s3cret")
    trust.record(place, config())
    monkeypatch.delenv("API_KEY")
    assert trust.passed(place) == {"API_KEY": "s3cret"}
    assert stat.S_IMODE(Path(place.private, "trust.env").stat().st_mode) == 0o600
    assert "s3cret" not in Path(place.private, "trust").read_text()
    trust.record(place, config())
    assert trust.passed(place) == {"API_KEY": "s3cret"}, "kept when trusted again without it"


def test_what_differs_from_the_record_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(repo)
    monkeypatch.setenv("API_KEY", "old")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    trust.record(place, config())
    assert trust.outdated(place, config()) == []
    monkeypatch.setenv("API_KEY", "new")
    monkeypatch.setenv("PATH", "/opt/bin:/usr/bin:/bin")
    assert trust.outdated(place, config()) == ["PATH", "API_KEY"]
    trust.record(place, config())
    monkeypatch.delenv("API_KEY")
    assert trust.outdated(place, config()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"PATH": 1}', '{"PATH":"","workers":{"w":[]}}'])
def test_a_damaged_record_trusts_nothing(repo: Path, text: str) -> None:
    place = place_of(repo)
    trust.record(place, config())
    Path(place.private, "trust").write_text(text)
    assert set(trust.untrusted(place, config())) == {"w"}


def test_the_record_can_be_read(repo: Path) -> None:
    place = place_of(repo)
    trust.record(place, config())
    found = json.loads(Path(place.private, "trust").read_text())
    assert found["workers"]["w"]["command"] == ["sh", "-c", "true"]
    assert trust.recorded(place)[1]["w"] == trust.wanted(config())[0]


def test_a_worker_without_a_command_cannot_be_trusted(repo: Path) -> None:
    place = place_of(repo)
    nothing = config(command=())
    trust.record(place, nothing)
    assert trust.untrusted(place, nothing)["w"] == "worker w has neither a runner nor a command"


def older(place: Place) -> None:
    """Take everything out of the record that an older version did not write."""
    path = Path(place.private, "trust")
    found = json.loads(path.read_text())
    del found["board"]
    for row in found["workers"].values():
        del row["keys"]
    path.write_text(json.dumps(found))


def test_a_record_of_an_older_version_allows_the_defaults(repo: Path) -> None:
    place = place_of(repo)
    plain = Config(workers={"w": WORKER._replace(profile="w")})
    trust.record(place, plain)
    older(place)
    assert trust.withheld(place, plain).changes == ()
    assert trust.withheld(place, plain._replace(base=place.branch)).changes == ()
    assert trust.untrusted(place, config())["w"] == "its profile changed from w to p"
    home = {"memory_env": "H", "memory_path": "/a", "memory_parts": ("m",), "memory": "read-only"}
    trust.record(place, Config(workers={"w": WORKER._replace(profile="w", **home)}))  # type: ignore[arg-type]
    older(place)
    home["memory"] = "read-write"
    looser = Config(workers={"w": WORKER._replace(profile="w", **home)})  # type: ignore[arg-type]
    assert trust.untrusted(place, looser)["w"] == "its memory changed from read-only to read-write"


def test_a_key_of_the_board_holds_every_worker_or_none(repo: Path) -> None:
    place = place_of(repo)
    trust.record(place, config())
    moved = trust.withheld(place, config()._replace(base="release"))
    why = f"kanban.base changed from {place.branch} to release"
    assert (moved.starts, moved.accepting("w"), moved.pushing) == ({"w": why}, why, "")
    pushed = trust.withheld(place, config()._replace(push="evil", pr=True))
    assert (pushed.starts, pushed.accepting("w")) == ({}, "")
    assert pushed.pushing == (
        "kanban.push changed from nothing to evil; kanban.pr changed from false to true"
    )


def test_a_notifier_that_was_not_allowed_holds_nothing_but_its_own_calls(repo: Path) -> None:
    place = place_of(repo)
    trust.record(place, config())
    named = config()._replace(notify=("curl", "https://evil"))
    found = trust.withheld(place, named)
    assert (found.starts, found.pushing, found.accepting("w")) == ({}, "", "")
    assert found.notifying == "kanban.notify changed from nothing to curl https://evil"
    trust.record(place, named)
    assert trust.withheld(place, named).notifying == ""
    assert trust.withheld(place, config()).notifying == "", "none is stricter"


def test_what_a_tick_may_accept_of_a_worker_is_trusted_as_well(repo: Path) -> None:
    place = place_of(repo)
    assert trust.withheld(place, config()).accepting("w")
    trust.record(place, config())
    assert trust.withheld(place, config()).accepting("w") == ""
    looser = trust.withheld(place, config(on_success="done", verify=()))
    assert looser.accepting("w") == (
        "its verify changed from true to nothing; its on_success changed from review to done"
    )
    assert looser.accepting("x") == "", "another worker's is untouched"


def test_a_person_does_not_accept_into_a_base_that_was_not_allowed(repo: Path) -> None:
    place = place_of(repo)
    moved = config()._replace(base="release")
    trust.check_accepting(place, moved)  # nothing was ever allowed here: this clone only looks
    trust.record(place, config()._replace(verify_accept=True))
    trust.check_accepting(place, config()._replace(verify_accept=True))
    for asked in (moved, config()):
        with pytest.raises(
            Untrusted, match=r"base changed|verify_accept changed from true to false"
        ):
            trust.check_accepting(place, asked)
    trust.check_accepting(place, config(command=("x",))._replace(verify_accept=True))
