"""The commands, by name: the section of the overview that each is in, its module, and one line.

A command's module is imported only when it is called: `gitkanban --help` imports none.
"""

from gitkanban.cli.declare import DeclaredCommand

# (section, command, module under gitkanban.cli.commands, line in the overview)
COMMANDS = (
    ("Every day", "add", "add", "Add one card, or several from a file."),
    (
        "Every day",
        "tick",
        "tick",
        "Settle what has ended, start what is ready. For cron and hooks.",
    ),
    ("Every day", "status", "status", "The board: who needs you, what runs, what comes next."),
    ("Every day", "review", "review", "Go through the cards in review one by one."),
    ("Every day", "accept", "accept", "Merge the work of cards in review into base."),
    ("Start", "init", "init", "Create a board in this repository."),
    ("Start", "demo", "demo", "Watch a small board at work, in a throw-away repository."),
    ("Start", "trust", "trust", "Show what tick would run, and allow it on this machine."),
    (
        "Start",
        "instructions",
        "instructions",
        "What an agent needs to know to plan with the board.",
    ),
    ("Start", "completion", "completion", "Teach your shell the commands and the cards."),
    ("Plan", "edit", "edit", "Change a card's fields, or its file in an editor."),
    ("Plan", "link", "link", "Make a card wait for other cards."),
    ("Plan", "unlink", "link", "Make a card no longer wait for them."),
    ("Plan", "approve", "moves", "Let backlog cards run."),
    ("Look", "board", "board", "The cards in columns, by who must move next."),
    ("Look", "search", "search", "Find a text in cards, notes, results and logs."),
    ("Look", "ui", "ui", "The board live on the whole terminal, with keys for what you decide."),
    ("Look", "page", "page", "The board as one HTML file, for a browser."),
    ("Look", "web", "web", "The board in a browser, live, with buttons for what you decide."),
    ("Look", "list", "list", "List cards, with filters."),
    ("Look", "show", "show", "One card with its runs and notes."),
    ("Look", "why", "why", "What is holding a card back, and what would free it."),
    (
        "Look",
        "workers",
        "workers",
        "Workers, their limits and their load; add and set change them.",
    ),
    ("Look", "simulate", "simulate", "When each card would start and end."),
    ("Look", "log", "log", "The history of the board or of a card."),
    ("Look", "schema", "schema", "The JSON schema of a file of the board, for editors."),
    ("Look", "cost", "cost", "What sessions cost, by card, worker, profile or day."),
    ("Look", "logs", "logs", "What a session printed."),
    ("Look", "open", "open", "A card's worktree in your editor, or in any command."),
    ("Look", "path", "path", "Where a card's worktree is."),
    ("Review", "diff", "diff", "What a branch or an edit changes, in terms of cards."),
    ("Review", "check", "check", "Check a board, or what a change brings in."),
    ("Review", "fmt", "fmt", "Format card files so that git can merge changes to them."),
    ("Review", "rename", "rename", "Change a card's id, everywhere it is used."),
    ("Review", "install", "install", "Teach git to merge cards, or agents to use the board."),
    ("Run", "sync", "sync", "Merge the board with a remote's."),
    ("Run", "stop", "stop", "End a running session."),
    ("Run", "attach", "attach", "Take a card over, in its agent's conversation or a shell."),
    ("Decide", "reject", "reject", "Send a card in review back, with a reason."),
    ("Decide", "done", "done", "Close a card without merging; from a session, report."),
    ("Decide", "block", "block", "Hold a card until a person acts; from a session, ask for help."),
    ("Decide", "retry", "moves", "Let a blocked card run again."),
    ("Decide", "drop", "moves", "Give up on a card."),
    ("Decide", "reopen", "moves", "Bring a done or dropped card back."),
    ("Decide", "reclaim", "reclaim", "Give up on a run of another clone that is gone for good."),
    ("Decide", "undo", "undo", "Undo a board commit, field by field."),
    ("Decide", "note", "note", "Leave a note on a card."),
    ("Decide", "memory", "memory", "What agents want to remember: list, accept, reject."),
    ("Care", "doctor", "doctor", "Find what is wrong; repair what can be repaired safely."),
    ("Care", "gc", "gc", "Remove what finished work leaves behind; archive old cards."),
    ("Care", "notify", "notify", "What the notifier has sent and will send; try it."),
    ("Care", "pause", "pause", "Start nothing new for a worker, or for the whole board."),
    ("Care", "resume", "pause", "Let it start cards again."),
)
# Called by git, not by people, so not in the overview.
HIDDEN = (("merge-file", "mergefile"),)
MODULES = {name: module for _, name, module, _ in COMMANDS} | dict(HIDDEN)


def find_command(name: str) -> DeclaredCommand | None:
    """Import and return the command of that name; None if there is none."""
    if name not in MODULES:
        return None
    # Not by importlib, whose own imports take longer.
    module = __import__(f"gitkanban.cli.commands.{MODULES[name]}", fromlist=["_"])
    command: DeclaredCommand = getattr(module, f"{name.replace('-', '_')}_command")
    return command
