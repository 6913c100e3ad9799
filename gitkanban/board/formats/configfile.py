"""`config.yaml` to a Config and every problem in it.

It does not look at cards, at the machine, or at what is trusted.
"""

from gitkanban.board.formats import configkeys, yamltext
from gitkanban.board.formats.configedit import (
    edited as edited,  # reading and editing are used together
)
from gitkanban.board.formats.configkeys import KEYS as KEYS  # the documented table
from gitkanban.board.formats.configkeys import ConfigKey
from gitkanban.board.formats.configvalues import (
    MOST,
    read_value,
    short_name,
    wanted_words,
    whole_number,
)
from gitkanban.board.formats.yamltext import Bad, Mapping, Node, Scalar, described, problem_at
from gitkanban.core import engines, ids, model, sizes
from gitkanban.core.agents import memory, presets, sandboxes
from gitkanban.core.model import Config, ExecutorConfig, Problem, Worker
from gitkanban.core.names import NOBODY, ProfileName, WorkerName
from gitkanban.errors import UsageError
from gitkanban.typed import Any


def parse(data: bytes, path: str) -> tuple[Config | None, list[Problem]]:
    """Return the config and all that is wrong with it.

    A worker with a problem is left out and named in `faulty`; the others stay. With a problem
    anywhere else, such as an unreadable limit, the config is None: a guess could start too much.
    """
    try:
        root = yamltext.load(yamltext.decoded(data, path), path)
    except Bad as bad:
        return None, [bad.problem]
    return _ConfigReader(path).config(root)


