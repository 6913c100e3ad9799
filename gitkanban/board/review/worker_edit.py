"""An edit of one worker's keys in config.yaml: comments are kept, and a wrong edit is refused.

It writes nothing, and does not know what the edit means for trust.
"""

from collections.abc import Sequence

from gitkanban.board import store
from gitkanban.board.formats import configedit, configfile, configkeys, configvalues, yamltext
from gitkanban.board.repo.place import Place
from gitkanban.core.ids import check_id, did_you_mean
from gitkanban.core.lookup import no_worker
from gitkanban.core.model import Board, Config
from gitkanban.core.names import WorkerName
from gitkanban.core.review import configrules
from gitkanban.core.review.rules import ERROR, brought_in
from gitkanban.errors import BadData, Refused, UsageError
from gitkanban.late import shlex
from gitkanban.typed import NamedTuple

KeyValue = str | int | bool | tuple[str, ...]


class WorkerEdit(NamedTuple):
    """The config after an edit, as text and as values, and what is questionable about it now."""

    text: str
    config: Config
    doubts: list[str]


def edit_worker(
    place: Place, board: Board, name: WorkerName, values: Sequence[tuple[str, KeyValue | None]]
) -> WorkerEdit:
    """Return the config with keys of the worker set, or removed for None; keys may be dotted.

    Raises NotFound for an unknown worker, BadData or Refused where the result would be wrong.
    """
    if board.config is not None:  # what is wrong with it is reported when it is read after the edit
        known = {*board.config.workers, *board.config.faulty}
        if name not in known:
            raise no_worker(name, known)
    before = after = store.text_of(place, board, "config.yaml")
    for key, value in values:
        after = configedit.edited(after, ("kanban", "workers", name, *key.split(".")), value)
    return _check_edit(place, name, before, after)


def add_worker(
    place: Place, board: Board, name: WorkerName, values: Sequence[tuple[str, KeyValue | None]]
) -> WorkerEdit:
    """Return the config with one more worker that has these keys, in their order.

    Raises Refused where the name is taken, UsageError where it cannot be a worker's, and BadData or
    Refused where the result would be wrong.
    """
    check_id(name)
    if board.config is not None:
        known = {*board.config.workers, *board.config.faulty}
        if name in known:
            hint = f"`gitkanban workers set {name} KEY=VALUE` changes it."
            raise Refused(f"there is already a worker {name}", hint)
        twin = next((each for each in known if each.lower() == name.lower()), "")
        if twin:
            raise Refused(f"{name} differs from {twin} only in case", "Choose another name.")
    before = after = store.text_of(place, board, "config.yaml")
    for key, value in values:
        after = configedit.edited(after, ("kanban", "workers", name, *key.split(".")), value)
    return _check_edit(place, name, before, after)


def parse_value(name: str, key: str, text: str) -> KeyValue | None:
    """Return the value of a word under a key of a worker; None removes it. Raises UsageError."""
    head, _, rest = key.partition(".")
    known = configkeys.BY_PATH.get(f"kanban.workers.*.{key}")
    counts = configkeys.BY_PATH.get(f"kanban.workers.*.{head}")
    if known is None and rest and counts and counts.kind == configkeys.COUNTS:
        known = counts._replace(path=f"kanban.workers.*.{key}", kind=configkeys.COUNT)
    if known is None or known.kind in (configkeys.SECTION, configkeys.COUNTS):
        names = [each.path.rpartition(".")[2] for each in configkeys.below("kanban.workers.*")]
        hint = f"Write {key}.NAME=VALUE." if known else did_you_mean(key, names)
        raise UsageError(f"a worker has no key {key!r} to set", hint)
    if not text:
        return None
    if known.kind in configkeys.LISTS:
        return _parse_list(key, text)
    try:
        checked = configvalues.read_value(known, text)
    except UsageError as error:
        raise UsageError(error.message, error.hint.replace("NAME", name)) from None
    return text if known.kind in (configkeys.DURATION, configkeys.MONEY) else checked


def _parse_list(key: str, text: str) -> tuple[str, ...]:
    """Return the words of a list, written as in a shell, or in brackets as in config.yaml."""
    if not (text.startswith("[") and text.endswith("]")):
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            raise UsageError(
                f"{key}: {error}", "Quote it as in a shell, and close the quotes."
            ) from None
    try:
        root = yamltext.document(text, key)
    except yamltext.Bad as error:
        raise UsageError(
            error.message, "Write [one, word, each], or words as in a shell."
        ) from None
    items = root.items if isinstance(root, yamltext.Sequence) else []
    words = tuple(item.text for item in items if isinstance(item, yamltext.Scalar))
    if not words or len(words) < len(items):
        raise UsageError(
            f"{key} must be a list of words, found {text[:40]!r}", "Write [one, word, each]."
        )
    return words


def _check_edit(place: Place, name: WorkerName, before: str, after: str) -> WorkerEdit:
    """The config after the edit of a worker.

    Raises BadData or Refused with the first mistake that the edit makes, without a line number: the
    edited text is in no file. A mistake that was there before is reported with its place.
    """
    path = place.path("config.yaml")
    old, had = configfile.parse(before.encode(), path)
    config, problems = configfile.parse(after.encode(), path)
    known = {each.message for each in had}
    for problem in problems:
        if problem.message not in known:
            raise BadData(problem.message, problem.hint)
    if config is None or old is None:
        raise BadData(had[0].located, had[0].hint)
    doubts = [f"it has a mistake: {config.faulty[name].located}"] if name in config.faulty else []
    for each in brought_in(configrules.state(old), configrules.state(config)):
        # A faulty worker is left out of the config, so its other mistakes were not known before.
        if (each.severity == ERROR or each.rule == "no-command") and name not in old.faulty:
            raise Refused(f"with that, {each.message}", each.hint)
        doubts.append(each.message)
    return WorkerEdit(after, config, doubts)
