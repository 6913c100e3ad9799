"""What `gc` removed and kept, as text and data."""

from gitkanban.core.care.gc import Spared, Tidying
from gitkanban.core.ids import branch_of
from gitkanban.core.names import Oid
from gitkanban.typed import Any
from gitkanban.views.text import shown

_NAMES_MOST = 3


def gc_data(done: Tidying, commit: Oid, dry_run: bool) -> Any:
    """Return the data of `gc --json`."""
    return {
        "worktrees": [{"card": each.card, "path": each.path} for each in done.worktrees],
        "branches": [branch_of(each.card) for each in done.branches],
        "runs": list(done.folders),
        "archived": [{"card": card, "year": year} for card, year in done.archive],
        "kept": [each._asdict() for each in done.spared],
        "commit": commit,
        "dry_run": dry_run,
    }


def gc_text(done: Tidying, dry_run: bool) -> str:
    """Return a line for each thing that was removed, and one for each reason why things stay."""
    removed, archived = ("would remove", "would archive") if dry_run else ("removed", "archived")
    lines = [f"{removed} worktree {shown(each.path)}" for each in done.worktrees]
    lines += [
        f"{removed} branch {branch_of(each.card)}"
        + (", squashed into base" if each.squashed else "")
        for each in done.branches
    ]
    if done.folders:
        lines.append(f"{removed} {_counted_names('run folder', list(done.folders))}")
    if done.archive:
        lines.append(f"{archived} {_counted_names('card', [card for card, _ in done.archive])}")
    if not lines:
        lines = ["nothing to remove"]
    return "\n".join([*lines, *_spared_lines(done.spared)]) + "\n"


def _spared_lines(spared: tuple[Spared, ...]) -> list[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for each in spared:
        groups.setdefault((each.kind, each.why), []).append(each.name)
    return [
        f"kept {_counted_names(kind, names)}: {shown(why)}" for (kind, why), names in groups.items()
    ]


def _counted_names(kind: str, names: list[str]) -> str:
    """`branch card/T1`, or `5 branches (card/T1, card/T2, card/T3 and 2 more)`."""
    if len(names) == 1:
        return f"{kind} {shown(names[0])}"
    word = f"{kind}es" if kind.endswith("ch") else f"{kind}s"
    more = f" and {len(names) - _NAMES_MOST} more" if len(names) > _NAMES_MOST else ""
    return f"{len(names)} {word} ({shown(', '.join(names[:_NAMES_MOST]))}{more})"
