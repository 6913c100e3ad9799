"""Undoing a board commit: changes that restore the fields it changed.

A three-way merge by field in which the commit is the base, its parent one side and the board as it
is the other. It commits nothing.
"""

from gitkanban.board import store
from gitkanban.board.content.boardfiles import card_named, kind_of
from gitkanban.board.formats import cardfile
from gitkanban.board.formats.mergefile import merge_card
from gitkanban.board.formats.yamltext import Bad
from gitkanban.board.repo import blobs, commits
from gitkanban.board.repo.place import Place
from gitkanban.board.review import history
from gitkanban.board.review.history import Changed, Commit
from gitkanban.core.changes import Change, RemoveCard, RewriteCard, WriteFile
from gitkanban.core.model import RUNNING, Board, Card
from gitkanban.core.names import CardId
from gitkanban.errors import NotFound, Refused


def commit_of(place: Place, rev: str) -> Commit:
    """Return the board commit that `rev` names, the last one if empty. Raises NotFound."""
    listed = history.commits(place, rev, most=1)
    if not listed:
        raise NotFound(f"no board commit at {rev or place.branch}", "See `gitkanban log`.")
    wanted = commits.resolve(place.common, rev or place.ref)
    if not commits.is_ancestor(place.common, listed[0].id, place.ref):
        hint = place.rev_hint(rev) or "`gitkanban log` lists them."
        raise NotFound(f"{rev} is not a commit of the board's branch", hint)
    if rev and listed[0].id != wanted:
        raise NotFound(f"{rev} changed nothing on the board", "See `gitkanban log`.")
    return listed[0]


def undone(place: Place, board: Board, commit: Commit) -> list[Change]:
    """Return the changes that undo the commit on this board.

    Raises Refused where a session acted on it, or a field was changed again since.
    """
    texts = blobs.texts(place, {oid for file in commit.files for oid in file[1:] if oid})
    changes: list[Change] = []
    for file in commit.files:
        was, did = texts.get(file.old), texts.get(file.new)
        if (file.old and was is None) or (file.new and did is None):
            raise Refused(f"{file.path} cannot be read in that commit", blobs.TOO_LARGE)
        match kind_of(file.path):
            case "card":
                changes += _revert_card(place, board, commit, file, was=was, did=did)
            case "config":
                changes += _revert_config(place, board, file, was, did=did)
            case "archived":
                raise Refused("archiving cannot be taken back", "Move the files by hand.")
    return changes


def _revert_card(
    place: Place, board: Board, commit: Commit, file: Changed, was: str | None, did: str | None
) -> list[Change]:
    name = card_named(file.path)
    now = board.cards.get(name)
    text = store.card_text(place, board, name) if now else None
    _refuse_acted_upon(
        place, board, commit, name, was=_parse_or_none(file, was), did=_parse_or_none(file, did)
    )
    merged = merge_card(did, text, was, ("now", "before"), strict=True)
    if merged.conflicts:
        raise Refused(
            f"{name} was changed again since: {'; '.join(merged.notices)}",
            f"Set it by hand: gitkanban edit {name}.",
        )
    if merged.text is None:
        return [RemoveCard(name)] if now else []
    if merged.text == text:
        return []
    return [RewriteCard(cardfile.parse(merged.text.encode(), file.path), merged.text)]


def _refuse_acted_upon(
    place: Place, board: Board, commit: Commit, name: CardId, was: Card | None, did: Card | None
) -> None:
    if (was and was.run) or (did and did.run):
        raise Refused(
            f"{commit.id[:10]} starts or ends a run of {name}",
            "What a session did cannot be undone; stop, reject or reopen the card instead.",
        )
    now = board.cards.get(name)
    # Told by what the commit knew, not by times: clocks differ, and a commit's is whole seconds.
    as_of_then = board._replace(commit=commit.id, runs={}, notes={}, complete=frozenset())
    known = {run.run for run in store.history(place, as_of_then, name).runs_of(name)}
    runs = store.history(place, board, name).runs_of(name)
    if (now and now.status == RUNNING) or any(run.run not in known for run in runs):
        raise Refused(
            f"a session has acted on {name} since {commit.id[:10]}",
            "Stop, reject or reopen the card instead.",
        )


def _parse_or_none(file: Changed, text: str | None) -> Card | None:
    if text is None:
        return None
    try:
        return cardfile.parse(text.encode("utf-8", "surrogateescape"), file.path)
    except Bad:
        return None


def _revert_config(
    place: Place, board: Board, file: Changed, was: str | None, did: str | None
) -> list[Change]:
    name = f"{board.commit}:{place.path(file.path)}"
    data = blobs.content(place, name)
    text = None if data is None else data.decode("utf-8", "surrogateescape")
    if text == was:
        return []
    if text != did or was is None:
        raise Refused(f"{file.path} was changed again since", "Edit it by hand.")
    return [WriteFile(file.path, was)]
