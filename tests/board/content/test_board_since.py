"""A board brought up to date by what differs between two commits is the board as it is read."""

import random
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.content import board_cache, board_since, reading
from gitkanban.board.formats import cardfile, notefile, runfile
from gitkanban.board.repo.place import Place
from gitkanban.core.model import BACKLOG, DONE, STATUSES, Board, Card, Note, Run
from gitkanban.core.split_cards import SplitCards
from tests.board import boards
from tests.conftest import git

IDS = [f"T{number}" for number in range(8)]
BROKEN = ["id: [\n", "", "id: other\n", "x" * (2 << 20), "id: T1\nstatus: gone\n"]


def commit_all(root: Path) -> str:
    """Commit the folder as it is, even if nothing has changed; the commit."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "by hand")
    return git(root, "rev-parse", "HEAD").strip()


def card_text(dice: random.Random, name: str) -> str:
    """A card with any status; now and then one that cannot be read, or needs the YAML parser."""
    if not dice.randrange(6):
        return dice.choice(BROKEN)
    status = dice.choice(STATUSES)
    after = "r1" if status == BACKLOG and dice.randrange(2) else ""
    text = cardfile.render(
        Card(name, title=f"{dice.random()}", status=status, attempts_after=after)
    )
    return text + dice.choice(["", "", "# by hand\n"])


def change_files(dice: random.Random, board: Path, archive: bool) -> None:
    """Write, move and remove some files of a board, as people and merges do."""
    for _ in range(dice.randrange(1, 6)):
        name = dice.choice(IDS)
        card = board / "cards" / f"{name}.yaml"
        filed = board / "archive/2026/cards" / card.name
        run = board / "runs" / name / f"r{dice.randrange(3)}.yaml"
        note = board / "notes" / name / f"n{dice.randrange(3)}.md"
        pause = board / "paused" / f"{dice.choice(['coder', 'other'])}.yaml"
        config = board / "config.yaml"
        record = runfile.render(Run(run.stem, name, why=f"{dice.random()}"))
        words = notefile.render(Note(note.stem, name, text=f"{dice.random()}"))
        texts = [
            *[(card, card_text(dice, name))] * 4,
            *[(run, dice.choice([record, record, "run: [\n"])), (note, words)] * 2,
            *[(filed, card_text(dice, name))] * archive,
            (pause, dice.choice(["why: lunch\n", "why: [\n"])),
            (config, dice.choice([boards.CONFIG, "version: 1\nkanban: 3\n"])),
            (board / "README", f"{dice.random()}"),
        ]
        path, text = dice.choice(texts)
        if dice.randrange(4) == 0 and path != config:
            path.unlink(missing_ok=True)
        elif path == filed and card.exists() and dice.randrange(2):
            filed.parent.mkdir(parents=True, exist_ok=True)
            card.rename(filed)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


@pytest.mark.parametrize("form", boards.FORMS)
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]
)
def test_what_differs_makes_the_board_that_is_read(repo: Path, form: str, seed: int) -> None:
    here = boards.new(repo, form, Card("T0"))
    folder, dice = boards.folder(repo), random.Random(seed)
    root = repo if here.prefix else folder
    commits = [git(root, "rev-parse", "HEAD").strip()]
    made = 0
    for _ in range(15):
        change_files(dice, folder, archive=seed % 2 == 1)
        commits.append(commit_all(root))
        old = dice.choice(commits)  # forward and backward, over one commit or many
        before = reading.board_at(here, old)
        wanted = reading.board_at(here, commits[-1])
        found = board_since.board_since(here, before, commits[-1])
        assert found is None or found == wanted
        made += found is not None
    assert made == 15 or (seed % 2 and made)  # what the archive holds may leave it in doubt


def tip_board(here: Place) -> Board:
    """The board as `store` gives it, which must be the board as it is read."""
    found = store.read(here)
    assert found == reading.board_at(here, found.commit)
    return found


def test_after_a_pull_only_what_it_changed_is_read(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = boards.new(repo, "", *(Card(name, status=DONE) for name in IDS), Card("A1"))
    monkeypatch.setattr(board_cache, "_FINISHED_LEAST", 3)
    (Path(here.private) / "cache/board").unlink()
    assert isinstance(store.read(here).cards, SplitCards)
    (repo / ".kanban/cards/T3.yaml").write_text(cardfile.render(Card("T3", title="again")))
    commit_all(repo)
    with monkeypatch.context() as only:
        only.setattr(reading, "board_at", lambda *_: pytest.fail("the whole board was read"))
        store.read(here)
    assert tip_board(here).cards["T3"].title == "again"


def test_a_path_that_looks_like_a_line_of_a_listing_is_no_card(repo: Path) -> None:
    here = boards.new(repo, "", Card("T1"))
    path = repo / f".kanban/x 100644 blob {'1' * 40}\tcards/T9.yaml"
    path.parent.mkdir()
    path.write_text(cardfile.render(Card("T9")))
    assert list(reading.board_at(here, commit_all(repo)).cards) == ["T1"]


def test_a_cached_board_that_git_no_longer_has_is_left_alone(repo: Path) -> None:
    here = boards.new(repo, "", Card("T1"))
    gone = store.read(here)._replace(commit="1" * 40, cards={"T9": Card("T9")})
    board_cache.save(here, gone)
    assert list(tip_board(here).cards) == ["T1"]


def test_a_board_whose_folder_is_gone_is_not_taken_for_an_empty_one(repo: Path) -> None:
    here = boards.new(repo, "", Card("T1"))
    before = store.read(here)
    git(repo, "rm", "-rq", ".kanban")
    (repo / "other").write_text("x")
    found = board_since.board_since(here, before, commit_all(repo))
    assert found is None
