"""What executors said at the last tick, for those who look without asking them."""

import os
from pathlib import Path

from gitkanban.core.names import RunId
from gitkanban.core.tick.facts import Exit, Sighting
from gitkanban.runs.records import sightings


def test_what_was_said_is_recalled_without_ends_and_written_only_when_it_is_new(
    tmp_path: Path,
) -> None:
    private, file = str(tmp_path), tmp_path / "cache/sightings"
    said = {RunId("r1"): Sighting("queued", note="Full"), RunId("r2"): Sighting("ended")}
    ended = {**said, RunId("r2"): Sighting("ended", end=Exit(1, "lost"))}
    sightings.remember(private, ended, {"cluster": "it is away"})
    assert sightings.recall(private) == (said, {"cluster": "it is away"})
    written = os.stat(file).st_ino
    sightings.remember(private, ended, {"cluster": "it is away"})
    assert os.stat(file).st_ino == written
    for changed in ({**said, RunId("r1"): Sighting("live", "n1")}, {}):
        sightings.remember(private, changed, {})
        assert sightings.recall(private) == (changed, {})
