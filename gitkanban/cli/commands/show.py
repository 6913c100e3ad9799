"""`gitkanban show`: one card with its runs, its notes, and what holds it back."""

import os
import sys
from typing import Any

import click

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.content import status_cache
from gitkanban.board.repo import git
from gitkanban.board.repo.place import Place
from gitkanban.cli.here import board_of, json_option, own_card, place_here, print_json
from gitkanban.core.lookup import card_of
from gitkanban.core.model import DONE, RUNNING, SHARED, Board, Card
from gitkanban.errors import BadData, NotFound

LOG_LINES = 8


@click.command("show")
@click.argument("card", required=False, default="")
@click.option("--prompt", is_flag=True, help="Print the prompt of its next session instead.")
@click.option("--diff", is_flag=True, help="Print the work on its branch instead.")
@click.option("--stat", is_flag=True, help="With --diff: only how much each file changed.")
@json_option
def show_command(card: str, prompt: bool, diff: bool, stat: bool, as_json: bool) -> None:
    """Show CARD: fields, body, runs, notes, branch and workspace.

    Inside a session CARD may be left out: it is the session's own card.
    """
    from gitkanban.runs import handoffs
    from gitkanban.views.card import card_data, card_text

    card = own_card(card)
    place = place_here()
    board = store.archived(place, board_of(place), card)
    found = card_of(board, card)
    glimpse, board = board, store.history(place, board, found.id)
    if prompt:
        text = _prompt_text(place, board, found)
        if sys.stdout.isatty():
            from gitkanban.views.text import shown_lines

            text = shown_lines(text)
        click.echo(text, nl=False, color=True)  # a pipe gets what the session gets
        return
    if diff or stat:
        click.echo(_work_text(place, board, found, stat), nl=False)
        return
    now = int(clock.now())
    view = _view_of(place, glimpse, found, now)  # as other views, which have no runs of quiet cards
    places = _branch_and_workspace(place, board, found)
    received = handoffs.received(place, board, found)
    if as_json:
        print_json(card_data(board, found, view, places, received))
    else:
        log = _last_log_lines(place, board, found)
        click.echo(card_text(board, found, view["held"], places, now, log, received), nl=False)


def _work_text(place: Place, board: Board, card: Card, stat: bool) -> str:
    """What the card's branch, or its last run where that is gone, changes since it left base."""
    from gitkanban.board.repo.checkouts import base_of
    from gitkanban.cli.terminal import colour_on
    from gitkanban.views.text import patch_lines

    runs = [run.commit for run in board.runs_of(card.id) if run.commit]
    base = base_of(place, board.config) if board.config else ""
    for tip in (f"refs/heads/card/{card.id}", *runs[-1:]):
        fork = git.run(place.common, "merge-base", f"refs/heads/{base}", tip, check=False).text
        last = git.run(place.common, "rev-parse", "--verify", "-q", tip, check=False).text
        if fork and fork == last and runs and runs[-1] == last:
            # Merged by now: the run says where it began.
            fork = next(r.start_commit for r in board.runs_of(card.id) if r.commit == last) or fork
        if fork:
            break
    else:
        raise NotFound(f"{card.id} has no work to show", "Its branch is not here, nor its commits.")
    words = ["diff", "--no-ext-diff", "--no-color", *(["--stat"] if stat else []), fork, last]
    text = git.run(place.common, *words).out.decode("utf-8", "replace")
    return patch_lines(text, colour_on() and not stat)


def _view_of(place: Place, board: Board, card: Card, now: int) -> dict[str, Any]:
    """The card as every view shows it; one of the archive as the board knew it last."""
    from gitkanban.cli.quick import live
    from gitkanban.runs import figures
    from gitkanban.runs.observe import glance
    from gitkanban.runs.supervision.locks import Locks
    from gitkanban.views.summary import summary

    seen = glance(place, board, now, Locks(place.private))
    rows = summary(board, seen, figures.gather(place, board))
    data = live(rows | status_cache.beside(place))
    return next(each for each in data["cards"] if each["id"] == card.id)


def _prompt_text(place: Place, board: Board, card: Card) -> str:
    from gitkanban.tick.starting import template_of, words_of

    worker = board.worker_of(card)
    if worker is None or board.config is None:
        raise BadData(
            f"{card.id} has no worker to be prompted", "Set one: gitkanban edit --worker."
        )
    template = template_of(place, board)
    return words_of(place, board, board.config, card, worker, template).prompt


def _branch_and_workspace(place: Place, board: Board, card: Card) -> dict[str, str]:
    """The card's branch and workspace, empty where they do not exist."""
    from gitkanban.runs.workspace import worktrees

    branch = worktrees.branch_of(card.id)
    known = git.run(place.common, "show-ref", "--verify", "-q", f"refs/heads/{branch}", check=False)
    path = worktrees.current_path(place, card.id, board.config.worktrees if board.config else "")
    worker = board.worker_of(card)
    if worker and worker.workspace_policy == SHARED and card.status == RUNNING:
        path = place.main
    return {
        "branch": branch if not known.code else "",
        "workspace": path if os.path.isdir(path) else "",
    }


def _last_log_lines(place: Place, board: Board, card: Card) -> list[str]:
    """The last lines of a failed run's log, where this machine has them."""
    from gitkanban.runs import handoffs

    runs = board.runs_of(card.id)
    if not runs or card.status in (DONE, RUNNING):
        return []
    return handoffs.last_words(place, runs[-1], LOG_LINES)