class _ConfigReader:
    """Collects the problems of one file while its values are read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.faulty: dict[WorkerName, Problem] = {}

    def say(self, node: Node, message: str, hint: str = "") -> None:
        self.problems.append(problem_at(self.file, node, message, hint))

    def config(self, root: Mapping) -> tuple[Config | None, list[Problem]]:
        top = self.section(root, "")
        if top.get("version", 1) != 1:
            node = root.get("version") or root
            hint = "Write version: 1, or install a newer gitkanban."
            self.say(node, f"version {top['version']} of the format is not known here", hint)
        kanban = root.get("kanban")
        if kanban is None:
            self.say(root, "there is no kanban: section", "Write `kanban:` and `workers:` below.")
            return None, self.problems
        values = self.section(kanban, "kanban") | self.budget(kanban, "kanban")
        named = self.named(_child_of(kanban, "workers"), "kanban.workers")
        nodes = {WorkerName(name): node for name, node in named}
        profiles = self.profiles(_child_of(kanban, "profiles"))
        fatal = bool(self.problems)
        workers = {name: self.worker(name, node) for name, node in nodes.items()}
        given = self.named(_child_of(kanban, "executors"), "kanban.executors")
        executors = self.executors(given)
        self.on_executors(workers, nodes, executors, {name for name, _ in given})
        self.across(workers, nodes)
        good = {name: worker for name, worker in workers.items() if worker is not None}
        if fatal:
            return None, sorted(self.problems)
        read = Config(
            **values, workers=good, profiles=profiles, executors=executors, faulty=self.faulty
        )
        return read, sorted(self.problems)

    def section(self, node: Node, path: str) -> dict[str, Any]:
        """Return the values of a section's own keys, by field name; wrong ones become problems."""
        values: dict[str, Any] = {}
        if isinstance(node, Scalar) and node.absent:
            return values
        if not isinstance(node, Mapping):
            self.say(node, f"{path} must have keys below it, not {described(node)}")
            return values
        known = {key.path.rpartition(".")[2]: key for key in configkeys.below(path)}
        for name, child in node.entries:
            key = known.get(name.text)
            if key is None:
                self.unknown(name, path, known)
            elif key.kind != configkeys.SECTION and not (
                isinstance(child, Scalar) and child.absent
            ):
                value = self.value(key, child)
                if value is not None:
                    values[key.field or name.text] = value
        return values

    def unknown(self, name: Scalar, path: str, known: Any) -> None:
        few = len(self.problems) < sizes.HINTS_MOST
        hint = ids.did_you_mean(name.text, known) if few else ""
        homes = [k.path for k in KEYS if k.path.rpartition(".")[2] == name.text]
        if homes and name.text != "*":
            home = homes[0].rpartition(".")[0].replace("*", "NAME")
            hint = f"It belongs to {home or 'the top of the file'}."
        inside = path.replace("*", "NAME") or "config.yaml"
        self.say(name, f"unknown key {name.text[:60]!r} in {inside}", hint)

    def named(self, node: Node | None, path: str) -> list[tuple[str, Node]]:
        """Return the entries of a mapping whose keys are names that people choose."""
        if node is None or (isinstance(node, Scalar) and node.absent):
            return []
        if not isinstance(node, Mapping):
            self.say(node, f"{path} must have names below it, not {described(node)}")
            return []
        for name, _ in node.entries:
            wrong = ids.fault(name.text)
            if wrong:
                self.say(name, f"{name.text[:60]!r} cannot be a name in {path}: {wrong}")
        return [(name.text, child) for name, child in node.entries if not ids.fault(name.text)]

    def profiles(self, node: Node | None) -> dict[ProfileName, int]:
        limits = {}
        for name, child in self.named(node, "kanban.profiles"):
            values = self.section(child, "kanban.profiles.*")
            if "max_concurrency" in values:
                limits[ProfileName(name)] = values["max_concurrency"]
        return limits

    def executors(self, given: list[tuple[str, Node]]) -> dict[str, ExecutorConfig]:
        """Return the executors without a mistake;
        what is wrong with one is its workers' problem.
        """
        executors = {}
        for name, child in given:
            before = len(self.problems)
            values = self.section(child, "kanban.executors.*")
            engine = engines.find_engine(values.get("engine", ""))
            if "engine" not in values and len(self.problems) == before:
                known = ", ".join(engines.ENGINES)
                self.say(child, f"executor {name} has no engine", f"Write engine: {known}.")
            elif "engine" in values and engine is None:
                hint = ids.did_you_mean(values["engine"], engines.ENGINES)
                hint = hint or f"Known: {', '.join(engines.ENGINES)}."
                at = _child_of(child, "engine") or child
                self.say(at, f"unknown engine {values['engine']!r}", hint)
            elif engine and (why := engines.option_fault(engine, values.get("options", ()))):
                self.say(_child_of(child, "options") or child, f"options of {name}: {why}")
            if len(self.problems) == before:
                executors[name] = ExecutorConfig(name, **values)
        return executors

    def on_executors(
        self,
        workers: dict[WorkerName, Worker | None],
        nodes: dict[WorkerName, Node],
        executors: dict[str, ExecutorConfig],
        given: set[str],
    ) -> None:
        """Leave out workers whose executor is not there: elsewhere they must not start."""
        for name, worker in workers.items():
            if worker and worker.executor and worker.executor not in executors:
                at, other = _child_of(nodes[name], "executor") or nodes[name], worker.executor
                if other in given:
                    self.say(at, f"{name} starts nothing: its executor {other} has a mistake")
                else:
                    hint = ids.did_you_mean(other, given) if given else ""
                    hint = hint or "Name it under executors:, or leave it out to run here."
                    self.say(at, f"unknown executor {other!r}", hint)
                self.faulty[name] = self.problems[-1]
                workers[name] = None

    def budget(self, node: Node, path: str) -> dict[str, Any]:
        budget = _child_of(node, "budget")
        return self.section(budget, f"{path}.budget") if budget is not None else {}

    def worker(self, name: WorkerName, node: Node) -> Worker | None:
        before = len(self.problems)
        values = self.section(node, "kanban.workers.*") | self.budget(node, "kanban.workers.*")
        home = _child_of(node, "memory_home")
        if home is not None and not (isinstance(home, Scalar) and home.absent):
            values |= self.section(home, "kanban.workers.*.memory_home")
            self.memory_home(name, home, values)
        if isinstance(node, Mapping):
            self.limits(name, node, values)
            self.runner(node, values)
        if len(self.problems) > before:
            self.faulty[name] = min(self.problems[before:])
            return None
        return Worker(name, values.pop("profile", ProfileName(name)), **values)

    def memory_home(self, name: WorkerName, node: Node, values: dict[str, Any]) -> None:
        for key in ("env", "path", "memory"):
            if not values.get("memory_parts" if key == "memory" else f"memory_{key}"):
                return self.say(node, f"memory_home of {name} has no {key}")
        wrong = memory.path_fault(values["memory_path"])
        if wrong:
            at = _child_of(node, "path") or node
            hint = "Nothing but a leading ~ is expanded."
            self.say(at, f"memory_home.path of {name} is {values['memory_path']}, {wrong}", hint)
        parts = _child_of(node, "memory")
        for item in parts.items if isinstance(parts, yamltext.Sequence) else ():
            text = item.text if isinstance(item, Scalar) else ""
            wrong = memory.part_fault(text)
            if wrong:
                hint = "Write paths below memory_home.path, such as memories."
                self.say(item, f"memory_home.memory of {name} names {text!r}, {wrong}", hint)
        return None

    def limits(self, name: WorkerName, node: Mapping, values: dict[str, Any]) -> None:
        many = values.get("max_concurrency", 1)
        if many <= 1:
            return
        at = node.get("max_concurrency") or node
        if values.get("mode", model.LANE) == model.LANE:
            hint = "Write mode: pool, or max_concurrency: 1."
            self.say(at, f"{name} is a lane, which runs one card at a time, not {many}", hint)
        elif values.get("workspace_policy", model.WORKTREE) != model.WORKTREE:
            at = node.get("workspace_policy") or node
            hint = "Write workspace_policy: worktree-per-task, or max_concurrency: 1."
            self.say(at, f"{name} is a pool of {many} without a worktree for each task", hint)

    def runner(self, node: Mapping, values: dict[str, Any]) -> None:
        runner = values.get("runner")
        self.options(node, values)
        if runner is None:
            return
        preset = presets.PRESETS.get(runner)
        if preset is None:
            hint = ids.did_you_mean(runner, presets.PRESETS)
            at = node.get("runner") or node
            self.say(at, f"unknown runner {runner!r}", f"{hint} Or give a command: of your own.")
        elif "command" not in values:
            values["command"] = preset.start

    def options(self, node: Mapping, values: dict[str, Any]) -> None:
        """Report keys of a preset next to a `command`, and the other way round."""
        runner = values.get("runner", "")
        own = "command" in values
        preset = presets.CUSTOM if own else presets.preset_of(runner)
        for key in ("model", "effort"):
            given = next((name for name in (key, f"{key}s") if values.get(name)), "")
            if given and not getattr(preset, key):
                who = "a custom command" if own else f"runner {runner}" if runner else "it"
                hint = "Write the words that choose it into command: or args:."
                self.say(node.get(given) or node, f"{who} has no way to choose its {key}", hint)
        for key in ("resume", "stdin"):
            if key in values and not own and values[key] != presets.NO_RESUME:
                hint = f"Write the whole command:, or leave {key} out."
                self.say(node.get(key) or node, f"{key} needs a command: of your own", hint)

    def across(
        self, workers: dict[WorkerName, Worker | None], nodes: dict[WorkerName, Node]
    ) -> None:
        """Report problems that take all workers to see."""
        near = ids.Nearest(tuple(workers))
        for name, worker in workers.items():
            if worker and worker.fallback:
                self.fallback(worker, workers, nodes[name], near)
        for name, worker in workers.items():
            target = worker.consolidate_to if worker else NOBODY
            if target and target not in workers:
                at = _child_of(nodes[name], "consolidate_to") or nodes[name]
                hint = near.hint(target)
                self.say(at, f"consolidate_to names the unknown worker {target!r}", hint)
                self.faulty[name] = self.problems[-1]
                workers[name] = None
                continue
            owner = workers[target] if target else None
            if owner and owner.memory_path and owner.memory_policy == "read-only":
                # What it remembers would become proposals, those would become a card, and so on.
                at = _child_of(nodes[name], "consolidate_to") or nodes[name]
                hint = "Write memory: read-write there, or name another worker."
                self.say(at, f"consolidate_to names {target}, which may not write a memory", hint)
                self.faulty[name] = self.problems[-1]
                workers[name] = None

    def fallback(
        self,
        worker: Worker,
        workers: dict[WorkerName, Worker | None],
        node: Node,
        near: ids.Nearest,
    ) -> None:
        at, hint = _child_of(node, "fallback") or node, near.hint(worker.fallback)
        if worker.fallback not in workers:
            self.say(at, f"fallback names the unknown worker {worker.fallback!r}", hint)
        elif worker.fallback == worker.name:
            self.say(at, f"{worker.name} cannot be its own fallback", "Name another worker.")
        else:
            return
        self.faulty[worker.name] = self.problems[-1]
        workers[worker.name] = None

    # One value ------------------------------------------------------------------------------

    def value(self, key: ConfigKey, node: Node) -> Any:
        """Return the value of a key, or None and a problem when the key does not take it."""
        if key.kind == configkeys.SANDBOX and isinstance(node, Scalar):
            return self.sandbox(node)
        if key.kind in configkeys.LISTS:
            if short_name(key) == "resume" and isinstance(node, Scalar) and node.text == "never":
                return presets.NO_RESUME
            return self.words(key, node)
        if key.kind == configkeys.COUNTS:
            return self.counts(key, node)
        if not isinstance(node, Scalar):
            return self.wrong(key, node)
        try:
            return read_value(key, node.text)
        except UsageError as error:
            self.say(node, error.message, error.hint)
            return None

    def wrong(self, key: ConfigKey, node: Node) -> None:
        self.say(node, f"{short_name(key)} must be {wanted_words(key)}, found {described(node)}")

    def words(self, key: ConfigKey, node: Node) -> tuple[str, ...] | None:
        if not isinstance(node, yamltext.Sequence):
            name = key.path.rpartition(".")[2]
            hint = f"Write {name}: [one, word, each]; nothing is split or passed through a shell."
            self.say(node, f"{short_name(key)} must be a list, not {described(node)}", hint)
            return None
        words = []
        for child in node.items:
            if not isinstance(child, Scalar) or (child.absent and not child.text):
                self.say(child, f"a word of {short_name(key)} must be text, not {described(child)}")
                return None
            if key.kind == configkeys.ARGV and not self.placeholders(child, presets.PLACEHOLDERS):
                return None
            if key.kind == configkeys.SANDBOX and not self.placeholders(
                child, sandboxes.PLACEHOLDERS
            ):
                return None
            words.append(child.text)
        if key.kind in configkeys.COMMANDS and words and not words[0]:
            self.say(node.items[0], f"{short_name(key)} names no command")
            return None
        if (
            key.kind == configkeys.COMMAND
            and words
            and not self.is_outside(node.items[0], words[0])
        ):
            return None
        return tuple(words)

    def sandbox(self, node: Scalar) -> tuple[str, ...] | None:
        """Return the words that a sandbox preset's name stands for."""
        if node.text in sandboxes.PRESETS:
            return (node.text,)
        hint = "Write sandbox: bwrap, or a command that stands before the session's: [one, word, each]."
        self.say(node, f"unknown sandbox {node.text!r}", hint)
        return None

    def placeholders(self, node: Scalar, known: tuple[str, ...]) -> bool:
        for name in presets.unknown_placeholders(node.text, known):
            hint = ids.did_you_mean(name, known)
            self.say(node, f"unknown placeholder {{{name}}}", hint)
            return False
        return True

    def is_outside(self, node: Node, program: str) -> bool:
        """Return whether a program is given by its bare name or by its absolute path.

        A path into the repository would run whatever somebody commits there, without asking.
        """
        if "/" not in program or program.startswith("/"):
            return True
        hint = "Write the name of a program on PATH, or its absolute path."
        self.say(node, f"{program[:60]!r} lies in a folder that is not absolute", hint)
        return False

    def counts(self, key: ConfigKey, node: Node) -> Any:
        if not isinstance(node, Mapping):
            return self.wrong(key, node)
        counts = {}
        for name, child in self.named(node, short_name(key)):
            text = child.text if isinstance(child, Scalar) else ""
            amount = whole_number(text)
            if amount is None or not 1 <= amount <= MOST:
                up_to = f" to {MOST}" if amount else ""
                message = f"{short_name(key)}.{name} must be a whole number from 1{up_to}"
                self.say(child, f"{message}, found {described(child)}")
                return None
            counts[name] = amount
        # A worker's needs are compared with other values; capacities are looked up by name.
        return tuple(sorted(counts.items())) if key.path.endswith("needs") else counts


def _child_of(node: Node, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None
