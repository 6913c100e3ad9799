"""The command line: arguments in, text out.

app        Runs a command line: the one place where errors become text and exit codes
arguments  Reads plain command lines without click
askwords   Asks for the words of a command in the person's editor, if none were given
at_once    Starts at once what a person's command has made ready, where ticks run by themselves
boardpage  Gathers what the page of a board shows: now, at a revision, or as a branch would have it
browser    Opens a file in a browser that runs scripts
cardfields  The fields of a card, as `add` and `edit` take them from a command line
cardpages  The pages of one card: what `show` prints, its work, the prompt of its next session
commands/  One file a verb: arguments in, text out
completion/  What the shell completes: the typed line in, the words that may follow out
declare    A command's arguments and options, declared as data
edit_file  The person's editor, by git's own rules, and the files that hold their text until it is
           used
editor     Commits a card's file as a person leaves it in an editor, or in a file
freshrows  The rows of `status`; what has not changed is not worded again
given      Refuses what was given by mistake: empty words, and options given twice
group      The commands as click sees them: for lines that are not plain, for help, and for
           completion
here       Where a command is called from, and how it answers: board, person, session; text, JSON,
           errors
open_edits  Edits of the board that are not committed: git looks for them meanwhile
ourselves  How others start gitkanban: the command line of this installation
paging     Prints a page, through a pager if it is longer than the terminal, by git's own rules
progress   A progress bar on stderr if that is a terminal; otherwise nothing at all
quick      The quick door: `status` and `list` from the cache, before anything heavy is imported
quick_tick  The quick door of `tick`: one that finds another at work ends before anything heavy is
           imported
redraw     A page that is redrawn in place until ^C
report     What a session reports from inside its run: a letter into the run's mailbox
roster     The commands, by name: the section of the overview, the module, and one line for each
schemas    The JSON schemas in the package, and how a YAML file names its own
streams    The three standard streams, made safe for any text and any caller. Imports nothing heavy
synonyms   Command names that people know from other tools: short ones that work, and others that
           only lead to a suggestion
terminal   What the terminal can do: its size, colour, and the signs it draws. Imports nothing heavy
ui/        The screen of `gitkanban ui`: live, for people
viewing    The options that every view has: colour, signs, and the output format
waiting    Waits until the sessions of a clone have ended, for a tick that is a container's main
           process
"""
