"""What a card's next session is handed: its parents' results, and how its own attempts ended.

It only gathers; `core.agents.prompt` decides how much of it goes into a prompt.
"""

from gitkanban.board import store
from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.core.agents.prompt import Handoff
from gitkanban.core.model import Board, Card, Note, Run
from gitkanban.core.names import NO_OID, CardId, Oid
from gitkanban.core.tick.verdict import COUNTED, SUCCEEDED
from gitkanban.runs.records import folders, logtail
from gitkanban.runs.records.folders import Folder

LOG_LINES = 40
_PRINTED = 400  # lines of a session's stdout that are searched for its last messages
_LINE_MOST = 500  # characters of a line
_LOGS = {"setup-failed": "setup.log", "verify-failed": "verify.log"}


def received(place: Place, board: Board, card: Card) -> list[Handoff]:
    """Return what each parent hands to a card, in the order of the parents."""
    return [
        _of_parent(place, store.history(place, board, parent), parent) for parent in card.parents
    ]


def _of_parent(place: Place, board: Board, parent: CardId) -> Handoff:
    known = board.cards.get(parent)
    done = next((run for run in reversed(board.runs_of(parent)) if run.outcome == SUCCEEDED), None)
    texts = [note.text for note in board.notes_of(parent) if _is_closing_note(note, done)]
    words = "\n\n".join(text.strip() for text in (done.summary if done else "", *texts) if text)
    title = known.title if known else ""
    if done is None:
        return Handoff(parent, title, words)
    # Earlier attempts worked in the same worktree: what they committed is part of the result.
    start = next((run.start_commit for run in board.runs_of(parent) if run.start_commit), NO_OID)
    paths, commits = _read_work(place, start, done.commit, known.merged if known else NO_OID)
    return Handoff(parent, title, words, done.commit, paths=paths, commits=commits)


def _is_closing_note(note: Note, done: Run | None) -> bool:
    """Return whether a person wrote the note when closing the card after that run."""
    return note.kind == "summary" and (done is None or note.id > done.run)


def _read_work(
    place: Place, start: Oid, end: Oid, merged: Oid
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (changed files, commits with subjects) between two commits; nothing if one is gone.

    What the branch merged from base in between is left out, and so is the board. `merged` is the
    commit of base that has the work, if known: base before it has none of the work. Then one call
    of git is enough, which matters here: a child's start waits for it.
    """
    if not start or not end:
        return (), ()
    work: tuple[tuple[str, ...], tuple[str, ...]] = (), ()
    if merged and merged != end:
        work = _read_log(place, "--full-history", f"{start}..{end}", f"^{merged}^1")
    # Base went on from the branch, or it was merged elsewhere: base's part came by merges.
    return work if any(work) else _read_log(place, "--first-parent", f"{start}..{end}")


def _read_log(place: Place, *words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    form = ("--format=%x01%h %s", "--name-only", "--no-renames", "--no-merges", "-z")
    without = [f":(top,exclude,literal){place.prefix}"] if place.prefix else []
    done = git.run(place.common, "log", *form, *words, "--", ":(top)", *without, check=False)
    paths: set[str] = set()
    commits: list[str] = []
    for part in (done.text if not done.code else "").split("\0"):
        if part.startswith("\1"):
            commits.append(part[1:])
        elif part.strip("\n"):
            paths.add(part.strip("\n"))
    return tuple(sorted(paths)), tuple(commits)


def last_words(place: Place, run: Run, lines: int = LOG_LINES) -> list[str]:
    """Return the last lines that a failed run printed, where this machine has its logs.

    For a session both outputs share the lines, half each if both have enough; stderr comes last.
    """
    if run.outcome not in COUNTED:
        return []
    folder = folders.of(place.private, run.run)
    only = _LOGS.get(run.outcome)
    if only:
        return folder.tail(only, lines)
    out, err = _session_tail(folder, lines), folder.tail("stderr.log", lines)
    err = err[-max(lines // 2, lines - len(out)) :]
    return out[-(lines - len(err)) :] + err if out else err


def _session_tail(folder: Folder, lines: int) -> list[str]:
    """Return the last messages and actions of the session, a line each."""
    from gitkanban.core.agents import transcript  # late: most cards have not failed

    printed, facts = logtail.last_lines(folder.file("stdout.log"), _PRINTED), folder.facts()
    entries = transcript.entries(facts.one("runner"), printed, facts.one("workspace"))
    return [transcript.plain_line(each)[:_LINE_MOST] for each in entries][-lines:]
