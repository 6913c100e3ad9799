"""Every key of `config.yaml` as data: where it stands, what it takes, its default, what it does.

It reads nothing; `configfile` does, and the documentation is checked against this table.
"""

from functools import cache
from typing import NamedTuple

# What a key takes. A tuple of words stands for a choice of them.
TEXT = "text"
BRANCH = "branch"  # its name, without refs/heads/
REMOTE = "remote"  # the name of one that the clone has, never a path or a URL
NAME = "name"  # the rule of ids
COUNT = "count"  # a whole number from 1
NATURAL = "number"  # a whole number from 0
DURATION = "duration"  # 2h, 20m, 90s, 1h30m, 7d, or seconds
BOOL = "true or false"
ARGV = "list of words"  # a command; placeholders allowed
WORDS = "list of names"
MONEY = "US dollars"
COUNTS = "names with counts"
SECTION = "section"


class Key(NamedTuple):
    """One key. `path` is dotted, `*` standing for a name that people choose."""

    path: str
    kind: str | tuple[str, ...]
    default: str
    doc: str
    field: str = ""  # of model.Config or model.Worker, where it is not the last word of the path


_W = "kanban.workers.*"

KEYS: tuple[Key, ...] = (
    Key("version", COUNT, "1", "Version of this format; 1 is the only one."),
    Key("kanban", SECTION, "", "Everything else."),
    Key("kanban.base", BRANCH, "the board's branch, or the default branch",
        "Branch that worktrees start from and that accepted work goes to."),
    Key("kanban.max_concurrency", COUNT, "6", "All sessions of this board on one host."),
    Key("kanban.max_starts_per_tick", NATURAL, "0", "Starts in one tick; 0 sets no limit."),
    Key("kanban.merge", ("merge", "squash", "ff"), "merge", "How `accept` brings work into base."),
    Key("kanban.sign", ("auto", "always", "never"), "auto",
        "Whether commits of the board and merges are signed: `auto` as `commit.gpgsign` says, unsigned "
        "where the signer does not answer a tick; `always` or not at all; `never`."),
    Key("kanban.verify_accept", BOOL, "false",
        "Run the worker's `verify` on the merged result before it is accepted."),
    Key("kanban.worktrees", TEXT, "`<repo>.worktrees` beside the repository",
        "Folder for the worktrees of cards."),
    Key("kanban.commit_suffix", TEXT, "", "Added to board commits' subjects, `[skip ci]` say."),
    Key("kanban.keep_runs", NATURAL, "20", "Folders of ended runs that `gc` keeps."),
    Key("kanban.archive_after", DURATION, "0",
        "Age at which `gc` moves a done card to the archive; 0 never does."),
    Key("kanban.consolidate_after", COUNT, "5",
        "Memory proposals that make a card for `consolidate_to`."),
    Key("kanban.git_timeout", DURATION, "10m",
        "Limit of one git command, with the filters and hooks of others that it runs."),
    Key("kanban.push", REMOTE, "", "Remote to which branches of cards in review are pushed."),
    Key("kanban.pr", BOOL, "false", "Open a pull request for a pushed branch, with gh."),
    Key("kanban.on_tamper", ("tell", "hold"), "tell",
        "What follows when hooks, git's configuration, trust or refs changed while a run lived: "
        "`hold` starts nothing until `gitkanban trust` settles it."),
    Key("kanban.budget", SECTION, "", "What sessions may cost in US dollars before a person is asked."),
    Key("kanban.budget.card", MONEY, "", "Of one card, where its worker has no budget of its own.",
        "budget_card"),
    Key("kanban.budget.day", MONEY, "", "Of all sessions in one day (UTC).", "budget_day"),
    Key("kanban.workers", SECTION, "", "The workers, by name."),
    Key(_W, SECTION, "", "One worker."),
    Key(f"{_W}.profile", NAME, "the worker's name", "Agent identity its sessions run as."),
    Key(f"{_W}.mode", ("lane", "pool"), "lane", "`lane` runs one card at a time, `pool` several."),
    Key(f"{_W}.max_concurrency", COUNT, "1", "Sessions of this worker at the same time."),
    Key(f"{_W}.workspace_policy", ("worktree-per-task", "shared"), "worktree-per-task",
        "A worktree for each card, or the main checkout, one session at a time."),
    Key(f"{_W}.runner", NAME, "", "Preset that knows the agent's command line."),
    Key(f"{_W}.command", ARGV, "the preset's", "The agent's command line, with placeholders."),
    Key(f"{_W}.resume", ARGV, "the preset's",
        "Beside `command`: the command line that goes on in a `{session}`. `never`: each session is "
        "a new conversation."),
    Key(f"{_W}.stdin", ("none", "prompt"), "the preset's, else none",
        "Beside `command`: `prompt` gives the session its prompt on stdin."),
    Key(f"{_W}.args", WORDS, "", "Words added to the agent's command line, at its start and when it goes on."),
    Key(f"{_W}.model", TEXT, "the agent's own", "Model that the agent is started with."),
    Key(f"{_W}.effort", TEXT, "the agent's own", "Effort that the agent is started with."),
    Key(f"{_W}.models", WORDS, "", "Models that its cards may choose by `model`."),
    Key(f"{_W}.efforts", WORDS, "", "Efforts that its cards may choose by `effort`."),
    Key(f"{_W}.fallback", NAME, "",
        "Worker that takes its ready cards while the quota of its profile is used up."),
    Key(f"{_W}.budget", SECTION, "", "What its sessions may cost in US dollars before a person is asked."),
    Key(f"{_W}.budget.card", MONEY, "", "Of one card.", "budget_card"),
    Key(f"{_W}.budget.day", MONEY, "", "Of all its sessions in one day (UTC).", "budget_day"),
    Key(f"{_W}.setup", ARGV, "", "Command run once in a fresh worktree."),
    Key(f"{_W}.verify", ARGV, "", "Command that decides whether a clean exit counts."),
    Key(f"{_W}.commits", ("session", "supervisor"), "the preset's, else session",
        "Who commits the work: with `supervisor`, left-over changes count as work."),
    Key(f"{_W}.on_success", ("review", "done"), "review",
        "Where a card goes when its run succeeds; `done` accepts it at once."),
    Key(f"{_W}.pass_env", WORDS, "", "Environment variables handed to the session."),
    Key(f"{_W}.timeout", DURATION, "2h", "Wall-clock limit of a run."),
    Key(f"{_W}.stall_timeout", DURATION, "20m", "Limit without any activity."),
    Key(f"{_W}.max_attempts", COUNT, "2", "Failed attempts before a card is blocked."),
    Key(f"{_W}.weight", COUNT, "1", "Share of starts against other workers."),
    Key(f"{_W}.reserve", NATURAL, "0", "Slots of the host total kept free for this worker, idle or not."),
    Key(f"{_W}.needs", COUNTS, "", "Capacities each of its cards takes, unless the card says so."),
    Key(f"{_W}.memory", ("read-only", "read-write"), "read-only for pools, read-write for lanes",
        "What a session may do to its profile's memory."),
    Key(f"{_W}.memory_home", SECTION, "", "Where the profile keeps its memory; makes it enforced."),
    Key(f"{_W}.memory_home.env", TEXT, "", "Variable that tells the agent its home.",
        "memory_env"),
    Key(f"{_W}.memory_home.path", TEXT, "", "The profile's home folder.", "memory_path"),
    Key(f"{_W}.memory_home.memory", WORDS, "", "Paths in the home that are memory.",
        "memory_parts"),
    Key(f"{_W}.consolidate_to", NAME, "", "Worker that gets a card to consolidate proposals."),
    Key(f"{_W}.board", ("propose",), "", "`propose` lets its branches add backlog cards."),
    Key("kanban.profiles", SECTION, "", "Profiles, by name."),
    Key("kanban.profiles.*", SECTION, "", "One profile."),
    Key("kanban.profiles.*.max_concurrency", COUNT, "the largest limit among its workers",
        "Sessions of the profile over all its workers."),
    Key("kanban.capacities", COUNTS, "", "Shared, named capacities that cards ask for by `needs`."),
)  # fmt: skip
BY_PATH = {key.path: key for key in KEYS}


@cache
def below(path: str) -> list[Key]:
    """The keys directly below a section (`""` for the root)."""
    prefix = f"{path}." if path else ""
    depth = prefix.count(".")
    return [k for k in KEYS if k.path.startswith(prefix) and k.path.count(".") == depth]
