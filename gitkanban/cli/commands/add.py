"""`gitkanban add`: one card from the command line, or several from a YAML list."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.at_once import next_start_lines
from gitkanban.cli.cardfields import (
    body_argument,
    body_options,
    field_option,
    parse_labels,
    parse_needs,
)
from gitkanban.cli.here import (
    board_of,
    branch_option,
    change,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    say,
    session,
    tell,
    text_argument,
)
from gitkanban.core.changes import AddCard
from gitkanban.core.editing import drafted
from gitkanban.core.model import BACKLOG, TODO, Board, Card, Status
from gitkanban.core.names import CardId, WorkerName
from gitkanban.errors import UsageError

PLAN_MOST = 64 << 20  # characters of a file with a list of cards


@declare.command("add")
@declare.argument("title", required=False, default=None)
@declare.option(
    "--id", "card_id", default="", help="Id of the card; by default a short random one."
)
@field_option("worker", "Worker that gets the card.")
@field_option("parents", "Start only when this card is done (repeatable).")
@field_option("priority", "Higher goes first; default 0.")
@field_option(
    "needs",
    "Amount of a capacity that it needs; :0 for none, whatever the worker's needs are (repeatable).",
)
@field_option("acceptance", "One line that must hold when it is done (repeatable).")
@body_options
@field_option("labels", "A word to find it by (repeatable).")
@field_option("model", "One of its worker's `models`.")
@field_option("effort", "One of its worker's `efforts`.")
@declare.option("-e", "--edit", is_flag=True, help="Write the body in your editor.")
@declare.option("--backlog", is_flag=True, help="Do not run it until it is approved.")
@declare.option(
    "--from",
    "source",
    default=None,
    metavar="FILE",
    help="Add every card of a YAML list (- for stdin), in one commit, all or none.",
)
@branch_option
@json_option
# Long: it has a parameter for each option.
def add_command(
    title: str | None,
    card_id: str,
    worker: str | None,
    parents: tuple[str, ...],
    priority: int | None,
    needs: tuple[str, ...],
    acceptance: tuple[str, ...],
    body: str | None,
    body_file: str | None,
    model: str | None,
    effort: str | None,
    labels: tuple[str, ...],
    edit: bool,
    backlog: bool,
    source: str | None,
    branch: str,
    as_json: bool,
) -> None:
    """Add a card to the board, or several with --from.

    If there is only one worker, cards without a worker go to it.

    \b
    gitkanban add "implement backend API" --worker backend-hermes-pool --parent T0
    gitkanban add --from plan.yaml
    """
    refuse_in_session("add")
    _check_words(title, source)
    fields = (
        card_id,
        worker,
        parents,
        priority,
        needs,
        acceptance,
        body,
        body_file,
        model,
        effort,
        labels,
    )
    if source is not None and (any(fields) or edit):
        hint = "Only --backlog goes with --from; write the other fields into the list."
        raise UsageError("--from FILE takes whole cards, so no other fields can be given", hint)
    status: Status = BACKLOG if backlog or session()[1] else TODO
    written: AbstractContextManager[object] = nullcontext()
    if source is None:
        title = (title or "").strip()
        text = body_argument(body, body_file) or ""
        draft = Card(
            CardId(card_id), title, WorkerName(worker or ""), status, priority=priority or 0,
            parents=tuple(sorted(set(map(CardId, parents)))), needs=parse_needs(needs), acceptance=acceptance,
            model=model or "", effort=effort or "", labels=parse_labels(labels),
        )  # fmt: skip
        if edit:
            text, written = _edit_body(text, title)
        draft = draft._replace(body=f"{text.strip()}\n" if text.strip() else "")
        drafts: Sequence[Card] = [draft]
    else:
        drafts = _read_plan(source, status)
    place = place_here(branch)
    with written:
        cards, commit, after = _add_drafts(place, drafts)
    if as_json:
        ids = [card.id for card in cards]
        print_json({"ids": ids, "commit": commit, "branch": place.branch})
    else:
        for card in cards:
            say(f"{card.id}  {card.title}")
    tell(_assignment_lines(place, cards, drafts))
    if after and not as_json:
        tell(next_start_lines(place, after, cards))


def _assignment_lines(place: Place, cards: Sequence[Card], drafts: Sequence[Card]) -> list[str]:
    """Return a line on who got the cards for which no worker was named."""
    open_ = [card for card, draft in zip(cards, drafts, strict=True) if not draft.worker]
    if not open_:
        return []
    names = ", ".join(card.id for card in open_[:5]) + (", …" if len(open_) > 5 else "")
    if open_[0].worker:
        return [f"{names}: for {open_[0].worker}, the only worker"]
    first = open_[0].id if len(open_) == 1 else "ID"
    config = board_of(place).config
    new = "gitkanban workers add NAME, then " if config and not config.workers else ""
    return [f"{names}: nobody is assigned: {new}gitkanban edit {first} --worker NAME"]


def _check_words(title: str | None, source: str | None) -> None:
    if title is not None and source is not None:
        raise UsageError("either a title or --from FILE, not both", "The file has the titles.")
    if source is None and not (title or "").strip():
        raise UsageError(
            "a card needs a title", 'gitkanban add "what to do" --worker NAME, or --from FILE.'
        )


def _read_plan(source: str, status: str) -> Sequence[Card]:
    """Return the cards of a YAML list; if `status` is backlog, they all go there."""
    from gitkanban.board.formats.planfile import parse_plan

    cards = parse_plan(text_argument("", source, PLAN_MOST).encode(), source)
    return [card._replace(status=BACKLOG) for card in cards] if status == BACKLOG else cards


def _add_drafts(place: Place, drafts: Sequence[Card]) -> tuple[list[Card], str, Board | None]:
    """Add the cards; return them, the commit, and the board with them.

    From inside a session they are only proposed, by a letter: there is no commit and no board.
    """
    new_ids = map(CardId, iter(clock.card_id, ""))
    own, run = session()
    if not run:
        done = change(place, lambda board: drafted(board, drafts, new_ids))
        cards = [each.card for each in done.changes if isinstance(each, AddCard)]
        return cards, done.commit, done.after
    from gitkanban.cli.report import send
    from gitkanban.core.tick.facts import Letter

    board = board_of(place)
    cards = [each.card for each in drafted(board, drafts, new_ids)]
    send(place, Letter("", "add", own, cards=tuple(cards)), board)
    return cards, "", None


def _edit_body(text: str, title: str) -> tuple[str, AbstractContextManager[object]]:
    """Return the body as the editor leaves it, and a context that saves it if adding fails."""
    from gitkanban.cli.edit_file import EditFile

    place = place_here()
    draft = EditFile.begin(place, "new-card", text or f"\n# {title}\n", ".md")
    draft.edit(place)
    done = draft.text()
    done = text if done == draft.base("") else done
    return done, draft.saved_until_done(done, "go on with --body-file {}.")
