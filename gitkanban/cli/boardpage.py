"""Gathers what the page of a board shows: now, at a revision, or as a branch would have it.

It only reads; `views.page` decides what of it is shown, and how.
"""

from collections.abc import Iterator
from itertools import islice

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.content import histories, reading
from gitkanban.board.repo.checkouts import tip
from gitkanban.board.repo.place import Place
from gitkanban.core.forecast.usual import usual_forecast
from gitkanban.core.ids import card_ref
from gitkanban.core.model import BLOCKED, REVIEW, TERMINAL, Board, Card
from gitkanban.core.names import NO_RUN, CardId, Oid
from gitkanban.core.situation.rows import NEEDS_YOU, NEXT
from gitkanban.core.tick.facts import Observed
from gitkanban.errors import GitkanbanError, NotFound
from gitkanban.typed import Any
from gitkanban.views.page.value import CardExtras, CardPatch, PageContent

PATCH_MOST = 200_000  # bytes of one card's diff
PATCHES_MOST = 200  # cards whose diff is read from git
PROMPTS_MOST = 40
LOG_LINES = 80  # entries shown from the end of a session's log
_PRINTED = 600  # lines of a session's stdout that are read for them
_COMMITS = 500  # commits whose events are read


class LastPage:
    """What was read for the last page of a board and is the same for the next one.

    A view that is kept up to date passes it from page to page: events of a commit never change, nor
    does the patch of a branch that has not moved.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[Any]] = {}  # by commit
        self.patches: dict[tuple[str, ...], CardPatch | None] = {}  # by card, tip, run's commit


def content_now(place: Place, with_logs: bool = False, last: LastPage | None = None) -> PageContent:
    """Return the board as it is now. `with_logs` adds logs, which may hold secrets."""
    last = last or LastPage()
    from gitkanban.cli.quick import status_now
    from gitkanban.runs.observe import glance
    from gitkanban.runs.supervision.locks import Locks

    status = status_now()
    board = reading.board_at(place, status["board"]["commit"], whole=True)
    now = int(clock.now())
    runs = histories.runs_since(place, board, 0)
    # As in `simulate`, missing trust holds nothing back.
    observed = glance(place, board, now, Locks(place.private))._replace(untrusted={})
    groups = {card["id"]: card["group"] for card in status["cards"]}
    extras = dict(_extras_of(place, board, groups, with_logs, last=last))
    return PageContent(
        status, board, now, runs, events=_events_of(place, board.commit, last),
        forecast=usual_forecast(board, observed, runs), extras=extras,
    )  # fmt: skip


def content_at(place: Place, rev: str) -> PageContent:
    """Return the board as it was at a revision, in whatever folder it was then. Raises NoBoard."""
    from gitkanban.board.repo import git, placefinder

    commit = store.read(place, rev).commit
    place = place._replace(prefix=placefinder.board_in(place.common, commit) or "")
    board = reading.board_at(place, commit, whole=True)
    at = git.run(place.common, "show", "-s", "--format=%ct", commit).text
    return _content_of(place, board, int(at))


def content_of_change(cwd: str, target: str, branch: str) -> PageContent:
    """Return the board as a branch has it, and what merging that would change in `target`.

    Raises NotFound, NoBoard.
    """
    from gitkanban.board.review.revisions import change_at
    from gitkanban.cli.quick import status_of
    from gitkanban.core.review.diff import REMOVED, difference
    from gitkanban.views.diff import diff_data

    change = change_at(cwd, target, branch)
    now = int(clock.now())
    differences = difference(change.base.board, change.head.board, now)
    gone = {each.id for each in differences.cards if each.kind == REMOVED}
    before = status_of(change.base.place, change.base.board, now)["cards"] if gone else []
    content = _content_of(change.head.place, change.head.board, now)
    return content._replace(
        changes=diff_data(differences, target, branch),
        removed=[card for card in before if card["id"] in gone],
    )


def _content_of(place: Place, board: Board, now: int) -> PageContent:
    """Return a board that nobody works on: no slot is taken, and the page offers no commands."""
    from gitkanban.cli.quick import status_of

    runs = histories.runs_since(place, board, 0)
    return PageContent(
        status_of(place, board, now), board, now, runs, events=_events_of(place, board.commit, LastPage()),
        forecast=usual_forecast(board, Observed(now, "", ""), runs), of_now=False,
    )  # fmt: skip


def _events_of(place: Place, commit: Oid, last: LastPage) -> list[Any]:
    """Return the latest events of `log`, newest first. Only commits that are new are read."""
    from gitkanban.board.review import history
    from gitkanban.views.page.value import EVENTS_MOST

    try:
        commits = history.commits(place, rev=commit, most=_COMMITS)
    except NotFound:
        return []
    new: dict[str, list[Any]] = {each.id: [] for each in commits if each.id not in last.events}
    for event in history.events(place, [each for each in commits if each.id in new]):
        new[event.commit].append(event)
    last.events = {each.id: new.get(each.id) or last.events.get(each.id, []) for each in commits}
    return list(islice((event for each in commits for event in last.events[each.id]), EVENTS_MOST))


def _extras_of(
    place: Place, board: Board, groups: dict[CardId, str], with_logs: bool, last: LastPage
) -> Iterator[tuple[CardId, CardExtras]]:
    """Yield (card, what the page adds for it) for open cards: diff, prompt, log."""
    from gitkanban.board.work.patches import tips_of

    prompts = 0
    patches: dict[tuple[str, ...], CardPatch | None] = {}
    for name, group in groups.items():
        card = board.cards.get(name)
        if card is None or card.status in TERMINAL:
            continue
        extras = CardExtras()
        if card.status in (REVIEW, BLOCKED) and len(patches) < PATCHES_MOST:
            key = (name, tip(place, card_ref(name)), *tips_of(board, card))
            if key not in last.patches:
                last.patches[key] = _patch_of(place, board, card)
            patches[key] = last.patches[key]
            extras = extras._replace(patch=patches[key])
        if group in (NEEDS_YOU, NEXT) and prompts < PROMPTS_MOST:
            prompts += 1
            extras = extras._replace(prompt=_prompt_of(place, board, card, with_logs))
        if with_logs:
            extras = extras._replace(log=_log_of(place, board, card))
        yield name, extras
    last.patches = patches


def _patch_of(place: Place, board: Board, card: Card) -> CardPatch | None:
    from gitkanban.board.work.patches import first_of_patch

    try:
        return CardPatch(*first_of_patch(place, board, card, PATCH_MOST))
    except GitkanbanError:
        return None  # it has no work, or none in this clone


def _prompt_of(place: Place, board: Board, card: Card, with_logs: bool) -> str:
    """Return the prompt of the card's next session; empty if it cannot have one."""
    from gitkanban.tick.starting import template_of, words_of

    worker = board.worker_of(card)
    if worker is None or board.config is None:
        return ""
    template = template_of(place, board)
    try:
        words = words_of(
            place, board, board.config, card, worker=worker, template=template, private=with_logs
        )
    except GitkanbanError:
        return ""
    return words.prompt


def _log_of(place: Place, board: Board, card: Card) -> tuple[Any, ...]:
    """Return the last entries of its session's log; empty if this machine does not have that."""
    from gitkanban.core.agents import transcript
    from gitkanban.runs.records import folders, logtail

    runs = board.runs_of(card.id)
    run = card.run or (runs[-1].run if runs else NO_RUN)
    if not run:
        return ()
    folder = folders.of(place.private, run)
    printed, facts = logtail.last_lines(folder.file("stdout.log"), _PRINTED), folder.facts()
    entries = transcript.entries(facts.one("runner"), printed, facts.one("workspace"))
    return tuple(entries)[-LOG_LINES:]
