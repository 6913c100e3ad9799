"""Every key of `config.yaml` as data: its path, its values, its default, what it does.

It reads nothing; `configfile` does, and the documentation is checked against this table.
"""

from functools import cache

from gitkanban.typed import NamedTuple

# What values a key takes. A tuple of words is a choice of them.
TEXT = "text"
BRANCH = "branch"  # its name, without refs/heads/
REMOTE = "remote"  # the name of a remote of the clone, never a path or a URL
NAME = "name"  # spelled like an id
COUNT = "count"  # a whole number from 1
NATURAL = "number"  # a whole number from 0
DURATION = "duration"  # 2h, 20m, 90s, 1h30m, 7d, or seconds
BOOL = "true or false"
ARGV = "list of words"  # a command; placeholders allowed
COMMAND = "a command as a list of words"  # of a program on PATH, or by its absolute path
SANDBOX = "a preset's name, or a list of words"
WORDS = "list of names"
MONEY = "US dollars"
COUNTS = "names with counts"
SECTION = "section"
COMMANDS = (ARGV, COMMAND, SANDBOX)  # their first word is a program's
LISTS = (*COMMANDS, WORDS)


class ConfigKey(NamedTuple):
    """One key. `path` is dotted; `*` stands for a name that people choose."""

    path: str
    kind: str | tuple[str, ...]
    default: str
    doc: str
    field: str = ""  # of model.Config or model.Worker, where it is not the last word of the path


# Values that have another word by now. The former one is still read, and `check` reports it.
FORMER_WORDS = {"kanban.on_tamper": {"tell": "warn"}}

_W = "kanban.workers.*"

