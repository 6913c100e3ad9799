"""Runs live through an upgrade: one whose spec an earlier version wrote is ended by this one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.runs import briefing
from gitkanban.runs.supervision import spec
from tests.support.arena import Arena, until

# As it was written before the modules moved into wings; `*`: the values that this version has.
EARLIER = Path(__file__).with_name("spec_of_the_flat_layout.txt")
CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    lane:
      profile: solo
      command: [{python}, -I, -S, {agent}, {log}, lane]
      on_success: done
      verify: ["true"]
"""


def earlier_spec(arena: Arena, now: spec.Spec) -> dict[str, str | list[str]]:
    """The spec as an earlier version would have written it for the same run."""
    names = {key: values[0] for key, values in now.items() if values}
    names |= {"private": arena.place.private, "main": arena.place.main, "python": sys.executable}
    found: dict[str, str | list[str]] = {}
    for line in EARLIER.read_text().splitlines():
        key, _, text = line.partition("=")
        if text == "*":
            found[key] = now.get(key, [])
        elif key in found:
            found[key] = [*found[key], text.format_map(names)]
        else:
            found[key] = [text.format_map(names)]
    return found


def test_a_run_of_the_flat_layout_is_collected_settled_and_followed_up(
    make: Callable[..., Arena], monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = make({"T0": "@lane", "T1": "@lane <-T0"}, config=CONFIG)
    arena.extra = {}
    arena.words("T0", "wait:go commit left")
    real = briefing.whole_spec

    def earlier(*given: object) -> object:
        values = real(*given)  # type: ignore[arg-type]
        return earlier_spec(arena, spec.Spec(
            (key, [value] if isinstance(value, str) else list(value))
            for key, value in values.items()
        ))  # fmt: skip

    with monkeypatch.context() as patched:
        patched.setattr(briefing, "whole_spec", earlier)
        assert arena.tick() == 0
    until(lambda: arena.hanging(), "T0 to wait")
    [folder] = arena.folders()
    known = {line.partition("=")[0] for line in EARLIER.read_text().splitlines()}
    assert set(folder.spec()) <= known
    (arena.log / "go").write_text("")
    until(lambda: arena.status("T1") == "done" and not arena.supervisors(), "the end of all")
    [run] = store.history(arena.place, arena.board(), "T0").runs_of("T0")
    assert (run.outcome, run.slot) == ("succeeded", "solo#1")
    assert "started  T1 " in Path(folder.file("supervisor.log")).read_text()
    assert arena.oracle.violations() == []


@pytest.mark.parametrize("module", ["gitkanban.standby", "gitkanban.runs.collect"])
def test_the_modules_that_old_specs_name_are_there(module: str) -> None:
    import importlib

    assert importlib.import_module(module)
