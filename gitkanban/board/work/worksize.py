"""How much the work of cards in review changes: lines and files, by git, kept by (base, tip)."""

import json

from gitkanban import files
from gitkanban.board.repo import checkouts, git
from gitkanban.board.repo.place import Place
from gitkanban.board.work import cardwork
from gitkanban.core.model import REVIEW, Board
from gitkanban.core.situation.figures import WorkSize
from gitkanban.core.split_cards import open_cards

MOST = 16  # cards that one look asks git about; the others are shown without


def measure(place: Place, board: Board) -> dict[str, WorkSize]:
    """The sizes of the work of cards in review, as far as it is here; one git for each new one."""
    tips = {
        card.id: done.commit
        for card in open_cards(board.cards)
        if card.status == REVIEW and (done := cardwork.result_of(board.runs_of(card.id)))
        if done.commit
    }
    base = checkouts.base_of(place, board.config) if tips and board.config else ""
    onto = checkouts.tip(place, f"refs/heads/{base}") if base else ""
    if not onto:
        return {}
    path = f"{place.private}/cache/sizes"
    known = _load_sizes(path)
    sizes: dict[str, list[int]] = {}
    asked = 0
    for tip in sorted(set(tips.values())):
        key = f"{onto}...{tip}"
        if key not in known and asked < MOST:
            asked += 1
            size = _ask_git(place, key)
            if size:
                known[key] = size
        if key in known:
            sizes[key] = known[key]
    if asked:
        files.cache(path, json.dumps(sizes).encode())  # what nobody asks for any more goes
    return {
        card: WorkSize(*sizes[key])
        for card, tip in tips.items()
        if (key := f"{onto}...{tip}") in sizes
    }


def _load_sizes(path: str) -> dict[str, list[int]]:
    try:
        rows = json.loads(files.read(path))
        return {str(key): [int(count) for count in row][:3] for key, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _ask_git(place: Place, key: str) -> list[int]:
    """[added, removed, files]; binary files count no lines. Empty if git does not know."""
    done = git.run(place.common, "diff", "--no-ext-diff", "--numstat", "-z", key, check=False)
    if done.code:
        return []
    rows = [row.split("\t") for row in done.text.split("\0") if row.count("\t") >= 2]
    counts = [[int(text) if text.isdigit() else 0 for text in row[:2]] for row in rows]
    return [sum(row[0] for row in counts), sum(row[1] for row in counts), len(rows)]
