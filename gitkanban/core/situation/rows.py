"""The fields of a card's row, in order, and the names of groups and states.

It imports nothing, because `status` must start fast.
"""

CARD_KEYS = (
    "id", "title", "worker", "status", "ready", "parents", "priority", "run", "slot", "host",
    "not_before", "reason", "why", "hold", "holds", "needs_person",
    "group", "state", "remark", "since", "after", "tries", "tries_most", "last", "cost_usd",
    "command", "labels",
)  # fmt: skip

NEEDS_YOU = "needs-you"
NEXT = "next"
WAITING = "waiting"
# Groups in the order of all views; those that are not named here have the name of their status.
GROUPS = (NEEDS_YOU, "running", NEXT, WAITING, "backlog", "done", "dropped")
FINISHED = ("done", "dropped")
QUIET = ("backlog", *FINISHED)  # counted, but listed only on request

# States of cards that need somebody; the state of any other card is its group.
QUESTION = "question"  # its session, or a person, asks something
REVIEW = "review"
FAILED = "failed"
CONFLICT = "conflict"
STUCK = "stuck"  # it can never start as it is
