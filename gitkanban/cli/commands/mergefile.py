"""`gitkanban merge-file`: git's merge driver for cards. Git calls it; people install it.

See `gitattributes(5)`, "Defining a custom merge driver".
"""

from gitkanban.cli import declare
from gitkanban.cli.streams import echo


@declare.command("merge-file", hidden=True)
@declare.argument("base")
@declare.argument("ours")
@declare.argument("theirs")
@declare.argument("path", required=False, default="")
def merge_file_command(base: str, ours: str, theirs: str, path: str) -> int:
    """Merge three versions of a card field by field into OURS; fails on a true conflict.

    A field that conflicts gets git's markers, and what each side means is printed.
    """
    from gitkanban import files
    from gitkanban.board.formats.mergefile import merge_card
    from gitkanban.views.text import shown

    texts = [_read_text(name) for name in (base, ours, theirs)]
    merged = merge_card(texts[0], texts[1], texts[2], ("ours", "theirs"), strict=True)
    files.replace(ours, (merged.text or "").encode("utf-8", "surrogateescape"), lasting=False)
    for line in merged.notices:
        echo(f"{shown(path or ours)}: {shown(line)}", err=True)
    return 1 if merged.conflicts else 0


def _read_text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")
