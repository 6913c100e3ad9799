"""Looks at what lies around a board, repairs what cannot lose work, and cleans up.

checkup    Looks at everything around a board that may be wrong, as facts for `core.care.doctor`
equipment  The machine around a board: programs, memory homes, the merge driver, room and owners
           on disks
gc         Gathers what may be tidied away around a board, and removes what `core.care.gc` says
           may go
leftovers  What runs have left behind, looked at for `core.care.leftovers`: runs, leases,
           worktrees, branches
readiness  Goes through a start and an accept without doing them, for `core.care.readiness`
repair     Does the repairs that `core.care.doctor` names, each looked at again first and under
           its own lock
"""
