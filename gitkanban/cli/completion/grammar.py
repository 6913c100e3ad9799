# Made by `python -m tests.commands_page` from the commands; a test holds that it is theirs.
# fmt: off
"""Commands, options and what they take, as plain data: no command is imported to complete one."""

# What an option or an argument takes: None nothing, "" any text, a kind of value, or one of a few
# words. With "=" in front it can only stand behind an equals sign.
Takes = str | tuple[str, ...] | None
Argument = tuple[Takes, bool]  # ..., and whether it may be given many times
Option = tuple[tuple[str, ...], Takes, bool, str]  # names, ..., what it does

COMMANDS: dict[str, tuple[tuple[Argument, ...], tuple[Option, ...]]] = {
    'add': ((
        ('', False),
    ), (
        (('--id',), '', False, 'Id of the card'),
        (('-w', '--worker'), 'worker', False, 'Worker that gets the card'),
        (('-p', '--parent'), 'card backlog todo running review done blocked dropped', True, 'Start only when this card is done'),
        (('--priority',), '', False, 'Higher goes first'),
        (('--needs',), 'capacity', True, 'Amount of a capacity that it needs'),
        (('--acceptance',), '', True, 'One line that must hold when it is done'),
        (('--body',), '', False, 'Full description of the work'),
        (('--body-file',), 'file', False, 'Read the body from a file'),
        (('--label',), 'label', True, 'A word to find it by'),
        (('--model',), 'model', False, "One of its worker's `models`"),
        (('--effort',), 'effort', False, "One of its worker's `efforts`"),
        (('-e', '--edit'), None, False, 'Write the body in your editor'),
        (('--backlog',), None, False, 'Do not run it until it is approved'),
        (('--from',), 'file', False, 'Add every card of a YAML list (- for stdin), in one commit, all or none'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'tick': ((
    ), (
        (('-n', '--dry-run'), None, False, 'Print the plan and change nothing'),
        (('-v', '--verbose'), None, False, 'Also say what is holding the other cards back'),
        (('--sync',), None, False, 'Sync with a remote first, and push each start before it happens'),
        (('--remote',), 'remote', False, 'The remote to sync with'),
        (('--wait',), None, False, 'Stay, and tick again, until no session is running (for containers and CI)'),
        (('--json',), None, False, 'Print JSON'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'status': ((
    ), (
        (('-a', '--all'), None, False, 'List every card: backlog, done and dropped ones too'),
        (('--at',), 'rev', False, 'The board as it was at a commit, tag or date@{…}'),
        (('--label',), 'label', True, 'Only cards with this label (repeatable: only cards with all of them)'),
        (('--watch',), '=', False, 'Redraw every 2 seconds, or every SECONDS, until ^C'),
        (('--bell',), None, False, 'With --watch: ring when another card needs you'),
        (('--format',), ('text', 'tsv', 'json'), False, 'Default: text on a terminal, else tsv (tab-separated lines)'),
        (('--json',), None, False, 'The same as --format json'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'review': ((
        ('card review', True),
    ), (
        (('--no-tick',), None, False, 'Start nothing now, even if a tick has run in the last five minutes'),
    )),
    'accept': ((
        ('card review', True),
    ), (
        (('--merge',), None, False, 'This time, with a merge commit'),
        (('--squash',), None, False, 'This time, as one commit'),
        (('--ff',), None, False, 'This time, without a merge commit if possible'),
        (('--no-tick',), None, False, 'Start nothing now, even if a tick has run in the last five minutes'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'init': ((
    ), (
        (('--branch',), '', False, 'Keep the board on a branch of its own'),
        (('--in-tree',), None, False, 'Keep it in `.kanban/` of the branch that is checked out'),
        (('--worker',), '', False, 'Name of the first worker'),
        (('--runner',), ('hermes', 'claude', 'codex', 'gemini', 'opencode', 'pi', 'aider'), False, 'Its agent: hermes, claude, codex, gemini, opencode, pi, aider'),
        (('--config',), 'file', False, 'Start with this config.yaml'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'demo': ((
    ), (
        (('--keep',), 'dir', False, 'Make it in DIR, and leave it for you to explore'),
        (('--own-branch',), None, False, 'Keep the board on a branch of its own'),
        (('--open',), None, False, 'Watch it in a browser, too, until ^C'),
    )),
    'trust': ((
    ), (
        (('-y', '--yes'), None, False, 'Allow it without asking'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'instructions': ((
    ), (
        (('--for',), ('aider', 'claude', 'codex', 'gemini', 'hermes', 'opencode', 'pi'), False, 'Also say where this agent looks for instructions'),
    )),
    'completion': ((
        (('install', 'uninstall', 'show'), False),
    ), (
        (('--shell',), ('bash', 'zsh', 'fish'), False, 'This shell alone'),
    )),
    'edit': ((
        ('card backlog todo running review done blocked dropped', False),
    ), (
        (('--title',), '', False, 'New title'),
        (('-w', '--worker'), 'worker', False, 'Worker that gets the card'),
        (('--priority',), '', False, 'Higher goes first'),
        (('-p', '--parent'), 'card backlog todo running review done blocked dropped', True, 'Everything it waits for'),
        (('--needs',), 'capacity', True, 'All the capacities it needs'),
        (('--acceptance',), '', True, 'Everything that must hold when it is done'),
        (('--add-acceptance',), '', True, 'One more thing that must hold'),
        (('--body',), '', False, 'Full description of the work'),
        (('--body-file',), 'file', False, 'Read the body from a file'),
        (('--model',), 'model', False, "One of its worker's `models`"),
        (('--effort',), 'effort', False, "One of its worker's `efforts`"),
        (('--label',), 'label', True, 'Its labels'),
        (('--to-backlog',), None, False, 'Do not run it until it is approved again'),
        (('--file',), 'file', False, 'Take the whole card from a file (- for stdin), such as one that a failed edit left behind'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'link': ((
        ('card backlog todo running review blocked', False),
        ('card backlog todo running review blocked', True),
    ), (
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'unlink': ((
        ('card backlog todo running review blocked', False),
        ('card backlog todo running review blocked', True),
    ), (
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'approve': ((
        ('card backlog', True),
    ), (
        (('--no-tick',), None, False, 'Start nothing now, even if a tick has run in the last five minutes'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'board': ((
    ), (
        (('-a', '--all'), None, False, 'All cards, not just ten per column'),
        (('--by',), ('worker', 'label'), False, 'One lane for each worker or label'),
        (('--label',), 'label', True, 'Only cards with this label (repeatable: only cards with all of them)'),
        (('--watch',), '=', False, 'Redraw every 2 seconds, or every SECONDS, until ^C'),
        (('--bell',), None, False, 'With --watch: ring when another card needs you'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'search': ((
        ('', False),
    ), (
        (('--no-logs',), None, False, 'Leave the logs of runs on this machine out'),
        (('--format',), ('text', 'tsv', 'json'), False, 'Default: text on a terminal, else tsv (tab-separated lines)'),
        (('--json',), None, False, 'The same as --format json'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'ui': ((
    ), (
        (('--label',), 'label', True, 'Only cards with this label (repeatable: only cards with all of them)'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'page': ((
    ), (
        (('--out',), 'file', False, 'Where to write it'),
        (('--open',), None, False, 'Open it in a browser'),
        (('--at',), 'rev', False, 'The board as it was at a revision'),
        (('-b', '--branch'), 'branch', False, 'The board of branch NAME, with what it would change marked'),
        (('--with-logs',), None, False, "Add the end of each open card's log"),
    )),
    'web': ((
    ), (
        (('--port',), '', False, 'Listen on this port'),
        (('--open',), None, False, 'Open it in a browser'),
        (('--read-only',), None, False, 'Show the board, and let nobody act'),
    )),
    'list': ((
    ), (
        (('-s', '--status'), ('backlog', 'todo', 'running', 'review', 'done', 'blocked', 'dropped', 'ready', 'waiting'), True, 'Only cards with this status'),
        (('-w', '--worker'), 'worker', True, "Only this worker's cards"),
        (('--profile',), 'profile', True, "Only this profile's cards"),
        (('--parent',), 'card backlog todo running review done blocked dropped', False, 'Only cards that wait for this one'),
        (('--grep',), '', False, 'Only cards with this text in title or body, whatever its case'),
        (('-q', '--quiet'), None, False, 'Print only ids'),
        (('--at',), 'rev', False, 'The cards as they were at a commit'),
        (('--label',), 'label', True, 'Only cards with this label (repeatable: only cards with all of them)'),
        (('--format',), ('text', 'tsv', 'json'), False, 'Default: text on a terminal, else tsv (tab-separated lines)'),
        (('--json',), None, False, 'The same as --format json'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'show': ((
        ('card backlog todo running review done blocked dropped', False),
    ), (
        (('--prompt',), None, False, 'Print the prompt of its next session instead'),
        (('--diff',), None, False, 'Print the work on its branch instead'),
        (('--stat',), None, False, 'With --diff: only how much each file changed'),
        (('--json',), None, False, 'Print JSON'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'why': ((
        ('card backlog todo running review blocked', True),
    ), (
        (('-a', '--all'), None, False, 'Every card that is not done (the default)'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'workers': ((
        (('add', 'set'), False),
        ('worker', False),
        ('setting', True),
    ), (
        (('--lane',), None, False, 'With add: one card at a time, which is the default'),
        (('--pool',), '', False, 'With add: up to N cards at a time'),
        (('--runner',), ('hermes', 'claude', 'codex', 'gemini', 'opencode', 'pi', 'aider'), False, 'With add: its agent'),
        (('--profile',), 'profile', False, "With add: the agent's identity"),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--format',), ('text', 'tsv', 'json'), False, 'Default: text on a terminal, else tsv (tab-separated lines)'),
        (('--json',), None, False, 'The same as --format json'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'simulate': ((
    ), (
        (('--until-done',), None, False, 'Go on until nothing can start (the default)'),
        (('--until',), '', False, 'Stop after this long, such as 8h'),
        (('--duration',), '', True, 'How long a session takes'),
        (('--review',), '', False, "Time from a session's end until its work is accepted"),
        (('--host-limit',), '', False, 'As if max_concurrency had this value'),
        (('--seed',), '', False, 'Draw other durations within their spread'),
        (('--no-advice',), None, False, 'Leave out what raising a limit would gain'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'log': ((
        ('card backlog todo running review done blocked dropped', False),
    ), (
        (('--since',), '', False, 'Only newer commits, as in `git log --since`'),
        (('-n', '--lines'), '', False, 'Only the newest N commits'),
        (('--reverse',), None, False, 'Oldest first'),
        (('--json',), None, False, 'Print JSON'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'schema': ((
        (('config', 'card', 'cards', 'run', 'plan'), False),
    ), (
    )),
    'cost': ((
    ), (
        (('--since',), '', False, 'Only runs that ended later, as in `git log --since`'),
        (('--by',), ('card', 'worker', 'profile', 'day'), False, 'Default: card'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'logs': ((
        ('card todo running review done blocked dropped', False),
    ), (
        (('-f', '--follow'), None, False, 'Keep printing until the run ends'),
        (('-n', '--lines'), '', False, 'Number of lines from the end of each log'),
        (('--run',), 'run', False, 'An earlier run'),
        (('--raw',), None, False, 'What the agent printed, as it is'),
        (('--path',), None, False, "Print the run's folder instead"),
        (('--json',), None, False, 'Print JSON'),
        (('--color',), ('auto', 'always', 'never'), False, 'Colours: on a terminal (auto), always, or never'),
        (('--ascii',), None, False, 'Draw with ASCII signs alone'),
    )),
    'open': ((
        ('card running review blocked', False),
    ), (
        (('--in',), '', False, 'Run this shell command there instead, such as `code .`, bash or lazygit'),
    )),
    'path': ((
        ('card running review blocked', False),
    ), (
        (('--json',), None, False, 'Print JSON'),
    )),
    'diff': ((
        ('rev', False),
        ('rev', False),
    ), (
        (('-b', '--branch'), 'branch', False, 'What branch NAME would bring into the board: BOARD...NAME'),
        (('--format',), ('text', 'markdown', 'json'), False, 'Output format'),
        (('--json',), None, False, 'The same as --format json'),
    )),
    'check': ((
        ('rev', False),
    ), (
        (('--base',), 'rev', False, 'Only what has changed since it branched off REV'),
        (('-b', '--branch'), 'branch', False, 'The same as NAME --base BOARD'),
        (('--all',), None, False, 'With --base: also what was wrong before'),
        (('--format',), ('text', 'json', 'github'), False, 'How to print it'),
        (('--json',), None, False, 'The same as --format json'),
    )),
    'fmt': ((
        ('card backlog todo running review done blocked dropped', True),
    ), (
        (('--check',), None, False, 'Change nothing'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
    )),
    'rename': ((
        ('card backlog todo running review done blocked dropped', False),
        ('', False),
    ), (
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'install': ((
        (('merge-driver', 'instructions'), False),
    ), (
        (('--for',), ('aider', 'claude', 'codex', 'gemini', 'hermes', 'opencode', 'pi'), False, 'Instructions: into the file where this agent looks for them'),
        (('--skill',), None, False, "Instructions: as a skill of the agent's"),
        (('--remove',), None, False, 'Remove it again'),
    )),
    'sync': ((
    ), (
        (('--remote',), 'remote', False, 'The remote'),
        (('--cards',), None, False, 'Also push the branches of cards'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'stop': ((
        ('card running', True),
    ), (
        (('--all',), None, False, 'Every session of this clone'),
        (('--why',), '', False, 'Reason'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'attach': ((
        ('card backlog todo review blocked', False),
    ), (
        (('--shell',), None, False, 'Open a shell, even where the agent could go on'),
    )),
    'reject': ((
        ('card review', False),
    ), (
        (('--why',), '', False, 'What is wrong'),
        (('--file',), 'file', False, 'Read the words from a file'),
        (('--no-tick',), None, False, 'Start nothing now, even if a tick has run in the last five minutes'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'done': ((
        ('card backlog todo running review blocked', True),
    ), (
        (('--summary',), '', False, 'What was done, for whoever continues from it'),
        (('--no-change',), None, False, 'From a session: no change was needed'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'block': ((
        ('card backlog todo running review', False),
    ), (
        (('--why',), '', False, 'What is needed'),
        (('--file',), 'file', False, 'Read the words from a file'),
        (('--reason',), ('needs-input', 'failed', 'conflict', 'dependency', 'config'), False, 'Kind of obstacle'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'retry': ((
        ('card blocked', True),
    ), (
        (('--why',), '', False, 'Your answer'),
        (('--file',), 'file', False, 'Read the words from a file'),
        (('--no-edit',), None, False, 'Retry without an answer'),
        (('--no-tick',), None, False, 'Start nothing now, even if a tick has run in the last five minutes'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'drop': ((
        ('card backlog todo running review blocked', True),
    ), (
        (('--why',), '', False, 'Reason'),
        (('--unchanged-since',), 'rev', False, 'Only if the card is still as it was at this commit of the board'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'reopen': ((
        ('card done dropped', True),
    ), (
        (('--why',), '', False, 'Reason'),
        (('--force',), None, False, 'Even if a child has already started from its result'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'reclaim': ((
        ('card running', False),
    ), (
        (('--from',), 'clone', False, 'The clone that is gone'),
        (('-n', '--dry-run'), None, False, 'Print what would be given up, and change nothing'),
        (('-y', '--yes'), None, False, 'Give up all runs of a clone without asking'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'undo': ((
        ('rev', False),
    ), (
        (('--json',), None, False, 'Print JSON'),
    )),
    'note': ((
        ('card backlog todo running review done blocked dropped', False),
        ('', False),
    ), (
        (('--file',), 'file', False, 'Read the text from a file'),
        (('--memory',), '', False, "Something for the card's profile to remember: a proposal, see `gitkanban memory`"),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'memory': ((
        (('accept', 'reject', 'show'), False),
        ('', True),
    ), (
        (('-a', '--all'), None, False, 'Also list those that have been decided'),
        (('--take',), ('memory', 'proposal'), False, 'Which side wins where both changed the same lines'),
        (('--by-hand',), None, False, 'With accept: you have already written it there, so only file it'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'doctor': ((
    ), (
        (('--fix',), None, False, 'Make the repairs that cannot lose work'),
        (('-n', '--dry-run'), None, False, 'With --fix: only say what it would do'),
        (('--here',), None, False, 'Tick on this machine from now on'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'gc': ((
    ), (
        (('-n', '--dry-run'), None, False, 'Only say what would be removed and what stays'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'notify': ((
    ), (
        (('--test',), None, False, 'Call the notifier now, with a message that is a test'),
        (('-n', '--dry-run'), None, False, 'Print what the notifier would be given'),
        (('--json',), None, False, 'Print JSON'),
    )),
    'pause': ((
        ('worker', True),
    ), (
        (('--all',), None, False, 'The whole board'),
        (('--why',), '', False, 'Reason'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
    'resume': ((
        ('worker', True),
    ), (
        (('--all',), None, False, 'The whole board, and every paused worker'),
        (('-b', '--branch'), 'branch', False, "Use this branch's board"),
        (('--json',), None, False, 'Print JSON'),
    )),
}
VERBS = {
    'add': 'Add one card, or several from a file.',
    'tick': 'Settle what has ended, start what is ready. For cron and hooks.',
    'status': 'The board: who needs you, what runs, what comes next.',
    'review': 'Go through the cards in review one by one.',
    'accept': 'Merge the work of cards in review into base.',
    'init': 'Create a board in this repository.',
    'demo': 'Watch a small board at work, in a throw-away repository.',
    'trust': 'Show what tick would run, and allow it on this machine.',
    'instructions': 'What an agent needs to know to plan with the board.',
    'completion': 'Teach your shell the commands and the cards.',
    'edit': "Change a card's fields, or its file in an editor.",
    'link': 'Make a card wait for other cards.',
    'unlink': 'Make a card no longer wait for them.',
    'approve': 'Let backlog cards run.',
    'board': 'The cards in columns, by who must move next.',
    'search': 'Find a text in cards, notes, results and logs.',
    'ui': 'The board live on the whole terminal, with keys for what you decide.',
    'page': 'The board as one HTML file, for a browser.',
    'web': 'The board in a browser, live, with buttons for what you decide.',
    'list': 'List cards, with filters.',
    'show': 'One card with its runs and notes.',
    'why': 'What is holding a card back, and what would free it.',
    'workers': 'Workers, their limits and their load; add and set change them.',
    'simulate': 'When each card would start and end.',
    'log': 'The history of the board or of a card.',
    'schema': 'The JSON schema of a file of the board, for editors.',
    'cost': 'What sessions cost, by card, worker, profile or day.',
    'logs': 'What a session printed.',
    'open': "A card's worktree in your editor, or in any command.",
    'path': "Where a card's worktree is.",
    'diff': 'What a branch or an edit changes, in terms of cards.',
    'check': 'Check a board, or what a change brings in.',
    'fmt': 'Format card files so that git can merge changes to them.',
    'rename': "Change a card's id, everywhere it is used.",
    'install': 'Teach git to merge cards, or agents to use the board.',
    'sync': "Merge the board with a remote's.",
    'stop': 'End a running session.',
    'attach': "Take a card over, in its agent's conversation or a shell.",
    'reject': 'Send a card in review back, with a reason.',
    'done': 'Close a card without merging; from a session, report.',
    'block': 'Hold a card until a person acts; from a session, ask for help.',
    'retry': 'Let a blocked card run again.',
    'drop': 'Give up on a card.',
    'reopen': 'Bring a done or dropped card back.',
    'reclaim': 'Give up on a run of another clone that is gone for good.',
    'undo': 'Undo a board commit, field by field.',
    'note': 'Leave a note on a card.',
    'memory': 'What agents want to remember: list, accept, reject.',
    'doctor': 'Find what is wrong; repair what can be repaired safely.',
    'gc': 'Remove what finished work leaves behind; archive old cards.',
    'notify': 'What the notifier has sent and will send; try it.',
    'pause': 'Start nothing new for a worker, or for the whole board.',
    'resume': 'Let it start cards again.',
    'help': 'Say more of one command.',
}
SYNONYMS: dict[str, str] = {'ls': 'list', 'st': 'status', 'mv': 'rename'}
