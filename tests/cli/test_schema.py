"""`gitkanban schema`, and the schemas that a new board has for editors."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from gitkanban.cli import schemas
from tests import schema_files
from tests.cli.calls import call, ok
from tests.conftest import git


@pytest.mark.parametrize("name", schemas.NAMES)
def test_it_prints_what_the_package_has(name: str, repo: Path) -> None:
    assert ok(repo, "schema", name) == schema_files.text(name)
    assert set(schemas.NAMES) == set(schema_files.SCHEMAS)


def test_another_name_is_refused(repo: Path) -> None:
    done = call(repo, "schema", "nonsense")
    assert done.code == 2 and "config" in done.err


@pytest.mark.parametrize("form", [[], ["--branch", "kanban"]])
def test_an_editor_finds_the_schema_of_a_new_board(repo: Path, form: list[str]) -> None:
    ok(repo, "init", "--runner", "claude", *form)
    text = (repo / ".kanban/config.yaml").read_text()
    line = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert line
    schema = json.loads((repo / ".kanban" / line[1]).read_text())
    assert not list(Draft7Validator(schema).iter_errors(YAML(typ="safe").load(text)))
    assert list(Draft7Validator(schema).iter_errors({"version": 1, "kanban": {"titel": 1}}))
    assert (
        call(repo, "check").out.startswith("no findings") or "stray" not in call(repo, "check").out
    )
    ok(repo, "workers", "set", "coder", "weight=2")
    assert (repo / ".kanban/config.yaml").read_text().startswith(line[0])
    assert git(repo, "status", "--short") == ""


def test_a_config_of_ones_own_stays_as_it_is(repo: Path) -> None:
    own = "version: 1\nkanban:\n  workers:\n    a: {command: [sh]}\n"
    ok(repo, "init", "--config", "-", stdin=own)
    assert (repo / ".kanban/config.yaml").read_text() == own


def test_what_a_tick_prints_is_valid(board: Path) -> None:
    ok(board, "init", "--branch", "kanban")
    schema = schema_files.tick_schema()
    texts = [call(board, "tick", "--dry-run", "--json").out]
    ok(board, "trust", "--yes")
    texts.append(call(board, "tick", "--dry-run", "--json").out)
    for text in texts:
        data = json.loads(text)
        assert not list(Draft7Validator(schema).iter_errors(data))
        assert list(data) == list(schema["properties"])
        for name, rows in data.items():
            known = schema["properties"][name].get("items", {}).get("properties")
            assert not known or all(set(row) == set(known) for row in rows), name
    assert json.loads(texts[0])["untrusted"] and json.loads(texts[1])["holds"]


def test_the_keys_of_a_tick_are_those_of_its_values() -> None:
    from gitkanban.core.tick.outcome import Accepted, Outcome, Started
    from gitkanban.core.tick.reconcile import Settled, Stop
    from gitkanban.views.outcome import KEYS, outcome_data

    def below(name: str) -> list[str]:
        return [path.removeprefix(f"{name}.") for path, *_ in KEYS if path.startswith(f"{name}.")]

    whole = Outcome(
        settled=(Settled("T1", "r", "failed", "todo", "why"),),  # type: ignore[arg-type]
        stopped=(Stop("r", "T1", "why"),),  # type: ignore[arg-type]
        accepted=(Accepted("T1", "done", "x"),),  # type: ignore[arg-type]
        started=(Started("T1", "r", "p#1", "/w", "card/T1", 1),),  # type: ignore[arg-type]
    )
    data = json.loads(json.dumps(outcome_data(whole)))
    for name in ("settled", "stopped", "accepted", "started"):
        assert set(data[name][0]) == set(below(name))
    assert not list(Draft7Validator(schema_files.tick_schema()).iter_errors(data))


def test_a_card_in_an_editor_has_the_schema_and_none_in_its_file(
    board: Path, tmp_path: Path
) -> None:
    shot = tmp_path / "seen"
    editor = f'sh -c \'cp "$0" {shot}; sed -i s/contract/treaty/ "$0"\''
    ok(board, "edit", "T0", EDITOR=editor)
    first, second, *_ = shot.read_text().splitlines()
    path = first.removeprefix("# yaml-language-server: $schema=file://")
    assert json.loads(Path(path).read_text())["title"] == "gitkanban: a card"
    assert second == "id: T0"
    text = git(board, "show", "HEAD:.kanban/cards/T0.yaml")
    assert "treaty" in text and "yaml-language-server" not in text
