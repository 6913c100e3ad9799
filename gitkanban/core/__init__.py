"""The pure core: values in, values out. No I/O, no clock, no third-party import.

agents/      Agents as data: their command lines, prompts, output and memory
backoff      From when a card may be tried again: its `not_before`, as far as a back-off can have
             set it
care/        What is wrong around a board, in words, and what may be removed
changes      Changes to a board as data, what a board is after them, and how they read as history
cutting      Long texts shortened, with the size of the cut announced where it was made
editing      New cards and edits of cards, checked against the board they go to
forecast/    The future of a board by the real rules, and what it is worth
graph        The graph of cards: rings, what a card waits for, what waits for it, the longest
             chain
ids          Which names are allowed to become a path or a ref, and which card a person means
lookup       Cards and workers by what a person called them; the error if there is none of that
             name
markdown     Foreign text inside markdown that renders on GitHub: nothing of it is markup, nobody
             is mentioned
merge        Three-way merge of values: text by lines, sets as sets, a card field by field
model        The values everything else is made of: cards, workers, runs, notes, and the board of
             them all
moves        The moves a person makes, as changes: approve, done, block, retry, drop, reopen,
             reject
names        The kinds of names that a board is made of, each a text of its own type
notify/      What people are told without looking: news of a board, each once, several together
renaming     Another id for a card, as changes to everything that names it
review/      What a reviewer of a board or of a change to it should know
situation/   What people see of a board: made once, worded once, shown by every face
sizes        How large a board may be: far above what people make, and small enough to be read at
             once
split_cards  The cards of a large board, of which those that are done or dropped are looked up
             one at a time
symptom      A symptom: one thing that is wrong around a board, and what would repair it, if
             anything
tick/        What a tick decides: facts in, verdicts, changes and starts out
time_words   Times in words, now or later: a text that is kept for a while holds marks in their place
transitions  The life of a card: which move leads from which status to which, and who may make it
trust/       What this machine's owner must have allowed, and what changed behind their back
visible      Foreign text made visible: what steers a terminal, or takes no room on it, becomes
             its escape
"""
