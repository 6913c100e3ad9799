"""What the pages say to type is typed here, and prints what they say.

- Wherever a page names a command of gitkanban, the command and its options exist.
- Blocks that begin with `$ ` are played from the first to the last of a page in one repository;
  what is printed is compared up to ids and seconds,
  and `pytest --rewrite tests/docs` writes it anew.
- Blocks of `sh` are run in the repository that WORLDS makes for their page, and succeed.
- Other tools that recipes read from are scripts that print what was recorded of the real ones.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_transcripts import commands, install_programs
from tests.docs.pages import PAGES, ROOT, blocks_of, calls_in, find_fault, is_transcript
from tests.docs.settled import commits_of, settle_lines
from tests.support.terminal import Terminal

MOST_SECONDS = 300  # of one command
COLUMNS = "84"  # of the terminal that pages show
SHOWN_AS = "/home/ada/shop"  # where the repository lies on the pages
OTHERS = Path(__file__).with_name("others")
STREAM = ROOT / "tests" / "agents" / "streams" / "claude" / "ok.json"

# A session as it was recorded: it waits until the page has looked at it.
CLAUDE = """\
#!/bin/sh
for i in $(seq 6000); do test -e "{home}/go" && break; sleep 0.1; done
echo hello >"$GITKANBAN_CARD.md"
cat "{home}/stream"
"""
QUESTIONS = {"gitkanban init": ("Number [1]: ", "Number [1]: ")}
# Before these commands, what a page leaves out: time goes by.
MEANWHILE = {
    "gitkanban show T0": "touch ~/go && gitkanban tick --wait",
    "gitkanban accept T0": "rm ~/go",
}
# For pages with `sh` blocks: what their reader has already.
PLANNED = [
    "gitkanban init --worker backend-pool --runner claude",
    "gitkanban add 'define the contract' --id T0",
    "git init -q --bare ../origin && git remote add origin ../origin",
]
RECIPES = "coming-from.md"  # has a test of its own
WORLDS = {
    "review.md": PLANNED,
    "agents.md": ["gitkanban init --runner claude"],
    "faq.md": ["gitkanban init --runner claude", "gitkanban add 'a card' --id T0", "gitkanban gc"],
}
# What other tools print is in files named after them and what they are asked for.
OTHER_TOOLS = {
    "backlog": 'case "$*" in "task list --json") n=list ;; *) n=$3 ;; esac; cat "{others}/backlog-$n.json"',
    "hermes": 'case "$*" in "kanban list --json") n=list ;; *) n=$3 ;; esac; cat "{others}/hermes-$n.json"',
    "bd": 'cat "{others}/bd-$1.jsonl"',
}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    calls = calls_in(page.read_text(encoding="utf-8"))
    assert [(call, fault) for call in calls if (fault := find_fault(call))] == []


def test_a_command_that_does_not_exist_is_found() -> None:
    page = "Say `gitkanban stat` or `gitkanban tick --quick`.\n```\ncd x && gitkanban add --nope\n```\n"
    assert [bool(find_fault(call)) for call in calls_in(page)] == [True, True, True]
    assert not any(map(find_fault, calls_in("`gitkanban help tick`, `gitkanban logs -f T1`")))


@pytest.fixture
def shop(repo: Path) -> Iterator[Path]:
    """The repository of the pages, and the programs that they use in the home's `bin`."""
    home = install_programs(claude=CLAUDE.format(home=os.environ["HOME"]))
    (home / "stream").write_text(json.loads(STREAM.read_text())["stdout.log"])
    (home / ".claude").mkdir()
    (home / ".claude" / ".credentials.json").write_text("{}")
    # A short path: pages fold a longer one at the edge of the terminal.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(shutil.move(repo, Path(folder) / "shop"))
        yield path
        if (path / ".kanban").exists():
            play("touch ~/go; gitkanban tick --wait", path)


def play(command: str, shop: Path, questions: tuple[str, ...] = ()) -> str:
    """What a command prints on a terminal, with the paths of the pages; it must succeed.

    Each question is answered with enter; without any, nobody is there to ask.
    """
    home = os.environ["HOME"]
    path = f"{home}/bin:/usr/bin:/bin"
    program = ("bash", "-c", command if questions else f"exec </dev/null\n{command}")
    with Terminal(
        shop, program=program, COLUMNS=COLUMNS, PATH=path, TERM="dumb", PAGER="cat", EDITOR="false"
    ) as terminal:
        printed = ""
        for question in questions:
            printed += terminal.until(re.escape(question))
            terminal.type("\r")
        code = terminal.end(deadline=MOST_SECONDS)
    printed += terminal.text
    assert code == 0, f"{command}: {printed}"
    return printed.replace(str(shop), SHOWN_AS).replace(home, "~")


