"""What a tick decides: facts in, verdicts, changes and starts out.

absence         Words for work that is not in this clone: where it is, and how people get it here
agent_state     What the ends of runs say of this clone's agents: whose quota is used up, who cannot
                work at all
budget          Budgets of boards and workers: what has been spent of them, and what they hold back
closing         What to do about a run that ended and cannot be closed: try again, wait, or give it
                up
conversation    Whether a card's next session goes on in the conversation of its last one, and what
                it is told
facts           What was observed of the world outside the board, as values: the input of reconcile
                and verdict
fair            Whose turn it is among workers: start-time fair queueing by weight, one start being
                one unit
holds           Why a card does not start, in words with names and numbers: `Hold`, for tick, status
                and why
letters         What a session writes to us: letters, in the mailbox of its run, read as a
                stranger's
limit_words     What a full limit is in words: who holds it, and whose end makes room
machines        On which machine a clone is ticked: here, here from now on, or not here. Pure
outcome         What one tick did, as a value that views print and other programs read
plan            The plan of a tick: reconcile, then schedule the board as it will be, as one value
reconcile       Recorded against observed: what must change so that the board says what is true
room            What is taken and what is free at every level of limits: workers, profiles,
                capacities, the host
schedule        Who gets the next slot: pure, deterministic, and work-conserving
since           What ticks did, read back from the board's commits, as the outcome of one tick
standby_states  What the tick that stands by does next: a table of its states
standing        How a board stands: what holds each card back, who must act, whether it goes
                on by itself
verdict         What a run's end means: a pure function of its exit record, what it left in git, and
                its report
"""
