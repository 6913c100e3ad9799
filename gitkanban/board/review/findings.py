"""The findings of a review with the places in the files, and the rules that are about texts.

It decides nothing about values; `gitkanban.core.review.rules` does.
"""

from gitkanban.board.content.boardfiles import card_named, kind_of
from gitkanban.board.formats import cardfile, cardlayout, configkeys, yamltext
from gitkanban.board.formats.yamltext import Bad, Mapping, Node, Scalar, Sequence
from gitkanban.board.review import revisions
from gitkanban.board.review.revisions import Side
from gitkanban.core import ids
from gitkanban.core.agents import prompt
from gitkanban.core.review import changerules, configrules, rules, settingrules
from gitkanban.core.review.rules import Finding, finding
from gitkanban.typed import TypeAlias

# Files of the board that `reading` does not read.
_KNOWN = frozenset(
    {"config.yaml", "prompt.md", ".gitignore", ".gitattributes", "README.md",
     "schema/config.json", "schema/card.json"}
)  # fmt: skip


def of_board(side: Side) -> list[Finding]:
    """Return all findings on a board, no matter which change caused them."""
    return located(side, [*_state_findings(side), *_layout_findings(side)])


def _state_findings(side: Side) -> list[Finding]:
    """Return what is wrong with a board as it is, apart from the layout of cards."""
    findings = [
        *_problem_findings(side),
        *rules.state(side.board),
        *_stray_file_findings(side),
        *_prompt_findings(side),
        *_former_word_findings(side),
    ]
    return findings + (configrules.state(side.board.config) if side.board.config else [])


def of_change(base: Side, head: Side, target: Side) -> list[Finding]:
    """Return the findings that the change from `base` to `head` brings into `target`."""
    new = rules.brought_in(_state_findings(base), _state_findings(head))
    changed = {name for name, oid in head.files.items() if base.files.get(name) != oid}
    new += [*changerules.change(base.board, head.board), *_layout_findings(head, changed)]
    new += settingrules.change(base.board, head.board)
    if base.files.get("prompt.md") != head.files.get("prompt.md"):
        hint = "This goes into every session's prompt; read it as you read code."
        new.append(
            finding("prompt", "prompt.md", (), "the prompt of every session changes", hint=hint)
        )
    return located(head, [*new, *_taken_ids(base, head, target)])


def _taken_ids(base: Side, head: Side, target: Side) -> list[Finding]:
    """Return a finding for each card id that was added on both branches."""
    added = {name for name in head.files if kind_of(name) == "card"} - set(base.files)
    findings = []
    for name in sorted(added):
        if target.files.get(name, head.files[name]) == head.files[name]:
            continue
        card = card_named(name)
        title = target.board.cards[card].title if card in target.board.cards else "unreadable"
        hint = f"gitkanban rename {card} NEW on this branch; the older card keeps the id."
        message = f"{target.label} has another card {card} ({title})"
        findings.append(finding("duplicate-id", name, ("id",), message, hint=hint))
    return findings


def _problem_findings(side: Side) -> list[Finding]:
    findings = []
    for problem in side.board.problems:
        name = problem.file.removeprefix(f"{side.place.prefix}/" if side.place.prefix else "")
        rule = "config" if name == "config.yaml" else "unreadable"
        one = finding(rule, name, (), problem.message, hint=problem.hint)
        findings.append(one._replace(line=problem.line, column=problem.column))
    return findings


def _stray_file_findings(side: Side) -> list[Finding]:
    findings = []
    for name in side.files:
        folder, _, last = name.rpartition("/")
        if kind_of(name) or name in _KNOWN or name.startswith(("archive/", "demo/")):
            continue
        if last == ".gitkeep":
            continue
        hint = "Move it out of the board."
        if folder == "cards":
            stem = last.rpartition(".")[0] or last
            hint = f"A card is read from cards/{stem}.yaml."
        findings.append(finding("stray-file", name, (), f"nothing reads {name}", hint=hint))
    return findings


def _prompt_findings(side: Side) -> list[Finding]:
    findings, near = [], ids.Nearest(prompt.FIELDS)
    for name, line, column in prompt.unknown_fields(side.text("prompt.md")):
        hint = near.hint(name)
        message = f"{{{name}}} stands for nothing, and goes to every session as it is"
        one = finding("prompt-field", "prompt.md", (), message, hint=hint)
        findings.append(one._replace(line=line, column=column))
    return findings


def _former_word_findings(side: Side) -> list[Finding]:
    findings = []
    root = _load_root(side, "config.yaml")
    for path, words in configkeys.FORMER_WORDS.items():
        at = tuple(path.split("."))
        text = _text_at(root, at)
        if text in words:
            hint = f"Write {at[-1]}: {words[text]}."
            message = f"{at[-1]}: {text} is called {words[text]} now"
            findings.append(finding("former-word", "config.yaml", at, message, hint=hint))
    return findings


def _text_at(node: Node | None, at: tuple[str, ...]) -> str:
    """Return the text of the value at a path of keys; empty if there is none."""
    for key in at:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node.text if isinstance(node, Scalar) else ""


def _layout_findings(side: Side, only: set[str] | None = None) -> list[Finding]:
    """Return a finding for each card that `fmt` would change."""
    findings = []
    cards = {rules.card_file(card.id): card for card in side.board.cards.values()}
    texts = side.texts([name for name in cards if only is None or name in only])
    for name, text in texts.items():
        card = cards[name]
        if text == cardfile.render(card) or cardlayout.formatted(text) == text:
            continue
        at = side.place.path(name) if side.label == revisions.AT_HAND else card.id
        hint = f"gitkanban fmt {at}"
        findings.append(
            finding("layout", name, (), f"{card.id} is not in the layout that merges", hint=hint)
        )
    return findings


def located(side: Side, findings: list[Finding]) -> list[Finding]:
    """Return the findings with files below the board's folder, and line and column where known."""
    roots: dict[str, Mapping | None] = {}
    indexes: _Indexes = {}
    out = []
    for each in findings:
        line, column = each.line, each.column
        if each.at and not line:
            if each.file not in roots:
                roots[each.file] = _load_root(side, each.file)
            line, column = _position_of(roots[each.file], each.at, indexes)
        where = each._replace(file=side.place.path(each.file), line=line, column=column)
        out.append(where)
    return rules.in_order(out)


def _load_root(side: Side, name: str) -> Mapping | None:
    try:
        text = side.text(name).removeprefix("\ufeff")
        return yamltext.load(text, name) if text else None
    except Bad:
        return None


# What is directly below a node, by its key or text; by the node's `id`, as long as the roots live.
_Indexes: TypeAlias = dict[int, dict[str, Node]]


def _position_of(root: Mapping | None, at: tuple[str, ...], indexes: _Indexes) -> tuple[int, int]:
    """Return line and column (from 1) of the deepest existing part of `at`; (1, 1) if none exists.

    A key gives its value's position, an item its own.
    """
    if root is None:
        return (0, 0)
    node: Node = root
    for word in at:
        if id(node) not in indexes:
            indexes[id(node)] = _indexed_nodes(node)
        below = indexes[id(node)].get(word)
        if below is None:
            break
        node = below
    return node.line + 1, node.column + 1


def _indexed_nodes(node: Node) -> dict[str, Node]:
    if isinstance(node, Mapping):
        return {key.text: value for key, value in node.entries}
    if isinstance(node, Sequence):
        return {n.text: n for n in reversed(node.items) if isinstance(n, Scalar)}
    return {}
