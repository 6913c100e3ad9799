"""The house rules: layers, style, types, and docs that keep up with the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import house_figures

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PACKAGE = ROOT / "gitkanban"

# Each third-party library has one home.
HOMES = {
    "click": {"cli"},
    "rich": {"cli"},
    "textual": {"cli"},
    "ruamel": {"board"},
    "pygit2": {"board"},
    "portalocker": {"flock.py"},
    "jinja2": {"views"},
}

# Private functions whose one word says it all, and why.
ONE_WORD: dict[str, str] = {}

# Names with a word that says how a thing came about, not what it is; and why these may.
INSIDE_NAMES = {
    "connection_made": "asyncio calls it so",
    "HeldLock": "a lock that is ours, beside `Locks` that may be anybody's",
    "NotFound": "an error, named as such errors are everywhere",
}

# What frameworks call by its name alone: click's commands, textual's handlers and actions.
CALLED_BY_NAME = (
    r"cli/commands/\w+\.py:\w+_command|cli/group\.py:(list_commands|get_command)"
    r"|cli/ui/\w+\.py:(_?on_\w+|action_\w+|_act_\w+|render_line)"
)

# Calls with many arguments that have no names, and why.
NAMELESS = {
    **dict.fromkeys(("run", "text", "git", "talk"), "the words of a command line"),
    **dict.fromkeys(("create_commit", "prctl"), "a function of C, whose arguments have no names"),
}


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_down_only_and_every_module_has_a_place() -> None:
    run(str(BIN / "lint-imports"), "--no-cache")


def test_every_module_can_be_imported() -> None:
    """Hints are evaluated then, and `gitkanban.typed` allows less of them than `typing`."""
    names = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in _modules())
    run(sys.executable, "-c", "\n".join(f"import {name}" for name in names))


def _modules() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path.stem not in ("__init__", "__main__")]


def test_ruff_finds_nothing() -> None:
    run(str(BIN / "ruff"), "check", "--no-cache", ".")


def test_ruff_would_format_nothing() -> None:
    run(str(BIN / "ruff"), "format", "--no-cache", "--check", ".")


@pytest.mark.slow
def test_mypy_strict_finds_nothing() -> None:
    run(sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache"))


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_third_party_imports_stay_in_their_homes(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    text = path.read_text()
    for library, homes in HOMES.items():
        used = re.search(rf"^\s*(import|from) {library}\b", text, re.M)
        assert not used or room in homes, f"{path.name} imports {library}, whose home is {homes}"


def test_typing_is_imported_by_the_one_module_that_stands_for_it() -> None:
    """`gitkanban.typed` has the same names, at a hundredth of the price."""
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(from|import) (typing|dataclasses)\b", path.read_text(), re.M)
    ]
    assert found == ["typed.py"]


def test_the_core_does_no_io_and_reads_no_clock() -> None:
    forbidden = re.compile(
        r"^\s*(import|from) (os|sys|time|random|secrets|subprocess|socket|pathlib|shutil|tempfile)\b"
        r"|\bopen\(|from gitkanban import .*\bclock\b|from gitkanban\.clock|datetime\.now",
        re.M,
    )
    for path in (PACKAGE / "core").rglob("*.py"):
        found = forbidden.search(path.read_text())
        assert not found, f"{path.name}: {found and found[0]}"


def test_ci_calls_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    command = next(line for line in readme.splitlines() if "-m pytest" in line)
    assert command.strip() in (ROOT / ".ci" / "run").read_text()


def test_the_readme_names_commands_that_exist() -> None:
    from gitkanban.cli.roster import COMMANDS

    known = {name for _, name, _, _ in COMMANDS}
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"(?:\$ |`|&& )gitkanban ([a-z-]+)", text))
    assert len(named) >= 8
    assert named <= known


def test_every_command_and_option_is_documented() -> None:
    from tests.commands_page import PAGE, page

    assert PAGE.read_text() == page(), "run: python -m tests.commands_page"


def test_every_config_key_is_documented() -> None:
    from gitkanban.board.formats.configkeys import KEYS

    text = (ROOT / "docs" / "format.md").read_text()
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert not [key.path for key in KEYS if key.doc not in rows.get(key.path, "")]


def test_every_field_of_cards_and_runs_is_in_its_table_and_documented() -> None:
    from gitkanban.board.formats import cardkeys, runfile
    from gitkanban.core.model import Card, Run

    assert {key.name for key in cardkeys.KEYS} == set(Card._fields)
    assert {key.name for key in runfile.KEYS} == set(Run._fields) - {"card"}
    text = (ROOT / "docs" / "format.md").read_text()
    keys = (*cardkeys.KEYS, *runfile.KEYS)
    assert not [key.name for key in keys if f"| `{key.name}` | {key.doc}" not in text]


def test_every_invariant_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", text)
    assert len(names) >= 16
    assert not [name for name in names if f"def {name}(" not in sources]


@pytest.mark.parametrize(
    "wing",
    sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE),
    ids=lambda wing: str(wing.relative_to(PACKAGE)),
)
def test_every_wing_opens_with_a_map_of_its_rooms(wing: Path) -> None:
    mapped = re.findall(r"^([a-z_]+)/?  ", (wing / "__init__.py").read_text(), re.M)
    rooms = [path.stem for path in wing.iterdir() if path.suffix == ".py"]
    wings = [path.parent.name for path in wing.glob("*/__init__.py")]
    assert sorted(mapped) == sorted({*rooms, *wings} - {"__init__"})


MAP = ROOT / "docs" / "ARCHITECTURE.md"


def test_every_wing_stands_on_the_map() -> None:
    mapped = re.findall(r"^\| `([a-z/]+)/` \|", MAP.read_text(), re.M)
    wings = [str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py")]
    assert sorted(mapped) == sorted(set(wings) - {"."})


def test_every_word_of_the_glossary_has_one_meaning() -> None:
    glossary = MAP.read_text().partition("\n## Words\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ([a-z ,]+) \|", glossary, re.M)
    words = [word for cell in cells for word in cell.split(", ") if cell != "word"]
    assert len(words) >= 40
    assert len(words) == len(set(words))


PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_wraps_at_a_hundred_columns(page: Path) -> None:
    prose = "".join(page.read_text().split("\n```")[::2])  # what stands between code blocks
    assert not [line for line in prose.split("\n") if len(line) > 100 and not line.startswith("|")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_links_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    files = re.findall(r"`((?:\w+/)+\w+\.(?:py|txt))`", text)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert not [name for name in files if not ((ROOT / name).exists() or (PACKAGE / name).exists())]
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)", target.read_text(), re.M) if anchor else []
        anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}
        assert not anchor or anchor in anchors, link


def test_no_type_exists_twice() -> None:
    assert house_figures.types_twice() == {}


def test_a_private_function_says_what_it_does() -> None:
    found = set(house_figures.one_word_private())
    assert found == set(ONE_WORD), "name it by a verb and its object, or a noun and its kind"


def test_a_name_says_what_a_thing_is_not_how_it_came_about() -> None:
    assert house_figures.inside_names().keys() == INSIDE_NAMES.keys()


def test_more_than_four_arguments_have_names() -> None:
    calls = house_figures.nameless_calls()
    assert calls.keys() == NAMELESS.keys(), {name: calls[name] for name in calls.keys() - NAMELESS}


def test_object_ids_are_of_their_own_type() -> None:
    assert house_figures.untyped_ids() == []


def test_nothing_is_there_for_tests_alone() -> None:
    left = [name for name in house_figures.unused() if not re.fullmatch(CALLED_BY_NAME, name)]
    assert left == []


def test_a_function_longer_than_a_screen_says_why() -> None:
    """The line above it says `# Long: …`."""
    for each in house_figures.functions():
        if each.code > house_figures.TOO_LONG:
            lines = (PACKAGE / each.module).read_text().splitlines()
            above = [line.strip() for line in lines[max(0, each.line - 8) : each.line - 1]]
            reasoned = any(line.startswith("# Long: ") for line in above)
            assert reasoned, f"{each.module}:{each.line} {each.name}: {each.code} lines of code"


def test_the_figures_count_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        '"""A module."""\n\nMove = tuple[str, str]\n\n\ndef _go() -> None:\n    """Go."""\n'
        "    # on\n\n    pass\n\n\nclass A:\n    def f(self) -> None:\n        return\n"
    )
    (tmp_path / "two.py").write_text("class _Move:\n    pass\n\n\ndef _go_on() -> None: ...\n")
    assert house_figures.one_word_private(tmp_path) == ["one.py:_go"]
    assert house_figures.types_twice(tmp_path) == {"Move": ["one.py", "two.py"]}
    (tmp_path / "three.py").write_text(
        "def f(kept_rows: int) -> None:\n    wasFound = made_up = 1\n"
    )
    assert set(house_figures.unused(tmp_path)) == {
        *("one.py:_go", "one.py:A", "one.py:f", "one.py:Move", "three.py:f"),
        *("two.py:_go_on", "two.py:_Move"),
    }
    (tmp_path / "four.py").write_text("a(1, 2, 3, 4)\nb.c(1, 2, 3, 4, 5)\nd(1, 2, 3, 4, *e, f=5)\n")
    assert house_figures.nameless_calls(tmp_path) == {"c": ["four.py:2"]}
    (tmp_path / "board").mkdir()
    (tmp_path / "board/five.py").write_text(
        "def a(tip: str, name: str) -> None: ...\ntree: str = ''\n"
    )
    named = ["board/five.py:1 tip", "board/five.py:2 tree"]
    assert sorted(house_figures.untyped_ids(tmp_path)) == named
    (tmp_path / "board/five.py").unlink()
    inside = {"kept_rows": ["three.py"], "made_up": ["three.py"], "wasFound": ["three.py"]}
    assert house_figures.inside_names(tmp_path) == inside
    (tmp_path / "three.py").unlink()
    lines = {each.name: each.code for each in house_figures.functions(tmp_path)}
    assert lines == {"_go": 2, "A.f": 2, "_go_on": 1}
