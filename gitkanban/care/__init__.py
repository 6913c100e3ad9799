"""Looks at what lies around a board, repairs what cannot lose work, and cleans up.

checkup    Looks at everything around a board that may be wrong, as facts for `core.care.doctor`
damage     What git cannot read any more, as facts for `core.care.damage`: worktrees, work, indexes
equipment  The machine around a board: programs, memory homes, merge driver, free space, owners of
           files
gc         Gathers what may be cleaned up around a board, and removes what `core.care.gc` allows
leftovers  What runs left behind, as facts for `core.care.leftovers`: runs, leases, worktrees,
           branches
readiness  A dry run of a start and of an accept, for `core.care.readiness`
repair     Makes the repairs that `core.care.doctor` names, after checking each again under its own
           lock
"""
