"""What is known of each batch system's command line, as data: how a job is submitted,
seen and ended.

Nothing is run here: `runs` fills in the templates, runs them and reads what they print. What a
job's state means for a run is decided in `core.tick.jobs`. The facts were tried with the version
named in each engine's `tried`.
"""

from collections.abc import Iterable, Mapping, Sequence

from gitkanban.typed import Literal, NamedTuple

# What a job is doing, in our words, or why that is not known.
JobState = Literal[
    "waiting",  # it has not begun: pending, held, configuring
    "running",  # also suspended, and completing
    "node-lost",  # the engine has given up its node
    "preempted",
    "cancelled",
    "out-of-time",
    "out-of-memory",
    "over",  # it exited, with whatever code
    "unknown",  # the engine answers, and knows no such job
    "silent",  # the engine does not answer, or not in its words
]
OPTIONS = "{options}"  # a separate word of `submit` that the executor's options replace
SEPARATOR = "|"  # between the columns of a line of `look`


class BatchJob(NamedTuple):
    """What an engine says about the job of one run."""

    state: JobState
    id: str = ""
    node: str = ""
    reason: str = ""  # in words: why it waits, or what else is to be said of it
    node_answers: bool = True  # only looked at where the node matters


class Engine(NamedTuple):
    """One batch system. Each command is an argv template."""

    name: str
    title: str  # as people call it
    tried: str
    # {name}, {minutes}, {script}, {options}; prints the job's id. It gets a bare environment, which
    # is the job's: the session's own is in the spec of its run.
    submit: tuple[str, ...]
    rehearse: tuple[str, ...]  # {options}; fails for options that `submit` would refuse
    look: tuple[str, ...]  # prints a line for each job of this user, with `columns`
    columns: tuple[str, ...]  # fields of `BatchJob`, and `name`, in the order of a line of `look`
    cancel: tuple[str, ...]  # {job}
    signal: tuple[str, ...]  # {job}: USR1 to its supervisor alone
    node: tuple[str, ...]  # {node}: prints the states of the node, in words
    states: Mapping[str, JobState]  # its words; any other is taken for `running`
    remarks: Mapping[str, str]  # words of jobs of which people should know, and in what words
    node_down: tuple[str, ...]  # parts of a node's state that mean that it does not answer
    refused: Mapping[str, str]  # options that an executor may not have, and why
    valued: tuple[str, ...] = ()  # short options, without the dash, that take a value
    env: tuple[str, ...] = ()  # variables of ours that its commands get
    exclude: str = ""  # {nodes}: the option that leaves nodes out; empty: it has none
    exclude_names: tuple[str, ...] = ()  # what people may call it
    admit: tuple[str, ...] = ()  # {job}, {nodes}: a job that waits leaves out these alone
    job_id: str = ""  # the variable that tells a job its id
    job_node: str = ""  # the variable that tells a job its node
    settling: float = 20.0  # seconds for which it need not know a job after its submission
    patience: float = 6.0  # seconds that a command of it may take


_WHAT_RUNS = "it would change what runs"
_OURS = "gitkanban sets it"

ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            name="slurm",
            title="Slurm",
            tried="22.05",
            submit=(
                "sbatch", "--parsable", "--no-requeue", "--export=ALL", "--chdir=/",
                "--output=/dev/null", "--job-name={name}", "--time={minutes}", OPTIONS, "{script}",
            ),
            rehearse=("sbatch", "--test-only", "--output=/dev/null", OPTIONS, "--wrap=true"),
            look=("squeue", "--noheader", "--me", "--states=all", "--format=%i|%j|%T|%N|%r"),
            columns=("id", "name", "state", "node", "reason"),
            cancel=("scancel", "{job}"),
            signal=("scancel", "--batch", "--signal=USR1", "{job}"),
            node=("sinfo", "--noheader", "--Node", "--nodes={node}", "--format=%T"),
            states={
                "PENDING": "waiting", "CONFIGURING": "waiting", "REQUEUED": "waiting",
                "REQUEUE_HOLD": "waiting", "REQUEUE_FED": "waiting", "RESV_DEL_HOLD": "waiting",
                "SPECIAL_EXIT": "waiting", "RUNNING": "running", "COMPLETING": "running",
                "SUSPENDED": "running", "STOPPED": "running", "SIGNALING": "running",
                "STAGE_OUT": "running", "RESIZING": "running", "NODE_FAIL": "node-lost",
                "BOOT_FAIL": "node-lost", "PREEMPTED": "preempted", "CANCELLED": "cancelled",
                "REVOKED": "cancelled", "TIMEOUT": "out-of-time", "DEADLINE": "out-of-time",
                "OUT_OF_MEMORY": "out-of-memory", "FAILED": "over", "COMPLETED": "over",
            },
            remarks={
                "CONFIGURING": "its node is being started", "SUSPENDED": "suspended",
                "STOPPED": "stopped", "COMPLETING": "its job is ending",
            },
            node_down=("down", "fail", "unk", "*"),
            refused={
                "--wrap": _WHAT_RUNS, "--array": "each card is a job of its own", "-a": "each card is a job of its own",
                "--requeue": "a run begins once", "--parsable": _OURS, "--no-requeue": _OURS,
                "--export": _OURS, "--export-file": _WHAT_RUNS, "--chdir": _OURS, "-D": _OURS,
                "--output": _OURS, "-o": _OURS, "--error": _OURS, "-e": _OURS, "--input": _WHAT_RUNS,
                "-i": _WHAT_RUNS, "--job-name": _OURS, "-J": _OURS, "--propagate": _WHAT_RUNS,
                "--uid": _WHAT_RUNS, "--gid": _WHAT_RUNS, "--get-user-env": _WHAT_RUNS,
                "--wait": "a tick would wait for the session", "-W": "a tick would wait for the session",
                "--test-only": "nothing would run", "--clusters": "its jobs could not be seen",
                "-M": "its jobs could not be seen", "--help": "nothing would run", "-h": "nothing would run",
                "--usage": "nothing would run", "--version": "nothing would run", "-V": "nothing would run",
                "--prolog": _WHAT_RUNS, "--task-prolog": _WHAT_RUNS, "--bb": _WHAT_RUNS, "--bbf": _WHAT_RUNS,
                "--container": "the supervisor must see the run's folder",
                "--ignore-pbs": _OURS, "--kill-on-invalid-dep": _OURS, "--open-mode": _OURS,
                "--signal": "it would end sessions without a reason", "--spread-job": "a session has one node",
            },
            valued=tuple("AbBcCdFGkLmnNpqStwx"),
            env=("SLURM_CONF",),
            exclude="--exclude={nodes}",
            exclude_names=("--exclude", "-x"),
            admit=("scontrol", "update", "JobId={job}", "ExcNodeList={nodes}"),
            job_id="SLURM_JOB_ID",
            job_node="SLURMD_NODENAME",
        ),
    )
}  # fmt: skip


