"""The pure core: values in, values out. No I/O, no clock, no third-party import.

agents/      Agents as data: their command lines, prompts, output and memory
backoff      When a card may be tried again: its `not_before`, unless no back-off can have set it
care/        What is wrong around a board, in words, and what may be removed
changes      Changes to a board as data: how they are applied, and how they read as history
clones       The clones that work on a board, as far as the board itself names them: where each is,
             what it runs, and when it was last heard of
cutting      Shortening of long texts; every cut says how much was left out
editing      New cards and edits of cards, checked against the board they go to
forecast/    The future of a board, simulated by the real rules, and how good it is
engines      Batch systems as data: their command lines, and their words for what a job is doing
graph        The graph of cards: rings, what a card waits for, what waits for it, the longest
             chain
ids          Which names may become a path or a ref, and which card a person means
lookup       Cards by the names that people type, and the errors for unknown names
markdown     Foreign text for markdown on GitHub: it never becomes markup and mentions nobody
merge        Three-way merge of values: text by lines, sets as sets, a card field by field
model        The values everything else is made of: cards, workers, runs, notes, and the board
moves        The moves that people make, as changes: approve, done, block, retry, drop, reopen,
             reject
names        The kinds of names on a board, each a text of its own type
notify/      News of a board that people get without asking: each piece once, several in a message
renaming     Renaming a card, as changes to everything that names it
review/      What a reviewer of a board, or of a change to it, should know
situation/   What people see of a board: computed once, worded once, shown everywhere
sizes        How large a board may be: far above real use, yet small enough to be read in one go
split_cards  The cards of a large board, whose finished cards are looked up one at a time
symptom      A symptom: one thing that is wrong around a board, and what would repair it, if
             anything
tick/        What a tick decides: facts in, verdicts, changes and starts out
time_words   Times in words; a cached text has marks instead, which are worded when it is shown
transitions  The life of a card: which move leads from which status to which, and who may make it
trust/       What this machine's owner must have allowed, and what changed behind their back
visible      Foreign text made visible: control and invisible characters become escapes
"""
