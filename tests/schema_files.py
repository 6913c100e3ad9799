"""Writes the JSON schemas of the package from the tables of keys, for editors and other programs.

A schema says what a file may hold as an editor's YAML parser reads it (YAML 1.2), while gitkanban
reads text: `title: 1.10` and `priority: '2'` are fine for both. What depends on other values, such
as a parent that does not exist, is left to `gitkanban check`. Draft 7 is what editors know.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gitkanban.board.formats import cardkeys, configkeys, recordfile, runfile
from gitkanban.core import model
from gitkanban.core.agents.presets import NO_RESUME, PRESETS
from gitkanban.core.agents.sandboxes import PRESETS as SANDBOXES
from gitkanban.core.engines import ENGINES
from gitkanban.views import outcome

FOLDER = Path(__file__).parent.parent / "gitkanban" / "schema"
Schema = dict[str, Any]

SCALAR = ["string", "number", "boolean"]
TEXT: Schema = {"type": [*SCALAR, "null"]}
WORD: Schema = {"type": SCALAR}
# No lookbehind and no \Z: these are read by JavaScript, too.
_ID = r"(?!.*\.\.)(?!.*\.lock$)[A-Za-z0-9_]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?"
NAMES: Schema = {"pattern": f"^{_ID}$"}
NAME: Schema = {"type": [*SCALAR, "null"], "pattern": f"^({_ID})?$"}
TIME: Schema = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*([0-9]{4}-?[0-9W]|$)|^[0-9]{0,11}$"},
        {"type": "integer", "minimum": 0},
        {"type": "null"},
    ]
}
BRANCH: Schema = {
    "type": [*SCALAR, "null"],
    "pattern": r"^(?!-)(?!.*\.\.)(?!.*//)(?!.*@\{)[^\u0000-\u0020\u007f~^:?*\[\\]+$",
}
DURATION: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 999_999_999},
        {
            "type": "string",
            "pattern": r"^\s*(?=[0-9])([0-9]{1,6}d)?([0-9]{1,7}h)?([0-9]{1,8}m)?([0-9]{1,9}s?)?\s*$",
        },
        {"type": "null"},
    ]
}
MONEY: Schema = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000},
        {"type": "string", "pattern": r"^(?=.*[1-9])[0-9]{1,7}(\.[0-9]{1,12})?$"},
        {"type": "null"},
    ]
}
FLAG: Schema = {
    "anyOf": [
        {"type": "boolean"},
        {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"},
        {"type": "null"},
    ]
}


def choice(words: Iterable[str], empty: bool = False) -> Schema:
    """One of a few words, or nothing."""
    return {"enum": [*words, *([""] if empty else []), None]}


def whole(least: int | None, most: int, digits: str) -> Schema:
    """A whole number, also in quotes."""
    bounds = {"maximum": most, "minimum": -most if least is None else least}
    return {
        "anyOf": [
            {"type": "integer", **bounds},
            {"type": "string", "pattern": f"^{digits}$"},
            {"type": "null"},
        ]
    }


def counts(least: int, most: int) -> Schema:
    """Names with whole numbers."""
    number = whole(least, most, "[0-9]{1,15}")
    number["anyOf"].pop()  # it cannot be left out
    return {"type": ["object", "null"], "additionalProperties": number}


def words(item: Schema) -> Schema:
    """A list of words. `- ~` is a word; that `- ` is none is for `check` to say."""
    return {"type": ["array", "null"], "items": item}


SIGNED = "[-+]?[0-9]{1,15}"
LABEL = r"^[^\s!-,;-@\[-^`{-~]{1,40}$"
CARD_KINDS: dict[str | tuple[str, ...], Schema] = {
    cardkeys.NAME: NAME,
    cardkeys.TEXT: TEXT,
    cardkeys.PROSE: TEXT,
    cardkeys.NUMBER: whole(None, 10**15 - 1, SIGNED),
    cardkeys.TIME: TIME,
    cardkeys.SLOT: {"type": ["string", "null"], "pattern": "^(.+#[1-9][0-9]{0,5})?$"},
    cardkeys.COMMIT: {"type": [*SCALAR, "null"], "pattern": "^([0-9a-f]{40})?$"},
    cardkeys.ITEMS: words(TEXT),
    cardkeys.LABELS: words({**WORD, "pattern": LABEL}),
    cardkeys.PARENTS: words({**WORD, **NAMES}),
    cardkeys.COUNTS: counts(0, 10**15 - 1),
    model.STATUSES: choice(model.STATUSES, empty=True),
    model.BLOCK_REASONS: choice(model.BLOCK_REASONS, empty=True),
}
RUN_KINDS: dict[str, Schema] = {
    recordfile.TEXT: TEXT,
    recordfile.BLOCK: TEXT,
    recordfile.TIME: TIME,
    recordfile.NUMBER: whole(None, 10**15 - 1, SIGNED),
    recordfile.MAYBE_NUMBER: whole(None, 10**15 - 1, SIGNED),
}
_MOST = 999_999_999
CONFIG_KINDS: dict[str, Schema] = {
    configkeys.TEXT: TEXT,
    configkeys.BRANCH: BRANCH,
    configkeys.REMOTE: BRANCH,
    configkeys.NAME: {"type": [*SCALAR, "null"], **NAMES},
    configkeys.COUNT: whole(1, _MOST, "0*[1-9][0-9]*"),
    configkeys.NATURAL: whole(0, _MOST, "[0-9]{1,99}"),
    configkeys.DURATION: DURATION,
    configkeys.BOOL: FLAG,
    **dict.fromkeys(configkeys.LISTS, words(TEXT)),
    configkeys.SANDBOX: {"anyOf": [choice(SANDBOXES), words(TEXT)]},
    configkeys.MONEY: MONEY,
    configkeys.COUNTS: {**counts(1, _MOST), "propertyNames": NAMES},
}
# What a reader knows beyond the kind.
CONFIG_MORE: dict[str, Schema] = {
    "version": {"enum": [1, "1", None]},
    "kanban.workers.*.runner": choice(PRESETS),
    "kanban.executors.*.engine": choice(ENGINES),
    "kanban.workers.*.resume": {"anyOf": [{"enum": list(NO_RESUME)}, words(TEXT)]},
}


def card_schema() -> Schema:
    """Of `cards/<id>.yaml`. Keys of other programs are nobody's mistake."""
    schema = _card_object(key for key in cardkeys.KEYS)
    schema["properties"]["id"] = schema["properties"]["id"] | {"type": SCALAR} | NAMES
    return {**_head("a card"), **schema, "required": ["id"]}


