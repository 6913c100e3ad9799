"""One cluster for the tests of a module; skipped, with the reason, where there can be none."""

from collections.abc import Iterator

import pytest

from tests.slurm import rig


@pytest.fixture(scope="module")
def cluster() -> Iterator[rig.Cluster]:
    reason = rig.why_not()
    if reason:
        pytest.skip(reason)
    with rig.Cluster() as made:
        yield made
