"""What can be done from the screen: one table of keys, what each asks for, and where it applies.

Footer, help and bindings are made from it. Acts on a card are verbs of the command line, which
themselves refuse what is not allowed; `applies` only decides which keys are offered.
"""

from collections.abc import Callable

from gitkanban.core.model import BACKLOG, TERMINAL
from gitkanban.core.situation import answers
from gitkanban.typed import Any, NamedTuple

CardData = dict[str, Any]


class AsksFor(NamedTuple):
    """What an act asks for before it is done; without `must`, an empty line is enough."""

    words: str
    must: bool = False


class Act(NamedTuple):
    """One thing to do: its key, its word in the footer, its help, and its verb's arguments."""

    name: str
    key: str
    word: str
    help: str
    applies: Callable[[CardData], bool]
    argv: Callable[[str, str], list[str]] | None = None  # takes a card's id and the words
    asks: AsksFor | None = None
    in_footer: bool = True  # else it is only on the help page


def _is_answered_by(verb: str) -> Callable[[CardData], bool]:
    return lambda card: verb in answers.answers(card["status"], card["state"])


def _verb_with_why(verb: str) -> Callable[[str, str], list[str]]:
    return lambda card, text: [verb, card, *([f"--why={text}"] if text else [])]


CARD_ACTS = (
    Act(
        "accept", "a", "accept", "Merge its work into base.",
        applies=_is_answered_by(answers.ACCEPT), argv=lambda card, _: ["accept", card], asks=AsksFor("enter merges it"),
    ),
    Act(
        "reject", "r", "reject", "Send it back, with words for the next attempt.",
        applies=_is_answered_by(answers.REJECT), argv=_verb_with_why("reject"), asks=AsksFor("what is wrong", must=True),
    ),
    Act(
        "answer", "y", "answer", "Answer its question; it runs again with your words.",
        applies=_is_answered_by(answers.ANSWER), argv=_verb_with_why("retry"), asks=AsksFor("your answer", must=True),
    ),
    Act(
        "retry", "t", "retry", "Let it run again, with words for the next attempt or without.",
        applies=_is_answered_by(answers.RETRY),
        argv=_verb_with_why("retry"), asks=AsksFor("words for the next attempt (none will do)"),
    ),
    Act(
        "approve", "p", "approve", "Let a backlog card run.",
        applies=_is_answered_by(answers.APPROVE), argv=lambda card, _: ["approve", card],
    ),
    Act(
        "stop", "x", "stop", "End its session; its work is kept.",
        applies=_is_answered_by(answers.STOP), argv=_verb_with_why("stop"), asks=AsksFor("why (none will do)"),
    ),
    Act(
        "drop", "d", "drop", "Give up on it; its work stays on its branch.",
        applies=_is_answered_by(answers.DROP), argv=_verb_with_why("drop"), asks=AsksFor("why (none will do)"),
    ),
    Act(
        "note", "c", "note", "Leave a note on it.",
        applies=lambda _: True, argv=lambda card, text: ["note", "--", card, text],
        asks=AsksFor("your note", must=True),
    ),
    Act("edit", "e", "edit", "Open its file in your editor.", applies=lambda _: True),
    Act(
        "attach", "s", "attach", "Take it over, in its agent's conversation or a shell.",
        applies=lambda card: card["status"] not in TERMINAL,
    ),
    Act(
        "open", "o", "open", "A shell in its worktree; exit comes back.",
        applies=lambda card: card["status"] != BACKLOG,
    ),
    Act(
        "copy", "y", "copy", "Copy its id; where it asks something, y answers.",
        applies=lambda card: not _is_answered_by(answers.ANSWER)(card), in_footer=False,
    ),
    Act(
        "copy-command", "Y", "copy", "Copy the command that answers it.",
        applies=lambda card: bool(card["command"]), in_footer=False,
    ),
)  # fmt: skip

BOARD_ACTS = (
    Act("new", "n", "new", "Add a card.", applies=lambda _: True),
    Act("tick", "T", "tick", "Settle what has ended, start what is ready.", applies=lambda _: True,
        argv=lambda *_: ["tick"]),
    Act("filter", "slash", "filter", "Show only cards with these words; an empty line shows all.",
        applies=lambda _: True),
    Act("board", "b", "board", "Columns by who must move next, and back.", applies=lambda _: True),
    Act("help", "question_mark", "keys", "This page.", applies=lambda _: True),
    Act("quit", "q", "quit", "Leave; everything goes on running.", applies=lambda _: True),
)  # fmt: skip

MOVES = (
    ("j k, arrows", "Next card, the one before; in the card: scroll."),
    ("g G", "The first, the last."),
    ("tab", "From the list to the card, and back."),
    ("enter", "Open the card."),
    ("esc", "Back; leave a question; show all cards again."),
    ("1 2 3 4", "Card, work (the diff), log (it follows), its next prompt."),
    ("^L ^Z ^C", "Read again, suspend, quit."),
)

_DRAWN = {"slash": "/", "question_mark": "?"}


def drawn(act: Act) -> str:
    """Return the act's key as people type it."""
    return _DRAWN.get(act.key, act.key)


def by_name(name: str) -> Act:
    """Return the act of that name."""
    return next(act for act in (*CARD_ACTS, *BOARD_ACTS) if act.name == name)


def offered(card: CardData | None) -> list[Act]:
    """Return the acts that apply: to the card, then to the board."""
    mine = (act for act in CARD_ACTS if card and act.in_footer and act.applies(card))
    return [*mine, *BOARD_ACTS]


def help_lines() -> list[str]:
    """Return a line for every key and what it does, for the help page."""
    rows = [("move", ""), *MOVES, ("", ""), ("on a card, where it applies", "")]
    rows += [(drawn(act), act.help) for act in CARD_ACTS]
    rows += [("", ""), ("everywhere", ""), *((drawn(act), act.help) for act in BOARD_ACTS)]
    return [f"  {key:<12} {does}" if does else key for key, does in rows]
