"""A simulated future as JSON data, as a report, and as a Gantt picture of the slots."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from gitkanban.clock import iso
from gitkanban.core.forecast.assessment import CHAIN, Advice, Assessment, waited_at
from gitkanban.core.forecast.simulate import Bar, Simulated
from gitkanban.core.model import Board, Slot
from gitkanban.core.names import WorkerName
from gitkanban.core.tick.limits import Key
from gitkanban.core.time_words import exact_span
from gitkanban.typed import Any
from gitkanban.views.text import clipped, coloured, columns, padded, plural, shown, width

ROWS_MOST = 40  # slots in the picture
LISTED_MOST = 40  # cards in the table
CHAIN_MOST = 8
_COLOURS = ("green", "cyan", "yellow", "red")


def simulation_data(done: Simulated, worth: Assessment, better: Sequence[Advice]) -> dict[str, Any]:
    """Return the data of `simulate --json`; times are ISO, durations are in seconds."""
    return {
        "from": iso(done.now),
        "makespan": done.makespan,
        "bound": worth.bound,
        "binds": list(worth.binds),
        "bounds": [{"limit": list(each.key), "seconds": each.seconds} for each in worth.bounds],
        "chain": list(worth.chain),
        "utilisation": {name: round(part, 4) for name, part in worth.utilisation.items()},
        "cards": [
            {
                "card": bar.card,
                "worker": bar.worker,
                "slot": bar.slot,
                "start": iso(bar.start),
                "end": iso(bar.end),
                "running": bar.ran,
            }
            for bar in done.bars
        ],
        "never": [{"card": hold.card, "code": hold.code, "text": hold.text} for hold in done.never],
        "left": done.left,
        "waited": [
            {"limit": list(key), "seconds": seconds} for key, seconds in done.waited.items()
        ],
        "advice": [
            {
                **_change_data(each.key, each.limit, each.to),
                "makespan": each.makespan,
                "also": _change_data(*each.also) if each.also else None,
            }
            for each in better
        ],
    }


def _change_data(key: Key, limit: int, to: int) -> dict[str, Any]:
    return {"limit": list(key), "from": limit, "to": to}


def simulation_text(
    board: Board,
    done: Simulated,
    worth: Assessment,
    better: Sequence[Advice] | None,
    total: int = 100,
    colour: bool = False,
) -> str:
    """Return the report, at most `total` columns wide (at least 24).

    `better` is None if no advice was asked for.
    """
    if not done.bars:
        lines = ["nothing would run"]
    else:
        lines = [
            *_head_lines(done, worth),
            "",
            *gantt(done, total, colour),
            "",
            *(clipped(line, total) for line in _card_table(board, done, total)),
            "",
            *(clipped(line, total) for line in _use_table(board, worth, total)),
            *_advice_lines(done, worth, better),
        ]
    lines += _never_lines(done)
    return "\n".join(row for line in lines for row in _fold_line(line, total)) + "\n"


def _fold_line(line: str, total: int) -> list[str]:
    """Fold a line of prose that is too long; pictures and tables are left as they are."""
    if width(line) <= total or "\x1b" in line or "█" in line or "  " in line.strip():
        return [line]
    first = len(line) - len(line.lstrip())
    return wrap(
        line, max(total, 24), subsequent_indent=" " * (first + 2), break_on_hyphens=False
    ) or [line]


def limit_name(key: Key) -> str:
    """Return a limit's name for people, such as `the longest chain` or `worker backend`."""
    kind, name = key
    return {
        "chain": "the longest chain",
        "host": "max_concurrency of the host",
        "starts": "max_starts_per_tick",
        "shared": "the shared checkout",
        "memory": f"the memory of {name}",
    }.get(kind, f"{kind} {name}")


def _head_lines(done: Simulated, worth: Assessment) -> list[str]:
    cards = plural(len([bar for bar in done.bars if not bar.ran]), "card")
    if done.left:
        return [
            f"{cards} started before it stopped, and the last ends after {exact_span(done.makespan)}; "
            f"{done.left} more to come, so there is no figure for the whole"
        ]
    limit, lasts = limit_name(worth.binds), exact_span(done.makespan)
    lines = [f"{cards} in {lasts}, as fast as {limit} allows"]
    if worth.bound and exact_span(worth.bound) != lasts:
        more = f"{done.makespan / worth.bound:.2f} x"
        lines = [f"{cards} in {lasts}; {limit} would allow {exact_span(worth.bound)} ({more})"]
    if worth.chain:
        some = list(worth.chain[:CHAIN_MOST])
        if len(worth.chain) > CHAIN_MOST:
            some += [f"… {len(worth.chain) - CHAIN_MOST} more"]
        lines.append(f"longest chain: {' → '.join(some)}")
    return lines


