"""The kinds of names on a board, each a text of its own type.

A text gets its type where it is read: from a file of the board, from git, from a run folder, or
from an argument that `ids` has checked or resolved. Nothing is checked here.
"""

from gitkanban.typed import NewType

CardId = NewType("CardId", str)
RunId = NewType("RunId", str)
WorkerName = NewType("WorkerName", str)
ProfileName = NewType("ProfileName", str)
Oid = NewType("Oid", str)  # a git object id in hex: never the name of a ref or a revision

NO_CARD = CardId("")  # where there is none
NO_RUN = RunId("")
NOBODY = WorkerName("")
NO_OID = Oid("")
