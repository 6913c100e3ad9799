"""What the row of a card holds, in its order, and the groups and states it may be of.

It imports nothing, because `status` must start fast.
"""

CARD_KEYS = (
    "id", "title", "worker", "status", "ready", "parents", "priority", "run", "slot", "host",
    "not_before", "reason", "why", "held", "holds", "needs_person",
    "group", "state", "remark", "since", "after", "tries", "tries_most", "last", "cost_usd",
    "command", "labels",
)  # fmt: skip

NEEDS_YOU = "needs-you"
NEXT = "next"
WAITING = "waiting"
# Groups in the order of every view; the others bear the name of their status.
GROUPS = (NEEDS_YOU, "running", NEXT, WAITING, "backlog", "done", "dropped")
QUIET = ("backlog", "done", "dropped")  # counted, not listed, unless somebody asks

# States of what needs somebody; every other card's state is its group.
QUESTION = "question"  # its session, or a person, asks something
REVIEW = "review"
FAILED = "failed"
CONFLICT = "conflict"
STUCK = "stuck"  # as it is it can never start
