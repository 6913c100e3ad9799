"""How long a remote may stay silent, by the kind of its address. Pure."""

CONNECT = 10  # seconds in which a remote must accept a connection
SILENT_MOST = 15.0  # seconds without a word from a remote whose transport notices no cut itself
WATCHED_MOST = 120.0  # seconds where it does: a server may be busy for that long


def is_ssh(url: str) -> bool:
    """Whether git reaches this address by ssh: `ssh://host/path`, or `host:path` (`git help clone`)."""
    scheme, slashes, _ = url.partition("://")
    if slashes:
        return scheme in ("ssh", "git+ssh", "ssh+git")
    host, colon, path = url.partition(":")
    return bool(colon) and "/" not in host and path[:1] != ":"


def is_http(url: str) -> bool:
    """Whether git reaches this address by http or https."""
    return url.startswith(("http://", "https://"))


def is_local(url: str) -> bool:
    """Whether the address is a folder of this machine."""
    return url.startswith("file://") or ("://" not in url and "::" not in url and not is_ssh(url))


def silence_allowed(url: str, watched: bool) -> float:
    """How many seconds git may print nothing while it talks with this address.

    `watched`: the transport ends by itself when the line is cut.
    """
    return WATCHED_MOST if watched or is_local(url) else SILENT_MOST
