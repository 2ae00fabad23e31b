"""What a watching process does about ACME: it reads one record, and asks for attempts, never in a loop."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest

from dotlocal.device.acme.record import Record
from dotlocal.device.boot import Options
from dotlocal.device.watch.renewals import Renewals

UNKNOWN_CLOCK = {"clock": {"quality": "unknown", "floor": "2026-01-01T00:00:00Z"}}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """A device that an ACME server was named to, and that has no certificate yet: an attempt is due at once."""
    made = Options()
    made.state, made.run = str(tmp_path / "state"), str(tmp_path / "run")
    (tmp_path / "state/owned").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "state/owned/acme-settings").write_text("{}")
    return made


def in_seconds(renewals: Renewals) -> float:
    assert renewals.due is not None
    return round(renewals.due - monotonic())


def test_a_device_without_acme_plans_nothing(options: Options) -> None:
    """No file, no attempt, no module of ACME's."""
    Path(options.state, "owned/acme-settings").unlink()
    renewals = Renewals(options)
    renewals.told(UNKNOWN_CLOCK)
    assert renewals.due is None


def test_attempts_that_leave_no_trace_are_spaced(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that can't be written, or a unit that isn't there: after one, two, four minutes; then somebody writes."""
    monkeypatch.setenv("DOTLOCAL_ACME", "asked")
    renewals = Renewals(options)
    renewals.told(UNKNOWN_CLOCK)
    assert in_seconds(renewals) <= 0
    for seconds in (60, 120, 240):
        renewals.start()
        assert Path(options.run, "acme-due").exists()
        assert in_seconds(renewals) == seconds
    record = Record()
    record.renew_at = 1
    Path(options.state, "owned/acme-record").write_text(record.dump())
    renewals.look()
    assert in_seconds(renewals) <= 0


def test_a_torn_record_is_an_empty_one(options: Options) -> None:
    """Cut in the middle: due at once, and written anew by the attempt."""
    Path(options.state, "owned/acme-record").write_text("dotlocal acme record 1\nrenew_at 99")
    renewals = Renewals(options)
    renewals.told(UNKNOWN_CLOCK)
    assert in_seconds(renewals) <= 0
