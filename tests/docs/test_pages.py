"""What the pages say to type is typed here, and prints what they say.

- Wherever a page names a command of gitkanban, the command and its options exist.
- Blocks that begin with `$ ` are played from the first to the last of a page in one repository; what
  is printed is compared up to ids and seconds, and `pytest --rewrite tests/docs` writes it anew.
- Blocks of `sh` are run line by line in the repository that WORLDS makes for their page, and succeed.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_transcripts import commands, install_programs
from tests.docs.pages import PAGES, ROOT, blocks_of, calls_in, find_fault, is_transcript
from tests.docs.settled import commits_of, settle_lines
from tests.support.terminal import Terminal

MOST_SECONDS = 120  # of one command
COLUMNS = "84"  # of the terminal that pages show
SHOWN_AS = "/home/ada/shop"  # where the repository lies on the pages
STREAM = ROOT / "tests" / "agents" / "streams" / "claude" / "ok.json"

# A session as it was recorded: it waits until the page has looked at it.
CLAUDE = """\
#!/bin/sh
for i in $(seq 600); do test -e "{home}/go" && break; sleep 0.1; done
echo hello >"$GITKANBAN_CARD.md"
cat "{home}/stream"
"""
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
WORLDS: dict[str, list[str]] = {"review.md": PLANNED}


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
    path = repo.rename(repo.with_name("shop"))
    yield path
    if (path / ".kanban").exists():
        play("touch ~/go; gitkanban tick --wait", path)


def play(command: str, shop: Path) -> str:
    """What a command prints on a terminal, with the paths of the pages; it must succeed."""
    home = os.environ["HOME"]
    path = f"{home}/bin:/usr/local/bin:/usr/bin:/bin"
    program = ("bash", "-c", command)
    with Terminal(
        shop, program=program, COLUMNS=COLUMNS, PATH=path, TERM="dumb", PAGER="cat", EDITOR="false"
    ) as terminal:
        code = terminal.end(deadline=MOST_SECONDS)
    assert code == 0, f"{command}: {terminal.text}"
    return terminal.text.replace(str(shop), SHOWN_AS).replace(home, "~")


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
            printed = play(command, shop)
            if alike(command, printed) != alike(command, shown):
                differing.append((command, printed, shown))
            parts.append("$ " + command.replace("\n", "\n> ") + "\n" + printed.rstrip("\n"))
        written += text[at : block.start] + "\n\n".join(part.rstrip() for part in parts) + "\n"
        at = block.end
    if request.config.getoption("--rewrite") and differing:
        page.write_text(written + text[at:], encoding="utf-8")
    assert differing == []


@pytest.mark.parametrize("name", WORLDS)
def test_commands_that_a_page_gives_can_be_run(shop: Path, name: str) -> None:
    page = next(page for page in PAGES if page.name == name)
    for command in WORLDS[name]:
        play(command, shop)
    blocks = [
        block for block in blocks_of(page.read_text(encoding="utf-8")) if block.language == "sh"
    ]
    for block in blocks:
        for line in block.text.replace("\\\n", " ").strip().split("\n"):
            play(line, shop)


def test_every_page_with_commands_to_run_has_its_world() -> None:
    pages = {
        page.name
        for page in PAGES
        if any(block.language == "sh" for block in blocks_of(page.read_text(encoding="utf-8")))
    }
    assert pages == set(WORLDS)
