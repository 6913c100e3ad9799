"""The command line: arguments in, text out.

app        The commands, and the one place where errors become text and exit codes
arguments  Reads plain command lines without click
askwords   The words that go with an act, written in the person's editor where none were given
at_once    What a person's verb has made ready starts at once, where ticks come by themselves
boardpage  What the page of a board is made of, read: now, at a revision, or as a branch would
           have it
cardpages  The pages of one card: what `show` prints, its work, the prompt of its next session
commands/  One file a verb: arguments in, text out
completion/  What the shell completes: the line that was typed to the words that may follow
declare    What a command's arguments and options are, as data
edit_file  The person's editor, by git's own rules, and the files in which their text lies until it
           is used
editor     A card's file as a person leaves it in an editor, or in a file, to a commit
given      What was given on a command line by mistake: empty words, and options given twice
group      The commands as click knows them: whatever is not plain, help, and completion
here       Where a command is called from, and how it answers: board, person, session; text, JSON,
           errors
paging     A page to stdout: by a pager where it is longer than the terminal, by git's own rules
progress   A progress bar on stderr, where that is a terminal; elsewhere nothing at all
quick      The quick door: `status` and `list` from the cache, before anything heavy is imported
redraw     A page drawn again and again in place, until ^C
report     What a session says from inside its run: a letter into the run's mailbox
schemas    The JSON schemas that the package has, and how a YAML file names the one it goes by
streams    The three standard streams, made fit for every text and every caller. Imports nothing
           heavy
synonyms   Names that people bring from elsewhere: short ones that work, and those that only name a
           command
terminal   What the terminal can do: its width, and whether colour is wanted. Imports nothing heavy
ui/        The screen of `gitkanban ui`: live, for people
viewing    The options that every view has: colour, signs, and the form of what is printed
waiting    Waiting until the sessions of a clone have ended, for a tick that is a container's main
           process
"""
