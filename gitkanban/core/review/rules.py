"""What is wrong with a board's cards, as findings, and the table of all rules.

It examines values only. `configrules` examines the config, `changerules` a change.
`board.review.findings` has the rules about texts, and adds files, lines and columns to findings.
"""

from collections.abc import Iterable, Iterator, Mapping

from gitkanban.core.agents.cost import parse_amount
from gitkanban.core.agents.presets import choice_fault
from gitkanban.core.graph import cycles
from gitkanban.core.ids import Nearest
from gitkanban.core.model import DROPPED, TERMINAL, TODO, Board, Card, Config
from gitkanban.core.names import CardId
from gitkanban.core.tick.holds import EVERYBODY
from gitkanban.typed import Final, Literal, NamedTuple

ERROR: Final = "error"
WARNING: Final = "warning"
Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """A rule of the review: its severity, and what it looks for."""

    severity: Severity
    finds: str


RULES: Mapping[str, Rule] = {
    "unreadable": Rule(ERROR, "A file that cannot be read: broken YAML, a wrong type, a symlink."),
    "config": Rule(ERROR, "A mistake in `config.yaml`."),
    "title": Rule(ERROR, "A card without a title, or with one of several lines."),
    "unknown-worker": Rule(ERROR, "A card for a worker that the config does not have."),
    "no-worker": Rule(WARNING, "A card that may run, but has no worker."),
    "unknown-parent": Rule(ERROR, "A parent that does not exist."),
    "cycle": Rule(ERROR, "Cards that wait for each other; each cycle is reported once."),
    "dropped-parent": Rule(WARNING, "A card that waits for a dropped one, which never frees it."),
    "duplicate-id": Rule(ERROR, "An id that is used twice."),
    "case-twin": Rule(ERROR, "Ids that differ only in case; some file systems hold one of them."),
    "unknown-capacity": Rule(ERROR, "A need for a capacity that the config does not have."),
    "never-runs": Rule(ERROR, "A card or a worker that asks for more than there is."),
    "choice": Rule(ERROR, "A card's `model` or `effort` that its worker does not offer."),
    "cost": Rule(WARNING, "A run whose cost is not an amount: negative, huge, or not a number."),
    "no-command": Rule(WARNING, "A worker with neither runner nor command, which starts nothing."),
    "unused-profile": Rule(WARNING, "A cap for a profile that no worker has."),
    "unused-executor": Rule(WARNING, "An executor that no worker runs on."),
    "reserves": Rule(WARNING, "Reserves that leave nothing of the host total to others."),
    "paused-worker": Rule(
        WARNING, "A card that could run, but its worker, or every worker, is paused."
    ),
    "stray-file": Rule(WARNING, "A file under the board that nothing reads."),
    "layout": Rule(WARNING, "A card whose layout prevents changes to it from merging."),
    "status-by-hand": Rule(ERROR, "A change of status that only a tick may make."),
    "running-changed": Rule(WARNING, "A change to a card that runs, or ends its session."),
    "run-fields": Rule(ERROR, "A change to fields that only a run sets."),
    "run-edited": Rule(ERROR, "A record of an ended run that was changed, removed or forged."),
    "note-edited": Rule(WARNING, "A note that was changed or removed; notes are written once."),
    "card-removed": Rule(WARNING, "A card whose file was removed, its history with it."),
    "executes": Rule(WARNING, "A change to what is executed on the machines that tick."),
    "trusted": Rule(WARNING, "A change to a key that machines ask their owner's trust for."),
    "setting": Rule(WARNING, "A change to a limit, a weight, a time, or another setting."),
    "former-word": Rule(WARNING, "A value in `config.yaml` that has another word by now."),
    "prompt": Rule(WARNING, "A change to the prompt of every session."),
    "prompt-field": Rule(WARNING, "A `{word}` in `prompt.md` that stands for nothing."),
}


