"""The screen as a whole: what is shown when, and which key does what.

It reads again when the board may have changed (`watching`), once a minute whatever happens, and
when a card's time has come. Everything that changes something is a verb (`verbs`) or the editor.
"""

import asyncio
import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from functools import cached_property, wraps

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import editor, quick
from gitkanban.cli.app import in_words
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.ui import acts, verbs
from gitkanban.cli.ui.acts import Act, CardData
from gitkanban.cli.ui.asking import AskLine
from gitkanban.cli.ui.bar import TextBar
from gitkanban.cli.ui.cardpane import PAGES, CardPane
from gitkanban.cli.ui.lines import LinePane
from gitkanban.cli.ui.listing import CardList, matches
from gitkanban.cli.ui.pageloader import PageLoader
from gitkanban.cli.ui.reading import Reader
from gitkanban.cli.ui.watching import fingerprint
from gitkanban.core.names import NO_CARD, CardId
from gitkanban.core.situation.moment import cause_data
from gitkanban.errors import GitkanbanError
from gitkanban.runs.briefing import OURS
from gitkanban.typed import Any, ClassVar, TypeVar, cast
from gitkanban.views.status import cause_lines, first_steps, head_lines
from gitkanban.views.text import Look, clipped, plural, seconds, shown, width, wrapped

Handler = TypeVar("Handler", bound=Callable[..., None])

NARROW = 70  # columns below which list and card take turns
_LOOK_EVERY = 1.0  # seconds between two looks at what may have changed
_READ_EVERY = 60.0  # seconds after which the board is read again whatever happens
_FAILED_EVERY = 5.0  # and while it cannot be read
_MESSAGE_STAYS = 20.0  # seconds
_COLUMNS = (("needs-you",), ("running",), ("next", "waiting"), ("backlog", "done", "dropped"))


def _while_open(handle: Handler) -> Handler:
    """Handle what comes while the screen is open; what comes as it closes has nowhere to go."""

    @wraps(handle)
    def handle_if_open(self: "BoardScreen", *args: Any) -> None:
        if self._is_open():
            handle(self, *args)

    return cast(Handler, handle_if_open)


class _HandedOver(Message):
    """Something that a thread wants done on the screen."""

    def __init__(self, do: Callable[[], None]) -> None:
        super().__init__()
        self.do = do


