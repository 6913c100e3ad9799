"""Puts the server of one board together: its token, socket and board, and its end."""

import asyncio
import os
import secrets
import signal
import socket

from gitkanban.board.repo.place import Place
from gitkanban.cli.boardpage import LastPage, content_now
from gitkanban.cli.browser import open_in_browser
from gitkanban.cli.streams import echo
from gitkanban.views.page.value import page_value
from gitkanban.views.text import seconds
from gitkanban.web.admission import Access
from gitkanban.web.answering import Answering
from gitkanban.web.doing import ActRunner
from gitkanban.web.listening import ADDRESS, listen, serve
from gitkanban.web.liveboard import BoardRead, LiveBoard
from gitkanban.web.opening import OpenFile


def serve_board(place: Place, port: int, open_: bool = False, read_only: bool = False) -> int:
    """Serve a board until ^C or SIGTERM; return the exit code, 0 or 143.

    The address is printed once it is listened on. Raises Refused, NotFound, OSError.
    """
    with listen(port) as listener:
        access = Access(listener.getsockname()[1], secrets.token_urlsafe(32), read_only)
        address = f"http://{ADDRESS}:{access.port}/#token={access.token}"
        opened = OpenFile(address) if open_ else None
        try:
            if opened:
                hint = "Leave --open out; `gitkanban web` prints the address to open."
                open_in_browser(opened.path, hint)
            echo(f"{address}\n^C ends it; sessions go on")
            return _serve_until_signal(place, listener, access, opened)
        finally:
            if opened:
                opened.remove()


def _serve_until_signal(
    place: Place, listener: socket.socket, access: Access, opened: OpenFile | None
) -> int:
    def on_first_look() -> None:
        if opened:
            opened.remove()

    async def run() -> None:
        last = LastPage()
        board = LiveBoard(place, lambda: _read_board(place, last))
        follow = asyncio.ensure_future(board.follow())
        app = Answering(place, board, ActRunner(os.getcwd()), access, on_first_look=on_first_look)
        await serve(listener, app, on_end=board.close)
        follow.cancel()

    ended: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    try:
        asyncio.run(run())  # the server raises its signal again once all has ended
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 128 + ended[0] if ended else 0


def _read_board(place: Place, last: LastPage) -> BoardRead:
    """Return the board as it is now, with logs: whoever looks is who runs the sessions."""
    content = content_now(place, with_logs=True, last=last)
    waits = (card["not_before"] for card in content.status["cards"])
    times = [at for each in waits if each and (at := seconds(each)) > content.now]
    running = {card["id"]: card["run"] for card in content.status["cards"] if card["slot"]}
    return BoardRead(page_value(content), min(times, default=0), running)
