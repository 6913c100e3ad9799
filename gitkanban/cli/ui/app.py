"""The screen as a whole: what is shown when, and which key does what.

It reads the board again when that may have changed (`watching`), when the time has come that a card
waited for, and once a minute in any case. What keys do to cards is in `doing`.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from functools import cached_property, wraps

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.driver import Driver
from textual.message import Message

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli import quick
from gitkanban.cli.ui import acts
from gitkanban.cli.ui.acts import CardData
from gitkanban.cli.ui.asking import AskLine
from gitkanban.cli.ui.bar import TextBar
from gitkanban.cli.ui.cardpane import PAGES, CardPane
from gitkanban.cli.ui.doing import Doer
from gitkanban.cli.ui.hangup import has_terminal, leave_lost_terminal
from gitkanban.cli.ui.header import head_of_board, worry_lines
from gitkanban.cli.ui.keybar import KeyBar
from gitkanban.cli.ui.lines import LinePane
from gitkanban.cli.ui.listing import CardList, matches
from gitkanban.cli.ui.messages import MessageBar
from gitkanban.cli.ui.pageloader import PageLoader
from gitkanban.cli.ui.reading import Reader
from gitkanban.cli.ui.watching import fingerprint
from gitkanban.core.names import NO_CARD
from gitkanban.errors import GitkanbanError
from gitkanban.typed import Any, ClassVar, TypeVar, cast
from gitkanban.views.status import first_steps
from gitkanban.views.text import Look, seconds

Handler = TypeVar("Handler", bound=Callable[..., None])

NARROW = 70  # columns below which list and card take turns
_LOOK_EVERY = 1.0  # seconds between two looks at what may have changed
_READ_EVERY = 60.0  # seconds after which the board is read again in any case
_FAILED_EVERY = 5.0  # the same, while it cannot be read
_COLUMNS = (("needs-you",), ("running",), ("next", "waiting"), ("backlog", "done", "dropped"))


def _while_open(handle: Handler) -> Handler:
    """Ignore events that arrive while the screen closes: they have nowhere to go."""

    @wraps(handle)
    def handle_if_open(self: "BoardScreen", *args: Any) -> None:
        if self._is_open():
            handle(self, *args)

    return cast(Handler, handle_if_open)


class _HandedOver(Message):
    """Carries a call from another thread to the screen's."""

    def __init__(self, do: Callable[[], None]) -> None:
        super().__init__()
        self.do = do


