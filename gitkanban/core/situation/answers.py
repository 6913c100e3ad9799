"""The verbs with which a person can move a card on.

The verbs themselves decide what they do, and what they refuse.
"""

from gitkanban.core.model import BACKLOG, BLOCKED, DROPPED, RUNNING, Status
from gitkanban.core.situation.rows import QUESTION, REVIEW
from gitkanban.core.transitions import PERSON, allowed

ACCEPT, REJECT, ANSWER, RETRY = "accept", "reject", "answer", "retry"
APPROVE, STOP, DROP = "approve", "stop", "drop"


def answers(status: Status, state: str) -> tuple[str, ...]:
    """The verbs that apply to a card with that status, shown in that state."""
    verbs = []
    if state == REVIEW:
        verbs += [ACCEPT, REJECT]
    if state == QUESTION:
        verbs.append(ANSWER)
    elif status == BLOCKED:
        verbs.append(RETRY)
    if status == BACKLOG:
        verbs.append(APPROVE)
    if status == RUNNING:
        verbs.append(STOP)
    if status != DROPPED and allowed(status, DROPPED, PERSON):
        verbs.append(DROP)
    return tuple(verbs)
