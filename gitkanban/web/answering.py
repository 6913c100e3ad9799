"""Answers the requests that were admitted: the empty shell, the stream of what changes, the acts.

An ASGI application. Every answer is bounded in time: a client that does not take what it is sent,
or does not send what it announced, is left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from gitkanban.board.repo.place import Place
from gitkanban.core import ids
from gitkanban.core.names import CardId
from gitkanban.errors import UsageError
from gitkanban.late import json
from gitkanban.typed import Any
from gitkanban.views.page.html import live_html
from gitkanban.web.acts import read_act
from gitkanban.web.admission import BODY_MOST, Access, Denial, admit, head_of
from gitkanban.web.doing import ActRunner
from gitkanban.web.headers import NOTHING, Kind, headers_of
from gitkanban.web.liveboard import LiveBoard, trouble_data
from gitkanban.web.logfollow import LogFollow

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

SEND_MOST = 20.0  # seconds in which a client must take what it is sent
LOG_EACH = 0.3  # seconds between two looks at a log
BODY_SECONDS = 10.0  # seconds in which a body must be there whole
ALIVE_EACH = 15.0  # seconds after which a silent stream says that it lives


class Answering:
    """Answers for one board. `on_first_look` is called once somebody with the token looks."""

    def __init__(
        self,
        place: Place,
        board: LiveBoard,
        doer: ActRunner,
        access: Access,
        on_first_look: Callable[[], None],
    ) -> None:
        self._place, self._board, self._doer, self._access = place, board, doer, access
        self._on_first_look = on_first_look
        self._shell, self._policy = live_html()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        head = head_of(scope["method"], scope["raw_path"].decode("latin-1"), scope["headers"])
        answer = admit(head, self._access)
        if isinstance(answer, Denial):
            await _deny(send, answer)
        elif answer == "shell":
            html: Kind = "text/html; charset=utf-8"
            await _send_whole(send, 200, html, self._shell, policy=self._policy)
        elif answer == "act":
            await self._answer_act(receive, send)
        else:
            query = scope["query_string"].decode("latin-1")
            self._on_first_look()
            await self._answer_stream(receive, send, query)

    async def _answer_act(self, receive: Receive, send: Send) -> None:
        """Do what the body asks for, once it is there whole."""
        try:
            body = await asyncio.wait_for(_read_body(receive), BODY_SECONDS)
        except TimeoutError:
            return await _deny(send, Denial(408, "the act did not come in time"))
        if body is None:
            return await _deny(send, Denial(413, "that is more than an act may have"))
        try:
            act = read_act(json.loads(body.decode()))
        except UsageError as error:
            return await _deny(send, Denial(400, error.message, error.hint))
        except (ValueError, RecursionError):
            return await _deny(send, Denial(400, "an act is sent as JSON"))
        result = await self._doer.do(act)
        text = json.dumps({"done": result.done, "text": result.text, "hint": result.hint})
        return await _send_whole(send, 200, "application/json", text)

    async def _answer_stream(self, receive: Receive, send: Send, query: str) -> None:
        """Send what changes until the client has gone or the server ends."""
        from urllib.parse import parse_qs

        asked = {name: values[-1] for name, values in parse_qs(query, max_num_fields=8).items()}
        card = asked.get("log", "")
        log = LogFollow(self._place, CardId(card)) if not ids.fault(card) else None
        start = {"type": "http.response.start", "status": 200}
        await _take(send({**start, "headers": headers_of("text/event-stream")}))
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            async with self._board.looked_at():
                await self._send_changes(send, gone, asked.get("since", ""), log)
        finally:
            gone.cancel()

    async def _send_changes(
        self, send: Send, gone: "asyncio.Future[None]", version: str, log: LogFollow | None
    ) -> None:
        trouble_sent: object = None
        words_sent: dict[CardId, tuple[str, str]] = {}
        searched = False  # for the latest run, since the board has changed
        silent = ALIVE_EACH  # so that it says at once that it lives
        while not (gone.done() or self._board.closed):
            news = self._board.news
            messages = []
            trouble = trouble_data(self._board.trouble) if self._board.trouble else None
            if trouble != trouble_sent:
                messages.append(json.dumps({"trouble": trouble}))
                trouble_sent = trouble
            if self._board.version and self._board.version != version:
                version = self._board.version
                acts = json.dumps(not self._access.read_only)
                messages.append(
                    f'{{"version":"{version}","acts":{acts},"board":{self._board.text}}}'
                )
                searched = False
            if log and version and not searched:
                log.find_run()
                searched = True
            words = self._board.last_words.by_card
            if words != words_sent:
                messages.append(json.dumps({"words": words}))
                words_sent = dict(words)
            added = log.added() if log else None
            if added:
                messages.append(json.dumps({"log": added}))
            if silent >= ALIVE_EACH and not messages:
                messages.append("{}")
            for message in messages:
                await _take(
                    send(_body_event(f"data: {message}\n\n".encode("utf-8", "replace"), True))
                )
            pause = LOG_EACH if log else ALIVE_EACH
            silent = 0.0 if messages else silent + pause
            await _first_of(pause, gone, news)
        await _take(send(_body_event(b"", False)))


async def _first_of(seconds: float, gone: "asyncio.Future[None]", news: asyncio.Event) -> None:
    """Wait until the client has gone, there is news, or the time is over."""
    wait = asyncio.ensure_future(news.wait())
    both: tuple[asyncio.Future[Any], ...] = (gone, wait)
    await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    wait.cancel()


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body; None if it is too long, or if the client has gone."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        body += event.get("body", b"")
        if len(body) > BODY_MOST:
            return None
        if not event.get("more_body"):
            return bytes(body)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _deny(send: Send, denial: Denial) -> None:
    """Send why there is no answer, and close: what the client still sends is not read."""
    text = json.dumps({"message": denial.message, "hint": denial.hint})
    await _send_whole(send, denial.status, "application/json", text, close=True)


async def _send_whole(
    send: Send, status: int, kind: Kind, text: str, policy: str = NOTHING, close: bool = False
) -> None:
    data = text.encode("utf-8", "replace")
    headers = headers_of(kind, policy, len(data))
    headers += [(b"connection", b"close")] if close else []
    await _take(send({"type": "http.response.start", "status": status, "headers": headers}))
    await _take(send(_body_event(data, False)))


def _body_event(data: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _take(sending: Awaitable[None]) -> None:
    """Send, to a client that takes it in time. Raises TimeoutError."""
    await asyncio.wait_for(sending, SEND_MOST)
