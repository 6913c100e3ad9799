"""`gitkanban edit`: fields of a card by options, or its whole file in an editor.

A text that was written in the editor is never lost: it stays in a file of its own until it is
committed.
"""

from collections.abc import Mapping

from gitkanban.board.content.unchanged import check_unchanged
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare
from gitkanban.cli.cardfields import (
    body_argument,
    body_options,
    field_option,
    parse_labels,
    parse_needs,
)
from gitkanban.cli.here import (
    branch_option,
    change,
    json_option,
    place_here,
    print_json,
    refuse_in_session,
    since_option,
)
from gitkanban.cli.streams import echo
from gitkanban.core.changes import Change
from gitkanban.core.editing import edited
from gitkanban.core.lookup import card_of
from gitkanban.core.model import BACKLOG, Board, Card
from gitkanban.core.transitions import PERSON, allowed
from gitkanban.errors import Refused, UsageError
from gitkanban.typed import Any


@declare.command("edit")
@declare.argument("card")
@declare.option("--title", default=None, metavar="TEXT", help="New title.")
@field_option("worker", "Worker that gets the card; '' for none yet.")
@field_option("priority", "Higher goes first.")
@field_option("parents", "Everything it waits for (repeatable); '' for nothing. `link` adds one.")
@field_option(
    "needs",
    "All the capacities it needs (repeatable); build:0 for none, '' for the worker's own needs.",
)
@field_option(
    "acceptance", "Everything that must hold when it is done (repeatable); '' for nothing."
)
@declare.option(
    "--add-acceptance",
    "more",
    multiple=True,
    metavar="TEXT",
    help="One more thing that must hold (repeatable).",
)
@body_options
@field_option("model", "One of its worker's `models`; '' for none.")
@field_option("effort", "One of its worker's `efforts`; '' for none.")
@field_option("labels", "Its labels (repeatable); '' for none.")
@declare.option("--to-backlog", is_flag=True, help="Do not run it until it is approved again.")
@declare.option(
    "--file",
    "source",
    default=None,
    metavar="FILE",
    help="Take the whole card from a file (- for stdin), such as one that a failed edit left behind.",
)
@since_option
@branch_option
@json_option
def edit_command(
    card: str, title: str | None, worker: str | None, priority: int | None,
    parents: tuple[str, ...], needs: tuple[str, ...], acceptance: tuple[str, ...],
    more: tuple[str, ...], body: str | None, body_file: str | None, model: str | None,
    effort: str | None, labels: tuple[str, ...], to_backlog: bool, source: str | None, since: str, branch: str, as_json: bool,
) -> None:  # fmt: skip
    """Change fields of CARD; without options, open its file in your editor.

    What others change in the meantime is merged field by field. To change its status, use approve,
    drop and the other commands.
    """
    refuse_in_session("edit")
    text = body_argument(body, body_file)
    given: dict[str, Any] = {"title": title, "worker": worker, "priority": priority}
    given |= {"model": model, "effort": effort}
    given = {name: value for name, value in given.items() if value is not None}
    if text is not None:
        given["body"] = "{}\n".format(text.strip("\n")) if text.strip() else ""
    if parents:
        given["parents"] = tuple(part for part in parents if part)
    if needs:
        given["needs"] = parse_needs([part for part in needs if part])
    if labels:
        given["labels"] = parse_labels([part for part in labels if part])
    if acceptance:
        given["acceptance"] = tuple(part for part in acceptance if part)
    if more:
        given["more"] = more
    if source is not None and (given or to_backlog):
        raise UsageError(
            "--file takes the whole card; leave the other options out", "The file has them."
        )
    place = place_here(branch)
    if given or to_backlog:
        _by_fields(place, card, given, to_backlog, since=since, as_json=as_json)
    elif since:
        raise UsageError("--unchanged-since is for fields", "A text is merged field by field.")
    else:
        from gitkanban.cli.editor import by_text

        done = by_text(place, card, source)
        _report_edit(done.card, done.fields, done.commit, as_json)


def _by_fields(
    place: Place, name: str, given: Mapping[str, Any], to_backlog: bool, since: str, as_json: bool
) -> None:
    changed: dict[str, Any] = {}

    def decide(board: Board) -> list[Change]:
        card = card_of(board, name)
        check_unchanged(place, board, [card.id], since)
        fields = dict(given)
        if "parents" in fields:
            fields["parents"] = tuple(
                sorted({_parent_id(board, card, p) for p in given["parents"]})
            )
        if "more" in fields:
            fields["acceptance"] = (*fields.get("acceptance", card.acceptance), *fields.pop("more"))
        if to_backlog:
            fields |= _backlog_fields(card)
        changes = edited(board, card, fields)
        changed.update(card=card.id, fields=sorted(changes[0].fields) if changes else [])
        return list(changes)

    done = change(place, decide)
    _report_edit(changed["card"], changed["fields"], done.commit, as_json)


def _parent_id(board: Board, card: Card, name: str) -> str:
    if name in card.parents or name in board.archived:
        return name
    return card_of(board, name).id


def _backlog_fields(card: Card) -> dict[str, Any]:
    if not allowed(card.status, BACKLOG, PERSON):
        raise Refused(
            f"{card.id} is {card.status}; it cannot go to the backlog",
            "Only cards that are todo, blocked or dropped can.",
        )
    return {"status": BACKLOG, "reason": "", "why": "", "not_before": 0}


def _report_edit(card: str, fields: list[str], commit: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": card, "changed": fields, "commit": commit})
    elif not commit:
        echo(f"{card}: nothing to change")
    else:
        echo(f"{card} changed: {', '.join(fields) or 'comments and layout'}")
