"""A tick: read, observe, reconcile, schedule, accept, commit, start.

accepting    Accepts cards in review: merges a card's branch into base, and moves the card to done,
             or to blocked on a conflict
calling      Starts the standby of runs that a batch system has: nobody there can ring for one
committing   The one commit of a round, and the checkouts that follow it
earlier      What earlier ticks of this clone did but never printed, such as those between two cron
             mails
ending       Closes runs that died, stops sessions whose card has moved on, and settles what the
             board has recorded
foretelling  What a tick would do now, as far as that can be known without doing any of it
notifying    News after a tick: records what is new, and starts a sender if anything waits
observing    What a tick looks at before it decides: the board, the facts beside it, and what
             others changed
remote       A remote whose other clones tick the same board: synced before looks, asked before
             starts
reserving    Reservations for planned starts: locks taken and tokens written before the board
             says `running`
rounds       The tick: read, observe, reconcile, schedule, accept, commit, start; round by round
sharing      Pushes what a tick has done once its lock is free, so that nobody waits for a network
standby      What a supervisor becomes when its run has ended: it collects the run, ticks, and
             stands by
starting     Starts committed sessions: the workspace, the prompt, and a supervisor that takes over
             the locks
state        What the steps of one tick share: where it works, what has failed, and its outcome so
             far
"""
