"""A progress bar on stderr, where that is a terminal; elsewhere nothing at all."""

import sys
from collections.abc import Iterable, Iterator

from gitkanban.typed import TypeVar

T = TypeVar("T")

FEW = 3  # so many are done before a bar could be read


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items as they come, with a bar that says how many of `total` have come."""
    if total <= FEW or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task)
