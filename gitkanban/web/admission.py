"""Whether a request may be answered at all, and by what: a function of values.

Another page in the same browser can send requests here, and a name that its owner points at
loopback makes them look like our own (DNS rebinding). So the Host must be an address of ours, an
Origin must be our own, and everything but the empty shell needs the token, which only the address
that was printed has. A header carries it: no other origin can add one without asking first, and
nobody answers that.
"""

import hmac
from collections.abc import Iterable, Mapping

from gitkanban.typed import Literal, NamedTuple

TOKEN_HEADER = "x-gitkanban-token"
BODY_MOST = 1 << 20  # bytes of a request's body
NAMES = ("127.0.0.1", "localhost")

Route = Literal["shell", "live", "act"]
_ROUTES: Mapping[str, tuple[str, Route]] = {
    "/": ("GET", "shell"),
    "/live": ("GET", "live"),
    "/act": ("POST", "act"),
}


class Access(NamedTuple):
    """What a request must match. With `read_only`, nothing may be posted."""

    port: int
    token: str
    read_only: bool = False


class Request(NamedTuple):
    """The head of a request. Header names are in lower case;
    values of one name are joined by ', '.
    """

    method: str
    path: str
    headers: Mapping[str, str]


class Denial(NamedTuple):
    """Why a request is not answered: a status of HTTP, one line, and what to do next."""

    status: int
    message: str
    hint: str = ""


def head_of(method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Request:
    """Return the head of a request as a server gives it."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return Request(method, path, joined)


def admit(request: Request, access: Access) -> Route | Denial:
    """Return what answers the request, or why nothing does."""
    hosts = {f"{name}:{access.port}" for name in NAMES}
    if request.headers.get("host", "").lower() not in hosts:
        return Denial(421, "this address is not served here", "Open the one that web printed.")
    route = _ROUTES.get(request.path)
    if route is None:
        return Denial(404, "there is nothing here", "The board is at /.")
    method, answer = route
    if request.method != method:
        return Denial(405, f"{request.path} answers {method} alone")
    return _denial_of_origin(request, hosts, answer) or _denial_of_act(request, access) or answer


def _denial_of_origin(request: Request, hosts: set[str], answer: Route) -> Denial | None:
    """Return why a request of another page is not answered. A link may lead to the empty shell."""
    origin = request.headers.get("origin")
    if origin is None and answer == "act":
        return Denial(403, "a request that acts must name its origin")
    if origin is not None and origin.lower() not in {f"http://{host}" for host in hosts}:
        return Denial(403, "another page may not ask here")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site != "same-origin" and answer != "shell":
        return Denial(403, "another page may not ask here")
    if answer == "shell" and request.headers.get("sec-fetch-dest", "document") != "document":
        return Denial(403, "the board is a page of its own, and part of no other")
    return None


def _denial_of_act(request: Request, access: Access) -> Denial | None:
    if request.path == "/":
        return None
    token = request.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(token.encode(), access.token.encode()):
        return Denial(
            401, "this tab has no valid key", "Open the address that `gitkanban web` printed."
        )
    if request.method != "POST":
        return None
    if access.read_only:
        return Denial(
            403, "this board is served read-only", "Use the command line, or web without it."
        )
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return Denial(415, "an act is sent as application/json")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > BODY_MOST:
        return Denial(413, "that is more than an act may have", "Long texts belong in a file.")
    return None
