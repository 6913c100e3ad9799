"""Times in files are read as the standard library reads them, the form of our own without it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitkanban import clock
from tests.support.examples import examples

PARTS = st.tuples(
    st.integers(0, 9999), *(st.integers(0, most) for most in (13, 32, 25, 61, 61))
)  # also what no calendar and no clock has


@given(PARTS)
@examples(500)
def test_our_own_form_is_parsed_as_the_standard_library_does(parts: tuple[int, ...]) -> None:
    year, month, day, hour, minute, second = parts
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    try:
        expected = int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        with pytest.raises(ValueError):
            clock.parse(text)
    else:
        assert clock.parse(text) == expected


@given(st.datetimes(datetime(1970, 1, 1, 0, 0, 1)))  # naive: the zone is added
@examples(200)
def test_a_time_that_was_written_is_read_back(at: datetime) -> None:
    seconds = int(at.replace(tzinfo=UTC).timestamp())
    assert seconds == 0 or clock.parse(clock.iso(seconds)) == seconds


@pytest.mark.parametrize(
    "text", ["2026-11-23T22:00:00+01:00", " 2026-11-23T21:00:00Z\n", "2026-11-23 21:00:00"]
)
def test_other_forms_of_a_time_are_read(text: str) -> None:
    assert clock.iso(clock.parse(text)) == "2026-11-23T21:00:00Z"


@pytest.mark.parametrize("text", ["", "soon", "2026-11-23T2१:00:00Z", "2026-11-2_T21:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse(text)
