"""Runs: leases, workspaces, supervised sessions, and the records of how they ended.

agent_setup      What the owners of agents must still set up here, as far as files show it
attaching        A person in a card's worktree: what is opened there, with which environment
batch            Sessions as jobs of a batch system that shares the file system with us
briefing         What a run's supervisor has to do: its spec, from worker, card, lease and workspace
closing          Closes a run that is over, or records that it cannot be closed, or gives it up
collect          What a run left in git: its commits counted, left-over changes committed, strays
                 salvaged
contained        A session in the sandbox `bwrap`: what it is shown, and how its commits come onto
                 its branch
conversations    The last session that a card had here, and what the next one needs of it
executors        Where sessions run: what every executor offers, and which one a run belongs to
figures          Figures that are not on the board itself: costs, the size of work in review
handoffs         What a card's next session is handed: its parents' results, and how its own
                 attempts ended
leases           Leases of runs about to start: taking kernel locks, writing folder and token, and
                 undoing it
mailbox          The mailbox of a run: the one folder of ours that its session may write, in every
                 sandbox
memory/          An agent profile's memory: copied for a session, proposed, applied by a person
notifier         Sends waiting news: a process of its own, which no tick waits for
observe          What is true outside the board, as facts: runs of this clone, slots, branches,
                 trust
publishing       Branches of cards in review, pushed for people elsewhere, with a pull request where
                 gh is there
records/         What a clone records of its runs: folders, lease tokens, when it ticked
recovering       Closes runs that are over: collects their work, records an end nobody else has
                 recorded
sessions         Sessions on this machine: started under a supervisor, asked to stop, recovered
spending         The runs of today, for budgets
supervision/     The small process that holds a run's locks. Standard library and portalocker only
trust            What this machine's owner has allowed: recorded by worker and key, compared before
                 it is used
verifying        A worker's `verify`, run on a commit in a throw-away worktree before base moves to
                 it
watching         Notices what changed around the repository during runs: fingerprints, findings,
                 their record
worker_programs  Which programs the workers of a board need here, and which of them cannot be run
workspace/       The folder that a session works in, hostile ground after it has ended
"""
