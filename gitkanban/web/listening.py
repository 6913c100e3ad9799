"""The socket on loopback, and the server on it until ^C; slow and many clients are bounded.

The server is uvicorn's. It lets a client take for ever over the head of a request, and takes any
number of them, so its protocol is bounded here.
"""

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gitkanban.errors import Refused
from gitkanban.typed import Any
from gitkanban.web.answering import Answering

ADDRESS = "127.0.0.1"
CONNECTIONS_MOST = 64
HEAD_MOST = 32 << 10  # bytes of a request's head
HEAD_SECONDS = 10.0  # seconds for the head of a request; a connection at rest is closed as well
_END_SECONDS = 2  # seconds that answers at work have when the server ends


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 is any free one. Raises Refused."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(CONNECTIONS_MOST)
    except OSError as error:
        listener.close()
        why = (error.strerror or str(error)).lower()
        hint = "Name another port, or leave --port out: then any free one is taken."
        raise Refused(f"cannot listen on port {port}: {why}", hint) from None
    return listener


class _BoundedProtocol(H11Protocol):
    """Closes a connection that asks nothing whole for a time, and those that are too many."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there is room."""
        super().connection_made(transport)
        self._cycle_before: object = None
        if len(self.connections) > CONNECTIONS_MOST:
            transport.abort()
        else:
            self.loop.call_later(HEAD_SECONDS, self._look_at_head)

    def _look_at_head(self) -> None:
        """Close it if no request is at work, and none has come since the last look.

        One that is closing already waits for its client to take what is left: it is not waited for.
        """
        if self.transport.is_closing():
            self.transport.abort()
            return
        at_rest = self.cycle is None or self.cycle.response_complete
        if at_rest and self.cycle is self._cycle_before:
            self.transport.abort()
            return
        self._cycle_before = self.cycle
        self.loop.call_later(HEAD_SECONDS, self._look_at_head)


class _Server(uvicorn.Server):
    """Ends the streams first when it is to end: it would wait for them."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the server."""
        self._on_end()
        await super().shutdown(sockets)


async def serve(listener: socket.socket, app: Answering, on_end: Callable[[], None]) -> None:
    """Serve until a signal ends the process. `on_end` must let every open stream end."""
    settings: dict[str, Any] = {"http": _BoundedProtocol, "ws": "none", "lifespan": "off"}
    config = uvicorn.Config(
        app, loop="asyncio", interface="asgi3", log_config=None, log_level="critical",
        access_log=False, proxy_headers=False, server_header=False, date_header=False,
        timeout_graceful_shutdown=_END_SECONDS, h11_max_incomplete_event_size=HEAD_MOST, **settings,
    )  # fmt: skip
    await _Server(config, on_end).serve(sockets=[listener])
