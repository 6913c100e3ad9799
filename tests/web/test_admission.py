"""Which requests are answered: a table."""

import pytest

from gitkanban.web.admission import BODY_MOST, Access, Denial, Request, admit, head_of

ACCESS = Access(8000, "secret")
OWN = {"host": "127.0.0.1:8000", "x-gitkanban-token": "secret"}
ACT = {**OWN, "origin": "http://127.0.0.1:8000", "content-type": "application/json"}
NAVIGATION = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}


def outcome(method: str, path: str, headers: dict[str, str], access: Access = ACCESS) -> object:
    answer = admit(Request(method, path, headers), access)
    return answer.status if isinstance(answer, Denial) else answer


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/", {"host": "127.0.0.1:8000"}, "shell"),
        ("GET", "/", {"host": "LOCALHOST:8000", **NAVIGATION}, "shell"),
        ("GET", "/live", OWN, "live"),
        ("POST", "/act", ACT, "act"),
        ("POST", "/act", {**ACT, "content-type": "application/json; charset=utf-8"}, "act"),
        # names that lead here, or to another port
        ("GET", "/", {}, 421),
        ("GET", "/", {"host": "evil.example:8000"}, 421),
        ("GET", "/", {"host": "127.0.0.1"}, 421),
        ("GET", "/", {"host": "127.0.0.1:8001"}, 421),
        ("GET", "/", {"host": "127.0.0.1.evil.example:8000"}, 421),
        ("GET", "/", {"host": "127.0.0.1:8000, evil.example"}, 421),
        ("GET", "/live", {**OWN, "host": "evil.example:8000"}, 421),
        # other pages
        ("GET", "/live", {**OWN, "origin": "http://evil.example"}, 403),
        ("GET", "/live", {**OWN, "origin": "null"}, 403),
        ("GET", "/live", {**OWN, "origin": "https://127.0.0.1:8000"}, 403),
        ("GET", "/live", {**OWN, "origin": "http://127.0.0.1:8001"}, 403),
        ("GET", "/live", {**OWN, "sec-fetch-site": "same-site"}, 403),
        ("GET", "/", {"host": "127.0.0.1:8000", "sec-fetch-dest": "iframe"}, 403),
        ("GET", "/", {"host": "127.0.0.1:8000", "sec-fetch-dest": "script"}, 403),
        ("POST", "/act", {**ACT, "origin": "http://evil.example"}, 403),
        ("POST", "/act", {**ACT, "origin": "null"}, 403),
        ("POST", "/act", {key: ACT[key] for key in ACT if key != "origin"}, 403),
        ("POST", "/act", {**ACT, "sec-fetch-site": "cross-site"}, 403),
        # no token, or another
        ("GET", "/live", {"host": "127.0.0.1:8000"}, 401),
        ("GET", "/live", {**OWN, "x-gitkanban-token": ""}, 401),
        ("GET", "/live", {**OWN, "x-gitkanban-token": "Secret"}, 401),
        ("GET", "/live", {**OWN, "x-gitkanban-token": "secret, secret"}, 401),
        ("GET", "/live", {**OWN, "x-gitkanban-token": "sécret"}, 401),
        ("POST", "/act", {**ACT, "x-gitkanban-token": "x"}, 401),
        # other methods and places
        ("GET", "/act", ACT, 405),
        ("PUT", "/act", ACT, 405),
        ("OPTIONS", "/act", ACT, 405),
        ("POST", "/", ACT, 405),
        ("HEAD", "/live", OWN, 405),
        ("GET", "/live/", OWN, 404),
        ("GET", "/%6cive", OWN, 404),
        ("GET", "//live", OWN, 404),
        ("GET", "http://127.0.0.1:8000/live", OWN, 404),
        ("GET", "/../etc/passwd", OWN, 404),
        # what is no act
        ("POST", "/act", {**ACT, "content-type": "text/plain"}, 415),
        ("POST", "/act", {key: ACT[key] for key in ACT if key != "content-type"}, 415),
        ("POST", "/act", {**ACT, "content-length": str(BODY_MOST + 1)}, 413),
        ("POST", "/act", {**ACT, "content-length": "-1"}, 413),
        ("POST", "/act", {**ACT, "content-length": "9" * 5000}, 413),
    ],
)
def test_a_request_is_answered_only_if_it_is_our_own(
    method: str, path: str, headers: dict[str, str], expected: object
) -> None:
    assert outcome(method, path, headers) == expected


def test_what_is_served_read_only_takes_no_act_and_still_checks_the_token() -> None:
    access = Access(8000, "secret", read_only=True)
    assert outcome("POST", "/act", ACT, access) == 403
    assert outcome("POST", "/act", {**ACT, "x-gitkanban-token": "x"}, access) == 401
    assert outcome("GET", "/live", OWN, access) == "live"


def test_a_header_that_is_given_twice_is_neither_of_the_two() -> None:
    rows = [(b"Host", b"127.0.0.1:8000"), (b"X-Gitkanban-Token", b"secret"), (b"Origin", b"http://127.0.0.1:8000"),
            (b"origin", b"http://evil.example")]  # fmt: skip
    assert admit(head_of("GET", "/live", rows), ACCESS) == Denial(
        403, "another page may not ask here"
    )
