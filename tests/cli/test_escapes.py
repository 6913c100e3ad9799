"""What others wrote is shown, never obeyed: an escape in every text of a board,
in every command.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gitkanban.board import store
from gitkanban.board.repo.placefinder import find
from gitkanban.cli.commands import review
from gitkanban.runs.records import folders
from tests.cli.calls import call
from tests.cli.test_terminal import on_terminal
from tests.conftest import git

EVIL = "E\x1b[2J\x1b]0;pwn\x07\r\u202eB\x9b31m\u2066\u200b\u00ad\ufe00"
STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe00]"
)
OWN = re.compile("\x1b\\[[0-9;]*m")  # the colours that we write ourselves
QUOTED = json.dumps(EVIL)
RUN = "01jd0000000000000000000000"
CARD = """\
id: {id}

title: {evil}

worker: {worker}

status: {status}
{more}
needs:
  {evil}: 1

acceptance:
  - {evil}

unknown: {evil}

body: {evil}
"""
CONFIG = """\
version: 1
kanban:
  workers:
    w:
      command: [sh, -c, {evil}]
      setup: [{evil}]
      verify: [{evil}]
      memory_home: {{env: HERMES_HOME, path: {path}, memory: [{evil}]}}
  commit_suffix: {evil}
"""
NAMES = """\
    {evil}: {{}}
  profiles: {{{evil}: 1}}
  capacities: {{{evil}: 1}}
  {evil}: 3
"""


def card(name: str, status: str, more: str = "", worker: str = "w") -> str:
    return CARD.format(id=name, status=status, more=more, worker=worker, evil=QUOTED)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("{evil}", QUOTED).replace("{run}", RUN))


@pytest.fixture(params=["texts", "names"])
def planted(repo: Path, request: pytest.FixtureRequest) -> Path:
    """A board with EVIL in every text of it and in its history, or where names stand, too."""
    root = repo / ".kanban"
    config = CONFIG.replace("  commit", NAMES + "  commit") if request.param == "names" else CONFIG
    write(root / "config.yaml", config.format(evil=QUOTED, path=json.dumps(f"/{EVIL}")))
    held = "\nreason: needs-input\n\nwhy: {evil}\n"
    run = "\nrun: {run}\n\nslot: w#1\n\nclone: {evil}\n\nhost: {evil}\n"
    write(root / "cards" / "A.yaml", card("A", "blocked", held))
    write(root / "cards" / "B.yaml", card("B", "todo", "\nparents:\n  - A\n"))
    write(root / "cards" / "R.yaml", card("R", "running", run))
    write(root / "cards" / "V.yaml", card("V", "review"))
    write(root / "cards" / "O.yaml", card("O", "todo").replace(f"  {QUOTED}: 1", "  x: 1"))
    if request.param == "names":
        _names(root)
    keys = "slot worker host clone commit start_commit session salvage cost_usd why summary outcome"
    record = "".join(f"{key}: {{evil}}\n" for key in keys.split())
    for name in "ABV":
        write(root / "runs" / name / f"{RUN}.yaml", f"run: {{run}}\n{record}")
        for number, kind in enumerate(("note", "memory", QUOTED)):
            head = f"---\nby: {{evil}}\nkind: {kind}\nrun: {{evil}}\n---\n\n{EVIL}\n"
            write(root / "notes" / name / f"01jd000000000000000000000{number}.md", head)
    write(root / "paused" / "w.yaml", "why: {evil}\nby: {evil}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", f"the board {EVIL}", "--author", "E\x1b[2J <e\x1b[2J@example.org>")
    git(repo, "checkout", "-qb", "card/V")
    (repo / f"file {EVIL}".replace("/", "_")).write_text(f"{EVIL}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", f"work {EVIL}")
    git(repo, "checkout", "-q", "main")
    write(
        root / "cards" / "A.yaml",
        card("A", "todo", f'\nwhy: "more {EVIL}"\n'.replace(EVIL, QUOTED[1:-1])),
    )
    folder = folders.of(find(str(repo)).private, RUN)
    folder.write_spec({"card": "A", "run": RUN})
    for name in ("stdout.log", "stderr.log", "setup.log", "verify.log", "collect.log"):
        Path(folder.file(name)).write_text(f"{EVIL}\n")
    return repo


def _names(root: Path) -> None:
    write(root / "cards" / "P.yaml", card("P", "todo", "\nparents:\n  - {evil}\n"))
    write(root / "cards" / "Q.yaml", card("Q", "todo", worker="{evil}"))
    write(root / "cards" / "S.yaml", card("S", "{evil}"))
    write(root / "cards" / f"{EVIL}.yaml".replace("/", "_"), "id: x\n")


LOOKS = """
status
status --all
status --at HEAD
list
list --at HEAD
why --all
why A B Q P
show A
show B
show V
show O
show P
show V --diff
show V --diff --stat
workers
simulate
log
log A
log V
logs A
diff
diff HEAD~1 HEAD
diff --format markdown
check
check --format github
check --base HEAD~1
doctor
memory
memory --all
memory show 01jd0000000000000000000001
tick --dry-run
tick --verbose
trust
fmt --check
gc --dry-run
undo
accept V
stop --all
add {evil}
add {evil} --id {evil}
add --from {evil}
edit O --title {evil}
edit O --worker {evil}
edit O --needs {evil}
edit {evil}
note A {evil}
note {evil} {evil}
block O --why {evil}
retry O --why {evil}
drop O --why {evil}
show {evil}
logs {evil}
logs A --run {evil}
log {evil}
link O {evil}
rename O {evil}
pause {evil}
pause w --why {evil}
resume {evil}
workers set {evil} weight=1
workers set w {evil}=1
workers set w command={evil}
memory {evil}
simulate --duration {evil}
simulate --duration {evil}=10m
list --status {evil}
status --at {evil}
diff {evil}
check {evil}
undo {evil}
tick --remote {evil}
sync {evil}
init --branch {evil}
init --runner {evil}
{evil}
"""


SHOWS = re.compile(r"(status|list|why|log|show [ABV]|logs A|memory show \w+|trust)$")


def test_no_text_of_a_board_steers_a_terminal(planted: Path) -> None:
    for line in LOOKS.strip().split("\n"):
        done = call(planted, *(word.format(evil=EVIL) for word in line.split()))
        assert done.code != 3, (line, done)
        said = OWN.sub("", done.out) + OWN.sub("", done.err)
        assert not STEERS.search(said), (line, done)
        assert "pwn" in said or not SHOWS.match(line) or "cannot be read" in said, (line, done)


@pytest.mark.parametrize("planted", ["texts"], indirect=True)
def test_nor_where_a_terminal_gets_colours(planted: Path) -> None:
    for words in ("status --format text", "show A --prompt", "show V --diff", "diff", "simulate"):
        said = OWN.sub("", on_terminal(planted, *words.split()))
        assert "pwn" in said
        assert not STEERS.search(said), (words, said)
    place = find(str(planted))
    board = store.read(place)
    page = review._review_page(place, store.history(place, board, "V"), board.cards["V"])
    assert "pwn" in page
    assert not STEERS.search(page)


@pytest.mark.parametrize("planted", ["texts"], indirect=True)
def test_a_pipe_gets_the_prompt_as_a_session_gets_it(planted: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gitkanban", "show", "A", "--prompt"],
        cwd=planted, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert EVIL[:10] in done.stdout
