"""The words of one kind, with descriptions: read from the board and the repository, never written.

Names come from the cache of `status` if the branch has not moved since, else from the board.
"""

import os
import re

from gitkanban.board.content import status_cache
from gitkanban.board.repo.gitdir import common_dir
from gitkanban.cli.completion.grammar import VERBS
from gitkanban.core.situation.rows import CARD_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gitkanban.cli.completion.line import Cursor
    from gitkanban.core.model import Board

    Candidates = Iterable[tuple[str, str]]  # (word, description or "")

PATIENCE = 5  # seconds until reading a board is given up: somebody waits at a prompt
# Words that no shell expands: a branch named `$(…)` is not offered.
_PLAIN = re.compile(r"[\w./@%+=:,][\w./@%+=:,-]*\Z")


def candidates(asked: "Cursor") -> "list[tuple[str, str]]":
    """Return (word, description) for what may stand at the cursor.

    Raises as reading a board does.
    """
    entries: list[tuple[str, str]] = []
    if isinstance(asked.kind, tuple):
        entries += [(word, "") for word in asked.kind]
    elif asked.options:
        lead = "-" if asked.value == "-" else "--"
        options = ((name, does) for names, _, _, does in asked.options for name in names)
        entries += [each for each in options if each[0].startswith(lead)]
    elif asked.kind:
        name, _, rest = asked.kind.partition(" ")
        entries += _KINDS[name](asked, rest) if name in _KINDS else ()
    return [each for each in entries if each[0][:1] == "-" or _PLAIN.match(each[0])]


class _Names:
    """The names on a board: cards as (id, title, status, labels), workers, profiles, capacities."""

    def __init__(
        self,
        cards: "list[tuple[str, str, str, Iterable[str]]]",
        workers: "list[tuple[str, str]]",
        profiles: "Iterable[str]",
        capacities: "Iterable[str]",
    ) -> None:
        self.cards = cards
        self.workers = workers
        self.profiles = profiles
        self.capacities = capacities


def _names_of(asked: "Cursor") -> _Names:
    rows = status_cache.last_of_tip(os.getcwd()) if not asked.board else None
    if rows is None:
        return _names_on(_read_board(asked))
    at = [CARD_KEYS.index(key) for key in ("id", "title", "status", "labels")]
    return _Names(
        [tuple(row[n] for n in at) for row in rows["cards"]],
        [(each["name"], each["profile"]) for each in rows["workers"]],
        rows["profiles"],
        rows["capacities"],
    )


def _names_on(board: "Board") -> _Names:
    config = board.config
    workers = config.workers.values() if config else ()
    return _Names(
        [(card.id, card.title, card.status, card.labels) for card in board.cards.values()],
        [(worker.name, worker.profile) for worker in workers],
        {*(worker.profile for worker in workers), *(config.profiles if config else ())},
        config.capacities if config else (),
    )


def _read_board(asked: "Cursor") -> "Board":
    """Read the board within PATIENCE seconds, or end the process.

    Raises NoBoard for a board that is not attached here yet: a completion does not attach it.
    """
    import signal

    from gitkanban.board.content import board_cache
    from gitkanban.board.repo.checkouts import tip
    from gitkanban.board.repo.placefinder import find

    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))  # with nothing on stdout yet
    signal.alarm(PATIENCE)
    try:
        place = find(os.getcwd(), asked.board, attached=True)
        board = board_cache.load(place, tip(place, place.ref))
        if board is None:
            from gitkanban.board import store  # late: half of what a completion may cost

            board = store.read(place)
        return board
    finally:
        signal.alarm(0)  # what was read is answered, however long that takes


def _find_cards(asked: "Cursor", statuses: str) -> "Candidates":
    """Yield cards of these statuses, without those that are already on the line."""
    fitting = statuses.split()
    for id_, title, status, _ in _names_of(asked).cards:
        if status in fitting and id_ not in asked.given:
            yield id_, title


