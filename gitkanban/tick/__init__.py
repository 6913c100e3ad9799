"""A tick: read, observe, reconcile, schedule, accept, commit, start.

accepting  A card in review: its branch goes into base, and the card to done, or to blocked on a
           conflict
ending     What follows from ends that are on the board: tokens, run folders, worktrees that are
           not needed
reserving  Seats for granted cards: the locks taken and the tokens written before the board says
           `running`
rounds     One pass over the board: read, observe, reconcile, schedule, commit, start
standby    What a supervisor becomes when its run has ended: it collects the run, ticks, and
           stands by
starting   Starts of granted cards: the workspace, the prompt, and a supervisor that takes the
           locks over
"""
