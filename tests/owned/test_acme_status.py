"""What is told of the next attempt, with a clock that is known and with one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from box import Box, make_box, make_world

from dotlocal.cli.own_report import next_attempt
from dotlocal.core.window import DAY, instant
from dotlocal.device.acme import settings
from dotlocal.device.acme.record import Record
from dotlocal.device.acme.steps import Acme
from dotlocal.device.acme.store import AcmeStore


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A device with an ACME server to ask, the next time in three days."""
    made = make_box(tmp_path, make_world())
    store = AcmeStore(made.state)
    wanted = settings.parse({"directory": "https://ca.example/dir", "names": ["press-07.local"], "roots": "system",
                             "terms_agreed": True})  # fmt: skip
    with store.lock():
        store.save_settings(wanted, b"")
        kept = Record()
        kept.moment, kept.uptime, kept.boot_id, kept.renew_at = made.now, made.uptime, made.boot_id, made.now + 3 * DAY
        store.save_record(kept)
    return made


def test_with_a_clock_it_is_a_moment(box: Box) -> None:
    """Three days from now."""
    told = Acme(box.options, read_clock=box.reading).status()
    assert (told["next_in"], instant(told["next_attempt"])) == (3 * DAY, box.now + 3 * DAY)
    assert next_attempt(told) == told["next_attempt"]


def test_without_a_clock_it_is_a_span_and_never_a_moment_in_the_past(box: Box) -> None:
    """After a failure, with the clock back in 1970: the time that has certainly passed is weeks ago, and no date."""
    store = AcmeStore(box.state)
    with store.lock():
        kept = store.record()
        kept.failures, kept.retry_in, kept.moment = 1, 3 * 3600, box.record.device_ca.not_valid_before_utc.timestamp()
        kept.moment = int(kept.moment)
        store.save_record(kept)
    box.known = False
    told = Acme(box.options, read_clock=box.reading).status()
    assert (told["next_in"], told["next_attempt"]) == (3 * 3600, None)
    assert next_attempt(told).startswith("in 3 h 0 min")
