"""When a remote out of reach is asked again, and how each kind of address is watched."""

import pytest

from gitkanban.core.tick.network import (
    SILENT_MOST,
    WATCHED_MOST,
    Reach,
    after_answer,
    after_failure,
    is_http,
    is_local,
    is_ssh,
    silence_allowed,
    wait_left,
)


def test_a_remote_out_of_reach_is_asked_again_after_ever_longer_pauses() -> None:
    reach, pauses = Reach(at=50), []
    for _ in range(8):
        reach = after_failure(reach, 1000)
        pauses.append(wait_left(reach, 1000))
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    assert reach.at == 50
    assert wait_left(after_answer(1000), 1000) == 0


@pytest.mark.parametrize(
    ("now", "left"), [(1000, 20), (1019, 1), (1020, 0), (5000, 0), (999, 0)], ids=str
)
def test_the_pause_passes_and_a_clock_set_back_ends_it(now: int, left: int) -> None:
    assert wait_left(Reach(0, 2, 1000), now) == left


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
