"""When an ACME certificate is seen to: pure arithmetic, at fixed moments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.device.acme import schedule
from dotlocal.device.acme.record import Record, load
from strategies import quick

NOW = 1_800_000_000
DAY = 86400


def record(**facts: int | str) -> Record:
    made = Record()
    made.moment, made.uptime, made.boot_id, made.spread = NOW, 1000, "boot-1", 300
    made.not_before, made.not_after, made.renew_at = NOW, NOW + 90 * DAY, NOW + 60 * DAY
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def wait(
    kept: Record, later: int = 0, *, uptime: int | None = None, boot_id: str = "boot-1", known: bool = True
) -> float:
    return schedule.wait(kept, NOW + later, 1000 + later if uptime is None else uptime, boot_id, known=known)


def test_two_thirds_and_a_little_earlier_at_random() -> None:
    """90 days: due between day 57 and day 60, by luck."""
    latest, earliest = (schedule.renewal(NOW, NOW + 90 * DAY, draw) for draw in (0.0, 1.0))
    assert ((latest - NOW) / DAY, (earliest - NOW) / DAY) == (60, 57)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 60), (2, 120), (3, 240), (8, 7680), (9, 15360), (10, 21600), (99, 21600)]
)
def test_failures_are_tried_again_ever_more_slowly(failures: int, seconds: int) -> None:
    """A minute, two, four … six hours."""
    assert schedule.retry(failures, 30 * DAY, 0.5, temporary=True, asked=None) == seconds


def test_what_a_person_must_mend_waits_longer_at_first() -> None:
    """A quarter of an hour."""
    assert schedule.retry(1, 30 * DAY, 0.5, temporary=False, asked=None) == 900


def test_a_short_life_is_tried_more_often() -> None:
    """An hour left: every six minutes, and never more often than five."""
    assert schedule.retry(20, 3600, 0.5, temporary=True, asked=None) == 360
    assert schedule.retry(20, 60, 0.5, temporary=True, asked=None) == 300
    assert schedule.retry(20, -DAY, 0.5, temporary=True, asked=None) == 21600


@pytest.mark.parametrize(("asked", "seconds"), [(30, 60), (5000, 5000), (10**9, DAY)])
def test_the_server_may_ask_for_more_time(asked: int, seconds: int) -> None:
    """Retry-After, to a day at most."""
    assert schedule.retry(1, 30 * DAY, 0.5, temporary=True, asked=asked) == seconds


def test_the_wait_shrinks_as_time_passes() -> None:
    """By the clock, where it is known."""
    assert wait(record()) == 60 * DAY
    assert wait(record(), 59 * DAY) == DAY
    assert wait(record(), 61 * DAY) == 0


def test_a_retry_is_by_monotonic_time() -> None:
    """A clock that jumps by years changes nothing about it."""
    failed = record(failures=1, retry_in=60, renew_at=NOW)
    assert wait(failed, 20) == 40
    assert wait(failed, 10**9, uptime=1020) == 40
    assert wait(failed, -(10**9), uptime=1020) == 40


def test_after_a_boot_nothing_happens_for_a_while() -> None:
    """A power cut ends for all devices at once: what was due meanwhile is spread over minutes."""
    due = record(renew_at=NOW - DAY)
    assert wait(due, 100, uptime=5, boot_id="boot-2") == 295
    assert wait(due, 100, uptime=400, boot_id="boot-2") == 0
    assert wait(record(), 100, uptime=5, boot_id="boot-2") == 60 * DAY - 100


def test_an_unknown_clock_goes_by_what_has_certainly_passed() -> None:
    """The certificate began at NOW, so NOW had passed: a floor in 2020 plans no attempt in 60 days and six years."""
    floor = -6 * 365 * DAY
    assert wait(record(), floor, uptime=1000, known=False) == 60 * DAY
    assert wait(record(), floor, uptime=1000 + 61 * DAY, known=False) == 0
    assert wait(record(), floor, uptime=10, boot_id="boot-2", known=False) == 60 * DAY


def test_renewal_information_is_asked_for_in_between() -> None:
    """Due at the look, not at the renewal; then it is looked, or renewed, or nothing."""
    kept = record(look_at=NOW + 6 * 3600)
    assert wait(kept) == 6 * 3600
    assert schedule.action(kept, NOW) == schedule.NOTHING
    assert schedule.action(kept, NOW + 6 * 3600) == schedule.LOOK
    assert schedule.action(kept, NOW + 60 * DAY) == schedule.RENEW


def test_a_suggestion_leaves_time_for_failures() -> None:
    """A CA that suggests the last hour, or next year: at nine tenths of the life."""
    assert schedule.suggested(NOW + 50 * DAY, NOW, NOW + 90 * DAY) == NOW + 50 * DAY
    assert schedule.suggested(NOW + 400 * DAY, NOW, NOW + 90 * DAY) == NOW + 81 * DAY


def test_a_ca_that_always_suggests_the_past_makes_no_loop() -> None:
    """Six hours after a certificate of 90 days, minutes after a short one, never at once."""
    assert schedule.spaced(NOW - DAY, NOW, NOW + 90 * DAY) == NOW + 6 * 3600
    assert schedule.spaced(NOW - DAY, NOW, NOW + 12 * 3600) == NOW + 2160
    assert schedule.spaced(NOW - DAY, NOW, NOW - DAY) == NOW + 300
    assert schedule.spaced(NOW + DAY, NOW, NOW + 90 * DAY) == NOW + DAY


@quick(200)
@given(
    st.integers(0, 1000),
    st.integers(-(10**10), 10**10),
    st.floats(0, 1),
    st.booleans(),
    st.none() | st.integers(0, 10**12),
)
def test_a_retry_is_never_at_once_and_never_never(
    failures: int, left: int, draw: float, temporary: bool, asked: int | None
) -> None:
    """Between 45 seconds and a day and a bit, whatever happens."""
    assert 45 <= schedule.retry(max(failures, 1), left, draw, temporary=temporary, asked=asked) <= DAY


@quick(200)
@given(st.integers(-(10**10), 10**10), st.integers(0, 10**9), st.sampled_from(["", "boot-1", "boot-2"]), st.booleans())
def test_a_wait_is_never_negative(later: int, uptime: int, boot_id: str, known: bool) -> None:
    """Whatever the clocks say."""
    for kept in (Record(), record(), record(failures=3, retry_in=500)):
        assert schedule.wait(kept, NOW + later, uptime, boot_id, known=known) >= 0


def test_a_record_is_read_as_it_was_written() -> None:
    """Line breaks in a message become spaces."""
    kept = record(code="acme-challenge", message="a\nb", failures=2)
    found = load(kept.dump())
    assert (found.message, found.failures, found.renew_at) == ("a b", 2, kept.renew_at)
