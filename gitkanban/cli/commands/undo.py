"""`gitkanban undo`: take a board commit back by fields, with a new commit."""

import click

from gitkanban.cli.here import change, json_option, place_here, print_json, refuse_in_session, say


@click.command("undo")
@click.argument("commit", required=False, default="")
@json_option
def undo_command(commit: str, as_json: bool) -> None:
    """Take back what COMMIT (default: the last one) did to cards and config.

    A new commit puts the fields back that it changed; later changes of other fields stay. Refused
    where the same field was changed since, and where a session has acted upon it already. Runs and
    notes stay: they are a record of what happened.
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
        say(f"took back {taken.id[:10]} ({taken.subject})")
    else:
        click.echo(f"nothing of {taken.id[:10]} is left to take back")