KEYS: tuple[ConfigKey, ...] = (
    ConfigKey("version", COUNT, "1", "Version of this format; 1 is the only one."),
    ConfigKey("kanban", SECTION, "", "Everything else."),
    ConfigKey("kanban.base", BRANCH, "the board's branch, or the default branch",
        "Branch that worktrees start from and that accepted work goes to."),
    ConfigKey("kanban.max_concurrency", COUNT, "6", "All sessions of this board on one host."),
    ConfigKey("kanban.max_starts_per_tick", NATURAL, "0", "Starts in one tick; 0 sets no limit."),
    ConfigKey("kanban.merge", ("merge", "squash", "ff"), "merge", "How `accept` brings work into base."),
    ConfigKey("kanban.sign", ("auto", "always", "never"), "auto",
        "Whether commits of the board and merges are signed: `auto` as `commit.gpgsign` says, unsigned "
        "where the signer does not answer a tick; `always` or not at all; `never`."),
    ConfigKey("kanban.verify_accept", BOOL, "false",
        "Run the worker's `verify` on the merged result before it is accepted."),
    ConfigKey("kanban.worktrees", TEXT, "`<repo>.worktrees` beside the repository",
        "Folder for the worktrees of cards."),
    ConfigKey("kanban.commit_suffix", TEXT, "", "Added to the subjects of board commits, such as `[skip ci]`."),
    ConfigKey("kanban.keep_runs", NATURAL, "20", "Folders of ended runs that `gc` keeps."),
    ConfigKey("kanban.archive_after", DURATION, "0",
        "Age at which `gc` moves a done card to the archive; 0 never does."),
    ConfigKey("kanban.consolidate_after", COUNT, "5",
        "How many memory proposals make a card for `consolidate_to`."),
    ConfigKey("kanban.git_timeout", DURATION, "10m",
        "Time limit of one git command, including the filters and hooks that it runs."),
    ConfigKey("kanban.sync_work", BOOL, "true",
        "Whether base and the branches of cards travel with the board where ticks sync; else the "
        "board alone (hosts.md)."),
    ConfigKey("kanban.push", REMOTE, "", "Remote to which branches of cards in review are pushed."),
    ConfigKey("kanban.pr", BOOL, "false", "Open a pull request for a pushed branch, with gh."),
    ConfigKey("kanban.on_tamper", ("warn", "hold"), "warn",
        "What follows when hooks, git's configuration, trust or refs changed during a run: a warning, "
        "or with `hold` also that nothing starts until `gitkanban trust` settles it."),
    ConfigKey("kanban.notify", COMMAND, "",
        "Command that is given the news as JSON on stdin: what needs a person, failed for good, idles, "
        "is paused or limited (notify.md)."),
    ConfigKey("kanban.notify_every", DURATION, "5m",
        "Least time between two calls of `notify`: what comes in between goes together."),
    ConfigKey("kanban.budget", SECTION, "", "What sessions may cost in US dollars before a person is asked."),
    ConfigKey("kanban.budget.card", MONEY, "", "Of one card, where its worker has no budget of its own.",
        field="budget_card"),
    ConfigKey("kanban.budget.day", MONEY, "", "Of all sessions in one day (UTC).", field="budget_day"),
    ConfigKey("kanban.workers", SECTION, "", "The workers, by name."),
    ConfigKey(_W, SECTION, "", "One worker."),
    ConfigKey(f"{_W}.profile", NAME, "the worker's name", "Agent identity its sessions run as."),
    ConfigKey(f"{_W}.mode", ("lane", "pool"), "lane", "`lane` runs one card at a time, `pool` several."),
    ConfigKey(f"{_W}.max_concurrency", COUNT, "1", "Sessions of this worker at the same time."),
    ConfigKey(f"{_W}.workspace_policy", ("worktree-per-task", "shared"), "worktree-per-task",
        "A worktree for each card, or the main checkout, one session at a time."),
    ConfigKey(f"{_W}.runner", NAME, "", "Preset that knows the agent's command line."),
    ConfigKey(f"{_W}.command", ARGV, "the preset's", "The agent's command line, with placeholders."),
    ConfigKey(f"{_W}.resume", ARGV, "the preset's",
        "With `command`: the command line that resumes a `{session}`. `never`: each session is "
        "a new conversation."),
    ConfigKey(f"{_W}.stdin", ("none", "prompt"), "the preset's, else none",
        "With `command`: `prompt` gives the session its prompt on stdin."),
    ConfigKey(f"{_W}.args", WORDS, "", "Words added to the agent's command line, when it starts and when it resumes."),
    ConfigKey(f"{_W}.model", TEXT, "the agent's own", "Model that the agent is started with."),
    ConfigKey(f"{_W}.effort", TEXT, "the agent's own", "Effort that the agent is started with."),
    ConfigKey(f"{_W}.models", WORDS, "", "Models that its cards may choose by `model`."),
    ConfigKey(f"{_W}.efforts", WORDS, "", "Efforts that its cards may choose by `effort`."),
    ConfigKey(f"{_W}.fallback", NAME, "",
        "Worker that takes its ready cards while the quota of its profile is used up."),
    ConfigKey(f"{_W}.budget", SECTION, "", "What its sessions may cost in US dollars before a person is asked."),
    ConfigKey(f"{_W}.budget.card", MONEY, "", "Of one card.", field="budget_card"),
    ConfigKey(f"{_W}.budget.day", MONEY, "", "Of all its sessions in one day (UTC).", field="budget_day"),
    ConfigKey(f"{_W}.sandbox", SANDBOX, "",
        "What contains `setup`, session and `verify`: `bwrap`, `[bwrap, option…]`, or a command that "
        "stands before theirs, with `{workspace}`, `{run_dir}` and `{git_dir}`."),
    ConfigKey(f"{_W}.setup", ARGV, "", "Command run once in a fresh worktree."),
    ConfigKey(f"{_W}.verify", ARGV, "", "Command that decides whether a clean exit counts."),
    ConfigKey(f"{_W}.commits", ("session", "supervisor"), "the preset's, else session",
        "Who commits the work: with `supervisor`, left-over changes count as work."),
    ConfigKey(f"{_W}.on_success", ("review", "done"), "review",
        "Where a card goes when its run succeeds; `done` accepts it at once."),
    ConfigKey(f"{_W}.pass_env", WORDS, "", "Environment variables handed to the session."),
    ConfigKey(f"{_W}.timeout", DURATION, "2h", "Wall-clock limit of a run."),
    ConfigKey(f"{_W}.stall_timeout", DURATION, "20m", "Limit without any activity."),
    ConfigKey(f"{_W}.max_attempts", COUNT, "2", "Failed attempts before a card is blocked."),
    ConfigKey(f"{_W}.weight", COUNT, "1", "Share of starts against other workers."),
    ConfigKey(f"{_W}.reserve", NATURAL, "0", "Slots of the host total kept free for this worker, idle or not."),
    ConfigKey(f"{_W}.needs", COUNTS, "", "Capacities each of its cards takes, unless the card says so."),
    ConfigKey(f"{_W}.memory", ("read-only", "read-write"), "read-only for pools, read-write for lanes",
        "What a session may do to its profile's memory."),
    ConfigKey(f"{_W}.memory_home", SECTION, "", "Where the profile keeps its memory; this enforces the policy."),
    ConfigKey(f"{_W}.memory_home.env", TEXT, "", "Variable that tells the agent its home.",
        field="memory_env"),
    ConfigKey(f"{_W}.memory_home.path", TEXT, "", "The profile's home folder.", field="memory_path"),
    ConfigKey(f"{_W}.memory_home.memory", WORDS, "", "Paths in the home that are memory.",
        field="memory_parts"),
    ConfigKey(f"{_W}.consolidate_to", NAME, "", "Worker that gets a card to consolidate proposals."),
    ConfigKey(f"{_W}.board", ("propose",), "", "`propose` lets its branches add backlog cards."),
    ConfigKey(f"{_W}.executor", NAME, "the machine that ticks",
        "Batch system under `executors` that its sessions run on."),
    ConfigKey("kanban.executors", SECTION, "", "Batch systems that sessions may run on, by name."),
    ConfigKey("kanban.executors.*", SECTION, "", "One of them."),
    ConfigKey("kanban.executors.*.engine", NAME, "", "Which batch system it is: `slurm`."),
    ConfigKey("kanban.executors.*.options", WORDS, "",
        "Options added to the command that submits a job, a word each: `--partition=agents`."),
    ConfigKey("kanban.executors.*.max_concurrency", COUNT, "no limit",
        "Sessions on it at the same time, waiting ones included."),
    ConfigKey("kanban.executors.*.workspaces", ("shared",), "shared",
        "How a job gets at a card's files: `shared` is a file system that every node has."),
    ConfigKey("kanban.profiles", SECTION, "", "Profiles, by name."),
    ConfigKey("kanban.profiles.*", SECTION, "", "One profile."),
    ConfigKey("kanban.profiles.*.max_concurrency", COUNT, "the largest limit among its workers",
        "Sessions of the profile over all its workers."),
    ConfigKey("kanban.capacities", COUNTS, "", "Shared, named capacities that cards ask for by `needs`."),
)  # fmt: skip
BY_PATH = {key.path: key for key in KEYS}


@cache
def below(path: str) -> list[ConfigKey]:
    """Return the keys directly below a section (`""` for the root)."""
    prefix = f"{path}." if path else ""
    depth = prefix.count(".")
    return [k for k in KEYS if k.path.startswith(prefix) and k.path.count(".") == depth]
