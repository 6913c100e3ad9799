"""Servers of tests: in a thread, and gone at once when they are to stop."""

import threading
from socketserver import BaseServer


def begin_serving(server: BaseServer) -> threading.Thread:
    """Serve until `shutdown`, which waits for the server's next look at what is asked of it."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    return thread
