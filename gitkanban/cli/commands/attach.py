"""`gitkanban attach`: a person takes a card over, in its worktree.

The card becomes theirs on the board before anything is opened, so it stays theirs after a kill.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.edit_file import run_in_terminal
from gitkanban.cli.here import (
    board_of,
    change,
    person,
    place_here,
    refuse_in_session,
    say,
    tell,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import Change
from gitkanban.core.lookup import card_of
from gitkanban.core.model import RUNNING, TODO, Board, Card, Config, Worker
from gitkanban.core.moves import check_attached, retried, taken_over
from gitkanban.core.names import CardId
from gitkanban.errors import BadData, NotFound, Refused, Untrusted, UsageError
from gitkanban.runs.supervision.locks import card_lock
from gitkanban.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkanban.runs.attaching import Opening
    from gitkanban.runs.supervision.locks import HeldLock, Locks

DONE, AGAIN, MINE = "done", TODO, "mine"


@declare.command("attach")
@declare.argument("card")
@declare.option("--shell", is_flag=True, help="Open a shell, even where the agent could go on.")
def attach_command(card: str, shell: bool) -> int:
    """Take CARD over: go on in its agent's own conversation, or work in a shell, in its worktree.

    Nothing starts the card meanwhile; on the board it is blocked, with your name. Afterwards you
    say what it is: done (its branch is merged into base), todo again, or still yours.

    While a session runs, its log is followed instead; ^C asks whether to stop it.
    """
    from gitkanban.runs.records.machines import refuse_elsewhere
    from gitkanban.runs.supervision.locks import Locks

    refuse_in_session("attach")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "attach needs a terminal", "`gitkanban show CARD` says where its worktree is."
        )
    place = place_here()
    refuse_elsewhere(place)  # a card's lock is not seen by another machine that ticks
    board = board_of(place)
    target = card_of(board, card)
    if target.status == RUNNING:
        return _follow_session(place, target)
    config, worker = _worker_here(place, board, target)
    locks = Locks(place.private)
    with _card_lock(locks, target.id):
        opening = _take_card(place, locks, config, worker, card=target.id, shell=shell)
        _open_in_terminal(opening)
        return _settle_card(place, target.id, opening)


def _worker_here(place: Place, board: Board, card: Card) -> tuple[Config, Worker]:
    """Return the config and the card's worker, if its commands are trusted here.

    Raises GitkanbanError.
    """
    from gitkanban.core.agents.presets import with_choices
    from gitkanban.runs import trust

    check_attached(card)
    if board.config is None:
        raise BadData("config.yaml cannot be read", "`gitkanban status` says where.")
    worker = board.worker_of(card)
    if worker is None:
        raise NotFound(
            f"{card.id} has no worker here", f"Give it one: gitkanban edit {card.id} --worker NAME"
        )
    why = trust.untrusted(place, board.config).get(worker.name)
    if why:
        raise Untrusted(f"nothing of {worker.name} is run here: {why}", "See `gitkanban trust`.")
    return board.config, with_choices(worker, card)


@contextmanager
def _card_lock(locks: "Locks", card: CardId) -> Iterator["HeldLock"]:
    """Take the card's lock for the body, so that no tick starts it. Raises Refused if taken."""
    lock = locks.take(card_lock(card))
    if lock is None:
        raise Refused(
            f"{card} is being started, or somebody is attached to it",
            "`gitkanban status` shows it.",
        )
    try:
        yield lock
    finally:
        lock.close()


def _take_card(
    place: Place, locks: "Locks", config: Config, worker: Worker, card: CardId, shell: bool
) -> "Opening":
    """Make the card the person's on the board, then prepare its worktree."""
    from gitkanban.board.store import history
    from gitkanban.runs import attaching

    done = change(place, lambda board: [taken_over(card_of(board, card), person(place))])
    taken = done.after.cards[card]
    runs = history(place, done.after, card).runs_of(card)
    opening = attaching.open_workspace(
        place, locks, config=config, card=taken, worker=worker, runs=runs, shell=shell
    )
    tell(opening.notices)
    what = "its conversation goes on" if opening.resumes else "a shell"
    say(f"{card} is with you: {what} in {opening.workspace.path}; leave it to say what it is now")
    return opening


