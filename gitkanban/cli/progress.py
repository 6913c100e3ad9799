"""A progress bar on stderr if that is a terminal; otherwise nothing at all."""

import sys
from collections.abc import Iterable, Iterator

from gitkanban.typed import TypeVar

T = TypeVar("T")

FEW = 3  # this many are done before anybody could read a bar


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield the items as they come, with a bar that shows how many of `total` have come."""
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
