"""What a page may ask for, as a command line: a table."""

from typing import Any

import pytest

from gitkanban.errors import UsageError
from gitkanban.web.acts import read_act

COMMIT = "ab" * 20
SINCE = f"--unchanged-since={COMMIT}"


def act(verb: str, **more: Any) -> dict[str, Any]:
    return {"key": "k" * 8, "verb": verb, "card": "T1", "commit": COMMIT, **more}


@pytest.mark.parametrize(
    ("row", "argv", "words"),
    [
        (act("accept"), ["accept", SINCE, "--", "T1"], ""),
        (act("approve"), ["approve", SINCE, "--", "T1"], ""),
        (act("reject", words=" round\nhalf-even "), ["reject", SINCE, "--file=-", "--", "T1"], "round\nhalf-even"),
        (act("answer", words="--all"), ["retry", SINCE, "--file=-", "--", "T1"], "--all"),
        (act("retry"), ["retry", SINCE, "--no-edit", "--", "T1"], ""),
        (act("retry", words="x"), ["retry", SINCE, "--file=-", "--", "T1"], "x"),
        (act("stop"), ["stop", SINCE, "--", "T1"], ""),
        (act("stop", words="-x"), ["stop", SINCE, "--why=-x", "--", "T1"], ""),
        (act("drop", words="a\nb"), ["drop", SINCE, "--why=a\nb", "--", "T1"], ""),
        (act("note", words="$(id)"), ["note", "--file=-", "--", "T1"], "$(id)"),
        (act("add", title="--help"), ["add", "--", "--help"], ""),
        (
            act("add", title="x", worker="w", parents=["T0", ""], labels=["a"], acceptance=["b", "c"], priority=2,
                body="do it", backlog=True),
            ["add", "--worker=w", "--parent=T0", "--label=a", "--acceptance=b", "--acceptance=c", "--priority=2",
             "--backlog", "--body-file=-", "--", "x"],
            "do it",
        ),
        (act("edit", title="x"), ["edit", SINCE, "--title=x", "--", "T1"], ""),
        (
            act("edit", labels=[], body="", priority=0, worker=""),
            ["edit", SINCE, "--worker=", "--label=", "--priority=0", "--body-file=-", "--", "T1"],
            "",
        ),
        (act("pause", worker="w", words="lunch"), ["pause", "--why=lunch", "--", "w"], ""),
        (act("pause"), ["pause", "--all"], ""),
        (act("resume", worker="-w"), ["resume", "--", "-w"], ""),
    ],
)  # fmt: skip
def test_an_act_is_a_command_line(row: dict[str, Any], argv: list[str], words: str) -> None:
    read = read_act(row)
    assert (list(read.argv), read.words) == (argv, words)


def test_comments_on_lines_become_the_words() -> None:
    comments = [
        {"path": "api/cart.py", "line": 3, "removed": False, "words": "round here"},
        {"path": "api/cart.py", "line": 2, "removed": True, "words": "why?"},
        {"path": "x.py", "line": 1, "removed": False, "words": "  "},
    ]
    read = read_act(act("reject", words="Nearly.", comments=comments))
    assert read.words == "Nearly.\n\napi/cart.py:3: round here\napi/cart.py:2: (removed line) why?"


@pytest.mark.parametrize(
    "row",
    [
        None, [], "accept", {}, act("tick"), act("gc"), act("trust"), act("--help"), act("accept", key="short"),
         act("accept", commit=""), act("accept", commit="HEAD"),
        act("accept", commit=COMMIT + "\n--all"), act("accept", card=""), act("accept", card="--all"),
        act("accept", card="a b"), act("accept", card=["T1"]), act("accept", card=1), act("note", words=["x"]),
        act("note", words="\0"), act("note", words="\ud800"), act("note", words="x" * 500_001),
        act("stop", words="x" * 20_001), act("edit"), act("edit", labels="a"), act("edit", priority="2"),
        act("edit", priority=True), act("edit", priority=10**12), act("reject", comments=["x"]),
        act("reject", comments=[{"line": "1"}]), act("add", title="x", parents=["x"] * 201),
    ],
)  # fmt: skip
def test_anything_else_is_refused(row: object) -> None:
    with pytest.raises(UsageError):
        read_act(row)
