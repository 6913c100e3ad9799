"""What is wrong with a readable config: needs that are never met, unused caps, reserves.

`board.formats.configfile` finds mistakes in the text when it reads it; `rules` examines cards.
"""

from collections.abc import Iterator

from gitkanban.core.ids import Nearest
from gitkanban.core.model import Config, Worker
from gitkanban.core.review.rules import Finding, finding

_FILE = "config.yaml"


def state(config: Config) -> list[Finding]:
    """The findings on a config, in the order of its workers' names."""
    findings: list[Finding] = []
    capacities = Nearest(config.capacities)
    for _, worker in sorted(config.workers.items()):
        findings += _command_findings(worker)
        findings += _needs_findings(config, worker, capacities)
    return [
        *findings,
        *_profile_findings(config),
        *_executor_findings(config),
        *_reserve_findings(config),
    ]


def _command_findings(worker: Worker) -> Iterator[Finding]:
    if not worker.command and not worker.runner:
        yield finding(
            "no-command",
            _FILE,
            ("kanban", "workers", worker.name),
            f"{worker.name} has neither runner nor command, and starts nothing",
            hint="Write runner: with a preset, or command: [argv, with, '{prompt}'].",
        )


def _needs_findings(config: Config, worker: Worker, capacities: Nearest) -> Iterator[Finding]:
    for name, amount in worker.needs:
        at = ("kanban", "workers", worker.name, "needs", name)
        limit = config.capacities.get(name)
        if limit is None:
            hint = capacities.hint(name)
            yield finding(
                "unknown-capacity",
                _FILE,
                at,
                f"{worker.name} needs {name}, which is not a capacity",
                hint=hint or "Name it under capacities:.",
            )
        elif amount > limit:
            yield finding(
                "never-runs",
                _FILE,
                at,
                f"{worker.name} needs {name} {amount}, and there are {limit}",
                hint="Ask for less, or raise it under capacities:.",
            )


def _profile_findings(config: Config) -> Iterator[Finding]:
    used = {worker.profile for worker in config.workers.values()}
    near = Nearest(used)
    # The profile of a worker with a mistake is unknown.
    for name in sorted(set(config.profiles) - used) if not config.faulty else ():
        yield finding(
            "unused-profile",
            _FILE,
            ("kanban", "profiles", name),
            f"no worker has the profile {name}, so its cap applies to nobody",
            hint=near.hint(name),
        )


def _executor_findings(config: Config) -> Iterator[Finding]:
    used = {worker.executor for worker in config.workers.values()}
    # The executor of a worker with a mistake is unknown.
    for name in sorted(set(config.executors) - used) if not config.faulty else ():
        yield finding(
            "unused-executor",
            _FILE,
            ("kanban", "executors", name),
            f"no worker runs on the executor {name}",
            hint=f"Write executor: {name} for those that shall.",
        )


def _reserve_findings(config: Config) -> Iterator[Finding]:
    """Find reserves of the whole host: they stop all other workers, even while theirs are idle."""
    total, workers = config.max_concurrency, sorted(config.workers.items())
    reserves = {name: min(w.reserve, w.max_concurrency) for name, w in workers if w.reserve}
    wants_more = any(w.max_concurrency > reserves.get(name, 0) for name, w in workers)
    if sum(reserves.values()) > total or (sum(reserves.values()) == total and wants_more):
        yield finding(
            "reserves",
            _FILE,
            ("kanban", "workers", next(iter(reserves)), "reserve"),
            f"the reserve of {', '.join(reserves)} is {sum(reserves.values())} of a host total of {total}, "
            "which leaves nothing to others",
            hint="Reserve less, or raise kanban.max_concurrency.",
        )
