"""What one worker alone plays, of those that `pytest -n` starts; other tests go to whoever is free.

It takes the place of xdist's `loadgroup`, which knows groups by ids that pytest no longer lets it
change, and so silently spreads them.
"""

from xdist.scheduler import LoadScopeScheduling

# What a group shares, and where its tests are. Groups of many tests begin first.
TOGETHER = {
    # The package is parsed once.
    "house": ("tests/system/test_house.py",),
    # One browser at a time.
    "browser": ("tests/browser/", "tests/web/test_live_in_browser.py"),
    # Hosts and clusters wait more than they compute: one at a time, and others go on beside.
    "rig": ("tests/hosts/test_hosts.py", "tests/slurm/"),
}


class OneWorkerForEach(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each group is for one worker, and so is each other test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        """Count the tests that a worker has left, and forget what it has done.

        Of thousands of tests that it has done, each would be counted after each other one.
        """
        for scope in [scope for scope, done in workload.items() if all(done.values())]:
            del workload[scope]
        return super()._pending_of(workload)  # type: ignore[no-any-return]


def group_of(nodeid: str) -> str:
    """The group of a test; empty if it has none."""
    return next((name for name, at in TOGETHER.items() if nodeid.startswith(at)), "")
