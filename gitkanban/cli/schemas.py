"""The JSON schemas that the package has, and how a YAML file names the one it goes by.

They are made from the tables of keys by `tests.schema_files`, not here.
"""

import os

import gitkanban

NAMES = ("config", "card", "cards", "run", "plan")
FOLDER = "schema"  # on a board: relative to config.yaml, so it holds wherever the board lies
ON_BOARD = ("config", "card")


def text(name: str) -> str:
    """The text of a schema."""
    with open(_path_of(name), encoding="utf-8") as file:
        return file.read()


def _path_of(name: str) -> str:
    return os.path.join(os.path.dirname(gitkanban.__file__), "schema", f"{name}.json")


def board_files() -> dict[str, str]:
    """The files of a new board, by path: with them editors need neither network nor gitkanban."""
    return {f"{FOLDER}/{name}.json": text(name) for name in ON_BOARD}


def card_modeline() -> str:
    """The line for a card that is written in an editor: by the schema of this very version."""
    from urllib.parse import quote

    return modeline(f"file://{quote(_path_of('card'))}")


def modeline(path: str) -> str:
    """The comment by which the YAML language server finds a schema; the first line of a file."""
    return f"# yaml-language-server: $schema={path}\n"
