"""A plan, several new cards in one YAML file, to cards: a list, or a mapping with `cards:`.

It looks at no board: adding the cards finds unknown workers and parents, and ids that are taken.
"""

from gitkanban.board.formats import cardfile, cardkeys, yamltext
from gitkanban.board.formats.yamltext import Mapping, Node, Scalar, Sequence, described, refuse
from gitkanban.core import ids
from gitkanban.core.model import BACKLOG, TODO, Card
from gitkanban.core.names import NO_CARD

FIELDS = tuple(key.name for key in cardkeys.KEYS if key.planned)
_NO_ID = "card"  # stands in for a missing id while the card is read


def parse_plan(data: bytes, source: str) -> list[Card]:
    """Return the cards of a plan in the order of the file; `source` is named in problems.

    A card without an id has the id "". Raises Bad for anything that a card file may not hold, for
    fields that only a run sets, and for unknown keys, which would be lost with the plan.
    """
    listed = _card_list(yamltext.document(yamltext.decoded(data, source), source), source)
    cards: list[Card] = []
    lines: dict[str, int] = {}
    for node in listed.items:
        card = _card_of_node(node, source)
        if card.id in lines:
            message = f"the id {card.id!r} is there twice, first in line {lines[card.id]}"
            refuse(source, _value_or_node(node, "id"), message, "Give one of the two another id.")
        if card.id:
            lines[card.id] = _value_or_node(node, "id").line + 1
        cards.append(card)
    return cards


def _card_list(root: Node, source: str) -> Sequence:
    """Return the list of cards. Raises Bad for an empty one."""
    hint = "Write one `- title: …` for each card, or `cards:` and that list below."
    node: Node = root
    if isinstance(root, Mapping):
        for key, _ in root.entries:
            if key.text != "cards":
                more = ids.did_you_mean(key.text, ["cards"])
                refuse(source, key, f"unknown key {key.text[:60]!r} in a plan", more or hint)
        node = root.get("cards") or root
    if not isinstance(node, Sequence):
        refuse(source, node, f"a plan is a list of cards, found {described(node)}", hint)
    if not node.items:
        refuse(source, node, "the plan has no cards", hint)
    return node


def _card_of_node(node: Node, source: str) -> Card:
    if not isinstance(node, Mapping):
        hint = "Write `- title: …` and the other fields below it."
        refuse(source, node, f"a card has keys and values, found {described(node)}", hint)
    for key, _ in node.entries:
        _check_key(key, source)
    name = node.get("id")
    given = name is not None and not (isinstance(name, Scalar) and name.absent and not name.text)
    entries = [entry for entry in node.entries if given or entry[0].text != "id"]
    if not given:
        at = Scalar(_NO_ID, "", node.start, node.start, line=node.line, column=node.column)
        entries = [(at._replace(text="id"), at), *entries]
    stem = name.text if given and isinstance(name, Scalar) else _NO_ID
    card = cardfile.from_nodes(node._replace(entries=entries), stem, source)
    if not card.title.strip():
        at_title = _value_or_node(node, "title")
        refuse(source, at_title, "the card has no title", "Add `title:` and what to do.")
    if card.status not in (TODO, BACKLOG):
        hint = "Leave the status out for todo, or write `status: backlog`."
        refuse(source, _value_or_node(node, "status"), f"a new card cannot be {card.status}", hint)
    return card if given else card._replace(id=NO_CARD)


def _check_key(key: Scalar, source: str) -> None:
    if key.text in FIELDS:
        return
    if key.text in cardfile.ORDER:
        refuse(
            source, key, f"{key.text} is not for a new card", "Only a run sets it; leave it out."
        )
    hint = ids.did_you_mean(key.text, FIELDS)
    refuse(source, key, f"unknown key {key.text[:60]!r} in a card", hint)


def _value_or_node(node: Node, key: str) -> Node:
    """Return the value of a key, or the whole node if it is missing: a position to point at."""
    return (node.get(key) if isinstance(node, Mapping) else None) or node
