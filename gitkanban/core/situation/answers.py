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
    found = []
    if state == REVIEW:
        found += [ACCEPT, REJECT]
    if state == QUESTION:
        found.append(ANSWER)
    elif status == BLOCKED:
        found.append(RETRY)
    if status == BACKLOG:
        found.append(APPROVE)
    if status == RUNNING:
        found.append(STOP)
    if status != DROPPED and allowed(status, DROPPED, PERSON):
        found.append(DROP)
    return tuple(found)