def _open_in_terminal(opening: "Opening") -> None:
    """Run the conversation or shell to its end. Raises Refused if it cannot be run."""
    try:
        code = run_in_terminal(opening.argv, opening.workspace.path, opening.env)
    except OSError as error:
        raise Refused(
            f"cannot run {opening.argv[0]}: {error.strerror}", "`--shell` opens a shell instead."
        ) from None
    if code and opening.resumes:
        tell([f"{opening.argv[0]} ended with {code}"])


def _settle_card(place: Place, card: CardId, opening: "Opening") -> int:
    """Ask what the card is now, and move it; without an answer it stays the person's.

    Return the exit code.
    """
    from gitkanban.runs import attaching

    left = attaching.list_left_running(opening)
    if left:
        tell([f"still running from there: process {', '.join(map(str, left))}"])
    import click

    while True:
        answer = _ask_what_it_is()
        unfinished = attaching.describe_unfinished(place, opening.workspace)
        if answer != DONE or not unfinished:
            break
        tell([f"its worktree has {unfinished}: commit that first, or leave the card with you"])
        if not click.confirm("Open it again?", default=True):
            answer = MINE
            break
        _open_in_terminal(opening)
    if answer == DONE:
        return _accept_card(place, card)
    if answer == AGAIN:
        _return_card(place, card)
    else:
        say(f"{card} stays with you; `gitkanban attach {card}` goes on, `retry` gives it back")
    return 0


def _ask_what_it_is() -> str:
    import click

    try:
        answer: str = click.prompt(
            "What is it now?", type=click.Choice([DONE, AGAIN, MINE]), default=MINE
        )
    except (click.Abort, EOFError):
        echo()
        return MINE
    return answer


def _accept_card(place: Place, card: CardId) -> int:
    from gitkanban.tick.accepting import accept

    done = accept(place, card, attended=True)
    if done.to != "done":
        say(f"{card} blocked: {done.detail}")
        tell(done.notices)
        return 1
    say(f"{card} done ({done.detail[:10] or 'nothing to merge'})")
    tell(done.notices)
    return 0


def _return_card(place: Place, card: CardId) -> None:
    import click

    from gitkanban.cli.commands.moves import note_by_person

    text = click.prompt("Words for its next session", default="", show_default=False)

    def back(board: Board) -> Sequence[Change]:
        now = card_of(board, card)
        return retried(board, now, note_by_person(place, now, "retry", text))

    change(place, back)
    say(f"{card} blocked → todo")


def _follow_session(place: Place, card: Card) -> int:
    """Follow the log of the card's session; on ^C, ask whether to stop the session."""
    from gitkanban.board.repo.clone import clone_id
    from gitkanban.cli.commands.logs import follow_logs
    from gitkanban.runs.executors import Executors
    from gitkanban.runs.records import folders
    from gitkanban.runs.supervision.locks import Locks

    if card.clone != clone_id(place):
        raise Refused(f"{card.id} runs in another clone, on {card.host}", "Attach to it there.")
    folder = folders.of(place.private, card.run)
    executor = Executors(place, Locks(place.private)).of(folder)
    if executor.look([folder])[folder.run].phase == "ended":
        raise Refused(f"the session of {card.id} has ended", "`gitkanban tick` settles it first.")
    try:
        say(f"{card.id} runs ({card.slot}); ^C leaves its log")
        for chunk in follow_logs(folder):
            echo(chunk, nl=False)
    except KeyboardInterrupt:
        import click

        echo()
        if click.confirm(f"Stop the session of {card.id}?", default=False):
            executor.stop(folder, f"stopped by {person(place)}, to attach")
            say(f"stopping {card.id}; attach again once it is blocked")
        return 0
    say(f"`gitkanban tick` settles {card.id}, then attach again")
    return 0
