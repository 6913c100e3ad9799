"""A tick: read, observe, reconcile, schedule, accept, commit, start.

accepting    Cards in review: a card's branch goes into base, and the card to done, or to blocked
             on a conflict
committing   The one commit of a round, and the checkouts that follow it
earlier      What ticks of this clone did since one last printed, for the one that prints now: cron's
             mail
ending       Runs that end: the dead ones closed, the unwanted ones stopped, what the board has
             recorded settled
foretelling  What a tick would do now, as far as it can be known without doing any of it
notifying    News after a tick: what is new is written down, and a sender is started where something
             waits
observing    What a tick looks at before it decides: the board, the facts beside it, and what
             others changed
remote       A remote whose other clones tick the same board: synced before a look, asked for
             each start
reserving    Reservations for planned starts: locks taken and tokens written before the board
             says `running`
rounds       The tick: read, observe, reconcile, schedule, accept, commit, start; round by round
sharing      What a tick shares with others once its lock is free, so that nobody waits for a network
standby      What a supervisor becomes when its run has ended: it collects the run, ticks, and
             stands by
starting     Starts of what was committed: the workspace, the prompt, and a supervisor that takes
             the locks over
state        What the steps of one tick share: where it works, what it tried in vain, and what
             came of it
"""
