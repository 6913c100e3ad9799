"""`paused/<worker>.yaml` to a pause and back. It does not know the workers."""

from gitkanban.board.formats import recordfile, yamltext
from gitkanban.board.formats.recordfile import TEXT, TIME
from gitkanban.core.model import Pause

KINDS = {"worker": TEXT, "by": TEXT, "at": TIME, "why": TEXT}


def parse(data: bytes, path: str) -> Pause:
    """Return the pause in a file; `path` names the worker (`…/<worker>.yaml`). Raises Bad."""
    root = yamltext.load(yamltext.decoded(data, path), path)
    values = recordfile.read(root, KINDS, path)
    values["worker"] = path.rpartition("/")[2].removesuffix(".yaml")
    return Pause(**values)  # type: ignore[arg-type]  # read by KINDS


def render(pause: Pause) -> str:
    """Return the text of a pause's file."""
    return recordfile.write(pause._asdict(), KINDS)
