"""Loads the open page of the selected card into its pane, once; late answers are dropped."""

from collections.abc import Callable

from gitkanban import clock
from gitkanban.board.repo.place import Place
from gitkanban.cli.cardpages import CardPages
from gitkanban.cli.ui.acts import CardData
from gitkanban.cli.ui.cardpane import CardPane
from gitkanban.cli.ui.logtail import LogTail
from gitkanban.cli.ui.reading import Reader
from gitkanban.core.names import CardId, RunId
from gitkanban.errors import GitkanbanError
from gitkanban.runs.records import folders
from gitkanban.typed import NamedTuple
from gitkanban.views.text import Look, shown, shown_lines


class _WantedPage(NamedTuple):
    """A page of a card. It is loaded again when its `state` changes; for a log, that is the run."""

    card: CardId
    page: str
    state: str


class PageLoader:
    """Loads pages into one pane. `ask_later` delays a call, and drops it if the screen closes."""

    def __init__(
        self,
        place: Place,
        pane: CardPane,
        reader: Reader,
        look: Look,
        ask_later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._place, self._pane, self._reader, self._look = place, pane, reader, look
        self._ask_later = ask_later
        self._wanted: _WantedPage | None = None  # the page that was asked for last
        self._tail: LogTail | None = None

    def forget(self) -> None:
        """Make the next `load` load the page, even if it is there already."""
        self._wanted = None

    def load(self, card: CardData | None, commit: str) -> None:
        """Load the open page of a card at a board commit, unless it is there or on its way."""
        if card is None:
            self._wanted = self._tail = None
            return
        page = self._pane.page
        state = card["run"] if page == "log" else f"{commit} {card['hold']} {self._width()}"
        wanted = _WantedPage(card["id"], page, state)
        if wanted == self._wanted:
            return
        if self._wanted is None or wanted[:2] != self._wanted[:2]:
            self._pane.show_text(wanted.card, "...")
        self._wanted = wanted
        self._ask_later(lambda: self._ask_page(wanted))

    def follow_log(self) -> None:
        """Show what was added to the log, if that is the open page."""
        if self._tail and self._pane.page == "log" and self._tail.more():
            self._show_log()

    def _width(self) -> int:
        """Return the columns of a page, without the scroll bar's."""
        return max(20, (self._pane.size.width or self._pane.app.size.width) - 2)

    def _ask_page(self, wanted: _WantedPage) -> None:
        if wanted != self._wanted:
            return
        self._tail = None
        look = Look(self._width(), self._look.colour, self._look.ascii_only)
        if wanted.page == "log":
            self._reader.ask(
                lambda: self._open_log(wanted, look),
                lambda tail, failure: self._log_opened(wanted, tail, failure),
            )
        else:
            self._reader.ask(
                lambda: self._make_page(wanted, look),
                lambda text, failure: self._page_read(wanted, text, failure),
            )

    def _make_page(self, wanted: _WantedPage, look: Look) -> str:
        pages = CardPages(self._place, wanted.card)
        if wanted.page == "work":
            return pages.work(look.colour) or "no work on its branch yet"
        if wanted.page == "prompt":
            return shown_lines(pages.prompt())
        return pages.card(int(clock.now()), look)

    def _page_read(
        self, wanted: _WantedPage, text: str | None, failure: GitkanbanError | None
    ) -> None:
        if wanted == self._wanted:
            self._show_words(wanted.card, failure, text or "")

    def _open_log(self, wanted: _WantedPage, look: Look) -> LogTail | None:
        private = self._place.private
        if wanted.state:
            run_folders = [folders.of(private, RunId(wanted.state))]
        else:
            every = (
                each for each in folders.every(private) if each.spec().one("card") == wanted.card
            )
            run_folders = sorted(every, key=lambda each: each.run)
        tail = LogTail(run_folders[-1], look) if run_folders else None
        if tail:
            tail.more()
        return tail

    def _log_opened(
        self, wanted: _WantedPage, tail: LogTail | None, failure: GitkanbanError | None
    ) -> None:
        if wanted != self._wanted:
            return
        self._tail = tail
        if tail and tail.lines:
            self._show_log()
        else:
            text = "nothing was printed yet" if tail else "no log of it on this machine"
            self._show_words(wanted.card, failure, text)

    def _show_words(self, card: CardId, failure: GitkanbanError | None, text: str) -> None:
        if failure:
            self._pane.show_text(card, _error_text(failure), folds=True)
        else:
            self._pane.show_text(card, text)

    def _show_log(self) -> None:
        if self._tail and self._wanted:
            self._pane.show_text(self._wanted.card, "\n".join(self._tail.lines), follow=True)


def _error_text(error: GitkanbanError) -> str:
    return f"{shown(error.message)}\n" + (f"\n{shown(error.hint)}\n" if error.hint else "")
