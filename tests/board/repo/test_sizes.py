"""Limits before reading: what is too large is refused in a sentence, and not read first."""

import difflib
import resource
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.formats import cardfast, cardfile, configfile
from gitkanban.board.formats.yamltext import Bad
from gitkanban.board.repo import blobs
from gitkanban.board.review import findings, revisions
from gitkanban.core import ids, sizes
from gitkanban.core.model import Board, Card, Config
from gitkanban.core.review import rules
from gitkanban.errors import BadData
from tests.board.boards import file_of, folder, new
from tests.conftest import git

LARGE = 40 << 20  # bytes, of each of several files


def commit_by_hand(repo: Path) -> None:
    git(repo, "-c", "core.compression=1", "add", "-A")
    git(repo, "commit", "-qm", "a pull request")


def test_large_files_are_named_and_their_content_is_not_read(repo: Path) -> None:
    here = new(repo, "", Card("T1", title="one"))
    for number in range(6):
        with file_of(repo, f"Z{number}").open("wb") as file:
            file.truncate(LARGE)
    with pytest.raises(BadData, match="too large for a board"):
        revisions.read(str(repo))  # as they lie there
    commit_by_hand(repo)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    board = store.read(here)
    found = [
        each for each in findings.of_board(revisions.read(str(repo), "HEAD")) if "Z" in each.file
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < LARGE // 1024
    assert list(board.cards) == ["T1"] and len(board.problems) == 6
    assert {each.message for each in found} == {
        "40.0 MiB, more than the 1 MiB a board file may have, which is not read"
    }


@pytest.mark.parametrize("name", ["config.yaml", "prompt.md", "cards/T1.yaml", "notes/T1/a.md"])
def test_one_large_file_of_any_kind_is_not_read(repo: Path, name: str) -> None:
    here = new(repo, "", Card("T1", title="one"))
    path = folder(repo) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# " + "x" * sizes.FILE_MOST)
    commit_by_hand(repo)
    board = store.read(here)
    with pytest.raises(BadData, match=r"1\.0 MiB"):
        store.text_of(here, board, name)
    if name != "prompt.md":
        assert [problem.file for problem in board.problems] == [f".kanban/{name}"]


def test_files_that_are_small_alone_may_be_too_large_together(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = new(repo, "", *(Card(f"T{number}", title="x" * 900) for number in range(5)))
    monkeypatch.setattr(sizes, "together_most", lambda files: 1000 * files)
    assert len(store.read(here).cards) == 5
    monkeypatch.setattr(sizes, "together_most", lambda files: 500 * files)
    for cache in (folder(repo).parent / ".git/gitkanban/cache").iterdir():
        cache.unlink()
    with pytest.raises(BadData, match="too large together"):
        store.read(here)


def test_answers_come_in_the_sizes_that_were_asked_for(repo: Path) -> None:
    here = new(repo, "")
    sample = [b"", b"a\nb", b"x" * (sizes.FILE_MOST + 1), b"c", b"y" * sizes.FILE_MOST]
    oids = []
    for number, data in enumerate(sample):
        (repo / f"f{number}").write_bytes(data)
        oids.append(git(repo, "hash-object", "-w", f"f{number}"))
    missing = "1" * 40
    answers = list(blobs.read(here, [*oids, missing]))
    assert [each.asked for each in answers] == [*oids, missing]  # the large one in its place, too
    found = {each.asked: each for each in answers}
    assert [found[oid].size for oid in (*oids, missing)] == [*map(len, sample), -1]
    assert [found[oid].data for oid in oids] == [
        data if len(data) <= sizes.FILE_MOST else None for data in sample
    ]
    assert blobs.content(here, missing) is None and blobs.content(here, f"{missing}\nx") is None
    assert blobs.content(here, "HEAD:.kanban") is None  # a folder


def test_a_card_waits_for_no_more_than_a_thousand() -> None:
    for many in (sizes.PARENTS_MOST, sizes.PARENTS_MOST + 1):
        card = Card("T1", title="t", parents=tuple(f"Q{number:06}" for number in range(many)))
        text = cardfile.render(card).encode()
        if many == sizes.PARENTS_MOST:
            assert cardfile.parse(text, "cards/T1.yaml") == card
            assert cardfast.read(text, "T1") == card
            continue
        assert cardfast.read(text, "T1") is None
        with pytest.raises(Bad, match="1001 parents, more than the 1000"):
            cardfile.parse(text, "cards/T1.yaml")


def test_a_config_has_no_more_than_ten_thousand_workers() -> None:
    def text(many: int) -> bytes:
        names = "".join(f"    w{number}: {{command: [a]}}\n" for number in range(many))
        return f"version: 1\nkanban:\n  workers:\n{names}".encode()

    config, problems = configfile.parse(text(sizes.WORKERS_MOST), "config.yaml")
    assert config and len(config.workers) == sizes.WORKERS_MOST and not problems
    config, problems = configfile.parse(text(sizes.WORKERS_MOST + 1), "config.yaml")
    assert config is None and "more than 10000 keys" in problems[0].message


def test_the_nearest_name_is_sought_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    real = difflib.get_close_matches

    def counted(word: str, known: list[str], **more: float) -> list[str]:
        searched.append(len(known))
        return real(word, known, **more)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    cards = {f"C{number:05}": Card(f"C{number:05}", title="t") for number in range(5000)}
    evil = Card("EVIL", title="t", parents=tuple(f"Q{number:05}" for number in range(1000)))
    board = Board("main", "", Config(), {**cards, "EVIL": evil})
    found = [each for each in rules.state(board) if each.rule == "unknown-parent"]
    assert len(found) == 1000
    assert len(searched) <= sizes.HINTS_MOST and max(searched) <= 1000
    assert ids.Nearest(cards).find("c04999x") == "C04999"
