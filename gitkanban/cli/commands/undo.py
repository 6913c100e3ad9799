"""`gitkanban undo`: undo a board commit field by field, with a new commit."""

from gitkanban.cli import declare
from gitkanban.cli.here import change, json_option, place_here, print_json, refuse_in_session, say
from gitkanban.cli.streams import echo


@declare.command("undo")
@declare.argument("commit", required=False, default="")
@json_option
def undo_command(commit: str, as_json: bool) -> None:
    """Undo what COMMIT (default: the last one) did to cards and config.

    A new commit restores the fields that it changed; later changes to other fields stay. This is
    refused if the same field has changed since, or if a session has already acted on it. Runs and
    notes stay, as a record of what happened.
    """
    from gitkanban.board.review import reverting

    refuse_in_session("undo")
    place = place_here()
    taken = reverting.commit_of(place, commit)
    why = f"undo {taken.id[:10]} ({taken.subject.removeprefix('kanban: ')})"
    done = change(place, lambda board: reverting.undone(place, board, taken), why)
    if as_json:
        print_json({"undone": taken.id, "commit": done.commit})
    elif done.commit:
        say(f"undid {taken.id[:10]} ({taken.subject})")
    else:
        echo(f"nothing of {taken.id[:10]} is left to undo")