class BoardScreen(App[str]):
    """The board, live. `run` returns a line to print once the screen is left."""

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
        *(Binding(key, f"key('{key}')", show=False)
          for key in dict.fromkeys(act.key for act in (*acts.CARD_ACTS, *acts.BOARD_ACTS))),
        *(Binding(str(number), f"page('{page}')", show=False)
          for number, page in enumerate(PAGES, 1)),
        Binding("tab,right,l", "across(1)", show=False),
        Binding("shift+tab,left,h", "across(-1)", show=False),
        Binding("escape", "leave", show=False),
        Binding("ctrl+l", "again", show=False),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
        Binding("ctrl+c,ctrl+q", "act('quit')", show=False, priority=True),
    ]  # fmt: skip

    def __init__(
        self, place: Place, data: dict[str, Any], look: Look, labels: tuple[str, ...] = ()
    ) -> None:
        super().__init__(ansi_color=True)
        self._place, self._look_of, self._labels = place, look, labels
        self._data = quick.having_labels(data, labels)
        self._reader = Reader(self._hand_over)
        self._prints: object = fingerprint(place)
        self._read_at = time.monotonic()
        self._reading = self._again = False
        self._card: CardData | None = None
        self.bug: Exception | None = None

    def _handle_exception(self, error: Exception) -> None:
        """End the screen on a bug; whoever ran it reports the bug like any other."""
        self.bug = error
        super()._handle_exception(error) if self.is_headless else self.exit()

    def compose(self) -> ComposeResult:
        """Yield head, root causes, list and card, columns, help, message, question, keys."""
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
        yield MessageBar(self._look_of)
        yield AskLine()
        yield KeyBar(self._look_of)

    def on_mount(self) -> None:
        """Show what was read before the screen was opened, and start looking for changes."""
        self.screen.set_class(self._look_of.ascii_only, "ascii")
        self._doer = Doer(self, self._place, self._hand_over, self._read_board)
        self._list.focus()
        self._show_data()
        self.set_interval(_LOOK_EVERY, self._look)
        loop = asyncio.get_running_loop()
        if not self.is_headless:
            loop.add_signal_handler(signal.SIGHUP, leave_lost_terminal)
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

    @property
    def _messages(self) -> MessageBar:
        return self.query_one(MessageBar)

    def _show_keys(self) -> None:
        self.query_one(KeyBar).show_acts(self._card, self.size.width)

    def _hand_over(self, do: Callable[[], None]) -> None:
        """Have the screen's thread make a call; may be called from any thread."""
        self.post_message(_HandedOver(do))

    @_while_open
    def on__handed_over(self, message: _HandedOver) -> None:
        """Make the call that another thread handed over."""
        message.do()

    def _is_open(self) -> bool:
        """Return whether the screen is still open."""
        return bool(self._running and self.screen_stack and self.query("#keys"))

    # -- reading and showing

    @_while_open
    def _look(self) -> None:
        """Check, once a second, whether anything has changed, and update the ages."""
        if not self.is_headless and not has_terminal():
            leave_lost_terminal()
        prints, since = fingerprint(self._place), time.monotonic() - self._read_at
        due = since >= (_FAILED_EVERY if self._messages.failure else _READ_EVERY)
        if prints != self._prints or due or self._time_has_come():
            self._prints = prints
            self._read_board()
        self._show_ages()
        self._pages.follow_log()

    def _time_has_come(self) -> bool:
        """Return whether a card may start now that still waited for its time at the last read."""
        read_at = clock.now() - (time.monotonic() - self._read_at)
        return any(
            read_at < seconds(card["not_before"]) <= clock.now()
            for card in self._data["cards"]
            if card["not_before"]
        )

    def _read_board(self) -> None:
        """Read the board; if it changes meanwhile, read it once more."""
        self._again = self._reading
        if self._reading:
            return
        self._reading, self._read_at = True, time.monotonic()
        self._reader.ask(quick.status_now, self._board_read)

    def _board_read(self, data: dict[str, Any] | None, failure: GitkanbanError | None) -> None:
        self._reading, self._messages.failure = False, failure
        if data is not None:
            self._data = quick.having_labels(data, self._labels)
        self._show_data()
        if self._again:
            self._read_board()

    def _show_data(self) -> None:
        """Show everything, from the data read last."""
        now = clock.now()
        words = self._messages.filter
        cards = [card for card in self._data["cards"] if matches(card, words)]
        none = [f"no card has {words!r}"] if words else first_steps(self._look_of)
        for each in self.query(CardList):
            each.empty_text = none if each is self._list else []
            each.show(cards, now)
        if self._card:
            known = {card["id"]: card for card in self._data["cards"]}
            self._card = known.get(self._card["id"], self._list.selected)
        self._show_ages()
        self._load_page()

    def _show_ages(self) -> None:
        """Show what changes with time alone."""
        now = clock.now()
        room = Look(self.size.width, self._look_of.colour, self._look_of.ascii_only)
        height = self.size.height
        self.query_one("#head", TextBar).show(head_of_board(self._data, now, room, height))
        self.query_one("#causes", TextBar).show(worry_lines(self._data, room, height))
        for each in self._columns if self.screen.has_class("columns") else [self._list]:
            each.redraw(now)
        self._pane.show_head(self._card, now)
        self._messages.draw()
        self._show_keys()

    # -- the card

    @_while_open
    def on_card_list_selected(self, message: CardList.Selected) -> None:
        """Show the selected card, if the list that it was selected in is the visible one."""
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
        return PageLoader(
            self._place, self._pane, self._reader, self._look_of, ask_later=self._ask_later
        )

    def _ask_later(self, do: Callable[[], None]) -> None:
        """Make a call after 80 ms: moving fast over cards loads only the last one's page."""
        self.set_timer(0.08, lambda: self._hand_over(do))

    @_while_open
    def _load_page(self) -> None:
        """Load the open page of the selected card into its pane."""
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
        """Do what the clicked key or page tab stands for."""
        if message.name in PAGES:
            self.action_page(message.name)
        else:
            self.action_act(message.name)

    def action_across(self, by: int) -> None:
        """Move to the card and back; in the board view, to the next column."""
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
        """Leave help, the board view, the card, or the filter."""
        screen = self.screen
        if screen.has_class("helping"):
            screen.remove_class("helping")
        elif screen.has_class("columns"):
            screen.remove_class("columns")
        elif self.focused is self._pane.text:
            screen.remove_class("opened")
        elif self._messages.filter:
            self._set_filter("")
        self._messages.clear()
        self.action_refocus()

    @_while_open
    def on_ask_line_closed(self) -> None:
        """Return the focus to where it was."""
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
        """Read the board and the card again, and draw all of the screen."""
        self._pages.forget()
        self._read_board()
        self.draw_all()

    @on(Driver.SignalResume)
    def draw_all(self) -> None:
        """Draw all of the screen after ^Z: textual draws only what has changed since."""
        self.refresh(layout=True)

    def action_key(self, key: str) -> None:
        """Do what a key stands for; if it has several acts, the one that applies."""
        meant = [act for act in (*acts.CARD_ACTS, *acts.BOARD_ACTS) if act.key == key]
        card = self._card
        self.action_act(next((a for a in meant if card and a.applies(card)), meant[0]).name)

    def action_act(self, name: str) -> None:
        """Do an act, if it applies to the selected card."""
        act, card = acts.by_name(name), self._card
        if name == "tick":
            self._doer.run_verb("tick", NO_CARD, ["tick"])
        elif act in acts.BOARD_ACTS:
            getattr(self, f"_act_{name}")()
        elif card is None:
            self._messages.say("no card is selected")
        elif not act.applies(card):
            self._messages.say(f"{card['id']} is {card['status']}: {act.word} is not for it")
        else:
            self._doer.do(act, card)

    def _act_quit(self) -> None:
        at_work = self._doer.at_work()
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
        self.query_one(AskLine).ask(" / ", self._set_filter, self._messages.filter)

    def _set_filter(self, words: str) -> None:
        self._messages.filter = words
        self._show_data()

    def _act_new(self) -> None:
        names = [worker["name"] for worker in self._data["workers"]]
        self._doer.add_card(names, self._card["worker"] if self._card else "")

    # -- the terminal

    @_while_open
    def on_resize(self, event: events.Resize) -> None:
        """Show one pane at a time if there is no room for two."""
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
