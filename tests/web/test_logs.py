"""The logs of running sessions: the open card's follows, each slot has its session's last word."""

import os
from pathlib import Path

from gitkanban.board.repo.place import Place
from gitkanban.core.names import CardId, RunId
from gitkanban.runs.records import folders
from gitkanban.web.lastwords import LastWords
from gitkanban.web.logfollow import LogFollow
from tests.cli.calls import ok
from tests.web.served import served

CONFIG = """\
version: 1
kanban:
  base: main
  workers:
    w: {{mode: lane, command: [sh, -c, "exec 3< {pipe}; echo first; read word <&3; echo $word; read word <&3"]}}
"""


def test_the_log_of_a_running_session_follows_and_ends(repo: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "config.yaml").write_text(CONFIG.format(pipe=pipe))
    ok(repo, "init", "--config", str(tmp_path / "config.yaml"))
    ok(repo, "add", "first", "--id", "T1", "-w", "w")
    ok(repo, "trust", "--yes")
    with served(repo) as server:
        ok(repo, "tick")
        session = pipe.open("w", buffering=1)  # one, else the session may meet an end between two
        with server.stream("log=T1") as wait_for:
            version = wait_for("version")
            log = wait_for("log")
            while "first" not in [entry[2] for entry in log["entries"]]:
                log = wait_for("log")  # bounded by the stream's own deadline
            assert log["card"] == "T1" and not log["ended"]
        with server.stream(f"since={version}&log=T1") as wait_for:  # the board has not changed
            assert [entry[2] for entry in wait_for("log")["entries"]] == ["first"]
            session.write("<script>alert(1)</script>\n")
            added = wait_for("log")
            assert [entry[2] for entry in added["entries"]] == ["<script>alert(1)</script>"]
            assert not added["fresh"] and added["entries"][0][0]
            session.close()
            while not added["ended"]:
                added = wait_for("log")
    ok(repo, "tick", "--wait")


def place_in(folder: Path) -> Place:
    return Place(str(folder), "", "main", "", slots="", private=str(folder))


def test_a_slot_has_the_last_word_of_its_session(tmp_path: Path) -> None:
    folder = folders.of(str(tmp_path), RunId("r1"))
    os.makedirs(folder.path)
    words = LastWords(place_in(tmp_path))
    words.follow({CardId("T1"): RunId("r1")})
    assert not words.look() and words.by_card == {}
    log = Path(folder.file("stdout.log"))
    log.write_text("one\ntwo \x1b[31mred\n")
    assert words.look() and words.by_card[CardId("T1")][1].startswith("two ")
    assert "\x1b" not in words.by_card[CardId("T1")][1] and not words.look()
    log.write_text("one\ntwo\n" + "x" * 1000 + "\n")
    assert words.look() and len(words.by_card[CardId("T1")][1]) <= 200
    words.follow({})
    assert words.by_card == {} and not words.look()


def test_a_card_without_a_run_here_has_no_log(tmp_path: Path) -> None:
    follow = LogFollow(place_in(tmp_path), CardId("T1"))
    follow.find_run()
    assert follow.added() is None
