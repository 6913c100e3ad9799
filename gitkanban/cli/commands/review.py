"""`gitkanban review`: the cards in review one by one, on a terminal, each decided by a key."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gitkanban import clock
from gitkanban.board import store
from gitkanban.board.repo import checkouts
from gitkanban.board.repo.place import Place
from gitkanban.cli import declare, paging
from gitkanban.cli.askwords import WordsWanted, write_words
from gitkanban.cli.at_once import no_tick_option, start_ready
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.commands.moves import note_by_person, noted
from gitkanban.cli.here import (
    board_of,
    change,
    place_here,
    refuse_in_session,
    say,
    tell,
    tell_error,
)
from gitkanban.cli.streams import echo
from gitkanban.cli.terminal import colour_on
from gitkanban.core.ids import card_ref
from gitkanban.core.lookup import card_of
from gitkanban.core.model import REVIEW, Board, Card, Note
from gitkanban.core.moves import reject
from gitkanban.core.names import CardId
from gitkanban.core.time_words import short_span
from gitkanban.errors import BadData, GitkanbanError, NotFound, Refused
from gitkanban.views.text import plural, shown, shown_lines

# (key, what it does in a word, what it does in a sentence)
KEYS = (
    ("a", "accept", "Merge its work into base."),
    ("r", "reject", "Send it back, with words on the whole or on lines of the diff."),
    ("d", "diff", "The work on its branch."),
    ("l", "logs", "What its session said and did."),
    ("o", "open", "Its worktree in your editor."),
    ("n", "note", "Leave a note on it."),
    ("v", "verify", "Run its worker's verify again, on its branch."),
    ("s", "skip", "Decide later."),
    ("b", "back", "The card before this one."),
    ("q", "quit", "Leave the rest in review."),
)
PROMPT = " ".join(f"[{key}]{word[1:]}" for key, word, _ in KEYS) + " ?"  # in 80 columns
ACCEPTED, REJECTED = "accepted", "sent back"


@declare.command("review")
@declare.argument("cards", nargs=-1)
@no_tick_option
def review_command(cards: tuple[CardId, ...], no_tick: bool) -> None:
    """Go through CARDS in review, all by default: what was asked, what was done,
    did verify pass; then decide.

    \b
    a  merge its work into base       n  leave a note on it
    r  send it back, with words       v  run verify again, on its branch
    d  the diff                       s  decide later
    l  the logs of its session        b  the card before this one
    o  its worktree in your editor    q  leave the rest; ? explains the keys

    `r` asks what is wrong. An empty line opens your editor with the diff: what you write under a
    line of it reaches the next session as `file:line: words`.
    """
    refuse_in_session("review")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "review asks questions and needs a terminal",
            "`gitkanban list --status review`, then accept or reject them by name.",
        )
    place = place_here()
    board = board_of(place)
    named = [card_of(board, name) for name in dict.fromkeys(cards)]
    for card in named:
        if card.status != REVIEW:
            raise Refused(f"{card.id} is {card.status}, not in review")
    every = [card for _, card in sorted(board.cards.items()) if card.status == REVIEW]
    if not every:
        echo("nothing is in review")
        return
    decided = _Walk(place, [card.id for card in named or every]).go()
    if decided and not no_tick:
        start_ready(place)


class _Walk:
    """A walk through cards in review: shows each, acts on keys, and counts what was decided."""

    def __init__(self, place: Place, cards: Sequence[CardId]) -> None:
        self._place = place
        self._cards = cards
        self._at = 0
        self._decisions: dict[CardId, str] = {}

    def go(self) -> bool:
        """Show card after card and do what the keys ask, until the last card or `q`.

        Return whether any card was decided.
        """
        while self._at < len(self._cards):
            card, number = self._current_card(), f"{self._at + 1} of {len(self._cards)}"
            if card.status != REVIEW:  # somebody else has decided meanwhile
                say(f"{card.id} is {card.status} now")
                self._decisions.setdefault(card.id, "decided elsewhere")
                self._at += 1
                continue
            echo(f"\n── {number} " + "─" * 40)
            board = store.history(self._place, board_of(self._place), card.id)
            echo(_review_page(self._place, board, card))
            if not self._ask_until_decided(card):
                break
        counts = Counter(self._decisions.values())
        done = [f"{count} {what}" for what, count in sorted(counts.items())]
        left = sum(card not in self._decisions for card in self._cards)
        echo(", ".join([*done, *([f"{left} left in review"] if left else [])]))
        return bool(done)

    def _current_card(self) -> Card:
        """Return the card of this step, as it is on the board now. Raises NotFound."""
        return card_of(board_of(self._place), self._cards[self._at])

    def _ask_until_decided(self, card: Card) -> bool:
        """Do what the keys ask until another card is to be shown; return False to leave."""
        import click

        acts: dict[str, Callable[[Card], bool]] = {
            "a": self._accept_work, "r": self._reject_work, "d": self._show_diff, "l": self._show_logs,
            "o": self._open_worktree, "n": self._leave_note, "v": self._verify_again,
            "s": self._skip_card, "b": self._go_back, "?": self._explain_keys,
        }  # fmt: skip
        while True:
            echo(f"{PROMPT} ", nl=False)
            key = _read_key()
            echo(key if key.isprintable() else "")
            if key == "q":
                return False
            try:
                if key in acts and acts[key](card):
                    return True
            except (KeyboardInterrupt, click.Abort):  # the next step shows what was done by then
                echo("\ninterrupted")
                return True
            except GitkanbanError as error:
                tell_error(error)

    def _accept_work(self, card: Card) -> bool:
        from gitkanban.tick.accepting import accept

        done = accept(self._place, card.id)
        merged = done.to == "done"
        say(f"{card.id} {done.to}" + (f": {done.detail}" if not merged else ""))
        tell(done.notices)
        return self._note_decision(card, ACCEPTED if merged else done.to)

    def _reject_work(self, card: Card) -> bool:
        from gitkanban.cli.commands.reject import words_to_reject

        question = "What is wrong (an empty line opens the editor, with the diff)"
        with self._asked_words(question, lambda: words_to_reject(self._place, card)) as words:
            note = note_by_person(self._place, card, "reject", words) or Note("", card.id)
            change(self._place, lambda board: reject(board, card_of(board, card.id), note))
        say(f"{card.id} goes back with your words")
        return self._note_decision(card, REJECTED)

    def _leave_note(self, card: Card) -> bool:
        from gitkanban.cli.commands.note import words_to_note

        question = "Your note (an empty line opens the editor)"
        with self._asked_words(question, lambda: words_to_note(card.id)) as words:
            change(
                self._place,
                lambda board: noted(
                    note_by_person(self._place, card_of(board, card.id), "note", words)
                ),
            )
        say(f"noted on {card.id}")
        return False

    @contextmanager
    def _asked_words(self, question: str, wanted: Callable[[], WordsWanted]) -> Iterator[str]:
        """Ask for words on one line; for an empty line, in the editor. Raises Refused for none."""
        import click

        line = click.prompt(question, default="", show_default=False).strip()
        if line:
            yield line
            return
        with write_words(self._place, wanted()) as words:
            yield words

    def _show_diff(self, card: Card) -> bool:
        paging.write(CardPages(self._place, card.id).work(colour_on()))
        return False

    def _show_logs(self, card: Card) -> bool:
        from gitkanban.cli.commands.logs import page_logs

        page_logs(self._place, board_of(self._place), card)
        return False

    def _open_worktree(self, card: Card) -> bool:
        from gitkanban.cli.commands.open import open_folder

        open_folder(CardPages(self._place, card.id))
        return False

    def _verify_again(self, card: Card) -> bool:
        from gitkanban.runs.verifying import verify

        board = board_of(self._place)
        worker = board.worker_of(card)
        tip = checkouts.tip(self._place, card_ref(card.id))
        if board.config is None or worker is None:
            raise BadData(f"{card.id} has no worker that can be read", "See `gitkanban status`.")
        if not worker.verify:
            raise NotFound(f"{worker.name} has no verify", "`gitkanban workers set` gives it one.")
        if not tip:
            raise NotFound(f"{card.id} has no branch here", "There is nothing to verify.")
        say(f"{' '.join(worker.verify)} …")
        began = clock.now()
        verify(self._place, board.config, card, tip, what="as its branch is")
        say(f"verify passed ({short_span(clock.now() - began)})")
        return False

    def _skip_card(self, _card: Card) -> bool:
        self._at += 1
        return True

    def _go_back(self, _card: Card) -> bool:
        """Go to the nearest card before this one that is still in review. Raises NotFound."""
        board = board_of(self._place)
        for at in range(self._at - 1, -1, -1):
            card = board.cards.get(self._cards[at])
            if card and card.status == REVIEW:
                self._at = at
                return True
        raise NotFound("no card before this one is in review")

    def _explain_keys(self, _card: Card) -> bool:
        echo("".join(f"  {key}  {word:<7} {text}\n" for key, word, text in KEYS), nl=False)
        return False

    def _note_decision(self, card: Card, what: str) -> bool:
        self._decisions[card.id] = what
        self._at += 1
        return True


def _read_key() -> str:
    """Read a key, in lower case; ^D counts as `q`. What was typed before is discarded."""
    import click

    try:
        return click.getchar().lower()
    except EOFError:
        return "q"


def _review_page(place: Place, board: Board, card: Card) -> str:
    """Return what was asked and what was done, short enough for one screen."""
    lines = [f"{card.id}  {shown(card.title)}", *(f"  - {shown(line)}" for line in card.acceptance)]
    runs = board.runs_of(card.id)
    if runs:
        lines += ["", shown(f"{runs[-1].outcome}: {runs[-1].why}".removesuffix(": "))]
        worker = board.worker_of(card)
        if worker and worker.verify:
            lines.append("verify passed")
        lines += ["  " + line for line in shown_lines(runs[-1].summary.strip()).split("\n") if line]
    pages = CardPages(place, card.id)
    try:
        stat = pages.work(stat=True).rstrip("\n")
    except NotFound:
        stat = ""
    notes = board.notes_of(card.id)
    more = [f"{plural(len(notes), 'note')}: gitkanban show {card.id}"] if notes else []
    more += [shown(line) for line in pages.left_out()]
    return "\n".join([*lines, "", stat or "no changes", *more])
