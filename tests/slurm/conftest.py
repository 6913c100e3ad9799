"""Clusters for tests; a test is skipped, with the reason, where there can be none."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.slurm import rig
from tests.slurm.rig import Cluster

MakeCluster = Callable[..., Cluster]  # with the arguments of `Cluster`


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The cluster that the tests of a module share."""
    with ExitStack() as stack:
        # They lose no node, and must not on a busy machine, where all answer late.
        yield _enter_cluster(stack, silence=60)


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A cluster for one test alone, which soon notices that a node is lost."""
    with ExitStack() as stack:
        yield _enter_cluster(stack)


@pytest.fixture
def make_cluster() -> Iterator[MakeCluster]:
    """Makes the cluster of one test; it is gone when the test is over."""
    with ExitStack() as stack:
        yield lambda **settings: _enter_cluster(stack, **settings)


def _enter_cluster(stack: ExitStack, **settings: object) -> Cluster:
    if reason := rig.why_not():
        pytest.skip(reason)
    return stack.enter_context(Cluster(**settings))  # type: ignore[arg-type]  # it says so itself
