"""Hypothesis strategies for cards, and for the text of cards as people write them."""

import re

from hypothesis import strategies as st

from gitkanban.board.formats import cardfile, yamltext
from gitkanban.core import model
from gitkanban.core.model import Card

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["", "yes", "a: b", "# no", "- x", "1.10", "it's", 'say "x"', "\x1b[31m", "x\ty", "é😀"]
)
LINES = st.lists(WORDS | st.sampled_from(["", "  x", "\tx", "---", "a: |"]), max_size=4).map(
    "\n".join
) | st.lists(WORDS, max_size=3).map(lambda lines: "".join(line + "\n" for line in lines))
PROSE = LINES.map(
    lambda text: text.rstrip("\n") + ("\n" if text.strip("\n") and text[-1] == "\n" else "")
)
COUNTS = st.dictionaries(NAMES, st.integers(1, 9), max_size=3).map(
    lambda d: tuple(sorted(d.items()))
)


def cards(name: str | None = None) -> st.SearchStrategy[Card]:
    """Any card that can be; prose ends in one newline or none."""
    return st.builds(
        Card,
        id=st.just(name) if name else NAMES,
        title=WORDS,
        worker=WORDS,
        status=st.sampled_from(model.STATUSES),
        priority=st.integers(-99, 99),
        parents=st.sets(NAMES, max_size=3).map(lambda names: tuple(sorted(names))),
        needs=COUNTS,
        acceptance=st.lists(WORDS, max_size=3, unique=True).map(tuple),
        run=st.just("") | NAMES,
        slot=st.just("") | st.just("backend#2"),
        clone=WORDS,
        host=WORDS,
        machine=WORDS,
        not_before=st.just(0) | st.integers(1, 4_000_000_000),
        reason=st.sampled_from(("", *model.BLOCK_REASONS)),
        why=PROSE,
        attempts_after=st.just("") | NAMES,
        merged=st.just("") | st.integers(0, 16**40 - 1).map("{:040x}".format),
        body=PROSE,
        model=WORDS,
        effort=WORDS,
        labels=st.sets(NAMES, max_size=3).map(lambda names: tuple(sorted(names))),
    )


_FIELDS = {
    "title": ["title: plain", "title:   'it''s'   # c1", 'title: "q"', "title: >-\n  a\n  b",
              "title: two\n  lines # c2"],
    "worker": ["worker: w", "worker: # c3"],
    "status": ["status: todo", "status:  running # c4"],
    "run": ["run: r1", "run: 12e4567 # c5"],
    "priority": ["priority: 3", "priority:"],
    "parents": ["parents: [T0, T9]", "parents:\n- T0 # c6\n# c7\n- T3",
                "parents:\n    -  T0\n\n    - T9",
                "parents: []", "parents: [T0, # c8\n  T1]"],
    "needs": ["needs: {a: 1}", "needs:\n   b: 2 # c9\n   a: 1"],
    "acceptance": ["acceptance:\n  - one\n  - 'two'  # c10", "acceptance: [x, 'y']",
                   "acceptance:\n  - |\n    block\n    two\n  - x"],
    "why": ["why: because", "why: |\n   x\n   y"],
    "body": ["body: |\n  text\n\n  # no comment", "body: short # c11", "body: >+\n  a\n\n",
             "body: |2-\n    b", 'body: "a\\nb"'],
    "x-mine": ["x-mine: 1", "x-mine: {a: [1,2],b: c} # c12",
               "x-mine:\n    k:  v\n    # c13\n    l: |\n       m"],
    "other": ["'other': ~", "other:\n- 1\n-   2"],
}  # fmt: skip


@st.composite
def handwritten(draw: st.DrawFn) -> str:
    """A card T1 in odd but valid YAML: any order, spacing, styles and comments."""
    fields = [
        draw(st.sampled_from(_FIELDS[name]))
        for name in draw(st.sets(st.sampled_from(sorted(_FIELDS))))
    ]
    fields = draw(st.permutations([draw(st.sampled_from(["id: T1", "id: 'T1' # c0"])), *fields]))
    gap = st.sampled_from(["\n", "\n\n", "\n\n\n", "\n# d{}\n", "\n\n# e{}\n\n"])
    text = draw(st.sampled_from(["", "---\n", "# head\n\n", "# top\n"]))
    for number, field in enumerate(fields):
        text += field + draw(gap).format(number)
    return text if draw(st.booleans()) else text.rstrip("\n")


def comments(text: str) -> set[str]:
    """The comments of a handwritten card; each is there once."""
    return set(re.findall(r"# (?:[cde]\d+|head|top)\b", text))


def comments_of(text: str, name: str) -> set[str]:
    """The comments inside one field, which may go with its lines."""
    return comments("\n".join(lines(text).get(name, [])))


def lines(text: str) -> dict[str, list[str]]:
    """The lines of each top-level field, comments above it not among them."""
    found: dict[str, list[str]] = {}
    root = yamltext.load(text, "card")
    rows = text.split("\n")
    starts = [key.line for key, _ in root.entries] + [len(rows)]
    for number, (key, _) in enumerate(root.entries):
        chunk = rows[starts[number] : starts[number + 1]]
        while chunk and (not chunk[-1].strip() or re.match("# [de]", chunk[-1])):
            chunk.pop()
        found[key.text] = chunk
    return found


def without(text: str, name: str) -> list[str]:
    """All lines but blank ones and those of one field (or of the whole text's that hold it)."""
    own = lines(text).get(name, [])
    rows = text.split("\n")
    for start in range(len(rows) - len(own) + 1):
        if own and rows[start : start + len(own)] == own:
            rows = rows[:start] + rows[start + len(own) :]
            break
    return [row for row in rows if row.strip()]


assert set(_FIELDS) - {"x-mine", "other"} <= set(cardfile.ORDER)
