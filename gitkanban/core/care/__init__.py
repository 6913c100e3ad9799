"""What is wrong around a board, in words, and what may be removed.

damage        What git cannot read any more, as after a power loss: worktrees, work of cards,
              indexes, refs
doctor        What is wrong around a board, as symptoms: in words, and with a repair where there is
              one
equipment     What the machine lacks: room, rights, programs that can be run, memory homes, a merge
              driver
gc            What may be removed: worktrees, branches and run folders of finished work, cards done
              long ago
leftovers     What runs leave behind when something breaks: leases, run folders, worktrees,
              branches, locks
readiness     What would stop the next start or accept, found by a dry run of both
surroundings  What was observed around a board: runs, leases, worktrees, branches, locks, the
              machine
"""
