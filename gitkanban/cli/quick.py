"""The quick door: `status` and `list` from the cache, before anything heavy is imported.

It answers only the plainest calls. All others, and all that are in doubt, are left to the full
command line, which shows the same data through the same views.
"""

import gc
import os
import sys
import time

from gitkanban.board.content import status_cache
from gitkanban.cli import paging
from gitkanban.cli.open_edits import OpenEdits
from gitkanban.cli.terminal import is_terminal, look_here
from gitkanban.core.situation import moment
from gitkanban.core.situation.rows import CARD_KEYS, FINISHED, NEEDS_YOU, QUIET
from gitkanban.core.time_words import worded
from gitkanban.core.visible import safe_json
from gitkanban.runs.records import tokens
from gitkanban.views import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkanban.board.content.finished_rows import FinishedRows
    from gitkanban.board.repo.place import Place
    from gitkanban.cli.redraw import Page
    from gitkanban.core.model import Board
    from gitkanban.typed import Any


def answer(argv: "list[str]") -> "int | None":
    """Answer `status` or `list`, and return the exit code; None if it is not for the quick door."""
    if argv[1:] not in ([], ["--json"]):
        return None
    form = "json" if argv[1:] else ""
    part = status_cache.ALL if form or is_terminal() else status_cache.LINES
    part = status_cache.BRIEF if argv == ["status"] and is_terminal() else part
    edits = OpenEdits()
    warm = status_cache.warm(os.getcwd(), part, edits.begin)
    if warm is None:
        edits.stop()
        return None
    try:
        if part == status_cache.LINES and (warm["cards"] or argv[0] == "status"):
            sys.stdout.write(lines_of(live(warm, edits=edits), warm.get("finished")))
        else:
            show = print_status if argv[0] == "status" else print_list
            show(live(warm, part == status_cache.BRIEF, edits), form)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def lines_of(data: "dict[str, Any]", finished: "FinishedRows | None") -> str:
    """Return a line for each card; those of most finished cards are ready."""
    if not finished:
        return status.tsv(data["cards"])
    newer = [card for card in data["cards"] if card["group"] in FINISHED]
    others = [card for card in data["cards"] if card["group"] not in FINISHED]
    return status.tsv(others) + finished.lines(status.tsv(newer))


def status_now(brief: bool = False) -> "dict[str, Any]":
    """Return the data of `status --json`, from the cache, or from the board to fill the cache.

    With `brief`, the cards of quiet groups are counted in `left_out`, not listed.
    """
    part = status_cache.BRIEF if brief else status_cache.ALL
    with OpenEdits() as edits:
        warm = status_cache.warm(os.getcwd(), part, edits.begin)
        return live(warm or _fresh_rows(brief, edits), brief, edits)


def _fresh_rows(brief: bool, edits: OpenEdits) -> "dict[str, Any]":
    from gitkanban.board.repo import checkouts
    from gitkanban.cli.here import place_here

    place = place_here()
    tip = checkouts.tip(place, place.start or place.ref)
    edits.begin(status_cache.beside(place) | {"branch": place.branch}, tip)
    collecting = gc.isenabled()
    gc.disable()  # passes over the values of a board would free none of them
    try:
        from gitkanban.cli.freshrows import make_rows  # late: git looks for edits meanwhile

        return make_rows(place, brief)
    finally:
        if collecting:
            gc.enable()


def status_at(rev: str) -> "dict[str, Any]":
    """Return the data of the board at a revision: no slot is taken, nothing is uncommitted."""
    from gitkanban.board import store
    from gitkanban.board.repo import git
    from gitkanban.cli.here import place_here

    place = place_here()
    board = store.read(place, rev)
    at = git.run(place.common, "show", "-s", "--format=%ct", board.commit).text
    return status_of(place, board, int(at))


def status_of(place: "Place", board: "Board", now: int) -> "dict[str, Any]":
    """Return the data of a board that nobody works on, as of `now` (epoch seconds)."""
    from gitkanban.core.tick.facts import Observed
    from gitkanban.views.summary import summary

    rows = summary(board, Observed(now, "", ""))
    nowhere = dict.fromkeys(("slots_dir", "main", "private"), "")
    return live(rows | status_cache.beside(place) | nowhere)


