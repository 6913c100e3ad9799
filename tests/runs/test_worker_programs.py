"""Programs that workers need: which are judged before a run, and what is said of them."""

from pathlib import Path

import pytest

from gitkanban import programs
from gitkanban.core.model import Config, Worker
from gitkanban.core.tick.facts import NoProgram
from gitkanban.runs import worker_programs
from tests.runs.places import place_of

ABSENT = NoProgram("no-such", "not on PATH")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"command": ("no-such",)}, ABSENT),
        ({"command": ("sh",), "setup": ("no-such",)}, ABSENT._replace(step="setup")),
        ({"command": ("sh",), "verify": ("no-such",)}, ABSENT._replace(step="verify")),
        ({"command": ("no-such",), "verify": ("neither",)}, ABSENT),
        ({"command": ("/no/such",)}, NoProgram("/no/such", "no such file")),
        ({"command": ("/etc/passwd",)}, NoProgram("/etc/passwd", "is not executable")),
        ({"command": ("/etc",)}, NoProgram("/etc", "no such file")),
        # In the workspace, named by a placeholder, or perhaps brought by the setup.
        ({"command": ("./agent.sh",), "verify": ("bin/check",)}, None),
        ({"command": ("{workspace}/agent",)}, None),
        ({"command": ("sh",), "setup": ("sh",), "verify": ("no-such",)}, None),
        ({"command": ("sh",), "setup": ("sh",), "verify": ("sh",)}, None),
        ({}, None),
    ],
)
def test_what_cannot_be_run_is_found_by_looking(
    repo: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, object], expected: NoProgram
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    worker = Worker("w", "p")._replace(**fields)  # type: ignore[arg-type]
    found = worker_programs.find_missing(place_of(repo), Config(workers={"w": worker}))
    assert found.get("w") == expected


def test_a_later_folder_counts_where_an_earlier_one_has_it_without_leave_to_run_it(
    tmp_path: Path,
) -> None:
    for name, mode in (("first", 0o644), ("second", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "agent").write_text("")
        (tmp_path / name / "agent").chmod(mode)
    path = f"{tmp_path}/first:{tmp_path}/second"
    assert programs.find("agent", path) == (f"{tmp_path}/second/agent", "")
    fault = f"{tmp_path}/first/agent is not executable"
    assert programs.find("agent", f"{tmp_path}/first:/bin") == ("", fault)


def test_a_sandbox_is_a_program_that_is_needed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    worker = Worker("w", "p", command=("sh",), sandbox=("no-such-box", "{workspace}"))
    found = worker_programs.find_missing(place_of(repo), Config(workers={"w": worker}))
    assert found["w"] == NoProgram("no-such-box", "not on PATH", "its sandbox")
