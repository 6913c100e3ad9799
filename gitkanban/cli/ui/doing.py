"""What keys do to cards: verbs with their words, the editor, a shell, a conversation, a copy.

A card has one verb at a time; a verb that takes long goes on while people look around.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from textual.app import App

from gitkanban.board.repo.place import Place
from gitkanban.cli import editor
from gitkanban.cli.app import in_words
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.ui import verbs
from gitkanban.cli.ui.acts import Act, CardData
from gitkanban.cli.ui.asking import AskLine
from gitkanban.cli.ui.hangup import has_terminal, leave_lost_terminal
from gitkanban.cli.ui.messages import MessageBar
from gitkanban.core.names import NO_CARD, CardId
from gitkanban.errors import GitkanbanError
from gitkanban.runs.briefing import OURS
from gitkanban.typed import Any
from gitkanban.views.text import clipped, shown


class Doer:
    """Does acts for a screen.

    `hand_over` has the screen's thread make a call, from any thread; `read_again` reads the board
    again, since an act may have changed it.
    """

    def __init__(
        self,
        screen: App[Any],
        place: Place,
        hand_over: Callable[[Callable[[], None]], None],
        read_again: Callable[[], None],
    ) -> None:
        self._screen, self._place = screen, place
        self._hand_over, self._read_again = hand_over, read_again
        self._cwd = os.getcwd()
        self._asks = screen.query_one(AskLine)
        self._messages = screen.query_one(MessageBar)

    def at_work(self) -> list[str]:
        """Return the verbs that are at work, such as `accept CO-2`."""
        return [f"{name} {card}".rstrip() for card, (name, _) in self._messages.busy.items()]

    def do(self, act: Act, card: CardData) -> None:
        """Do an act on a card, after asking for the words that it wants."""
        special: dict[str, Callable[[CardData], None]] = {
            "edit": self._edit_card,
            "open": self._open_worktree,
            "attach": self._attach_card,
            "copy": lambda card: self._copy_text(card["id"]),
            "copy-command": lambda card: self._copy_text(card["command"]),
        }
        if act.name in special:
            special[act.name](card)
        else:
            self._ask_words(act, card["id"])

    def add_card(self, workers: Sequence[str], worker: str) -> None:
        """Ask for a new card's title, and for its worker if there are several."""

        def titled(title: str) -> None:
            if not title:
                self._messages.say("no text, so no card was added")
            elif len(workers) < 2:
                self.run_verb("add", NO_CARD, ["add", "--", title])
            else:
                question = f" worker ({', '.join(workers)}): "
                mine = worker if worker in workers else ""
                self._ask(question, lambda name: assigned(title, name), mine)

        def assigned(title: str, name: str) -> None:
            whose = [f"--worker={name}"] if name else []
            self.run_verb("add", NO_CARD, ["add", *whose, "--", title])

        self._ask(" new card: ", titled)

    def _ask(self, question: str, answered: Callable[[str], None], text: str = "") -> None:
        self._asks.ask(clipped(question, self._screen.size.width // 2), answered, text)

    def _ask_words(self, act: Act, card: CardId) -> None:
        """Ask what the act asks for, then start its verb."""
        if self._is_busy(act.name, card):
            return

        def answered(text: str) -> None:
            if act.asks and act.asks.must and not text:
                self._messages.say(f"no text, so nothing was done: {act.word} {card}")
            elif act.argv:
                self.run_verb(act.name, card, act.argv(card, text))

        if act.asks:
            self._ask(f" {act.word} {card}: {act.asks.words} ", answered)
        else:
            answered("")

    def _is_busy(self, name: str, card: CardId) -> bool:
        busy = self._messages.busy
        if card in busy:
            at_work = f"{busy[card][0]} {card}".rstrip()
            self._messages.say(
                f"Error: {at_work} is still at work", f"Wait for it, then {name}.", bad=True
            )
        return card in busy

    def run_verb(self, name: str, card: CardId, argv: list[str]) -> None:
        """Start a verb, one at a time for a card."""
        if self._is_busy(name, card):
            return
        lines: list[str] = []

        def ended(code: int) -> None:
            self._hand_over(lambda: self._verb_ended(name, card, code, lines))

        try:
            verbs.start(argv, self._cwd, lines.append, ended)
        except (OSError, ValueError) as error:
            self._messages.say_error(in_words(error))
            return
        self._messages.busy[card] = (name, time.monotonic())
        self._messages.clear()

    def _verb_ended(self, name: str, card: CardId, code: int, lines: list[str]) -> None:
        self._messages.busy.pop(card, None)
        result = verbs.verb_result(f"{name} {card}", code, lines)
        self._messages.say(result.text, result.hint, bad=not result.done)
        self._read_again()

    def _copy_text(self, text: str) -> None:
        """Copy a text to the clipboard through the terminal (OSC 52), which works over ssh too."""
        self._screen.copy_to_clipboard(text)
        self._messages.say(f"copied: {text}")

    def _edit_card(self, card: CardData) -> None:
        """Open the card's file in the editor, by the same function as `gitkanban edit`."""
        if self._is_busy("edit", card["id"]):
            return
        try:
            with self._terminal_lent():
                done = editor.by_text(self._place, card["id"], None)
        except Exception as error:  # whatever happens to the editor, the screen comes back
            self._messages.say_error(in_words(error))
            return
        finally:
            self._read_again()
        fields = ", ".join(done.fields) or "comments and layout"
        self._messages.say(
            f"{done.card} changed: {fields}" if done.commit else f"{done.card}: nothing changed"
        )

    def _open_worktree(self, card: CardData) -> None:
        """Open a shell in the card's worktree."""
        try:
            folder = CardPages(self._place, card["id"]).places()["workspace"]
            if not folder:
                raise GitkanbanError(
                    f"{card['id']} has no worktree here", "It gets one when it starts."
                )
            self._lend_terminal([os.environ.get("SHELL") or "/bin/sh"], folder, card["id"])
        except Exception as error:  # as above
            self._messages.say_error(in_words(error))

    def _attach_card(self, card: CardData) -> None:
        """Run `gitkanban attach` on the card; it gets the terminal meanwhile."""
        if self._is_busy("attach", card["id"]):
            return
        try:
            argv = [*OURS, "gitkanban", "attach", "--", card["id"]]
            if self._lend_terminal(argv, self._cwd):
                self._messages.say(f"attach {card['id']} was left before its end")
        except Exception as error:  # as above
            self._messages.say_error(in_words(error))

    @contextmanager
    def _terminal_lent(self) -> Iterator[None]:
        """Suspend the screen and lend its terminal to the body.

        If the terminal is lost meanwhile, the program ends: textual would wait for it for ever.
        """
        with self._screen.suspend():
            try:
                yield
            finally:
                if not has_terminal():
                    leave_lost_terminal()

    def _lend_terminal(self, argv: list[str], folder: str, name: str = "") -> int:
        """Run a program that needs the terminal, then come back; return its exit code."""
        try:
            with self._terminal_lent():
                if name:
                    print(f"{name}: {shown(folder)}; exit comes back", flush=True)
                code = subprocess.run(argv, cwd=folder, check=False).returncode
                if code and not name:
                    input("enter comes back to the board ")
        finally:
            self._read_again()  # so that whatever it did is shown at once
        return code