class Finding(NamedTuple):
    """One finding. `file` is relative to the board's root; `line` and `column` count from 1.

    0 is an unknown line or column. `at` is the place in the file: a path of keys, perhaps with a
    list item at its end.
    """

    rule: str
    severity: Severity
    file: str
    at: tuple[str, ...]
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0


def finding(
    rule: str,
    file: str,
    at: tuple[str, ...],
    message: str,
    hint: str = "",
    severity: Severity | None = None,
) -> Finding:
    """Return a finding, with its rule's severity unless another is given."""
    return Finding(rule, severity or RULES[rule].severity, file, at, message=message, hint=hint)


def card_file(card: CardId) -> str:
    """A card's file, relative to the board's root."""
    return f"cards/{card}.yaml"


def state(board: Board) -> list[Finding]:
    """The findings on a board's cards, whoever caused them, without problems of files."""
    known = _Known.of(board)
    findings = [
        each for card in board.cards.values() for each in _card_findings(board, card, known)
    ]
    findings += _ring_findings(board)
    findings += _pause_of_all(board)
    findings += _cost_findings(board)
    return [*findings, *_twin_findings(board)]


class _Known(NamedTuple):
    """The names that cards may use, and the unreadable cards."""

    cards: Nearest
    workers: Nearest
    capacities: Nearest
    unreadable: frozenset[str]

    @classmethod
    def of(cls, board: Board) -> "_Known":
        config = board.config
        return cls(
            Nearest(board.cards),
            Nearest(config.workers if config else ()),
            Nearest(config.capacities if config else ()),
            frozenset(problem.card for problem in board.problems),
        )


def _card_findings(board: Board, card: Card, known: _Known) -> Iterator[Finding]:
    file = card_file(card.id)
    if not card.title.strip():
        yield finding(
            "title",
            file,
            ("title",),
            f"card {card.id} has no title",
            hint="Give it one line that says what to do.",
        )
    elif "\n" in card.title.strip("\n"):
        yield finding(
            "title",
            file,
            ("title",),
            f"the title of {card.id} has several lines",
            hint="Put the rest into body.",
        )
    if card.id in board.archived:
        yield finding(
            "duplicate-id",
            file,
            ("id",),
            f"card {card.id} is in the archive too",
            hint=f"Rename this one: gitkanban rename {card.id} NEW.",
        )
    if card.status in TERMINAL:
        return
    yield from _parent_findings(board, card, known)
    yield from _worker_findings(board, card, known)


def _parent_findings(board: Board, card: Card, known: _Known) -> Iterator[Finding]:
    file = card_file(card.id)
    for parent in card.parents:
        at = ("parents", parent)
        if parent in board.cards:
            if board.cards[parent].status == DROPPED:
                yield finding(
                    "dropped-parent",
                    file,
                    at,
                    f"{card.id} waits for {parent}, which is dropped",
                    hint=f"Unlink it, drop {card.id} too, or reopen {parent}.",
                )
        elif parent not in board.archived and parent not in known.unreadable:
            hint = known.cards.hint(parent, but=card.id)
            yield finding(
                "unknown-parent",
                file,
                at,
                f"parent {parent} of {card.id} is not a card",
                hint=hint or "Add that card, or take the parent out.",
            )


def _worker_findings(board: Board, card: Card, known: _Known) -> Iterator[Finding]:
    config = board.config
    file = card_file(card.id)
    if config is None:
        return
    if not card.worker:
        if card.status == TODO:
            yield finding(
                "no-worker",
                file,
                ("title",),
                f"{card.id} has no worker",
                hint="Name one, or keep the card in the backlog.",
            )
    elif card.worker not in config.workers:
        # If the worker has a mistake in it, that is reported instead.
        if card.worker not in config.faulty:
            yield finding(
                "unknown-worker",
                file,
                ("worker",),
                f"no worker {card.worker!r}",
                hint=known.workers.hint(card.worker) or "`gitkanban workers add` makes one.",
            )
    elif card.worker in board.paused and card.status == TODO:
        why = board.paused[card.worker].why
        yield finding(
            "paused-worker",
            file,
            ("worker",),
            f"worker {card.worker} is paused" + (f": {why}" if why else ""),
            hint=f"gitkanban resume {card.worker}, once its cause is gone.",
        )
    yield from _choice_findings(config, card)
    yield from _needs_findings(config, card, known)


