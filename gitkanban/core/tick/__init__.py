"""What a tick decides: facts in, verdicts, changes and starts out.

absence         Words for work that is not in this clone: where it is, and how to fetch it
agent_state     What ended runs show about this clone's agents: used-up quotas, workers that cannot
                work at all
bad_nodes       Nodes of a batch system that new jobs leave out, as ends of runs have shown
budget          Budgets of boards and workers: what has been spent, and what they hold back
closing         What to do when an ended run cannot be closed: try again, wait, or give up
conversation    Whether a card's next session resumes its last conversation, and with what prompt
facts           What was observed of the world outside the board, as values: the input of reconcile
                and verdict
fair            Whose turn it is among workers: start-time fair queueing by weight, one unit for
                each start
holds           Why a card does not start, in words with names and numbers: `Hold`, for tick, status
                and why
jobs            What is true of a run that a batch system has: a table of job, guard, beat and
                exit record
letters         What sessions write to us: letters in the mailboxes of their runs, which nobody
                vouches for
limits          The limits that a start counts against: their kinds, and how much of each a run
                takes
limit_words     Words for a full limit: who holds it, and whose end makes room
machines        Which machine ticks a clone: this one, this one from now on, or another
network         When a remote that did not answer is asked again, and how long it may stay silent
occupants       What takes room now: running cards, live runs that no card names, and slots that are
                locked
outcome         What one tick did, as a value that views print and other programs read
plan            The plan of a tick: reconcile, then schedule the board as it will be, as one value
reconcile       The board compared with what was observed: the changes that make it true again
room            What is taken and what is free under each limit: workers, profiles, capacities, the
                host
schedule        Who gets the next slot: pure, deterministic, and work-conserving
since           What earlier ticks did, read from the board's commits, as the outcome of one tick
standby_states  What the standby does next: a table of its states
standing        The state of a board: what holds each card back, who must act, whether it goes on by
                itself
superseded      Runs that somebody gave up and that ended after all: what is said of them, and what
                is kept
travel          What travels to a remote with the board: which refs go into a push, and which are
                left out when the remote does not take them
unattended      Which cards in review a tick accepts by itself, because their worker asks for no
                person
verdict         What a run's end means: a pure function of its exit record, what it left in git, and
                its report
"""
