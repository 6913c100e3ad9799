"""Moves the fragments of `changelog/` into CHANGELOG.md: `python -m tests.changelog VERSION`."""

import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CHANGELOG.md"
FRAGMENTS = ROOT / "changelog"
KINDS = ("added", "changed", "fixed", "removed", "security")


def fragments(folder: Path = FRAGMENTS) -> Iterator[Path]:
    """The fragments, by name."""
    yield from sorted(path for path in folder.iterdir() if path.name != "README.md")


def section(paths: list[Path]) -> str:
    """The fragments as markdown, a heading for each kind. Raises ValueError for a wrong name."""
    lists: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for path in paths:
        words = path.name.split(".")
        if len(words) != 3 or words[1] not in KINDS or words[2] != "md":
            raise ValueError(f"{path.name}: call it <topic>.<kind>.md, kind being one of {KINDS}")
        text = " ".join(path.read_text().split())
        if not text.endswith("."):
            raise ValueError(f"{path.name}: write whole sentences")
        lists[words[1]].append(
            textwrap.fill(
                text, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
            )
        )
    return "\n\n".join(
        f"### {kind.capitalize()}\n\n" + "\n".join(lines) for kind, lines in lists.items() if lines
    )


def released(page: str, version: str, day: date, entries: str) -> str:
    """The page with the entries under the version; its section may be there as unreleased."""
    heading, dated = f"## {version} (unreleased)\n", f"## {version} ({day})\n"
    if heading not in page:
        title, _, rest = page.partition("\n\n")
        return f"{title}\n\n{dated}\n{entries}\n\n{rest}"
    before, _, after = page.partition(heading)
    own, mark, older = after.partition("\n## ")
    return f"{before}{dated}{own.rstrip()}\n\n{entries}\n{mark}{older}"


def main() -> None:
    """Write the page and remove the fragments."""
    if len(sys.argv) != 2 or not re.fullmatch(r"\d+\.\d+\.\d+\w*", sys.argv[1]):
        sys.exit("usage: python -m tests.changelog VERSION, such as 0.2.0")
    found = list(fragments())
    PAGE.write_text(released(PAGE.read_text(), sys.argv[1], date.today(), section(found)))
    for path in found:
        path.unlink()


if __name__ == "__main__":
    main()