def _choice_findings(config: Config, card: Card) -> Iterator[Finding]:
    worker = config.workers.get(card.worker)
    key, value = choice_fault(worker, card) if worker else ("", "")
    if worker and key:
        offered = ", ".join(getattr(worker, f"{key}s"))
        yield finding(
            "choice",
            card_file(card.id),
            (key,),
            f"{card.id} asks for {key} {value}, which {worker.name} does not offer",
            hint=f"It offers: {offered}."
            if offered
            else f"Name it under {key}s: of {worker.name}.",
        )


def _cost_findings(board: Board) -> Iterator[Finding]:
    for runs in board.runs.values():
        for run in runs:
            if run.cost_usd and parse_amount(run.cost_usd) is None:
                yield finding(
                    "cost",
                    f"runs/{run.card}/{run.run}.yaml",
                    ("cost_usd",),
                    f"run {run.run} of {run.card} says that it cost {run.cost_usd[:40]!r}",
                    hint="It counts as unknown.",
                )


def _needs_findings(config: Config, card: Card, known: _Known) -> Iterator[Finding]:
    """Find needs that are never met: the card's own, else its worker's."""
    file, worker = card_file(card.id), config.workers.get(card.worker)
    inherited = worker.needs if worker and not card.needs else ()
    by = f" (all cards of {card.worker} need it)" if inherited else ""
    for name, amount in card.needs or inherited:
        at = ("worker",) if inherited else ("needs", name)
        limit = config.capacities.get(name)
        if limit is None:
            hint = known.capacities.hint(name)
            yield finding(
                "unknown-capacity",
                file,
                at,
                f"no capacity {name!r}{by}",
                hint=hint or "Name it under capacities: in config.yaml.",
            )
        elif amount > limit:
            yield finding(
                "never-runs",
                file,
                at,
                f"{card.id} asks for {name} {amount}, and there are {limit}{by}",
                hint="Ask for less, or raise it under capacities: in config.yaml.",
            )


def _pause_of_all(board: Board) -> Iterator[Finding]:
    if EVERYBODY in board.paused and any(card.status == TODO for card in board.cards.values()):
        why = board.paused[EVERYBODY].why
        yield finding(
            "paused-worker",
            f"paused/{EVERYBODY}.yaml",
            ("why",),
            "every worker is paused" + (f": {why}" if why else ""),
            hint="gitkanban resume --all, once its cause is gone.",
        )


def _ring_findings(board: Board) -> list[Finding]:
    findings = []
    for ring in cycles(board.cards):
        first, second = ring[0], ring[1 % len(ring)]
        way = " → ".join([*ring, first])
        findings.append(
            finding(
                "cycle",
                card_file(first),
                ("parents", second),
                f"a cycle: {way}",
                hint="Each waits for the next; take one of these parents out.",
            )
        )
    return findings


def _twin_findings(board: Board) -> list[Finding]:
    earlier: dict[str, str] = {}
    findings = []
    for name in sorted(board.cards):
        twin = earlier.setdefault(name.lower(), name)
        if twin != name:
            findings.append(
                finding(
                    "case-twin",
                    card_file(name),
                    ("id",),
                    f"{name} and {twin} differ only in case",
                    hint=f"gitkanban rename {name} NEW.",
                )
            )
    return findings


def brought_in(base: list[Finding], head: list[Finding]) -> list[Finding]:
    """The findings of `head` that `base` did not have, in whatever place."""
    known = {(each.rule, each.file, each.message) for each in base}
    return [each for each in head if (each.rule, each.file, each.message) not in known]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings by file, line and column, with errors before warnings in one place."""
    return sorted(
        findings, key=lambda each: (each.file, each.line, each.column, each.severity, each.rule)
    )