def find_engine(name: str) -> Engine | None:
    """The engine of that name, None if there is none."""
    return ENGINES.get(name)


def fill(
    template: Sequence[str], values: Mapping[str, str], options: Sequence[str] = ()
) -> list[str]:
    """The argv of a command: the template with its placeholders replaced, each word by itself."""
    argv: list[str] = []
    for word in template:
        if word == OPTIONS:
            argv += options
            continue
        for name, value in values.items():
            word = word.replace(f"{{{name}}}", value)
        argv.append(word)
    return argv


def option_fault(engine: Engine, options: Sequence[str]) -> str:
    """Why an executor may not have one of its options; empty if it may have them all.

    A word that is no option would be taken for the script. So a value stands in the same word as
    its option: `--mem=8G`, `-pshort`.
    """
    for word in options:
        if not word.startswith("-") or word in ("-", "--"):
            return f"{word!r} is no option: write a value in the word of its option, as in --mem=8G"
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        for refused, why in engine.refused.items():
            if _may_mean(name, refused):
                return f"{refused} is refused: {why}"
        if word.startswith("--"):
            continue
        if len(word) > 2 and name[1:] not in engine.valued:
            return f"{word!r} must be written as one long option or one letter to a word"
        if len(word) == 2 and name[1:] in engine.valued:
            return f"{word!r} lacks its value: write it in the same word"
    return ""


def _may_mean(name: str, option: str) -> bool:
    """Return whether a program may take a word for this option: a part of a long one is enough."""
    return name == option or (name.startswith("--") and len(name) > 3 and option.startswith(name))


def own_exclusion(engine: Engine, options: Sequence[str]) -> str:
    """Return the nodes that an executor's options leave out; the last of them counts."""
    nodes = ""
    for word in options:
        name, _, value = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if value and any(_may_mean(name, each) for each in engine.exclude_names):
            nodes = value
    return nodes


def leave_nodes_out(engine: Engine, options: Sequence[str], nodes: Iterable[str]) -> list[str]:
    """Return the options of a job that leaves out these nodes, too."""
    every = [*filter(None, [own_exclusion(engine, options)]), *nodes]
    return [*options, engine.exclude.replace("{nodes}", ",".join(every))]


def read_jobs(engine: Engine, text: str) -> Iterable[tuple[str, BatchJob]]:
    """The (name, job) of each line that `look` printed. Raises ValueError for anything else."""
    for line in text.splitlines():
        cells = line.split(SEPARATOR, len(engine.columns) - 1)
        if len(cells) != len(engine.columns):
            raise ValueError(f"not a line of {engine.title}: {line[:100]!r}")
        row = dict(zip(engine.columns, (cell.strip() for cell in cells), strict=True))
        word = row["state"].split(" ")[0]
        state = engine.states.get(word, "running")
        reason = "" if row.get("reason", "") in ("None", "(null)") else row.get("reason", "")
        if state == "running" or word in engine.remarks:
            reason = engine.remarks.get(word, "")
        node = "" if row.get("node", "") in ("(null)", "n/a") else row.get("node", "")
        yield row["name"], BatchJob(state, row["id"], node, reason)


def node_answers(engine: Engine, text: str) -> bool:
    """Whether a node answers, by what `node` printed of its state; a silent node does not."""
    return bool(text.strip()) and not any(part in text.lower() for part in engine.node_down)
