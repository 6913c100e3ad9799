"""`gitkanban fmt`: cards in the canonical layout, on the board or as files."""

import os
import stat
from collections.abc import Sequence

from gitkanban import files
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.here import branch_option, place_here, refuse_in_session, say, tell
from gitkanban.cli.streams import echo
from gitkanban.core.changes import Change, MessageLine, RewriteCard
from gitkanban.core.lookup import card_of
from gitkanban.core.model import Board
from gitkanban.core.names import CardId


@declare.command("fmt")
@declare.argument("cards", nargs=-1, metavar="[CARD|FILE]...")
@declare.option("--check", is_flag=True, help="Change nothing; fail if something would change.")
@branch_option
def fmt_command(cards: tuple[str, ...], check: bool, branch: str) -> int:
    """Format card files so that git can merge changes to them. Comments and meaning stay.

    Files are changed in place. Cards that are named by id (without arguments, all cards of the
    board) are changed in one commit on the board's branch.
    """
    paths = [name for name in cards if os.sep in name or name.endswith(".yaml")]
    names = [name for name in cards if name not in paths]
    changed, wrong = _format_files(paths, check)
    if names or not paths:
        refuse_in_session("fmt")  # a session may format files, as a hook of its commits does
        changed += _on_board(place_here(branch), names, check)
    if not changed and not wrong:
        echo("nothing to format")
    elif check and changed:
        echo("Format them: gitkanban fmt" + ("" if not paths else " FILE…"), err=True)
    return 1 if wrong or (check and changed) else 0


def _format_files(paths: list[str], check: bool) -> tuple[int, int]:
    """Format files; return how many were (or would be) changed, and how many cannot be read."""
    from gitkanban.board.formats import cardfile, cardlayout
    from gitkanban.board.formats.yamltext import Bad
    from gitkanban.cli.app import report_expected
    from gitkanban.core.sizes import FILE_MOST
    from gitkanban.errors import UsageError

    changed = wrong = 0
    for path in paths:
        if os.path.islink(path) or not os.path.isfile(path):
            raise UsageError(f"{path} is not a file", "Name card files, or cards by their ids.")
        root = "" if os.path.isabs(path) or ".." in path.split("/") else "."
        data = files.read(path, below=root, most=FILE_MOST + 1)
        try:
            cardfile.parse(data, path)
        except Bad as bad:
            report_expected(bad)
            wrong += 1
            continue
        text = data.decode()
        after = cardlayout.formatted(text)
        if after == text:
            continue
        changed += 1
        say(f"{path}{' would be' if check else ''} formatted")
        if not check:
            mode = stat.S_IMODE(os.stat(path).st_mode)
            files.replace(path, after.encode(), mode, below=root)
    return changed, wrong


def _on_board(place: Place, names: list[str], check: bool) -> int:
    """Format cards on the board; return how many were (or would be) changed."""
    from gitkanban.board import store

    def decide(board: Board) -> list[Change]:
        cards = [card_of(board, name).id for name in names] or sorted(board.cards)
        return list(_rewritten_cards(place, board, cards))

    if check:
        changes = decide(store.read(place))
    else:
        done = store.commit(place, decide, message=_format_message)
        tell(done.notices)
        changes = list(done.changes)
    for change in changes:
        assert isinstance(change, RewriteCard)
        say(f"{change.card.id}{' would be' if check else ''} formatted")
    return len(changes)


def _format_message(board: Board, changes: Sequence[Change]) -> str:
    from gitkanban.views.message import from_lines

    suffix = board.config.commit_suffix if board.config else ""
    lines = [
        MessageLine(each.card.id, "formatted") for each in changes if isinstance(each, RewriteCard)
    ]
    return from_lines(lines, suffix)


def _rewritten_cards(place: Place, board: Board, names: list[CardId]) -> list[RewriteCard]:
    from gitkanban.board.formats import cardfile, cardlayout
    from gitkanban.board.review import revisions
    from gitkanban.core.review.rules import card_file

    side = revisions.at_commit(place, board)
    texts = side.texts([card_file(name) for name in names])
    rewritten = []
    for name in names:
        text = texts[card_file(name)]
        if text == cardfile.render(board.cards[name]):
            continue
        after = cardlayout.formatted(text)
        if after != text:
            rewritten.append(RewriteCard(board.cards[name], after))
    return rewritten
