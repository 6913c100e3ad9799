"""Whether a card's next session resumes its last conversation, and with what prompt.

It does so only in the same clone and worktree, with the same worker, profile and preset, and only
right after the card's own last run. Otherwise a new conversation begins with a full prompt.
"""

from collections.abc import Sequence

from gitkanban.core.agents.presets import templates_of
from gitkanban.core.agents.prompt import (
    BODY_MOST,
    LOG_MOST,
    PROMPT_MOST,
    SUMMARY_MOST,
    SessionSetting,
    acceptance_text,
    card_print,
    note_line,
)
from gitkanban.core.agents.readers import is_session_id
from gitkanban.core.cutting import cut, cut_bytes, cut_head
from gitkanban.core.model import Card, Note, Run, Worker
from gitkanban.core.names import ProfileName, RunId, WorkerName
from gitkanban.core.tick.verdict import LIMITED, MISCONFIGURED, SUCCEEDED
from gitkanban.typed import NamedTuple

# Outcomes that leave no conversation, or whose card somebody took away.
_NOTHING_LEFT = frozenset(("not-started", "setup-failed", "cancelled"))
# Outcomes after which a conversation that was resumed before is not resumed again.
_NO_GOOD = frozenset(("failed", "killed", "no-work", "stalled", "timed-out"))


class LastSession(NamedTuple):
    """The last session that a card had in this clone, according to its run folder."""

    run: RunId
    session: str  # the agent's id of the conversation
    worker: WorkerName
    profile: ProfileName
    runner: str
    workspace: str
    text: str = ""  # `card_print` of the card as it was in the session's prompt
    resumed: bool = False  # it resumed an earlier conversation itself


def goes_on(worker: Worker, runs: Sequence[Run], last: LastSession | None, workspace: str) -> bool:
    """Whether the next session of a card resumes the conversation of `last`.

    `runs` are the card's recorded runs, oldest first; `workspace` is where the session would work.
    """
    if last is None or not runs or not templates_of(worker)[1]:
        return False
    if runs[-1].run != last.run or not is_session_id(last.session):
        return False
    then = (last.worker, last.profile, last.runner, last.workspace)
    if then != (worker.name, worker.profile, worker.runner, workspace):
        return False
    outcome = runs[-1].outcome
    return outcome not in _NOTHING_LEFT and not (last.resumed and outcome in _NO_GOOD)


def compose_new_words(
    card: Card,
    last: LastSession,
    run: Run,
    setting: SessionSetting,
    notes: Sequence[Note],
    log: str = "",
) -> str:
    """Return the prompt of a resumed session: only what is new since the card's last run.

    `notes` are all notes of the card; `log` is the last output of the run if it failed.
    """
    parts = [f"Continue with card {card.id} where you left off.", _end_of(run, log)]
    news = [
        note_line(note)
        for note in notes
        if note.id > run.run and note.run != run.run and note.kind != "memory"
    ]
    if news:
        parts.append("Since then:\n" + "\n".join(news))
    if last.text and last.text != card_print(card):
        body = cut(card.body.strip(), BODY_MOST)
        now = (f"The card was changed. It now reads:\n\n{card.title}", body, acceptance_text(card))
        parts.append("\n\n".join(filter(None, now)))
    us = setting.program
    parts.append(
        "Everything you were told about your directory, your branch and your reports still applies: "
        f'`{us} done {card.id} --summary "…"` when it is finished, '
        f'`{us} block {card.id} --why "…"` when you need a person.'
    )
    return cut_bytes("\n\n".join(parts) + "\n", PROMPT_MOST)


def _end_of(run: Run, log: str) -> str:
    if run.outcome == SUCCEEDED:
        return "Your work was reviewed, and is not finished yet."
    if run.outcome == LIMITED:
        return "You were interrupted because the service asked you to come back later. That is over now."
    if run.outcome == MISCONFIGURED:
        return "You were interrupted because you were not logged in. That is fixed."
    if run.outcome == "blocked":
        return f"You asked for a person: {cut(run.why.strip(), SUMMARY_MOST)}"
    text = f"Your last session ended as {run.outcome}: {cut(run.why.strip(), SUMMARY_MOST)}"
    if log:
        end = cut_head(log.strip(), LOG_MOST).replace("\n", "\n  | ")
        text += f"\nIts last output:\n  | {end}"
    return text
