"""The pages of one card: what `show` prints, its work as a diff, the prompt of its next session.

Every page is text fit for a terminal. Nothing here prints or writes.
"""

import os
from collections.abc import Collection, Sequence

from gitkanban.board import store
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import branch_of, card_ref
from gitkanban.core.lookup import card_of
from gitkanban.core.model import DONE, REVIEW, RUNNING, SHARED, TERMINAL, Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import BadData, NotFound
from gitkanban.typed import TYPE_CHECKING, Any
from gitkanban.views.text import Look

if TYPE_CHECKING:
    from gitkanban.core.agents.prompt import Handoff

LOG_LINES = 8


class CardPages:
    """One card at the board's tip; each page is made when it is asked for.

    Raises NotFound for a card that does not exist, BadData for one that cannot be read.
    """

    def __init__(self, place: Place, name: str) -> None:
        self.place = place
        self._glimpse = store.archived(place, store.read(place), CardId(name))
        self.name = card_of(self._glimpse, name).id
        self._board = store.history(place, self._glimpse, self.name)
        self._card = self._board.cards[self.name]

    @property
    def status(self) -> str:
        """The card's status."""
        return self._card.status

    def card(self, now: int, look: Look) -> str:
        """Return the page that `show` prints: fields, body, runs, notes, and what holds it back."""
        from gitkanban.board.repo.clone import clone_id
        from gitkanban.views.card import CardPage, card_text, neighbours

        place, board, card = self.place, self._board, self._card
        rows = _rows_of(place, self._glimpse, [card.id, *neighbours(self._glimpse, card)], now)
        log = _last_log_lines(place, board, card)
        received = _received_by(place, board, card)
        page = CardPage(
            rows[card.id],
            rows,
            self.places(),
            received,
            log=log,
            clone=clone_id(place),
            left_out=self.left_out(),
        )
        return card_text(board, card, page, now, look=look)

    def data(self, now: int) -> dict[str, Any]:
        """Return the data of `show --json`."""
        from gitkanban.views.card import card_data

        # The row is as in other views, which do not read the runs of quiet cards.
        view = _rows_of(self.place, self._glimpse, [self._card.id], now)[self._card.id]
        received = _received_by(self.place, self._board, self._card)
        return card_data(self._board, self._card, view, self.places(), received=received)

    def work(self, colour: bool = False, stat: bool = False) -> str:
        """Return its work as a diff, or with `stat` how much each file changed.

        Raises NotFound.
        """
        return _work_text(self.place, self._board, self._card, colour, stat=stat)

    def prompt(self) -> str:
        """Return the prompt of its next session, as the session gets it. Raises BadData."""
        return _prompt_text(self.place, self._board, self._card)

    def left_out(self) -> Sequence[str]:
        """Return lines about what people have pushed to its branch and accept would not merge."""
        if self._card.status != REVIEW:
            return ()
        from gitkanban.board.repo import remote_names

        if not remote_names.configured(self.place.common):
            return ()
        from gitkanban.board.work import cardwork

        return cardwork.lines_left_out(self.place, self._card, self._board.runs_of(self._card.id))

    def worktree(self) -> str:
        """Return the folder of its worktree.

        Raises NotFound if there is none; the hint says what shows the work instead.
        """
        folder = self.places()["workspace"]
        if not folder or os.path.islink(folder):  # a link is not the worktree that we made
            raise _no_worktree(self.place, self._board, self._card)
        return folder

    def places(self) -> dict[str, str]:
        """Return its `branch` and `workspace`, empty if they do not exist."""
        return _branch_and_workspace(self.place, self._board, self._card)


def _no_worktree(place: Place, board: Board, card: Card) -> NotFound:
    """Return the error that a card has no worktree here; its hint says how to see the work."""
    from gitkanban.board.work.patches import tips_of

    shared = board.worker_of(card)
    if shared and shared.workspace_policy == SHARED:
        return NotFound(
            f"{card.id} has no worktree of its own", f"Its sessions work in {place.main}."
        )
    again = f"`gitkanban attach {card.id}` makes the worktree again."
    again = again if card.status not in (*TERMINAL, RUNNING) else ""
    for tip in tips_of(board, card):
        if not git.run(place.common, "rev-parse", "--verify", "-q", tip, check=False).code:
            hint = f"`gitkanban show {card.id} --diff` shows its work. {again}".rstrip()
            return NotFound(f"the worktree of {card.id} is gone", hint)
    if board.runs_of(card.id):
        hint = f"`gitkanban show {card.id}` says where each of its runs was."
        return NotFound(f"{card.id} has no worktree here", hint)
    return NotFound(f"{card.id} has no worktree yet", "It gets one when it starts.")


def _work_text(place: Place, board: Board, card: Card, colour: bool, stat: bool) -> str:
    """Return what the card's branch changes since it left base, or its last run if that is gone."""
    from gitkanban.board.work.patches import patch_of
    from gitkanban.views.text import patch_lines

    return patch_lines(patch_of(place, board, card, stat), colour and not stat)


def _received_by(place: Place, board: Board, card: Card) -> "list[Handoff]":
    """Return what the card's parents hand to it."""
    if not card.parents:
        return []
    from gitkanban.runs import handoffs  # late: many cards have no parents

    return handoffs.received(place, board, card)


def _rows_of(
    place: Place, board: Board, names: Collection[CardId], now: int
) -> dict[str, dict[str, Any]]:
    """Return the rows of some cards by id, as in `status --json`."""
    from gitkanban.core.situation.account import account_of
    from gitkanban.core.situation.moment import card_now
    from gitkanban.runs import figures
    from gitkanban.runs.observe import glance
    from gitkanban.runs.records import tokens
    from gitkanban.runs.supervision.locks import Locks
    from gitkanban.views.summary import card_row

    observed = glance(place, board, now, Locks(place.private))
    only = [board.cards[name] for name in dict.fromkeys(names)]
    account = account_of(board, observed, figures.gather(place, board, only), only)
    running = {slot["run"]: slot for slot in tokens.locked_slots(place.slots)}
    return {view.id: card_now(card_row(view), running, now) for view in account.cards}


def _prompt_text(place: Place, board: Board, card: Card) -> str:
    from gitkanban.tick.starting import template_of, words_of

    worker = board.worker_of(card)
    if worker is None or board.config is None:
        raise BadData(f"{card.id} has no worker to prompt", "Set one: gitkanban edit --worker.")
    template = template_of(place, board)
    return words_of(place, board, board.config, card, worker=worker, template=template).prompt


def _branch_and_workspace(place: Place, board: Board, card: Card) -> dict[str, str]:
    """Return the card's branch and workspace, empty if they do not exist."""
    from gitkanban.runs.workspace import worktrees

    branch = branch_of(card.id)
    tip = checkouts.tip(place, card_ref(card.id))
    path = worktrees.current_path(place, card.id, board.config.worktrees if board.config else "")
    worker = board.worker_of(card)
    if worker and worker.workspace_policy == SHARED and card.status == RUNNING:
        path = place.main
    return {
        "branch": branch if tip else "",
        "workspace": path if os.path.isdir(path) else "",
    }


def _last_log_lines(place: Place, board: Board, card: Card) -> list[str]:
    """Return the last lines of a failed run's log; empty if this machine does not have them."""
    runs = board.runs_of(card.id)
    if not runs or card.status in (DONE, RUNNING):
        return []
    from gitkanban.runs import handoffs  # late: many cards have no runs

    return handoffs.last_words(place, runs[-1], LOG_LINES)