def _find_workers(asked: "Cursor", _rest: str) -> "Candidates":
    for name, profile in _names_of(asked).workers:
        if name not in asked.given:
            yield name, "" if profile == name else f"profile {profile}"


def _find_profiles(asked: "Cursor", _rest: str) -> "Candidates":
    return [(name, "") for name in sorted(_names_of(asked).profiles)]


def _find_labels(asked: "Cursor", _rest: str) -> "Candidates":
    counts: dict[str, int] = {}
    for _, _, _, labels in _names_of(asked).cards:
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
    return [(label, f"{n} card{'s' * (n > 1)}") for label, n in sorted(counts.items())]


def _find_capacities(asked: "Cursor", _rest: str) -> "Candidates":
    return [(name, "") for name in sorted(_names_of(asked).capacities)]


def _find_models(asked: "Cursor", field: str) -> "Candidates":
    config = _read_board(asked).config
    workers = config.workers.values() if config else ()
    return [(name, worker.name) for worker in workers for name in getattr(worker, field)]


def _find_runs(asked: "Cursor", _rest: str) -> "Candidates":
    """Yield the runs of the card on the line, newest first."""
    from gitkanban.clock import iso
    from gitkanban.core.names import CardId

    board = _read_board(asked)
    card = board.cards.get(CardId(asked.given[0])) if asked.given else None
    if card is None:
        return
    if card.run:
        yield card.run, f"runs in {card.slot}"
    for run in reversed(board.runs_of(card.id)):
        yield run.run, f"{run.outcome} {iso(run.ended)}"


def _find_clones(asked: "Cursor", _rest: str) -> "Candidates":
    cards = _read_board(asked).cards.values()
    return [(card.clone, card.host) for card in cards if card.clone]


def _find_refs(folders: str) -> "Candidates":
    """Yield the branches or tags below these folders of refs, as git names them."""
    if not common_dir(os.getcwd()):
        return ()
    form = "--format=%(refname:lstrip=2)%09%(contents:subject)"
    argv = ["git", "for-each-ref", "--sort=-committerdate", form, *folders.split()]
    lines = (line.partition("\t") for line in _output_of(argv))
    return [(name, subject) for name, _, subject in lines]


def _find_remotes(_asked: "Cursor", _rest: str) -> "Candidates":
    return [(name, "") for name in _output_of(["git", "remote"])]


def _output_of(argv: "list[str]") -> "list[str]":
    """Return the lines that git prints; none if it fails or takes too long."""
    import subprocess

    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return []
    return done.stdout.decode("utf-8", "replace").splitlines()


def _find_settings(asked: "Cursor", _rest: str) -> "Candidates":
    """Yield `key=` for a worker's keys, and `key=value` if there are only a few values."""
    from gitkanban.board.formats.configkeys import KEYS, SECTION

    name, equals, _ = asked.value.partition("=")
    for key in KEYS:
        short = key.path.removeprefix("kanban.workers.*.")
        if short == key.path or key.kind == SECTION:
            continue
        if not equals:
            yield f"{short}=", key.doc
        elif short == name and isinstance(key.kind, tuple):
            yield from ((f"{short}={word}", key.doc) for word in key.kind)


_KINDS: "dict[str, Callable[[Cursor, str], Candidates]]" = {
    "verb": lambda *_: VERBS.items(),
    "card": _find_cards,
    "worker": _find_workers,
    "profile": _find_profiles,
    "label": _find_labels,
    "capacity": _find_capacities,
    "model": lambda asked, _: _find_models(asked, "models"),
    "effort": lambda asked, _: _find_models(asked, "efforts"),
    "run": _find_runs,
    "clone": _find_clones,
    "branch": lambda *_: _find_refs("refs/heads"),
    "rev": lambda *_: _find_refs("refs/heads refs/tags"),
    "remote": _find_remotes,
    "setting": _find_settings,
}
