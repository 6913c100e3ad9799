"""Card branches go into base, and only where every checkout of base can follow."""

import os
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.following import follow_base
from gitkanban.board.repo import refs
from gitkanban.board.repo.place import Place
from gitkanban.board.work import integrate
from gitkanban.core.changes import AddCard, EditCard, EndRun, WriteFile
from gitkanban.core.model import Card, Run
from gitkanban.errors import BoardBusy, Refused
from tests.board import boards
from tests.board.boards import CONFIG, FORMS, edit, file_of, new
from tests.conftest import git

CARD = Card("T1", title="the work", worker="coder", status="review")


class Bench:
    """A board, and the worktree of its card T1."""

    def __init__(self, repo: Path, form: str, config: str = "") -> None:
        self.repo, self.tree = repo, repo.parent / "work"
        self.place: Place = new(repo, form, CARD)
        text = CONFIG.replace("kanban:\n", f"kanban:\n  base: main\n{config}")
        boards.commit(self.place, WriteFile("config.yaml", text))
        git(repo, "worktree", "add", "-q", "-b", "card/T1", str(self.tree), "main")
        self.start = git(repo, "rev-parse", "main")

    def work(self, **files: str) -> str:
        """Commit files (`__` is a slash) on the card's branch; its tip."""
        for name, text in files.items():
            path = self.tree / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.tree, "add", "-A")
        git(self.tree, "commit", "-qm", "work")
        return git(self.tree, "rev-parse", "HEAD")

    def accept(self) -> integrate.MergeResult:
        board = store.read(self.place)
        assert board.config is not None
        onto = integrate.BaseAhead(self.place, board.config)
        result = onto.merge(board.cards["T1"], board.runs_of("T1"))
        if result.commit:
            assert self.move(onto)
            result = result._replace(notices=(*result.notices, *onto.bring()))
        return result

    def move(self, onto: integrate.BaseAhead) -> bool:
        """Move base alone, as an accept that is killed before any checkout is brought along."""
        place, own = self.place._replace(branch=onto.base), onto.base == self.place.branch
        onto.begin()
        moved = refs.swap(place, onto.old, onto.tip, "an accept", by_us=own)
        if not moved:
            follow_base.forget(onto.checkouts, onto.tip)
        return moved

    def main(self) -> str:
        return git(self.repo, "rev-parse", "main")

    def status(self) -> str:
        return git(self.repo, "status", "--porcelain")

    def merged(self) -> bool:
        return "T1" in integrate.already_merged(self.place, store.read(self.place))