def plan_cards_schema() -> Schema:
    """Of a file for `add --from`: new cards, as a list or below `cards:`."""
    card = _card_object(key for key in cardkeys.KEYS if key.planned)
    card["properties"]["status"] = choice((model.TODO, model.BACKLOG), empty=True) | {
        "description": "`backlog` waits until somebody approves it."
    }
    card["properties"]["title"] = {**card["properties"]["title"], **WORD}
    card |= {"additionalProperties": False, "required": ["title"]}
    listed = {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/card"}}
    below = {
        "type": "object", "properties": {"cards": listed}, "required": ["cards"],
        "additionalProperties": False,
    }  # fmt: skip
    return {
        **_head("new cards for add --from"),
        "anyOf": [listed, below],
        "definitions": {"card": card},
    }


def _card_object(keys: Iterable[cardkeys.CardKey]) -> Schema:
    properties = {key.name: {**CARD_KINDS[key.kind], "description": key.doc} for key in keys}
    return {"type": "object", "properties": properties}


def run_schema() -> Schema:
    """Of `runs/<card>/<run>.yaml`."""
    properties = {key.name: {**RUN_KINDS[key.kind], "description": key.doc} for key in runfile.KEYS}
    return {**_head("the record of an ended run"), "type": "object", "properties": properties}


def config_schema() -> Schema:
    """Of `config.yaml`. A key that is not known is a mistake."""
    return {
        **_head("a board's config.yaml"),
        **_section(""),
        "type": "object",
        "required": ["kanban"],
    }


def _section(path: str) -> Schema:
    properties: Schema = {}
    schema: Schema = {"type": ["object", "null"], "additionalProperties": False}
    for key in configkeys.below(path):
        name = key.path.rpartition(".")[2]
        if key.kind == configkeys.SECTION:
            value = _section(key.path)
        else:
            kind = key.kind
            value = CONFIG_MORE.get(key.path) or (
                choice(kind) if isinstance(kind, tuple) else CONFIG_KINDS[kind]
            )
        default = f" Default: {key.default}." if key.default else ""
        value = {**value, "description": key.doc + default}
        if name == "*":  # a name that people choose
            schema |= {"additionalProperties": value, "propertyNames": NAMES}
        else:
            properties[name] = value
    return {**schema, "properties": properties} if properties else schema


def tick_schema() -> Schema:
    """Of what `tick --json` prints; with --dry-run that is the plan."""
    kinds: dict[str, Schema] = {
        outcome.TEXT: {"type": "string"}, outcome.NUMBER: {"type": "integer"},
        outcome.FLAG: {"type": "boolean"},
        outcome.TEXTS: {"type": "array", "items": {"type": "string"}},
    }  # fmt: skip

    def below(prefix: str) -> Schema:
        properties: Schema = {}
        for path, kind, doc in outcome.KEYS:
            name = path.removeprefix(prefix)
            if not path.startswith(prefix) or "." in name:
                continue
            value = kinds.get(kind) or {"type": "array", "items": below(f"{path}.")}
            properties[name] = {**value, "description": doc}
        return {"type": "object", "properties": properties, "required": list(properties)}

    return {**_head("what a tick did, or would do (tick --dry-run --json)"), **below("")}


def _head(title: str) -> Schema:
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"gitkanban: {title}"}


SCHEMAS = {
    "config": config_schema,
    "card": card_schema,
    "cards": plan_cards_schema,
    "run": run_schema,
    "plan": tick_schema,
}


def text(name: str) -> str:
    """The text of one schema's file."""
    return _broken_lines(SCHEMAS[name]()) + "\n"


def _broken_lines(value: Any, indent: str = "") -> str:
    """JSON with a line for each key, so that a diff of a board can be read."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or len(line) < 600:
        return line
    inner = f"{indent} "
    entries = (
        f"{inner}{json.dumps(key)}: {_broken_lines(below, inner)}" for key, below in value.items()
    )
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


def write() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCHEMAS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")
