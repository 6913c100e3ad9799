"""Which machine may tick a clone that several can reach."""

import pytest

from gitkanban.core.tick.machines import Machine, OpenRun, claim

OURS = Machine("boot-1", "id-1", "h1")
REBOOTED = Machine("boot-2", "id-1", "h1")
RENAMED = Machine("boot-1", "id-1", "renamed")
CONTAINER = Machine("boot-1", "", "c0ffee")  # of the same kernel, without an id
OTHER = Machine("boot-9", "id-9", "h2")
NAMESAKE = Machine("boot-9", "id-9", "h1")
BARE = Machine("boot-9", "", "h1")  # a container elsewhere
NOTHING = Machine("", "", "mac")


def runs(*machines: Machine) -> list[OpenRun]:
    return [OpenRun(f"r{n}", f"T{n}", machine) for n, machine in enumerate(machines)]


@pytest.mark.parametrize(
    ("last", "given_up", "open_runs", "standing"),
    [
        (None, (), (), "here"),
        (OURS, (), (OURS,), "here"),
        (REBOOTED, (), (REBOOTED,), "here"),  # the same id
        (RENAMED, (), (RENAMED,), "here"),  # the name is only shown
        (CONTAINER, (), (CONTAINER,), "here"),  # the same kernel, the same locks
        (OTHER, (), (), "takes-over"),
        (NAMESAKE, (), (), "takes-over"),
        (BARE, (), (), "takes-over"),  # two empty ids are not the same id
        (OTHER, (), (OTHER,), "elsewhere"),
        (NAMESAKE, (), (NAMESAKE,), "elsewhere"),
        (BARE, (), (BARE,), "elsewhere"),
        (OTHER, (OTHER,), (OTHER,), "takes-over"),  # `doctor --here`
        (OURS, (OTHER,), (OURS, OTHER), "here"),
        (OURS, (OTHER,), (NAMESAKE._replace(boot="b", id="i"),), "elsewhere"),
        (OTHER, (), (OURS,), "takes-over"),  # it took over while we were starting a run
        (OURS, (), (OURS, OTHER), "elsewhere"),  # the same, seen from the other side
        (None, (), (OTHER,), "elsewhere"),
        (NOTHING, (), (), "takes-over"),
    ],
)
def test_who_may_tick(
    last: Machine | None,
    given_up: tuple[Machine, ...],
    open_runs: tuple[Machine, ...],
    standing: str,
) -> None:
    assert claim(OURS, last, given_up, runs(*open_runs)).standing == standing


@pytest.mark.parametrize(
    ("silent", "standing"), [(0, "elsewhere"), (599, "elsewhere"), (600, "takes-over")]
)
def test_a_clone_on_a_shared_disk_changes_machines_only_after_a_silence(
    silent: int, standing: str
) -> None:
    found = claim(OURS, OTHER, (), (), silent)
    assert found.standing == standing
    assert (f"is ticked on h2, which is another machine: {silent} s ago" in found.line) == (
        standing == "elsewhere"
    )
    assert claim(OURS, REBOOTED, (), (), silent).standing == "here"


def test_a_system_that_tells_nothing_of_itself_is_taken_for_the_same() -> None:
    assert claim(NOTHING, OTHER, (), runs(OTHER)).standing == "here"


def test_what_is_open_elsewhere_is_named() -> None:
    found = claim(OURS, OURS, (), runs(OURS, OTHER, OTHER))
    assert found.line == "runs of this clone are open on h2, which is another machine: T1, T2"
    assert claim(OURS, OURS, (), ()).line == ""
