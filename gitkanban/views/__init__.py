"""Values to text: tables, JSON, markdown, commit messages. No decisions.

board         The board as columns by who must move next: you, a session, the next tick,
              another card
card          One card with its runs and notes, as JSON data and as a page of text
cost          What sessions cost, as JSON data and as a table
crontab       The lines of a crontab that make a board go on by itself
diff          The difference of two boards: the words that its pages share, and its JSON data
diffmarkdown  The difference of two boards as markdown that renders on GitHub, with a graph
difftext      The difference of two boards as a page for a terminal: workers, a tree of cards
doctor        The result of a check-up: what is wrong, what would repair it, what is left to a
              person
findings      Findings of a review as lines for people, as JSON data, and as GitHub annotations
gc            What `gc` removed and kept, as text and data
log           The story of a board for people: one line an event, by day, with who did it
memory        Proposals to a memory, as JSON data and as text
message       Commit messages of the board: they read as history and carry trailers for machines
notify        The notifier of a board as text and data: the last news sent to it, and what waits
outcome       The outcome of a tick as JSON data and as lines for a cron mail or a person
page/         The board as a page for a browser: one value with all that it shows, and one HTML
              file around it
search        The results of a search: each card once, with the matching lines below it
signs         The sign and the colour of every state, and the cells that cards are shown with
simulate      A simulated future as JSON data, as a report, and as a Gantt picture of the slots
status        The board at a glance: profile lines such as `backend-hermes 2/3 running`, then the
              cards
summary       A board as the rows that `status`, `list` and `workers` show: everything but which
              slots are taken now
text          Text aligned for a terminal: safe, in columns, with ages
transcript    The output of a session as lines for people: the time, the kind and the words of each
              entry
trust         What a board asks of this machine: only what is new if anything is, else all of it
why           What holds cards back, as JSON data and as text
workers       Workers, the host, profiles, capacities and executors as tables
"""
