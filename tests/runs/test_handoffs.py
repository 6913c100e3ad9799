"""What a later attempt is told of an earlier one's last words."""

from pathlib import Path

import pytest

from gitkanban.core.model import Board, Card, Run
from gitkanban.runs import handoffs
from gitkanban.runs.records import folders
from tests.conftest import git
from tests.runs.places import place_of


@pytest.mark.parametrize(
    ("out", "err", "words"),
    [
        (9, 0, "o6 o7 o8 o9"),
        (0, 9, "e6 e7 e8 e9"),
        (9, 1, "o7 o8 o9 e1"),
        (1, 9, "o1 e7 e8 e9"),
        (9, 9, "o8 o9 e8 e9"),
        (1, 1, "o1 e1"),
        (0, 0, ""),
    ],
)
def test_one_line_of_stderr_does_not_hide_what_an_agent_said(
    repo: Path, out: int, err: int, words: str
) -> None:
    place = place_of(repo)
    folder = Path(folders.of(place.private, "r1").path)
    folder.mkdir(parents=True)
    for name, letter, count in (("stdout.log", "o", out), ("stderr.log", "e", err)):
        (folder / name).write_text("".join(f"{letter}{n + 1}\n" for n in range(count)))
    found = handoffs.last_words(place, Run("r1", "T1", outcome="failed"), 4)
    assert " ".join(found) == words


@pytest.mark.parametrize("how", ["merge commit", "squash", "fast-forward", "not yet", "elsewhere"])
def test_a_parent_hands_on_its_own_work_alone(repo: Path, how: str) -> None:
    def commit(*names: str) -> str:
        for name in names:
            (repo / name).parent.mkdir(parents=True, exist_ok=True)
            (repo / name).write_text(name)
        git(repo, "add", ".")
        git(repo, "commit", "-qm", names[0])
        return git(repo, "rev-parse", "HEAD")

    start = git(repo, "rev-parse", "HEAD")
    git(repo, "switch", "-qc", "card/T1")
    commit("own.txt", ".kanban/cards/T9.yaml")
    git(repo, "switch", "-q", "main")
    commit("theirs.txt")
    commit(".kanban/cards/T2.yaml")
    git(repo, "switch", "-q", "card/T1")
    git(repo, "merge", "-q", "--no-edit", "main")
    end = commit("more.txt")
    git(repo, "switch", "-q", "main")
    merge = {
        "merge commit": ("merge", "-q", "--no-ff", "--no-edit", "card/T1"),
        "squash": ("merge", "-q", "--squash", "card/T1"),
        "fast-forward": ("merge", "-q", "--ff-only", "card/T1"),
    }.get(how)
    merged = ""
    if merge:
        git(repo, *merge)
        git(repo, "commit", "-qm", "squashed", check=False)
        merged = git(repo, "rev-parse", "HEAD")
    if how == "elsewhere":
        merged = "1" * 40
    card = Card("T1", title="one", status="done", merged=merged)
    run = Run("r1", "T1", outcome="succeeded", start_commit=start, commit=end)
    child = Card("T3", parents=("T1",))
    cards = {"T1": card, "T3": child}
    board = Board("main", "c", None, cards, {"T1": (run,)}, complete=frozenset(cards))
    (found,) = handoffs.received(place_of(repo), board, child)
    assert found.paths == ("more.txt", "own.txt")
    assert [each.split(" ", 1)[1] for each in found.commits] == ["more.txt", "own.txt"]


def test_of_a_stream_the_last_things_are_told_and_not_its_json(repo: Path) -> None:
    place = place_of(repo)
    folder = folders.of(place.private, "r1")
    folder.write_spec({"card": "T1", "run": "r1", "runner": "codex"})
    events = [
        '{"type":"thread.started","thread_id":"x"}',
        *('{"type":"turn.started"}' for _ in range(50)),
        '{"type":"item.completed","item":{"type":"agent_message","text":"I tried."}}',
        '{"type":"turn.failed","error":{"message":"no room"}}',
    ]
    Path(folder.file("stdout.log")).write_text("\n".join(events) + "\n")
    found = handoffs.last_words(place, Run("r1", "T1", outcome="failed"), 4)
    assert found == ["text   I tried.", "ended  no room"]
