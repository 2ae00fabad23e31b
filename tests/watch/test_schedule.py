"""When a watching device issues anew: bursts are one, failures back off, renewals come at two thirds."""

from __future__ import annotations

import pytest

from dotlocal.core.window import DAY, rfc3339
from dotlocal.device.time import KEPT, SYNCHRONISED, UNKNOWN
from dotlocal.device.watch.schedule import (
    LEAST_RENEWAL_SECONDS,
    MOST_RETRY_SECONDS,
    MOST_WAIT_SECONDS,
    QUIET_SECONDS,
    Schedule,
    look_of,
    renewal,
    renewal_of,
)

BORN = 1_800_000_000


def test_sleeps_until_something_happens() -> None:
    """Nothing happened: nothing is due, so nobody wakes up."""
    assert Schedule().due() is None


def test_waits_for_a_burst_to_end() -> None:
    """Ten changes, 50 ms apart: due once, a moment after the last."""
    schedule = Schedule()
    for number in range(10):
        schedule.happened("address", 100 + number * 0.05)
    assert schedule.due() == 100.45 + QUIET_SECONDS
    assert schedule.taken() == ["address"]
    assert schedule.due() is None


def test_a_network_that_never_falls_silent_is_not_waited_for() -> None:
    """A change every 100 ms for ever: due a second after the first."""
    schedule = Schedule()
    for number in range(100):
        schedule.happened("address", 100 + number * 0.1)
    assert schedule.due() == 100 + MOST_WAIT_SECONDS


def test_gathers_reasons_once_and_in_order() -> None:
    """What is told to people says each reason once."""
    schedule = Schedule()
    for reason in ("address", "host name", "address"):
        schedule.happened(reason, 1)
    assert schedule.taken() == ["address", "host name"]


def test_renews_at_two_thirds_of_the_lifetime() -> None:
    """90 days: again after 60, by monotonic time."""
    schedule = Schedule()
    schedule.succeeded(1000, renew_in=renewal(not_before=0, not_after=90 * 86400, now=86400))
    assert schedule.due() == 1000 + 59 * 86400


def test_an_expired_certificate_is_no_loop() -> None:
    """Two thirds are long past: again in a minute, not at once."""
    schedule = Schedule()
    schedule.succeeded(1000, renew_in=renewal(not_before=0, not_after=10, now=10**9))
    assert schedule.due() == 1000 + LEAST_RENEWAL_SECONDS


@pytest.mark.parametrize(
    ("quality", "now", "hint", "days"),
    [
        (SYNCHRONISED, BORN + 10 * DAY, False, 50),
        (KEPT, BORN + 10 * DAY, False, 50),
        (UNKNOWN, 0, False, 20),  # in 1970: by the floor, or it would come in half a century
        (UNKNOWN, BORN + 3650 * DAY, False, 20),  # ahead, and nobody knows: or it would come every minute, for ever
        (UNKNOWN, BORN + 10 * DAY, True, 50),  # handed over by a browser
        (SYNCHRONISED, BORN + 61 * DAY, False, 1),  # made just now and old already, below a CA that ends
        (SYNCHRONISED, BORN + 3650 * DAY, False, 1),
    ],
)
def test_a_set_is_renewed_by_what_the_device_may_go_by(quality: str, now: int, hint: bool, days: int) -> None:
    """90 days, of which 40 have passed by the floor: no clock, however wrong, puts it off or makes a loop of it."""
    told = {"quality": quality, "now": rfc3339(now), "floor": rfc3339(BORN + 40 * DAY)}
    clock = {**told, "hint": {"at": rfc3339(now), "source": "browser"}} if hint else told
    report = {"not_before": rfc3339(BORN), "not_after": rfc3339(BORN + 90 * DAY), "clock": clock}
    assert renewal_of(report) == days * DAY


@pytest.mark.parametrize(
    ("own", "clock", "seconds"),
    [({}, {}, None), ({"look_in": 30}, {}, 30), ({}, {"known_in": 72000}, 72000), ({"look_in": 0}, {"known_in": 9}, 0)],
)
def test_what_changes_by_itself_is_looked_at(own: dict[str, int], clock: dict[str, int], seconds: int | None) -> None:
    """The end of a probation, or the moment from which a clock is known that was behind; the sooner of the two."""
    assert look_of({"own": own, "clock": clock}) == seconds


def test_noise_puts_off_no_renewal() -> None:
    """A change that turned out to be none is forgotten; the renewal and the retry stay due."""
    schedule = Schedule()
    schedule.succeeded(1000, renew_in=500)
    schedule.happened("address", 1200)
    schedule.forget()
    assert (schedule.due(), schedule.reasons) == (1500, [])
    schedule.failed(2000)
    schedule.happened("address", 2001)
    schedule.forget()
    assert schedule.due() == 1500


def test_retries_ever_more_slowly() -> None:
    """2, 4, 8 … seconds, five minutes at most; a success forgets the failures."""
    schedule = Schedule()
    waits = []
    for _ in range(12):
        schedule.failed(0)
        waits.append(schedule.due())
        schedule.taken()
    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == MOST_RETRY_SECONDS
    schedule.succeeded(0, renew_in=300)
    schedule.failed(0)
    assert schedule.due() == 2


def test_a_change_does_not_wait_for_the_retry() -> None:
    """A failure is to be retried in minutes; an address comes: due at once, for it may be what was missing."""
    schedule = Schedule()
    for _ in range(8):
        schedule.failed(0)
        schedule.taken()
    schedule.failed(0)
    schedule.happened("address", 10)
    assert schedule.due() == 10 + QUIET_SECONDS


def test_what_the_web_server_did_not_take_is_tried_again() -> None:
    """After 2, 4, 8 seconds, until it does; the renewal stays where it is."""
    schedule = Schedule()
    for wait in (2, 4, 8):
        schedule.taken()
        schedule.succeeded(1000, renew_in=500, handed_over=False)
        assert schedule.due() == 1000 + wait
    schedule.taken()
    schedule.succeeded(1000, renew_in=500)
    assert (schedule.due(), schedule.failures) == (1500, 0)
