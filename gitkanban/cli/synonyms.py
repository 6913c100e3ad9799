"""Command names that people know from other tools: some work, others only lead to a suggestion.

They come from git, gh, Taskwarrior, Backlog.md and Beads (bd). Short names are run. The others are
not: in the tool that they come from, they may do something else. Imports nothing heavy.
"""

from collections.abc import Sequence

SHORT = {"ls": "list", "st": "status", "mv": "rename"}

# {the command line that is meant: the words that people type for it}
_TYPED = {
    "accept ID": "merge ok lgtm ship land complete",
    "add": "new create task issue todo card insert import draft",
    "approve ID": "ready promote triage activate enqueue",
    "attach ID": "take claim shell takeover join",
    "block ID": "hold defer postpone suspend",
    "board": "kanban columns lanes",
    "check": "lint validate",
    "cost": "costs spend spent budget usage tokens money price",
    "demo": "example tour try tutorial quickstart",
    "diff": "compare changes preview",
    "doctor": "fix repair health diagnose",
    "done ID": "close resolve finish",
    "drop ID": "rm remove delete del discard abandon wontfix",
    "edit ID": "modify update change set assign label tag priority append",
    "fmt": "format tidy",
    "gc": "clean cleanup prune archive compact purge",
    "init": "setup bootstrap",
    "instructions": "prime onboard prompt mcp skill",
    "link ID PARENT": "dep deps depend depends dependency parent child",
    "list": "all cards tasks issues query filter export",
    "list --status blocked": "blocked stuck",
    "list --status done": "completed finished",
    "log": "history blame events activity reflog",
    "logs -f ID": "tail follow output",
    "note ID": "comment comments annotate remark",
    "open ID": "code vscode checkout switch",
    "path ID": "cd worktree where pwd",
    "pause": "freeze",
    "reject ID": "decline deny rework",
    "rename ID NEW": "move",
    "reopen ID": "unarchive restore undelete",
    "resume": "unpause unfreeze continue",
    "retry ID": "rerun restart again unblock answer reply respond",
    "search": "find grep",
    "show ID": "view cat info information get inspect describe details",
    "simulate": "forecast eta schedule gantt plan burndown sequence",
    "status": "ps overview summary stats active",
    "status --watch": "watch top",
    "stop ID": "kill cancel abort terminate halt interrupt",
    "sync": "push pull fetch",
    "tick": "start run go exec next work begin daemon serve cron step dispatch",
    "trust": "allow permit authorize",
    "ui": "tui gui dashboard interactive browser",
    "undo": "revert reset rollback",
    "unlink ID PARENT": "undep",
    "why ID": "reason explain waiting",
    "workers": "agents agent slots pools pool config profiles capacity",
    "workers add NAME": "worker hire",
}
MEANT = {word: line for line, words in _TYPED.items() for word in words.split()}


def suggest(word: str, commands: Sequence[str]) -> str:
    """Return the command line that an unknown command most likely means; empty if there is none."""
    from difflib import get_close_matches

    key = word[:40].lower().replace("_", "-")
    if key in commands:
        return key
    if key in MEANT:
        return MEANT[key]
    near = get_close_matches(key, commands, n=1, cutoff=0.7)
    near = near or get_close_matches(key, MEANT, n=1, cutoff=0.7)
    near = near or get_close_matches(key, commands, n=1, cutoff=0.6)
    return MEANT.get(near[0], near[0]) if near else ""
