"""Windows and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dotlocal.core.window import DAY, YEAR, Window, civil, instant, rfc3339
from dotlocal.testing import MOMENT
from strategies import Y10000, quick

_1601 = -11644473600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@quick(200)
@given(st.integers(_1601, Y10000 - 1))
@example(951782400)  # 2000-02-29, a leap day of a century
@example(4107542400)  # 2100-03-01, no leap day before it
@example(-1)
@example(2**31)  # where a time_t of 32 bits ends
def test_the_calendar_is_the_standard_librarys(moment: int) -> None:
    """civil() and rfc3339() agree with datetime from 1601 to 9999."""
    known = _EPOCH + timedelta(seconds=moment)
    assert civil(moment) == (known.year, known.month, known.day, known.hour, known.minute, known.second)
    assert rfc3339(moment) == known.strftime("%Y-%m-%dT%H:%M:%SZ")


@quick(100)
@given(st.integers(-62167219200, Y10000 - 1))
@example(951782400)
@example(951868800)  # 2000-03-01, right after the leap day that only every fourth century has
@example(-1)
def test_what_was_written_is_read_back(moment: int) -> None:
    """instant() is rfc3339() the other way round, from the year 0 to 9999."""
    assert instant(rfc3339(moment)) == moment


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-23", "2026-11-23T00:00:00", "2026-11-23T00:00:00+00:00", "2026-11-23 00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T00:00:60Z",
        "2026-11-23T00:00:00.0Z", "+026-11-23T00:00:00Z", "２026-11-23T00:00:00Z", "2026-00-23T00:00:00Z",
    ],
)  # fmt: skip
def test_what_was_not_written_by_us_is_no_instant(text: str) -> None:
    """Other forms of RFC 3339, days that no calendar has, and digits of other scripts."""
    with pytest.raises(ValueError):
        instant(text)


@pytest.mark.parametrize("years", [1, 10, 25, 50])
def test_years_end_within_a_day_of_the_same_date(years: int) -> None:
    """25 years from 23 November end on 22, 23 or 24 November."""
    start = _EPOCH + timedelta(seconds=MOMENT)
    end = _EPOCH + timedelta(seconds=MOMENT + years * YEAR)
    assert abs(end - start.replace(year=start.year + years)) <= timedelta(days=1)


def test_windows_include_both_ends() -> None:
    """RFC 5280 4.1.2.5: valid from notBefore through notAfter."""
    window = Window(10, 20)
    assert [window.contains(moment) for moment in (9, 10, 20, 21)] == [False, True, True, False]


def test_windows_cover_what_lies_within() -> None:
    """A window covers itself and narrower ones, and nothing that sticks out at either end."""
    window = Window(10, 20)
    inside, outside = ((10, 20), (11, 19)), ((9, 20), (10, 21))
    assert all(window.covers(Window(*ends)) for ends in inside)
    assert not any(window.covers(Window(*ends)) for ends in outside)


def test_windows_never_end_before_they_start() -> None:
    """A window that exists is valid."""
    assert Window(5, 5).contains(5)
    with pytest.raises(ValueError, match="2026-11-22T12:00:00Z before it starts 2026-11-23T12:00:00Z"):
        Window(MOMENT, MOMENT - DAY)


def test_windows_are_values() -> None:
    """Equal ends make equal windows, and both can be read."""
    assert Window(0, 1) == Window(0, 1) != Window(0, 2)
    assert len({Window(0, 1), Window(0, 1)}) == 1
    assert Window(0, 1) != (0, 1)
    assert repr(Window(0, 1)) == "Window(1970-01-01T00:00:00Z, 1970-01-01T00:00:01Z)"
