"""`runs/<card>/<run>.yaml` to the record of an ended run and back.

It does not edit: such a file is written once.
"""

from gitkanban.board.formats import recordfile, yamltext
from gitkanban.board.formats.recordfile import BLOCK, MAYBE_NUMBER, NUMBER, TEXT, TIME
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core import ids
from gitkanban.core.model import Problem, Run
from gitkanban.typed import NamedTuple


class RunKey(NamedTuple):
    """One field of a run's file."""

    name: str
    kind: str  # of `recordfile`
    doc: str


KEYS: tuple[RunKey, ...] = (
    RunKey("run", TEXT, "The run's id, sortable by time."),
    RunKey("slot", TEXT, "The slot it had."),
    RunKey("worker", TEXT, "The worker that it ran for."),
    RunKey("host", TEXT, "The host it ran on."),
    RunKey("clone", TEXT, "The clone that owned it."),
    RunKey("started", TIME, "When it began, UTC."),
    RunKey("ended", TIME, "When it ended, UTC."),
    RunKey("outcome", TEXT, "See below."),
    RunKey("exit", MAYBE_NUMBER, "Exit code of the session's process."),
    RunKey("signal", NUMBER, "The signal that ended the session's process."),
    RunKey("commit", TEXT, "The card branch's tip at the end."),
    RunKey("start_commit", TEXT, "The card branch's tip at the start."),
    RunKey("session", TEXT, "The agent's own session id, to look at or resume it by hand."),
    RunKey("salvage", TEXT, "A ref that keeps work which did not fit on the branch."),
    RunKey("cost_usd", TEXT, "What it cost according to the agent, in US dollars; absent: unknown."),
    RunKey("tokens_in", MAYBE_NUMBER, "Tokens that the agent says it read (cached ones too); absent: unknown."),
    RunKey("tokens_out", MAYBE_NUMBER, "Tokens that the agent says it wrote; absent: unknown."),
    RunKey("not_before", TIME, "What its end set the card's `not_before` to, if it did."),
    RunKey("why", TEXT, "One line: what decided the outcome."),
    RunKey("summary", BLOCK, "What the session reported, by `done --summary` or in its preset's last message, "
        "at most 20,000 characters; the next cards' prompts carry it. What a `command:` of your own prints stays "
        "in the private log."),
)  # fmt: skip
KINDS = {key.name: key.kind for key in KEYS}


def parse(data: bytes, path: str) -> Run:
    """Return the run in a file; `path` names card and run (`…/<card>/<run>.yaml`). Raises Bad."""
    root = yamltext.load(yamltext.decoded(data, path), path)
    card, _, stem = path.removesuffix(".yaml").rpartition("/")
    values = recordfile.read(root, KINDS, path)
    run = str(values.pop("run", "") or stem)
    if run != stem or ids.fault(run):
        message = f"the run is {run[:70]!r}, the file is named {stem!r}"
        raise Bad(Problem(path, 1, 1, message, hint="Run records are never edited: restore it."))
    name = card.rpartition("/")[2]
    return Run(run, name, **values)  # type: ignore[arg-type]  # read by KINDS


def render(run: Run) -> str:
    """Return the text of a run's file; empty values are left out, and the path names the card."""
    return recordfile.write(run._asdict(), KINDS)
