"""What a session writes reaches the board by its mailbox: at once where a tick stands by."""

import sys
from pathlib import Path

from gitkanban.board import store
from gitkanban.board.repo import placefinder
from tests.cli.calls import ok
from tests.conftest import git
from tests.runs.places import until

# Its last command takes the shell's place, so that the supervisor is its parent.
SCRIPT = """\
if [ "$GITKANBAN_CARD" = B ]; then exec {us} done --no-change; fi
{us} note 'a remark' && {us} add 'more work' --id N
while [ ! -e {go} ]; do sleep 0.05; done
exec {us} done --no-change --summary 'all there'
"""


def test_a_note_is_on_the_board_while_its_session_still_works(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = SCRIPT.format(us=f"{sys.executable} -P -m gitkanban", go=go)
    (tmp_path / "agent.sh").write_text(script)
    config = tmp_path / "config.yaml"
    config.write_text(
        "kanban:\n  workers:\n    w:\n      mode: pool\n      max_concurrency: 2\n"
        f"      command: [sh, {tmp_path}/agent.sh]\n"
    )
    ok(repo, "init", "--config", str(config))
    ok(repo, "trust", "--yes")
    for card in ("A", "B"):
        ok(repo, "add", "x", "--id", card, "-w", "w")
    ok(repo, "tick")

    def has_mail() -> bool:
        board = store.read(placefinder.find(str(repo)))
        notes = [(note.by, note.text) for note in board.notes_of("A")]
        assert board.cards["A"].status == "running"
        return notes == [("session of A", "a remark")] and "N" in board.cards

    # B has ended, so that a tick stands by, which nobody but A's supervisor rings for.
    until(has_mail, "the note")
    said = git(repo, "log", "--format=%s")  # B's end may have come between the two
    assert "note by session of A" in said and "N added" in said
    go.touch()
    until(lambda: store.read(placefinder.find(str(repo))).cards["A"].status == "review", "A's end")
    (run,) = store.read(placefinder.find(str(repo))).runs_of("A")
    assert (run.outcome, run.summary) == ("succeeded", "all there")
    assert store.read(placefinder.find(str(repo))).cards["N"].status == "backlog"
