"""The JSON schemas that the package has, and how a YAML file names the one it goes by.

They are made from the tables of keys by `tests.schema_files`, not here.
"""

from importlib.resources import files

NAMES = ("config", "card", "cards", "run", "plan")
FOLDER = "schema"  # on a board: relative to config.yaml, so it holds wherever the board lies
ON_BOARD = ("config", "card")


def text(name: str) -> str:
    """The text of a schema."""
    return files("gitkanban").joinpath("schema", f"{name}.json").read_text(encoding="utf-8")


def board_files() -> dict[str, str]:
    """The files of a new board, by path: with them editors need neither network nor gitkanban."""
    return {f"{FOLDER}/{name}.json": text(name) for name in ON_BOARD}


def modeline(path: str) -> str:
    """The comment by which the YAML language server finds a schema; the first line of a file."""
    return f"# yaml-language-server: $schema={path}\n"