@pytest.fixture(params=FORMS, ids=["in-tree", "own-branch"])
def bench(repo: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(repo, request.param)


def test_a_merge_commit_and_checkouts_that_follow(bench: Bench) -> None:
    tip, before = bench.work(new_txt="new\n"), bench.main()
    done = bench.accept()
    assert done == integrate.MergeResult("card/T1", "main", bench.main(), bench.main())
    assert git(bench.repo, "rev-parse", "main^1", "main^2").split() == [before, tip]
    assert "Kanban-Card: T1" in git(bench.repo, "log", "-1", "--format=%B", "main")
    assert (bench.repo / "new.txt").read_text() == "new\n"
    assert bench.status() == ""
    # What is merged is not merged again.
    assert bench.accept().commit == ""


def test_squash_and_fast_forward(repo: Path) -> None:
    bench = Bench(repo, "kanban", "  merge: squash\n")
    bench.work(a="1\n")
    bench.work(b="2\n")
    before = bench.main()
    assert bench.accept().commit == bench.main()
    assert git(repo, "rev-list", "--parents", "-n1", "main").split()[1:] == [before]
    assert git(repo, "log", "-1", "--format=%s") == "T1: the work"
    assert bench.accept().commit == ""
    text = git(repo, "show", "kanban:config.yaml").replace("squash", "ff")
    boards.commit(bench.place, WriteFile("config.yaml", f"{text}\n"))
    git(bench.tree, "reset", "-q", "--hard", "main")
    tip = bench.work(c="3\n")
    assert bench.accept().commit == tip == bench.main()
    assert bench.status() == ""


def test_a_conflict_names_files_and_changes_nothing(bench: Bench) -> None:
    bench.work(README_md="# theirs\n", other="x\n")
    (bench.repo / "README.md").write_text("# ours\n")
    git(bench.repo, "commit", "-qam", "ours")
    before = bench.main()
    done = bench.accept()
    assert (done.commit, done.conflicts) == ("", ("README.md",))
    assert (bench.main(), bench.status()) == (before, "")


def test_uncommitted_work_in_the_way_is_refused_and_named(bench: Bench) -> None:
    bench.work(README_md="# theirs\n", new_txt="theirs\n")
    before = bench.main()
    (bench.repo / "README.md").write_text("# draft\n")
    with pytest.raises(Refused, match=r"README\.md"):
        bench.accept()
    git(bench.repo, "add", "README.md")
    with pytest.raises(Refused, match=r"README\.md"):
        bench.accept()
    git(bench.repo, "reset", "-q", "--hard")
    (bench.repo / "new.txt").write_text("draft\n")
    with pytest.raises(Refused, match=r"new\.txt"):
        bench.accept()
    assert bench.main() == before
    assert (bench.repo / "new.txt").read_text() == "draft\n"


def test_uncommitted_work_elsewhere_stays(bench: Bench) -> None:
    bench.work(new_txt="theirs\n")
    (bench.repo / "README.md").write_text("# draft\n")
    (bench.repo / "staged").write_text("mine\n")
    git(bench.repo, "add", "staged")
    before = bench.status()
    assert bench.accept().commit
    assert bench.status() == before
    assert (bench.repo / "README.md").read_text() == "# draft\n"
    assert (bench.repo / "new.txt").exists()


def test_every_checkout_of_base_follows(bench: Bench, tmp_path: Path) -> None:
    bench.work(new_txt="theirs\n")
    git(bench.repo, "switch", "-qc", "feature")
    linked = tmp_path / "linked"
    git(bench.repo, "worktree", "add", "-q", str(linked), "main")
    assert bench.accept().commit
    assert (linked / "new.txt").exists() and git(linked, "status", "--porcelain") == ""
    assert not (bench.repo / "new.txt").exists() and bench.status() == ""


def test_a_checkout_in_the_middle_of_something_is_waited_for(bench: Bench) -> None:
    bench.work(new_txt="theirs\n")
    (bench.repo / ".git/MERGE_HEAD").write_text(bench.main() + "\n")
    with pytest.raises(BoardBusy, match="a merge"):
        bench.accept()


def test_no_base(bench: Bench) -> None:
    bench.work(new_txt="theirs\n")
    text = git(bench.repo, "show", f"{bench.place.branch}:{bench.place.path('config.yaml')}")
    boards.commit(bench.place, WriteFile("config.yaml", text.replace("main", "trunk") + "\n"))
    with pytest.raises(Refused, match="trunk"):
        bench.accept()


def _without_branch(bench: Bench) -> None:
    git(bench.repo, "worktree", "remove", "--force", str(bench.tree))
    git(bench.repo, "branch", "-q", "-D", "card/T1")


def test_nothing_to_merge_is_said_only_of_a_run_that_left_nothing(bench: Bench) -> None:
    _ended(bench, bench.start)
    nothing = integrate.MergeResult("card/T1", "main")
    assert bench.accept() == nothing
    _without_branch(bench)
    assert bench.accept() == nothing


def test_no_branch_and_no_run_is_no_work_to_accept(bench: Bench) -> None:
    _without_branch(bench)
    with pytest.raises(Refused, match="no work to accept"):
        bench.accept()


def test_work_whose_branch_was_deleted_is_merged_by_its_recorded_commit(bench: Bench) -> None:
    tip = bench.work(new_txt="new\n")
    _ended(bench, tip)
    _without_branch(bench)
    assert bench.accept().commit == bench.main()
    assert git(bench.repo, "rev-parse", "main^2") == tip
    # Once it is in base there is nothing to merge, branch or none.
    assert bench.accept() == integrate.MergeResult("card/T1", "main", merged=tip)


def test_a_branch_moved_away_from_its_work_is_refused_and_what_brings_it_back(
    bench: Bench,
) -> None:
    tip = bench.work(new_txt="new\n")
    _ended(bench, tip)
    git(bench.tree, "reset", "-q", "--hard", "main")
    with pytest.raises(Refused, match=f"no longer has commit {tip[:10]}") as refused:
        bench.accept()
    assert f"git branch -f card/T1 {tip[:10]}" in refused.value.hint


def test_a_branch_that_people_rebased_is_merged_as_it_is_now(bench: Bench) -> None:
    _ended(bench, bench.work(new_txt="new\n"))
    _goes_on(bench, "other.txt", "main goes on\n")
    git(bench.tree, "rebase", "-q", "main")
    assert bench.accept().commit == bench.main()
    assert git(bench.repo, "rev-parse", "main^2") == git(bench.tree, "rev-parse", "HEAD")


def test_commits_that_the_run_did_not_make_are_named(bench: Bench) -> None:
    _ended(bench, bench.work(new_txt="new\n"))
    bench.work(new_txt="newer\n")
    done = bench.accept()
    assert done.commit
    assert [line.rpartition(": ")[0] for line in done.notices] == [
        "T1: merged with commits that its run did not make, on card/T1"
    ]


def test_changes_of_the_board_stay_behind(repo: Path) -> None:
    bench = Bench(repo, "")
    card = bench.tree / ".kanban/cards/T1.yaml"
    card.write_text(card.read_text().replace("review", "done"))
    bench.work(new_txt="theirs\n", _kanban__cards__T2_yaml="id: T2\n\nstatus: backlog\n")
    edit(bench.place, "T1", title="retitled meanwhile")
    done = bench.accept()
    assert done.conflicts == ()
    assert "T1.yaml" in done.notices[0] and "T2.yaml" in done.notices[0]
    board = store.read(bench.place)
    assert set(board.cards) == {"T1"}
    assert board.cards["T1"].status == "review"
    assert board.cards["T1"].title == "retitled meanwhile"
    assert (repo / "new.txt").exists() and bench.status() == ""


def test_a_planner_proposes_cards_for_the_backlog_and_no_others(repo: Path) -> None:
    bench = Bench(repo, "")
    text = CONFIG.replace("kanban:\n", "kanban:\n  base: main\n") + "      board: propose\n"
    boards.commit(bench.place, WriteFile("config.yaml", text))
    bench.work(
        _kanban__cards__P1_yaml="id: P1\n\nstatus: backlog\n",
        _kanban__cards__P2_yaml="id: P2\n\nstatus: todo\n",
        _kanban__cards__P3_yaml="id: [\n",
    )
    done = bench.accept()
    assert set(store.read(bench.place).cards) == {"T1", "P1"}
    assert (
        "P2.yaml" in done.notices[0]
        and "P3.yaml" in done.notices[0]
        and "P1" not in done.notices[0]
    )
    assert file_of(repo, "P1").exists() and bench.status() == ""


def test_work_that_came_into_base_by_other_ways_is_seen(bench: Bench) -> None:
    assert not bench.merged()  # no run has succeeded
    tip = bench.work(new_txt="theirs\n")
    run = Run("r1", "T1", outcome="succeeded", commit=tip, start_commit=bench.start)
    boards.commit(bench.place, EndRun(run))
    assert not bench.merged()
    git(bench.repo, "merge", "-q", "--no-ff", "-m", "by hand", "card/T1")
    assert bench.merged()
    more = bench.work(new_txt="more\n")
    assert not bench.merged()
    git(bench.repo, "merge", "-q", more)
    assert bench.merged()
    git(bench.repo, "worktree", "remove", "--force", str(bench.tree))
    git(bench.repo, "branch", "-q", "-d", "card/T1")
    assert bench.merged()


def test_a_branch_without_commits_of_its_own_is_not_merged(bench: Bench) -> None:
    run = Run("r1", "T1", outcome="succeeded", commit=bench.start, start_commit=bench.start)
    boards.commit(bench.place, EndRun(run))
    assert not bench.merged()
    git(bench.repo, "commit", "-q", "--allow-empty", "-m", "base goes on")
    assert not bench.merged()


def test_a_branch_reset_to_base_is_not_merged(bench: Bench) -> None:
    tip = bench.work(new_txt="theirs\n")
    run = Run("r1", "T1", outcome="succeeded", commit=tip, start_commit=bench.start)
    boards.commit(bench.place, EndRun(run), AddCard(Card("T2")))
    git(bench.tree, "reset", "-q", "--hard", "main")
    assert not bench.merged()


def _goes_on(bench: Bench, name: str, text: str, message: str = "main goes on") -> None:
    (bench.repo / name).write_text(text)
    git(bench.repo, "add", name)
    git(bench.repo, "commit", "-qm", message, "--", name)


def _land(bench: Bench, *words: str) -> None:
    """Bring the branch into main as somebody else would, by git alone."""
    git(bench.repo, *words)
    if "--squash" in words:
        git(bench.repo, "commit", "-qm", "squashed elsewhere")


def _ended(bench: Bench, tip: str) -> None:
    run = Run("r1", "T1", outcome="succeeded", commit=tip, start_commit=bench.start)
    boards.commit(bench.place, EndRun(run))


@pytest.mark.parametrize(
    "words",
    [("merge", "-q", "--squash", "card/T1"), ("cherry-pick", "main..card/T1")],
    ids=["squashed", "rebased"],
)
def test_work_that_came_by_other_commits_is_seen_though_base_went_on(
    bench: Bench, words: tuple[str, ...]
) -> None:
    bench.work(a_txt="one\n")
    tip = bench.work(b_txt="two\n")
    _ended(bench, tip)
    _goes_on(bench, "other.txt", "main goes on\n")
    assert not bench.merged()
    assert not bench.merged()  # from what was remembered
    _land(bench, *words)
    _goes_on(bench, "a.txt", "main changed it again\n")
    assert bench.merged()


def test_half_of_the_work_is_not_all_of_it(bench: Bench) -> None:
    bench.work(a_txt="one\n")
    _ended(bench, bench.work(b_txt="two\n"))
    _goes_on(bench, "other.txt", "main goes on\n")
    _land(bench, "cherry-pick", "card/T1~1")
    assert not bench.merged()


def test_a_conflict_names_the_card_that_came_first(bench: Bench) -> None:
    bench.work(a_txt="mine\n")
    _goes_on(bench, "a.txt", "theirs\n", "T0: theirs\n\nKanban-Card: T0")
    merged = bench.accept()
    assert (merged.conflicts, merged.others) == (("a.txt",), ("T0",))


def test_merges_and_the_board_move_together_or_not_at_all(bench: Bench) -> None:
    bench.work(new_txt="new\n")
    before, board = bench.main(), store.read(bench.place)
    assert board.config is not None

    def onto_base() -> integrate.BaseAhead:
        assert board.config is not None
        onto = integrate.BaseAhead(bench.place, board.config)
        assert onto.merge(board.cards["T1"], ()).commit == onto.tip != before
        return onto

    def committed(onto: integrate.BaseAhead) -> store.Committed | None:
        done = store.commit_once(
            bench.place, board, [EditCard("T1", {"status": "done"})], boards.said, None, onto
        )
        return store.bring_checkouts_along(bench.place, done, onto) if done else None

    late = onto_base()
    assert bench.main() == before  # so far all of it is in memory
    assert bench.status() == ""
    other = git(bench.repo, "commit-tree", "-m", "other", "-p", "main", "main^{tree}")
    git(bench.repo, "update-ref", "refs/heads/main", other)
    assert committed(late) is None
    assert bench.main() == other
    assert store.read(bench.place).cards["T1"].status == "review"
    git(bench.repo, "update-ref", "refs/heads/main", before)
    done = committed(onto_base())
    assert done
    assert done.notices == ()
    assert store.read(bench.place).cards["T1"].status == "done"
    assert (bench.repo / "new.txt").read_text() == "new\n"
    assert bench.status() == ""


def test_a_checkout_that_a_killed_accept_left_behind_is_brought_along(bench: Bench) -> None:
    bench.work(new_txt="new\n")
    board = store.read(bench.place)
    assert board.config is not None
    onto = integrate.BaseAhead(bench.place, board.config)
    onto.merge(board.cards["T1"], ())
    (bench.repo / "staged.txt").write_text("a person's\n")
    git(bench.repo, "add", "staged.txt")
    assert bench.move(onto)
    assert "D  new.txt" in bench.status()  # with the next commit the work would be gone
    assert follow_base.complete(bench.place) == []
    assert bench.status() == "A  staged.txt"
    assert (bench.repo / "new.txt").read_text() == "new\n"
    assert follow_base.complete(bench.place) == []


def test_what_is_in_the_way_of_bringing_a_checkout_along_is_reported_each_time(
    bench: Bench,
) -> None:
    bench.work(new_txt="new\n")
    board = store.read(bench.place)
    assert board.config is not None
    onto = integrate.BaseAhead(bench.place, board.config)
    onto.merge(board.cards["T1"], ())
    (bench.repo / "new.txt").write_text("a person's\n")  # since it was looked at
    assert bench.move(onto)
    for notices in (
        onto.bring(),
        follow_base.complete(bench.place),
        follow_base.complete(bench.place),
    ):
        assert len(notices) == 1 and "do not commit there" in notices[0]
    (bench.repo / "new.txt").unlink()
    assert follow_base.complete(bench.place) == []
    assert bench.status() == ""


def test_a_move_of_base_that_did_not_come_about_brings_nothing_along(bench: Bench) -> None:
    bench.work(new_txt="new\n")
    board = store.read(bench.place)
    assert board.config is not None
    onto = integrate.BaseAhead(bench.place, board.config)
    onto.merge(board.cards["T1"], ())
    onto.begin()  # killed here
    before = bench.status()

    def notes() -> list[Path]:
        return list((bench.repo / ".git").glob(f"{follow_base.NOTE}*"))

    [note] = notes()
    assert follow_base.complete(bench.place) == []
    assert notes() == [note], "its ref may be about to move"
    os.utime(note, (1, 1))
    assert follow_base.complete(bench.place) == []
    assert (bench.status(), (bench.repo / "new.txt").exists()) == (before, False)
    assert notes() == []


def test_of_two_moves_at_once_the_one_that_fails_does_not_forget_the_other(bench: Bench) -> None:
    bench.work(new_txt="new\n")
    board = store.read(bench.place)
    assert board.config is not None
    one, two = (integrate.BaseAhead(bench.place, board.config) for _ in range(2))
    one.merge(board.cards["T1"], ())
    two.config = two.config._replace(merge="squash")
    two.merge(board.cards["T1"], ())
    two.begin()
    assert bench.move(one)
    assert not bench.move(two)
    assert follow_base.complete(bench.place) == []
    assert bench.status() == ""
    assert (bench.repo / "new.txt").read_text() == "new\n"
