"""What the machine lacks: room, rights, programs that can be run, memory homes, a merge driver.

A part of the check-up of `core.care.doctor`; it examines facts only.
"""

from collections.abc import Iterator

from gitkanban.core.agents.presets import preset_of
from gitkanban.core.care.surroundings import Surroundings
from gitkanban.core.model import Board
from gitkanban.core.symptom import ERROR, INFO, WARNING, Symptom
from gitkanban.core.tick.agent_state import (
    ANSWERED,
    asks_person,
    fault_way_out,
    fault_words,
    quota_now,
    quota_words,
)
from gitkanban.core.tick.bad_nodes import nodes_at_rest, rest_words
from gitkanban.core.tick.budget import has_any
from gitkanban.core.time_words import about, span

FREE_LEAST = 1 << 30  # bytes
FREE_BARELY = 100 << 20


def shared_disk(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """A git directory that other machines may share, and where its locks are."""
    if around.shared_disk and around.locks_apart:
        yield Symptom(
            INFO,
            "network-file-system",
            around.shared_disk,
            f"the git directory is on {around.shared_disk}: only one machine may tick this clone, "
            f"and has its locks on its own disk, in {around.locks_apart}",
            advice="Nothing need be done.",
        )
    elif around.shared_disk:
        yield Symptom(
            ERROR,
            "network-file-system",
            around.shared_disk,
            f"the git directory is on {around.shared_disk} with locks that were made elsewhere, "
            "and do not hold between machines: two could run one card",
            advice="While no session runs, remove gitkanban/locks in the git directory: it is made "
            "again on a disk of this machine's own.",
        )


def disks(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Disks that are nearly full."""
    for disk in around.disks:
        few = 0 <= disk.files < 10_000
        if disk.free >= FREE_LEAST and not few:
            continue
        left = f"{disk.files} files" if few else f"{disk.free >> 20} MiB"
        yield Symptom(
            ERROR if disk.free < FREE_BARELY else WARNING,
            "disk-nearly-full",
            disk.path,
            f"room for only {left} is left at {disk.path}",
            advice="`gitkanban gc` frees what finished cards no longer need.",
        )


def unwritable(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Git's folders that this user may not write to."""
    for path in around.unwritable:
        yield Symptom(
            ERROR,
            "not-writable",
            path,
            f"you may not write in {path}, so nothing can be committed or started",
            advice="Work as its owner, or in a clone of your own.",
        )


def programs(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Programs that workers name and that cannot be run here."""
    for worker, program, why in around.missing:
        yield Symptom(
            ERROR,
            "missing-command",
            worker,
            f"{worker} cannot run {program}: {why}",
            advice="Install it, or put its folder on PATH and `gitkanban trust` again.",
        )


def executors(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Batch systems that would start nothing, or may not see the clone."""
    for name, why in sorted(around.executors.items()):
        yield Symptom(
            ERROR,
            "executor-fault",
            name,
            f"nothing starts on {name}: {why}",
            advice="Correct its options in config.yaml, or the batch system: docs/slurm.md.",
        )
    for node in nodes_at_rest(around.agents.nodes, around.now):
        yield Symptom(
            WARNING,
            "bad-node",
            node.node,
            rest_words(node, lambda at: about(at, around.now)),
            advice="See whether it mounts the share and has Python; sessions go there again then.",
        )
    for name in around.unshared:
        yield Symptom(
            WARNING,
            "executor-unshared",
            name,
            f"the git directory is on a disk of this machine's own, which the nodes of {name} may "
            "not see",
            advice="Clone onto a file system that all nodes share: docs/slurm.md.",
        )


def memory_homes(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Memory homes that cannot be used."""
    for worker, why in around.memories:
        yield Symptom(
            WARNING,
            "memory-home",
            worker,
            f"the memory home of {worker}: {why}",
            advice="Correct it there, or memory_home in config.yaml: docs/memory.md.",
        )


def sandboxes(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Sandboxes that cannot work on this machine."""
    for worker, why in around.sandboxes:
        yield Symptom(
            ERROR,
            "no-sandbox",
            worker,
            f"the sandbox of {worker} cannot be made here, so nothing starts for it: {why}",
            advice="Let users create user namespaces, or name another sandbox: docs/security.md.",
        )


def merge_driver(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """A merge driver that is not installed, or whose program is gone."""
    if not around.driver:
        yield Symptom(
            INFO,
            "no-merge-driver",
            "merge driver",
            "git merges cards line by line in this clone, not field by field",
            advice="`gitkanban install merge-driver` if merges of cards conflict here.",
        )
    elif not around.has_driver:
        yield Symptom(
            ERROR,
            "merge-driver-missing",
            "merge driver",
            f"{around.driver}, with which git merges cards here, is not found",
            advice="`gitkanban install merge-driver` writes it again.",
        )


def agents(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Agents that can be started, but do not answer."""
    for worker, program, why in around.ready.silent:
        yield Symptom(
            ERROR,
            "agent-silent",
            worker,
            f"`{program} --version`, run as {worker} would run it, {why}",
            advice="Run it by hand; install that agent again, or `gitkanban trust` again if PATH is old.",
        )


def logins(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Agents that reported that they cannot work here, and agents that seem not to be set up."""
    faults = around.agents.faults
    for worker, fault in sorted(faults.items()):
        yield Symptom(
            ERROR,
            "agent-misconfigured",
            worker,
            fault_words(worker, fault),
            advice=f"Fix that, then {fault_way_out(worker).partition(',')[0]}.",
        )
    worked = {
        run.worker
        for runs in board.runs.values()
        for run in runs
        if run.clone == around.clone and run.outcome in ANSWERED
    }
    for worker, lack in around.unready:
        if worker not in {*faults, *worked}:
            advice = "Set that up before the first start, unless it is logged in some other way."
            yield Symptom(INFO, "agent-setup", worker, f"{worker}: {lack}", advice=advice)


def quotas(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Profiles whose service asked us to come back later."""
    for profile in sorted(around.agents.quotas):
        quota = quota_now(around.agents, profile, around.now)
        if quota is None:
            continue
        text = quota_words(profile, quota, lambda at: about(at, around.now))
        if asks_person(quota):
            advice = "Look at its account, then `gitkanban resume` one of its workers."
            yield Symptom(WARNING, "quota", profile, text, advice=advice)
        else:
            advice = "Nothing need be done: its cards go on after that."
            yield Symptom(INFO, "quota", profile, text, advice=advice)


def budgets(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Budgets without effect, because the agent does not report its cost."""
    config = board.config
    for worker in config.workers.values() if config else ():
        has_budget = config and (worker.budget_day or worker.budget_card or has_any(config))
        if has_budget and not preset_of(worker.runner).says_cost:
            who = worker.runner or "a custom command"
            yield Symptom(
                INFO,
                "budget-unknown",
                worker.name,
                f"the budget of {worker.name} has no effect: {who} does not say what it costs",
                advice="Set a limit with its provider.",
            )


def notifiers(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """A notifier that does not reach anybody."""
    state = around.notifier
    if state.withheld:
        code, text = "notifier-untrusted", f"nobody is notified: {state.withheld}"
        advice = "`gitkanban trust` allows it."
    elif state.missing:
        code, text = "notifier-missing", f"nobody is notified: {state.missing}"
        advice = "Install it, or name another one in config.yaml."
    elif state.failed or state.is_cut_off:
        what = state.failed or "the notifier was cut off in the middle of a call"
        code, text = "notifier-failed", f"{what} ({span(around.now - state.at)} ago)"
        advice = "`gitkanban notify --test` tries it; docs/notify.md has recipes."
    else:
        return
    yield Symptom(WARNING, code, "notifier", text, advice=advice)


def foreign_files(board: Board, around: Surroundings) -> Iterator[Symptom]:
    """Files of other users where the repository's owner must write."""
    for each in around.foreign:
        count = "1 file" if each.number == 1 else f"{each.number} files"
        yield Symptom(
            WARNING,
            "foreign-files",
            each.user,
            f"{'at least ' if each.more else ''}{count} of {each.user}'s in a repository of "
            f"{each.owner}'s, where they stop {each.owner}'s ticks: {each.example}",
            advice=f"Never tick with sudo. `sudo chown -R {each.owner}` the git directory, .kanban and "
            "the worktrees.",
        )
