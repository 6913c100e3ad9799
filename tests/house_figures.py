"""Figures of the house: long functions, one-word private names, types that exist twice, wings.

`python -m tests.house_figures [--names] [PACKAGE]` prints them, with `--names` also what they
count; the tests of the house hold some of them. It reads source alone and imports nothing of the
package.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1] / "gitkanban"
LONG, TOO_LONG = 25, 40  # lines of code of one function


class Function(NamedTuple):
    """A function or method, the line it begins in, and its lines of code."""

    module: str  # its path below the package
    name: str
    line: int
    code: int


def modules(package: Path = PACKAGE) -> Iterator[tuple[str, str]]:
    """(path below the package, text) of every module."""
    for path in sorted(package.rglob("*.py")):
        yield path.relative_to(package).as_posix(), path.read_text()


@cache
def _tree_of(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _nodes_of(text: str) -> list[ast.AST]:
    return list(ast.walk(_tree_of(text)))


def functions(package: Path = PACKAGE) -> list[Function]:
    """Every function. A line of code is no docstring, not blank, and no comment alone."""
    return [
        Function(module, name, node.lineno, len(_lines_of(node) & code - _docstring_of(node)))
        for module, text in modules(package)
        for code in [_code_lines(text)]
        for name, node in _definitions(_tree_of(text))
    ]


def _definitions(node: ast.AST, owner: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        inner = owner
        if isinstance(child, ast.FunctionDef):
            yield f"{owner}{child.name}", child
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{owner}{child.name}."
        yield from _definitions(child, inner)


def _lines_of(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _docstring_of(node: ast.FunctionDef) -> set[int]:
    return set() if ast.get_docstring(node) is None else _lines_of(node.body[0])


def _code_lines(text: str) -> set[int]:
    """The lines that are not blank and no comment alone; all lines of a text count."""
    lines = enumerate(text.splitlines(), 1)
    code = {number for number, line in lines if line.strip() and line.lstrip()[0] != "#"}
    for node in _nodes_of(text):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno:
            code |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return code


def one_word_private(package: Path = PACKAGE) -> list[str]:
    """Module-private functions whose name is one word, as `module:name`."""
    return [
        f"{module}:{node.name}"
        for module, text in modules(package)
        for node in _tree_of(text).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("_")
        and "_" not in node.name[1:]
    ]


def types_twice(package: Path = PACKAGE) -> dict[str, list[str]]:
    """The modules of each class or type that exists more than once, a leading `_` aside."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, text in modules(package):
        tree = _tree_of(text)
        classes = (node.name for node in _nodes_of(text) if isinstance(node, ast.ClassDef))
        for name in (*classes, *_aliases(tree)):
            found[name.lstrip("_")].append(module)
    return {name: sorted(places) for name, places in sorted(found.items()) if len(places) > 1}


def _aliases(tree: ast.Module) -> Iterator[str]:
    """Types at the top of a module that are no classes: `Move = tuple[str, str]`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.lstrip("_")[:1].isupper() and not name.isupper():
                yield name


# Words that say how a thing came about and not what it is, and names that may carry them.
INSIDE_WORDS = frozenset(
    {"told", "held", "kept", "seen", "found", "said", "made", "anew", "persons", "shall"}
)


def inside_names(package: Path = PACKAGE) -> dict[str, list[str]]:
    """The modules of each name that has a word of `INSIDE_WORDS` in it, where it is given."""
    places: dict[str, set[str]] = defaultdict(set)
    for module, text in modules(package):
        for node in _nodes_of(text):
            places[_given_name(node)].add(module)
    return {
        name: sorted(modules_of)
        for name, modules_of in sorted(places.items())
        if INSIDE_WORDS.intersection(re.findall(r"[a-z]+", _snake_case(name)))
    }


def _given_name(node: ast.AST) -> str:
    """The name that is given here to a variable, an attribute, a parameter, or a definition."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def unused(package: Path = PACKAGE) -> list[str]:
    """Functions, classes, methods and constants that no code of the package names, as
    `module:name`: what is left for tests, or for nobody.

    A name counts as used wherever anything of that name is, also in a text that is no docstring
    (`"gitkanban.cli.commands.add:add_command"`). Names with two underscores are Python's.
    """
    texts = dict(modules(package))
    used = {word for text in texts.values() for node in _nodes_of(text) for word in _words(node)}
    return [
        f"{module}:{name}"
        for module, text in texts.items()
        for name in _definable_names(text)
        if name not in used and not name.startswith("__")
    ]


