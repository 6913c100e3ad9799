"""`runs/<card>/<run>.yaml` to the record of an ended run and back.

It does not edit: such a file is written once.
"""

from gitkanban.board.formats import recordfile, yamltext
from gitkanban.board.formats.recordfile import BLOCK, MAYBE_NUMBER, NUMBER, TEXT, TIME
from gitkanban.board.formats.yamltext import Bad
from gitkanban.core import ids
from gitkanban.core.model import Problem, Run

KINDS = {
    "run": TEXT, "slot": TEXT, "worker": TEXT, "host": TEXT, "clone": TEXT, "started": TIME,
    "ended": TIME, "outcome": TEXT, "exit": MAYBE_NUMBER, "signal": NUMBER, "commit": TEXT,
    "start_commit": TEXT, "session": TEXT, "salvage": TEXT, "cost_usd": TEXT,
    "tokens_in": MAYBE_NUMBER, "tokens_out": MAYBE_NUMBER, "why": TEXT, "summary": BLOCK,
}  # fmt: skip


def parse(data: bytes, path: str) -> Run:
    """The run in a file; card and run are named by `path` (`…/<card>/<run>.yaml`). Raises Bad."""
    root = yamltext.load(yamltext.decoded(data, path), path)
    card, _, stem = path.removesuffix(".yaml").rpartition("/")
    values = recordfile.read(root, KINDS, path)
    run = str(values.pop("run", "") or stem)
    if run != stem or ids.fault(run):
        message = f"the run is {run[:70]!r}, the file is named {stem!r}"
        raise Bad(Problem(path, 1, 1, message, "Run records are never edited: restore it."))
    name = card.rpartition("/")[2]
    return Run(run, name, **values)  # type: ignore[arg-type]  # read by KINDS


def render(run: Run) -> str:
    """The text of a run's file; what is empty is left out, the card is in the path."""
    return recordfile.write(run._asdict(), KINDS)
