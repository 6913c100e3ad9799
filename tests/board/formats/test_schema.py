"""The schemas of the package and what reads the files agree on what a file may hold."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from gitkanban.board.formats import cardfile, cardkeys, configfile, configkeys, planfile, runfile
from gitkanban.board.formats.yamltext import Bad
from tests import schema_files
from tests.board.cards import cards

VALIDATORS = {name: Draft7Validator(schema()) for name, schema in schema_files.SCHEMAS.items()}


def wrong_with(name: str, text: str) -> list[str]:
    """What an editor would underline: the text as its YAML parser reads it, held to the schema."""
    data = YAML(typ="safe", pure=True).load(text)
    data = json.loads(json.dumps(data, default=str))  # keys are text, a date is what was written
    return [f"{list(e.path)}: {e.message[:200]}" for e in VALIDATORS[name].iter_errors(data)]


def is_card(text: str) -> bool:
    try:
        cardfile.parse(text.encode(), "cards/T1.yaml")
    except Bad:
        return False
    return True


def is_plan(text: str) -> bool:
    try:
        planfile.parse_plan(text.encode(), "plan.yaml")
    except Bad:
        return False
    return True


def is_run(text: str) -> bool:
    try:
        runfile.parse(text.encode(), "runs/T1/01run.yaml")
    except Bad:
        return False
    return True


def is_config(text: str) -> bool:
    return not configfile.parse(text.encode(), "config.yaml")[1]


READS = {"card": is_card, "cards": is_plan, "run": is_run, "config": is_config}


@pytest.mark.parametrize("name", sorted(schema_files.SCHEMAS))
def test_the_files_are_those_of_the_tables(name: str) -> None:
    file = schema_files.FOLDER / f"{name}.json"
    assert file.read_text() == schema_files.text(name), "run: python -m tests.commands_page"
    Draft7Validator.check_schema(schema_files.SCHEMAS[name]())


SCALARS = [
    "", "~", "null", "''", "a", "T2", "'a b'", "1", "0", "-1", "+2", "'3'", "007", "1.10", "1e3", "0x1F", "true",
    "True", "'true'", "no", ".inf", "1000000", "999999999", "9999999999999999", "2026-11-23T22:00:00Z",
    "'2026-11-23 22:00'", "2026-11-23", "2h", "1h30m", "90s", "' 90 '", "0s", "5.50", "'0.00'", "a..b", "x.lock",
    "-x", "'-x'", "p#1", "p#0", "a/b", "a:b", "ärger", "'a,b'", "prompt", "never", "lane", "pool", "shared", "todo",
    "review", "done", "blocked", "backlog", "failed", "bwrap", "claude", "origin", "'~/x'", "0123456789" * 4,
    "abcdef0123" * 4, "'{prompt}'", "'{x}'", "merge", "always", "hold", "propose", "read-only",
]  # fmt: skip
VALUES = st.sampled_from(SCALARS) | st.one_of(
    st.lists(st.sampled_from(SCALARS), max_size=2).map(lambda found: f"[{', '.join(found)}]"),
    st.lists(st.tuples(st.sampled_from(["a", "1", "a.b", "-"]), st.sampled_from(SCALARS)), max_size=2,
             unique_by=lambda entry: entry[0]).map(
        lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found) + "}"),
    st.sampled_from(["[[a]]", "[{a: 1}]", "{a: [1]}", "{a: {b: 1}}"]),
)  # fmt: skip


def lines_of(names: list[str], first: str = "") -> st.SearchStrategy[str]:
    """A mapping of some of these keys, or others, in block style."""
    keys = st.sampled_from(names) | st.sampled_from([*names, "other", "titel"])
    return st.dictionaries(keys, VALUES, max_size=4).map(
        lambda found: first + "".join(f"{key}: {value}\n" for key, value in found.items())
    )


def agree(name: str, text: str) -> None:
    if READS[name](text):
        assert wrong_with(name, text) == []


@given(lines_of([key.name for key in cardkeys.KEYS if key.name != "id"], "id: T1\n"))
@example("id: T1\nlabels: [ärger, a:b]\nmerged: \nnot_before: 1764000000\nneeds: {a: '1'}\n")
def test_a_card_that_is_read_is_valid(text: str) -> None:
    agree("card", text)


@given(cards())
def test_a_card_that_is_written_is_valid(card: Any) -> None:
    assert wrong_with("card", cardfile.render(card)) == []


@given(lines_of([key.name for key in cardkeys.KEYS if key.name != "title"], "title: t\n"))
def test_a_plan_that_is_read_is_valid(text: str) -> None:
    inner = text.replace("\n", "\n  ").rstrip()
    agree("cards", f"- {inner}\n")
    agree("cards", f"cards:\n- {inner}\n")


@given(lines_of([key.name for key in runfile.KEYS if key.name != "run"]))
def test_a_run_that_is_read_is_valid(text: str) -> None:
    agree("run", f"run: 01run\n{text}")


LEAVES = [key for key in configkeys.KEYS if key.kind != configkeys.SECTION]


def config_with(values: dict[str, str]) -> str:
    """A config of these values, by path; `*` is a name."""
    root: dict[str, Any] = {}
    for path, value in values.items():
        *above, last = path.replace("*", "w").split(".")
        at = root
        for part in above:
            at = at.setdefault(part, {})
        at[last] = value
    root.setdefault("kanban", {})

    def flow(node: Any) -> str:
        if isinstance(node, str):
            return node
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in node.items()) + "}"

    return "".join(f"{key}: {flow(value)}\n" for key, value in root.items())


@given(st.dictionaries(st.sampled_from([key.path for key in LEAVES]), VALUES, max_size=4))
@example({"kanban.workers.*.command": "[a, '{prompt}']", "kanban.workers.*.resume": "never"})
def test_a_config_that_is_read_is_valid(values: dict[str, str]) -> None:
    agree("config", config_with(values))


@given(st.sampled_from(LEAVES), VALUES)
def test_a_config_with_one_key_that_is_read_is_valid(key: Any, value: str) -> None:
    agree("config", config_with({key.path: value}))


def wrong_values(kind: object) -> list[str]:
    """Values of another type than a key takes."""
    kind = kind if isinstance(kind, str) else "choice"
    lists = {*configkeys.LISTS, cardkeys.ITEMS, cardkeys.LABELS, cardkeys.PARENTS}
    if kind in lists:
        return ["nonsense", "{a: 1}", "[[a]]"]
    if kind in (configkeys.COUNTS, cardkeys.COUNTS):
        return ["nonsense", "[a]", "{a: b}", "{a: -1}"]
    texts = {configkeys.TEXT, cardkeys.PROSE}
    return ["[a]", "{a: 1}", *([] if kind in texts else ["'no such thing!'"])]


CASES = [
    *(("card", f"id: T1\n{key.name}: {value}\n") for key in cardkeys.KEYS if key.name != "id"
      for value in wrong_values(key.kind)),
    *(("config", config_with({key.path: value})) for key in LEAVES for value in wrong_values(key.kind)),
    *(("run", f"run: 01run\n{key.name}: {value}\n") for key in runfile.KEYS if key.name != "run"
      for value in ("[a]", "{a: 1}")),
    *(("config", text) for text in (
        "version: 2\nkanban: {}\n", "version: 1\n", "[]\n", "kanban: []\n", "kanban: {}\nother: 1\n",
        "kanban: {titel: 1}\n", "kanban: {workers: []}\n", "kanban: {workers: {a b: {}}}\n",
        "kanban: {workers: {w: {paralel: 1}}}\n", "kanban: {workers: {w: {runner: nobody}}}\n",
        "kanban: {profiles: {p: 3}}\n", "kanban: {budget: {week: 3}}\n",
    )),
    *(("card", text) for text in ("title: a\n", "[]\n", "id: a..b\n", "id:\n", "id: [T1]\n")),
    *(("cards", text) for text in (
        "[]\n", "cards: []\n", "- id: T1\n", "- title: a\n  run: x\n", "- title: a\n  titel: b\n", "- a\n",
        "- title: a\n  status: done\n", "card: [{title: a}]\n",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_wrong_key_or_type_is_refused_by_both(name: str, text: str) -> None:
    assert not READS[name](text)
    assert wrong_with(name, text)
