"""The JSON schemas in the package, and how a YAML file names its own.

They are made from the tables of keys by `tests.schema_files`, not here.
"""

import os

import gitkanban

NAMES = ("config", "card", "cards", "run", "plan")
FOLDER = "schema"  # on a board: relative to config.yaml, so it holds wherever the board lies
ON_BOARD = ("config", "card")


def text(name: str) -> str:
    """Return the text of a schema."""
    with open(_path_of(name), encoding="utf-8") as file:
        return file.read()


def _path_of(name: str) -> str:
    return os.path.join(os.path.dirname(gitkanban.__file__), "schema", f"{name}.json")


def board_files() -> dict[str, str]:
    """Return the schema files of a new board, by path.

    With them, editors need neither a network nor gitkanban.
    """
    return {f"{FOLDER}/{name}.json": text(name) for name in ON_BOARD}


def card_modeline() -> str:
    """Return the modeline for a card that is edited: it names the schema of this very version."""
    from urllib.parse import quote

    return modeline(f"file://{quote(_path_of('card'))}")


def modeline(path: str) -> str:
    """Return the comment that names a schema to the YAML language server; a file's first line."""
    return f"# yaml-language-server: $schema={path}\n"
