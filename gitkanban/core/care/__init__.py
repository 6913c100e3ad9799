"""What is wrong around a board, in words, and what may be removed.

doctor        What is wrong around a board, as symptoms: said in words, with what would repair it,
              if anything
equipment     What the machine lacks: room, rights, programs that can be run, memory homes, a
              merge driver
gc            What may go: worktrees, branches and run folders of finished work, and cards done
              long ago
leftovers     What runs leave behind when something breaks: leases, run folders, worktrees,
              branches, locks
readiness     What would stop the next start or the next accept, found by going through both
              without doing them
surroundings  What was seen around a board: runs, leases, worktrees, branches, locks, the machine.
              Values only
"""
