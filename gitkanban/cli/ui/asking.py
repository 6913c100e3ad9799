"""The line in which a person answers: words for a verb, a filter, a new card's title."""

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from gitkanban.typed import Any, ClassVar
from gitkanban.views.text import shown


class _Field(Input):
    """An input line; line ends in pasted text become spaces, so that nothing is lost."""

    BINDINGS: ClassVar[list[Any]] = [
        ("escape", "leave", "leave"),
        ("up,down,tab,shift+tab", "stay", ""),
    ]

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(" ".join(event.text.split()))

    def action_leave(self) -> None:
        """Leave the question unanswered."""
        self.screen.query_one(AskLine).close()

    def action_stay(self) -> None:
        """Keep the focus while a question is open."""


class AskLine(Horizontal):
    """One question at a time, above the keys; enter answers it, esc leaves it."""

    class Closed(Message):
        """Sent when a question is closed; the answer may already have led to another."""

    def __init__(self) -> None:
        super().__init__(id="ask")
        self._answered: Callable[[str], None] | None = None
        self.display = False

    @property
    def is_open(self) -> bool:
        """Return whether a question is open."""
        return self._answered is not None

    def compose(self) -> ComposeResult:
        """Yield the question and its field."""
        yield Label(id="question", markup=False)
        yield _Field(id="answer", compact=True)

    def ask(self, question: str, answered: Callable[[str], None], text: str = "") -> None:
        """Ask a question; `answered` gets the words, stripped. The field begins with `text`."""
        self._answered = answered
        self.query_one("#question", Label).update(shown(question))
        field = self.query_one(_Field)
        field.value, field.cursor_position = text, len(text)
        self.display = True
        field.focus()

    def close(self) -> None:
        """Close the question."""
        self._answered = None
        self.display = False
        self.post_message(self.Closed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand over the answer; another question may follow it."""
        event.stop()
        answered, text = self._answered, event.value.strip()
        self.close()
        if answered:
            answered(text)