def _words(node: ast.AST) -> Iterator[str]:
    """The names that are used in a node itself."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    if not isinstance(node, ast.Expr):  # a text that stands alone is a docstring
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield from re.findall(r"\w+", child.value)


def _definable_names(text: str) -> Iterator[str]:
    for node in _nodes_of(text):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
    for node in _tree_of(text).body:
        if isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


MANY = 4  # arguments that a call may have without a name


def nameless_calls(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Calls with more than `MANY` arguments that have no name,
    as `module:line` by what is called.
    """
    calls: dict[str, list[str]] = defaultdict(list)
    for module, text in modules(package):
        for node in _nodes_of(text):
            if not isinstance(node, ast.Call):
                continue
            if sum(not isinstance(each, ast.Starred) for each in node.args) > MANY:
                called = ast.unparse(node.func).rpartition(".")[2]
                calls[called].append(f"{module}:{node.lineno}")
    return dict(calls)


# How parameters and fields are called that are object ids, and where they have to be `Oid`.
OBJECT_IDS = frozenset({"oid", "tip", "tree", "fork", "commit", "start_commit"})
WINGS_OF_GIT = ("board/", "care/", "core/", "runs/", "tick/")


def untyped_ids(package: Path = PACKAGE) -> list[str]:
    """The parameters and fields named as object ids that are plain texts, as `module:line name`."""
    places = []
    for module, text in modules(package):
        for node in _nodes_of(text) if module.startswith(WINGS_OF_GIT) else ():
            name = _given_name(node.target if isinstance(node, ast.AnnAssign) else node)
            kind = node.annotation if isinstance(node, ast.AnnAssign | ast.arg) else None
            if name in OBJECT_IDS and isinstance(kind, ast.Name) and kind.id == "str":
                places.append(f"{module}:{node.lineno} {name}")
    return places


def wings(package: Path = PACKAGE) -> dict[str, tuple[int, int, int]]:
    """For each folder: its modules, the imports that go out of it, and those that come in."""
    files: Counter[str] = Counter()
    out: Counter[str] = Counter()
    into: Counter[str] = Counter()
    known = {module.removesuffix(".py").replace("/", ".") for module, _ in modules(package)}
    for module, text in modules(package):
        wing = _wing_of(module)
        files[wing] += not module.endswith("__init__.py")
        for target in _imported(text) & known:
            other = _wing_of(target.replace(".", "/"))
            out[wing] += other != wing
            into[other] += other != wing
    return {wing: (files[wing], out[wing], into[wing]) for wing in sorted(files)}


def _wing_of(module: str) -> str:
    return module.rpartition("/")[0] or "."


def _imported(text: str) -> set[str]:
    """What a module imports anywhere in it, below the package, dotted; names of modules or not."""
    found: set[str] = set()
    for node in _nodes_of(text):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name.removeprefix("gitkanban.") for name in found if name.startswith("gitkanban.")}


def main() -> None:
    """Print the figures."""
    words = [word for word in sys.argv[1:] if word != "--names"]
    package = Path(words[0]) if words else PACKAGE
    every = sorted(functions(package), key=lambda each: -each.code)
    show = "--names" in sys.argv
    for limit in (LONG, TOO_LONG):
        names = [f"{f.code:3} {f.module}:{f.line} {f.name}" for f in every if f.code > limit]
        print_figure(f"functions over {limit} lines of code, of {len(every)}", names, show)
    print_figure("private functions of one word", one_word_private(package), show)
    inside = [f"{name}: {', '.join(places)}" for name, places in inside_names(package).items()]
    print_figure("names with a word of the inside", inside, show)
    twice = [f"{name}: {', '.join(places)}" for name, places in types_twice(package).items()]
    print_figure("types that exist twice", twice, show)
    print("wing                      modules  imports out  imports in")
    for wing, (count, out, into) in wings(package).items():
        print(f"{wing:25} {count:7} {out:12} {into:11}")


def print_figure(title: str, names: list[str], show: bool) -> None:
    """Print how many there are, and which if they are to be shown."""
    print(f"{title}: {len(names)}")
    for name in names if show else ():
        print(f"    {name}")


if __name__ == "__main__":
    main()
