"""How each kind of address is watched."""

import pytest

from gitkanban.core.tick.network import (
    SILENT_MOST,
    WATCHED_MOST,
    is_http,
    is_local,
    is_ssh,
    silence_allowed,
)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ssh://host/x.git", "ssh"),
        ("ada@host:x.git", "ssh"),
        ("host:/srv/x.git", "ssh"),
        ("https://host/x.git", "http"),
        ("http://host:8080/x", "http"),
        ("/srv/x.git", "local"),
        ("../x.git", "local"),
        ("./odd:name", "local"),
        ("file:///srv/x.git", "local"),
        ("git://host/x.git", "other"),
        ("ext::nc host 1", "other"),
    ],
)
def test_what_kind_of_address_it_is(url: str, kind: str) -> None:
    kinds = {"ssh": is_ssh, "http": is_http, "local": is_local}
    assert [name for name, asked in kinds.items() if asked(url)] == [kind] * (kind != "other")
    assert silence_allowed(url, watched=False) == (WATCHED_MOST if kind == "local" else SILENT_MOST)
    assert silence_allowed(url, watched=True) == WATCHED_MOST
