"""The headers of every answer: nothing is stored, framed, sniffed, or read by another origin."""

from gitkanban.typed import Literal

Kind = Literal["text/html; charset=utf-8", "application/json", "text/event-stream"]
NOTHING = "default-src 'none'; frame-ancestors 'none'"  # the policy of what is no page


def headers_of(
    kind: Kind, policy: str = NOTHING, length: int | None = None
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer. One without a length is a stream; no CORS header is sent."""
    rows = {
        "content-type": kind,
        "content-security-policy": policy,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if length is not None:
        rows["content-length"] = str(length)
    return [(name.encode(), value.encode("latin-1")) for name, value in rows.items()]