def alike(command: str, text: str) -> list[str]:
    lines = settle_lines(text)
    return commits_of(lines) if "--graph" in command else lines


WITH_TRANSCRIPTS = [
    page for page in PAGES if any(map(is_transcript, blocks_of(page.read_text(encoding="utf-8"))))
]


@pytest.mark.parametrize("page", WITH_TRANSCRIPTS, ids=lambda path: path.name)
def test_a_page_shows_what_its_commands_print(
    shop: Path, page: Path, request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    written, at, differing = "", 0, []
    for block in filter(is_transcript, blocks_of(text)):
        parts = []
        for command, shown in commands(block.text):
            if command in MEANWHILE:
                play(MEANWHILE[command], shop)
            printed = play(command, shop, QUESTIONS.get(command, ()))
            now, then = alike(command, printed), alike(command, shown)
            if now != then:
                differing.append((command, [line for line in now if line not in then], printed))
            parts.append("$ " + command.replace("\n", "\n> ") + "\n" + printed.rstrip("\n"))
        written += text[at : block.start] + "\n\n".join(part.rstrip() for part in parts) + "\n"
        at = block.end
    if request.config.getoption("--rewrite") and differing:
        page.write_text(written + text[at:], encoding="utf-8")
    assert not differing, "\n".join(f"{command}: {lines}" for command, lines, _ in differing)


@pytest.mark.parametrize("name", WORLDS)
def test_commands_that_a_page_gives_can_be_run(shop: Path, name: str) -> None:
    page = next(page for page in PAGES if page.name == name)
    for command in WORLDS[name]:
        play(command, shop)
    play_scripts(page, shop)


def play_scripts(page: Path, shop: Path) -> None:
    """Run the blocks of `sh` of a page, each as one script."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language == "sh":
            play(f"set -eo pipefail\n{block.text}", shop)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_recipes_bring_what_is_open_in_other_tools(shop: Path) -> None:
    play("gitkanban init --runner claude", shop)
    for name, text in OTHER_TOOLS.items():
        script = Path(os.environ["HOME"], "bin", name)
        script.write_text(f"#!/bin/sh\n{text.format(others=OTHERS)}\n")
        script.chmod(0o755)
    play_scripts(ROOT / "docs" / RECIPES, shop)
    found = json.loads(play("gitkanban list --json", shop))
    rows = {
        each["id"]: (each["title"], each["status"], each["parents"], each["priority"])
        for each in found
    }
    assert rows == {
        "TASK-2": ("Implement it", "backlog", [], 1),
        "TASK-3": ("Ship it", "backlog", ["TASK-2"], 0),
        "shop-a1.2": ('Implement "recall"', "backlog", [], 2),
        "shop-a1.3": ("Ship it", "backlog", ["shop-a1.2"], -1),
        "t_cbc506eb": ("research options", "backlog", [], 0),
        "t_fe8382ed": ("write it up", "backlog", ["t_cbc506eb"], 3),
    }
    cards = {name: json.loads(play(f"gitkanban show {name} --json", shop)) for name in rows}
    bodies = {name: card["body"].split() for name, card in cards.items()}
    assert cards["TASK-2"]["acceptance"] == ["recall works"]
    assert bodies["TASK-2"] == [
        *("Follow", "the", "contract:", '"120"', "&", "'quotes'."),
        *("Read", "the", "contract", "first."),
    ]
    assert cards["shop-a1.2"]["acceptance"] == ["works within 120 seconds"]
    assert bodies["shop-a1.2"] == ["Follow", "the", "contract.", "A", "shell", "function."]
    assert cards["shop-a1.2"]["labels"] == ["US3", "phase:1"]
    assert bodies["t_cbc506eb"] == ["look", "around"]


def test_every_page_with_commands_to_run_has_its_world() -> None:
    pages = {
        page.name
        for page in PAGES
        if any(block.language == "sh" for block in blocks_of(page.read_text(encoding="utf-8")))
    }
    assert pages == {*WORLDS, RECIPES}