# Long: it gives a value to each key of `status --json`.
def live(
    rows: "dict[str, Any]", brief: bool = False, edits: OpenEdits | None = None
) -> "dict[str, Any]":
    """Add the slots as they are now, and what else a person should know, to the rows of a board.

    Times that the rows leave open are put into words. With `brief`, the cards of quiet groups are
    counted in `left_out`, not listed. `edits` is a look for uncommitted edits that may have begun.
    """
    edits = edits or OpenEdits()
    edits.begin(rows, rows["commit"])
    now = _time_now()
    slots = tokens.locked_slots(rows["slots_dir"])
    running = {slot["run"]: slot for slot in slots}
    cards: list[dict[str, Any]] = []
    at = CARD_KEYS.index("group")
    for row in rows["cards"]:
        if brief and row[at] in QUIET:
            continue
        cards.append(moment.card_now(row, running, now))
    ticked = _ticked_at(rows["private"])
    late = moment.late_ticks(cards, ticked, now) if rows["private"] else None
    return {
        "board": {
            "branch": rows["branch"], "commit": rows["commit"], "repository": rows["repository"],
        },
        "causes": [*([late] if late else []), *(_cause_now(each, now) for each in rows["causes"])],
        "cards": cards,
        "left_out": rows["left_out"] if brief else dict.fromkeys(QUIET, 0),
        "progress": rows["progress"],
        "cost_usd": rows["cost_usd"],
        "ticked": _iso_time(ticked),
        "workers": rows["workers"],
        "host": rows["host"],
        "elsewhere": [{**each, "heard": _iso_time(each["heard"])} for each in rows["elsewhere"]],
        "profiles": rows["profiles"],
        "capacities": rows["capacities"],
        "executors": rows["executors"],
        "slots": slots,
        "deadlock": worded(rows["deadlock"], now),
        "waits_for_you": worded(rows["waits_for_you"], now),
        "paused": rows["paused"],
        "problems": rows["problems"],
        "notes": [*_lines_behind(rows["private"]), *(worded(each, now) for each in rows["notices"]), *edits.lines()],
    }  # fmt: skip


def _iso_time(at: int) -> str:
    """Return a time as JSON has it; empty for 0."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) if at else ""


def _cause_now(cause: "dict[str, Any]", now: float) -> "dict[str, Any]":
    return {**cause, "text": worded(cause["text"], now)}


def _ticked_at(private: str) -> int:
    """Return the time of the last tick, as `runs.records.ticked` notes it (epoch s; 0: never)."""
    try:
        with open(f"{private}/ticked", "rb") as file:
            return int(file.read(20).split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _lines_behind(private: str) -> "list[str]":
    """Return the lines that `follow_base` has left about checkouts behind their branch."""
    try:
        with open(f"{private}/cache/behind", encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def print_status(data: "dict[str, Any]", form: str, all_: bool = False) -> None:
    """Print the page, a line for each card, or the data.

    Without a `form`, a terminal gets the page and a pipe gets lines.
    """
    if form == "json":
        _print_json(data)
    elif form == "text" or (not form and is_terminal()):
        paging.write(status.status_text(data, _time_now(), look_here(), all_))
    else:
        sys.stdout.write(status.tsv(data["cards"]))


def status_page(all_: bool, rev: str, labels: "tuple[str, ...]") -> "Page":
    """Return the page of `status` for `redraw`."""
    from gitkanban.cli.redraw import Page

    brief = not (all_ or labels)
    data = having_labels(status_at(rev) if rev else status_now(brief), labels)
    text = status.status_text(data, _time_now(), look_here(), all_)
    return Page(text, needing(data))


def having_labels(data: "dict[str, Any]", labels: "tuple[str, ...]") -> "dict[str, Any]":
    """Return the data with only those cards that have all of the labels."""
    if not labels:
        return data
    cards = [card for card in data["cards"] if set(labels).issubset(card["labels"])]
    return {**data, "cards": cards}


def needing(data: "dict[str, Any]") -> "frozenset[str]":
    """Return the ids of the cards that need a person."""
    return frozenset(card["id"] for card in data["cards"] if card["group"] == NEEDS_YOU)


def print_list(data: "dict[str, Any]", form: str) -> None:
    """Print cards as aligned lines, as tab-separated lines, or as data."""
    cards = data["cards"]
    if form == "json":
        _print_json(cards)
    elif not cards:
        sys.stderr.write("no such cards\n")
    elif form == "text" or (not form and is_terminal()):
        paging.write(status.list_text(cards, _time_now(), look_here()))
    else:
        sys.stdout.write(status.tsv(cards))


def _print_json(value: object) -> None:
    import json

    sys.stdout.write(safe_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def _time_now() -> float:
    if "GITKANBAN_NOW" in os.environ:
        from gitkanban import clock

        return clock.now()
    return time.time()