class BoardScreen(App[str]):
    """The board, live. What `run` gives is a line to print once the screen is left."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "gitkanban"
    CSS = """
    Screen { background: ansi_default; color: ansi_default; layers: base; }
    TextBar { height: 1; width: 100%; }
    #body { height: 1fr; }
    #cards { width: 42%; }
    #pane { width: 1fr; border-left: solid ansi_bright_black; padding-left: 1; }
    #pane TextBar { height: 1; }
    .ascii #pane { border-left: ascii ansi_bright_black; }
    .ascii CardList, .ascii LinePane { scrollbar-size-vertical: 0; }
    .narrow #cards { width: 100%; }
    .narrow #pane { display: none; width: 100%; border-left: none; padding-left: 0; }
    .narrow.opened #cards { display: none; }
    .narrow.opened #pane { display: block; }
    #columns { height: 1fr; display: none; overflow-x: auto; scrollbar-size-horizontal: 0; }
    #columns CardList { width: 1fr; min-width: 20; padding-right: 1; }
    .columns #columns { display: block; }
    .columns #body { display: none; }
    CardList, LinePane {
        background: ansi_default; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
    }
    #ask { height: 1; }
    #question { width: auto; max-width: 50%; text-style: bold; }
    #answer { width: 1fr; background: ansi_default; color: ansi_default; border: none; }
    #help { display: none; height: 1fr; }
    .helping #help { display: block; }
    .helping #body, .helping #columns { display: none; }
    """
    BINDINGS: ClassVar[list[Any]] = [
        *(Binding(act.key, f"act('{act.name}')", show=False)
          for act in (*acts.CARD_ACTS, *acts.BOARD_ACTS)),
        *(Binding(str(number), f"page('{page}')", show=False)
          for number, page in enumerate(PAGES, 1)),
        Binding("tab,right,l", "across(1)", show=False),
        Binding("shift+tab,left,h", "across(-1)", show=False),
        Binding("escape", "leave", show=False),
        Binding("ctrl+l", "again", show=False),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
        Binding("ctrl+c,ctrl+q", "act('quit')", show=False, priority=True),
    ]  # fmt: skip

    def __init__(self, place: Place, data: dict[str, Any], look: Look) -> None:
        super().__init__(ansi_color=True)
        self._place, self._data, self._look_of = place, data, look
        self._cwd = os.getcwd()
        self._reader = Reader(self._hand_over)
        self._prints: object = fingerprint(place)
        self._read_at = time.monotonic()
        self._reading = self._again = False
        self._failure: GitkanbanError | None = None
        self._card: CardData | None = None
        self._filter = ""
        self._busy: dict[str, tuple[str, float]] = {}  # what is at work, by card; "" for the board
        self._message: list[str] = []
        self._message_at = 0.0
        self.bug: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        """A bug ends the screen; whoever ran it reports it as every other."""
        self.bug = error
        super()._handle_exception(error) if self.is_headless else self.exit()

    def compose(self) -> ComposeResult:
        """Head, root causes, list and card or columns or help, a message, a question, the keys."""
        yield TextBar("head")
        yield TextBar("causes")
        with Horizontal(id="body"):
            cards = CardList(self._look_of)
            cards.id = "cards"
            yield cards
            yield CardPane(self._look_of)
        with Horizontal(id="columns"):
            for groups in _COLUMNS:
                yield CardList(self._look_of, groups, tall=True)
        yield LinePane("help")
        yield TextBar("message")
        yield AskLine()
        yield TextBar("keys")

    def on_mount(self) -> None:
        """Show what was read before the screen was opened, and look on."""
        self.screen.set_class(self._look_of.ascii_only, "ascii")
        self._list.focus()
        self._show_data()
        self.set_interval(_LOOK_EVERY, self._look)
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            loop.add_signal_handler(signal.SIGHUP, self._terminal_lost)
            loop.add_signal_handler(signal.SIGTERM, self.exit)

    @property
    def _list(self) -> CardList:
        return self.query_one("#cards", CardList)

    @property
    def _columns(self) -> list[CardList]:
        return list(self.query("#columns CardList").results(CardList))

    @property
    def _pane(self) -> CardPane:
        return self.query_one(CardPane)

    def _hand_over(self, do: Callable[[], None]) -> None:
        """Have something done on the screen; from any thread."""
        self.post_message(_HandedOver(do))

    @_while_open
    def on__handed_over(self, message: _HandedOver) -> None:
        """Do what a thread wants done here."""
        message.do()

    def _is_open(self) -> bool:
        """Whether there is a screen still."""
        return bool(self._running and self.screen_stack and self.query("#keys"))

    # -- what is shown

    @_while_open
    def _look(self) -> None:
        """Once a second: has anything changed; and the ages."""
        if not self.is_headless and not _has_terminal():
            self._terminal_lost()
            return
        prints, since = fingerprint(self._place), time.monotonic() - self._read_at
        due = since >= (_FAILED_EVERY if self._failure else _READ_EVERY)
        if prints != self._prints or due or self._time_has_come():
            self._prints = prints
            self._read_board()
        if self._message and time.monotonic() - self._message_at > _MESSAGE_STAYS:
            self._message = []
        self._show_ages()
        self._pages.follow_log()

    def _time_has_come(self) -> bool:
        """Whether a card may start now that had to wait for its time when the board was read."""
        read_at = clock.now() - (time.monotonic() - self._read_at)
        return any(
            read_at < seconds(card["not_before"]) <= clock.now()
            for card in self._data["cards"]
            if card["not_before"]
        )

    def _read_board(self) -> None:
        """Read the board; once more if it changes while it is read."""
        self._again = self._reading
        if self._reading:
            return
        self._reading, self._read_at = True, time.monotonic()
        self._reader.ask(quick.status_now, self._board_read)

    def _board_read(self, data: dict[str, Any] | None, failure: GitkanbanError | None) -> None:
        self._reading, self._failure = False, failure
        if data is not None:
            self._data = data
        self._show_data()
        if self._again:
            self._read_board()

    def _show_data(self) -> None:
        """All of it, from the data at hand."""
        now = clock.now()
        cards = [card for card in self._data["cards"] if matches(card, self._filter)]
        none = [f"no card has {self._filter!r}"] if self._filter else first_steps(self._look_of)
        for each in self.query(CardList):
            each.empty_text = none if each is self._list else []
            each.show(cards, now)
        if self._card:
            known = {card["id"]: card for card in self._data["cards"]}
            self._card = known.get(self._card["id"], self._list.selected)
        self._show_ages()
        self._load_page()

    def _show_ages(self) -> None:
        """What changes with time alone."""
        now = clock.now()
        room = Look(self.size.width, self._look_of.colour, self._look_of.ascii_only)
        head = head_lines(self._data, now, room)
        most = 3 if self.size.height >= 20 else 1
        self.query_one("#head", TextBar).show(room.page(head[:-1]).split("\n")[:-1][:most])
        lines = [line for each in self._list_worries() for line in cause_lines(each, room)]
        most = max(1, self.size.height // 5)
        if len(lines) > most:
            lines = [*lines[: most - 1], "   … `gitkanban status` has the rest"]
        self.query_one("#causes", TextBar).show(room.page(lines).split("\n")[:-1])
        for each in self._columns if self.screen.has_class("columns") else [self._list]:
            each.redraw(now)
        self._pane.show_head(self._card, now)
        self._show_message()
        self._show_keys()

    def _list_worries(self) -> list[dict[str, Any]]:
        """Root causes, and what cannot be read, in the form of a root cause."""
        data, unread = self._data, self._data["problems"]
        worries = list(data["causes"])
        if data["deadlock"]:
            worries.append(cause_data("deadlock", (), f"deadlock: {data['deadlock']}"))
        if unread:
            first = unread[0]
            text = f"{first['file']}:{first['line']}: {first['message']}"
            more = f" (and {plural(len(unread) - 1, 'more problem')})" if len(unread) > 1 else ""
            worries.append(cause_data("unread", (), text + more, "gitkanban check"))
        return worries + [cause_data("note", (), text) for text in data["notes"][:1]]

    def _show_message(self) -> None:
        look, lines = self._look_of, []
        for card, (verb, began) in self._busy.items():
            took = int(time.monotonic() - began)
            lines.append(f"… {verb} {card}".rstrip() + (f"  {took} s" if took > 1 else ""))
        if self._failure:
            lines += [look.paint("cannot read the board: ", "red") + shown(self._failure.message)]
            lines += [f"Hint: {shown(self._failure.hint)}"] if self._failure.hint else []
        lines += self._message
        if self._filter:
            lines.append(look.paint(f"only cards with {shown(self._filter)!r} (esc: all)", "dim"))
        self.query_one("#message", TextBar).show(look.page(lines).split("\n")[:-1][:6])

    def _show_words(self, text: str, hint: str = "", bad: bool = False) -> None:
        """A message below the board, until the next, or for some seconds."""
        look, room = self._look_of, max(20, self.size.width)
        lines = wrapped(shown(text), room)[:4]
        if bad and lines:
            lines[0] = look.paint("Error: ", "red") + lines[0].removeprefix("Error: ")
        self._message = lines + (wrapped(f"Hint: {shown(hint)}", room)[:3] if hint else [])
        self._message_at = time.monotonic()
        self._show_message()

    def _show_error(self, error: GitkanbanError) -> None:
        self._show_words(f"Error: {error.message}", error.hint, bad=True)

    def _show_keys(self) -> None:
        """The keys that apply, in as many lines as they need, two at most."""
        look, room = self._look_of, self.size.width
        lines, columns, parts = [""], 1, []
        lines[0] = " "
        for act in acts.offered(self._card):
            key, word = acts.drawn(act), act.word
            size = width(key) + 1 + width(word)
            if columns + size > room and columns > 1:
                if len(lines) == 2:
                    break
                lines.append(" ")
                columns = 1
            parts.append((len(lines) - 1, columns, columns + size, act.name))
            lines[-1] += f"{look.paint(key, 'bold')} {look.paint(word, 'dim')}  "
            columns += size + 2
        self.query_one("#keys", TextBar).show(look.page(lines).split("\n")[:-1], parts)

    # -- the card

    @_while_open
    def on_card_list_selected(self, message: CardList.Selected) -> None:
        """Show the card that was selected in the list that is looked at."""
        looked_at = self.focused if self.screen.has_class("columns") else self._list
        if message.where is looked_at:
            self._card = message.card
            self._pane.show_head(self._card, clock.now())
            self._show_keys()
            self._load_page()

    @_while_open
    def on_card_list_card_opened(self) -> None:
        """Go to the card's page."""
        if self.screen.has_class("columns") and self._card:
            self.screen.remove_class("columns")
            self._list.select(self._card["id"])
        self.screen.add_class("opened")
        self._pane.text.focus()

    @cached_property
    def _pages(self) -> PageLoader:
        return PageLoader(self._place, self._pane, self._reader, self._look_of, self._ask_later)

    def _ask_later(self, do: Callable[[], None]) -> None:
        """Do it in a moment, if the screen is still there: who moves fast over cards reads the last."""
        self.set_timer(0.08, lambda: self._hand_over(do))

    @_while_open
    def _load_page(self) -> None:
        """Have the open page of the selected card in its pane."""
        card = None if self.screen.has_class("columns") else self._card
        if card:
            self._pane.show_head(card, clock.now())
        self._pages.load(card, self._data["board"]["commit"])

    # -- keys

    def action_page(self, page: str) -> None:
        """Open a page of the card, and stay on it from card to card."""
        self._pane.choose_page(page)
        self._load_page()

    @_while_open
    def on_text_bar_pressed(self, message: TextBar.Pressed) -> None:
        """A click on a key or a page does what the key does."""
        if message.name in PAGES:
            self.action_page(message.name)
        else:
            self.action_act(message.name)

    def action_across(self, by: int) -> None:
        """To the card and back; on the board, to the next column."""
        if self.screen.has_class("columns"):
            lists = self._columns
            at = next((number for number, each in enumerate(lists) if each.has_focus), 0)
            lists[(at + by) % len(lists)].focus()
        elif self.focused is self._list:
            self.screen.add_class("opened")
            self._pane.text.focus()
        else:
            self.screen.remove_class("opened")
            self._list.focus()

    def action_leave(self) -> None:
        """Out of help, out of the card, out of the board view, out of a filter."""
        screen = self.screen
        if screen.has_class("helping"):
            screen.remove_class("helping")
        elif screen.has_class("columns"):
            screen.remove_class("columns")
        elif self.focused is self._pane.text:
            screen.remove_class("opened")
        elif self._filter:
            self._set_filter("")
        self._message = []
        self._show_message()
        self.action_refocus()

    @_while_open
    def on_ask_line_closed(self) -> None:
        """Go on where one was."""
        self.action_refocus()

    def action_refocus(self) -> None:
        """Give the focus to what is shown."""
        screen = self.screen
        if self.query_one(AskLine).is_open:
            return  # one question has led to another
        if screen.has_class("helping"):
            self.query_one("#help", LinePane).focus()
        elif screen.has_class("columns"):
            full = [each for each in self._columns if each.selected] or self._columns
            holding = [each for each in full if self._card and each.selected == self._card]
            (holding or full)[0].focus()
        elif screen.has_class("opened"):
            self._pane.text.focus()
        else:
            self._list.focus()
        self.call_after_refresh(self._load_page)

    def action_again(self) -> None:
        """Read the board and the card again."""
        self._pages.forget()
        self._read_board()

    def action_act(self, name: str) -> None:
        """Do the act of a key, if it applies to the selected card."""
        act, card = acts.by_name(name), self._card
        if act in acts.BOARD_ACTS and name != "tick":
            getattr(self, f"_act_{name}")()
        elif name == "tick":
            self._run_verb("tick", NO_CARD, ["tick"])
        elif card is None:
            self._show_words("no card is selected")
        elif not act.applies(card):
            self._show_words(f"{card['id']} is {card['status']}: {act.word} is not for it")
        elif name in ("edit", "open", "attach"):
            getattr(self, f"_act_{name}")(card)
        else:
            self._ask_words(act, card["id"])

    def _ask_words(self, act: Act, card: CardId) -> None:
        """Ask what the act asks for, then start its verb."""
        if self._is_busy(act.name, card):
            return

        def answered(text: str) -> None:
            if act.asks and act.asks.must and not text:
                self._show_words(f"nothing was said, so nothing is done: {act.word} {card}")
            elif act.argv:
                self._run_verb(act.name, card, act.argv(card, text))

        if act.asks:
            question = f" {act.word} {card}: {act.asks.words} "
            self.query_one(AskLine).ask(clipped(question, self.size.width // 2), answered)
        else:
            answered("")

    def _is_busy(self, name: str, card: CardId) -> bool:
        if card in self._busy:
            at_work = f"{self._busy[card][0]} {card}".rstrip()
            self._show_words(
                f"Error: {at_work} is still at work", f"Wait for it, then {name}.", bad=True
            )
        return card in self._busy

    def _run_verb(self, name: str, card: CardId, argv: list[str]) -> None:
        """Start a verb, one at a time for a card."""
        if self._is_busy(name, card):
            return
        lines: list[str] = []

        def ended(code: int) -> None:
            self._hand_over(lambda: self._verb_ended(name, card, code, lines))

        try:
            verbs.start(argv, self._cwd, lines.append, ended)
        except (OSError, ValueError) as error:
            self._show_error(in_words(error))
            return
        self._busy[card] = (name, time.monotonic())
        self._message = []
        self._show_message()

    def _verb_ended(self, name: str, card: CardId, code: int, lines: list[str]) -> None:
        self._busy.pop(card, None)
        words = [line for line in lines if line.strip()]
        if code:
            errors = [line for line in words if line.startswith("Error: ")] or words[-1:]
            hint = next((line for line in words if line.startswith("Hint: ")), "")
            text = errors[0] if errors else f"Error: {name} {card} ended with {code}"
            self._show_words(text, hint.removeprefix("Hint: "), bad=bool(errors))
        else:
            self._show_words(" · ".join(words[:3]) or f"{name} {card}: done")
        self._read_board()

    def _act_quit(self) -> None:
        at_work = [f"{name} {card}".rstrip() for card, (name, _) in self._busy.items()]
        self.exit(f"still at work: {', '.join(at_work)}" if at_work else "")

    def _act_help(self) -> None:
        self.query_one("#help", LinePane).show(
            self._look_of.page(acts.help_lines()).split("\n")[:-1], top=True
        )
        self.screen.toggle_class("helping")
        self.action_refocus()

    def _act_board(self) -> None:
        self.screen.remove_class("helping", "opened")
        self.screen.toggle_class("columns")
        if self._card:
            for each in self.query(CardList):
                each.select(self._card["id"])
        self.action_refocus()

    def _act_filter(self) -> None:
        self.query_one(AskLine).ask(" / ", self._set_filter, self._filter)

    def _set_filter(self, words: str) -> None:
        self._filter = words
        self._show_data()

    def _act_new(self) -> None:
        names = [worker["name"] for worker in self._data["workers"]]
        asks = self.query_one(AskLine)

        def titled(title: str) -> None:
            if not title:
                self._show_words("nothing was said, so no card is added")
            elif len(names) < 2:
                self._run_verb("add", NO_CARD, ["add", "--", title])
            else:
                mine = self._card["worker"] if self._card else ""
                asks.ask(
                    clipped(f" worker ({', '.join(names)}): ", self.size.width // 2),
                    lambda worker: self._run_verb(
                        "add",
                        NO_CARD,
                        ["add", *([f"--worker={worker}"] if worker else []), "--", title],
                    ),
                    mine if mine in names else "",
                )

        asks.ask(" new card: ", titled)

    def _act_edit(self, card: CardData) -> None:
        """The card's file in the editor, by the function of the verb."""
        if self._is_busy("edit", card["id"]):
            return
        self._prints = None
        try:
            with self.suspend():
                done = editor.by_text(self._place, card["id"], None)
        except Exception as error:  # whatever happens to the editor, the screen comes back
            self._show_error(in_words(error))
            return
        fields = ", ".join(done.fields) or "comments and layout"
        self._show_words(
            f"{done.card} changed: {fields}" if done.commit else f"{done.card}: nothing changed"
        )

    def _act_open(self, card: CardData) -> None:
        """A shell in the card's worktree."""
        try:
            folder = CardPages(self._place, card["id"]).places()["workspace"]
            if not folder:
                raise GitkanbanError(
                    f"{card['id']} has no worktree here", "It gets one when it starts."
                )
            self._lend_terminal([os.environ.get("SHELL") or "/bin/sh"], folder, card["id"])
        except Exception as error:  # as above
            self._show_error(in_words(error))

    def _act_attach(self, card: CardData) -> None:
        """The verb that takes a card over, on the terminal that it needs."""
        if self._is_busy("attach", card["id"]):
            return
        try:
            argv = [*OURS, "gitkanban", "attach", "--", card["id"]]
            if self._lend_terminal(argv, self._cwd):
                self._show_words(f"attach {card['id']} was left before its end")
        except Exception as error:  # as above
            self._show_error(in_words(error))

    def _lend_terminal(self, argv: list[str], folder: str, name: str = "") -> int:
        """Run a program that needs the terminal, and come back; its exit code."""
        self._prints = None  # whatever it has done is seen at once
        with self.suspend():
            if name:
                print(f"{name}: {shown(folder)}; exit comes back", flush=True)
            code = subprocess.run(argv, cwd=folder, check=False).returncode
            if code and not name:
                input("enter comes back to the board ")
        return code

    # -- the terminal

    @_while_open
    def on_resize(self, event: events.Resize) -> None:
        """One pane where two have no room."""
        self.screen.set_class(event.size.width < NARROW, "narrow")
        self.call_after_refresh(self._after_resize)

    @_while_open
    def _after_resize(self) -> None:
        if not self.screen.has_class("narrow") and self.focused is self._list:
            self.screen.remove_class("opened")
        self._pages.forget()
        self._show_ages()
        self._load_page()
        if not self.query_one(AskLine).is_open:
            self.action_refocus()

    def _terminal_lost(self) -> None:
        """Nobody looks any more; there is nothing to clean up, and nowhere to write to."""
        os._exit(128 + signal.SIGHUP)


def _has_terminal() -> bool:
    try:
        termios.tcgetattr(0)
    except (OSError, termios.error):
        return False
    return True