def gantt(done: Simulated, total: int = 100, colour: bool = False) -> list[str]:
    """Return a row for each slot, with time to the right; a bar shows its card's id if it fits."""
    slots: dict[str, list[Bar]] = {}
    for bar in sorted(done.bars, key=lambda bar: (Slot.parse(bar.slot), bar.start)):
        slots.setdefault(bar.slot, []).append(bar)
    head = min(max(width(slot) for slot in slots), max(8, total // 2))
    room = max(10, total - head - 2)
    span = max(1, done.makespan)
    workers = {name: at for at, name in enumerate(sorted({bar.worker for bar in done.bars}))}
    lines = [f"{' ' * head}  {_axis_line(span, room)}"]
    for slot, bars in list(slots.items())[:ROWS_MOST]:
        name = padded(clipped(slot, head), head)
        lines.append(
            f"{name}  {_bar_row(bars, done.now, span, room, workers=workers, colour=colour)}"
        )
    if len(slots) > ROWS_MOST:
        lines.append(f"[cut: {len(slots) - ROWS_MOST} more slots]")
    return lines + (_legend_lines(workers, total) if colour and len(workers) > 1 else [])


def _legend_lines(workers: Mapping[WorkerName, int], total: int) -> list[str]:
    """Return the legend of the colours, as many workers on a line as fit."""
    lines, used = [""], 0
    for name, at in workers.items():
        size = width(name) + 4
        if used and used + size > total:
            lines, used = [*lines, ""], 0
        lines[-1] += (
            f"{'  ' if used else ''}{coloured('█', _COLOURS[at % len(_COLOURS)], True)} {name}"
        )
        used += size
    return lines


def _axis_line(span: int, room: int) -> str:
    end = exact_span(span)
    middle = exact_span(span // 2)
    left = padded("0", room // 2 - len(middle) // 2) + middle
    return padded(left, room - len(end)) + end


def _bar_row(
    bars: Sequence[Bar],
    now: int,
    span: int,
    room: int,
    workers: Mapping[WorkerName, int],
    colour: bool,
) -> str:
    line, at = "", 0
    for number, bar in enumerate(bars):
        begins = (max(bar.start, now) - now) * room // span
        start = max(at, begins)
        end = min(room, max(begins + 1, (bar.end - now) * room // span))
        if start >= end:  # others before it have drawn its only column
            continue
        # Bars that touch differ in shade, so that the eye finds where one ends.
        fill = "█▓"[number % 2]
        size = end - start
        text = f"{fill}{bar.card}" if size >= len(bar.card) + 2 else ""
        drawn = text + fill * (size - len(text))
        tone = _COLOURS[workers[bar.worker] % len(_COLOURS)]
        line += " " * (start - at) + coloured(drawn, tone, colour)
        at = end
    return line


def _card_table(board: Board, done: Simulated, total: int) -> list[str]:
    rows = [["CARD", "START", "END", "SLOT", "TITLE"]]
    for bar in done.bars[:LISTED_MOST]:
        card = board.cards.get(bar.card)
        start = "running" if bar.ran else f"+{exact_span(bar.start - done.now)}"
        rows.append(
            [bar.card, start, f"+{exact_span(bar.end - done.now)}", bar.slot,
             shown(card.title) if card else ""]
        )  # fmt: skip
    lines = columns(rows, total, 4)
    if len(done.bars) > LISTED_MOST:
        lines.append(f"[cut: {len(done.bars) - LISTED_MOST} more; --json has them all]")
    return lines


def _use_table(board: Board, worth: Assessment, total: int) -> list[str]:
    limits = board.config.workers if board.config else {}
    rows = [["WORKER", "SLOTS", "IN USE"]]
    rows += [
        [name, str(limits[name].max_concurrency), f"{part:.0%}"]
        for name, part in worth.utilisation.items()
        if part
    ]
    return columns(rows, total, 0)


def _advice_lines(done: Simulated, worth: Assessment, better: Sequence[Advice] | None) -> list[str]:
    if better is None or done.left or (done.makespan <= worth.bound and worth.binds == CHAIN):
        return []
    lines = [
        f"{_raise_words(each)}: {exact_span(each.makespan)}, {exact_span(done.makespan - each.makespan)} less"
        for each in better
    ]
    waited = [limit_name(key) for key in waited_at(done)[:2]]
    if not lines and len(waited) == 2:
        lines = [
            f"neither one limit nor two shorten it; cards wait most at {waited[0]} and {waited[1]}"
        ]
    elif not lines and waited:
        lines = [f"no limit shortens it, not even {waited[0]}, at which cards wait"]
    return ["", *lines] if lines else []


def _raise_words(one: Advice) -> str:
    text = f"raise {limit_name(one.key)} from {one.limit} to {one.to}"
    if one.also is None:
        return text
    key, limit, to = one.also
    return f"{text} and {limit_name(key)} from {limit} to {to}, together"


def _never_lines(done: Simulated) -> list[str]:
    if not done.never:
        return []
    lines = ["", f"{plural(len(done.never), 'card')} would never start:"]
    lines += [shown(f"  {each.card}: {each.text}") for each in done.never[:20]]
    if len(done.never) > 20:
        lines.append(f"  [cut: {len(done.never) - 20} more]")
    return lines
