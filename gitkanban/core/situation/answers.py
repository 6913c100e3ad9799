"""The verbs by which a person can move a card on, for every face that offers them.

What they do, and refuse, is for the verbs themselves to say.
"""

from gitkanban.core.model import BACKLOG, BLOCKED, DROPPED, RUNNING, Status
from gitkanban.core.situation.rows import QUESTION, REVIEW
from gitkanban.core.transitions import PERSON, allowed

ACCEPT, REJECT, ANSWER, RETRY = "accept", "reject", "answer", "retry"
APPROVE, STOP, DROP = "approve", "stop", "drop"


def answers(status: Status, state: str) -> tuple[str, ...]:
    """The verbs that apply to a card of that status, which is shown in that state."""
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
