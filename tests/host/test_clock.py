"""The clock, the kernel's randomness, and the supervisor, as this machine has them."""

from __future__ import annotations

import os
import posix
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from dotlocal.host import clock, entropy, supervisor


def test_the_clock_is_the_systems() -> None:
    """Whole POSIX seconds, and an uptime that runs."""
    assert abs(clock.now() - time.time()) < 5
    first, second = clock.read(), clock.read()
    assert 0 < first.uptime <= second.uptime
    assert abs(first.now - time.time()) < 5


def test_systems_without_that_clock_are_asked_for_the_date_alone() -> None:
    """Imported as on macOS or Windows, whose `time` and C libraries lack what devices have: the date, and no more."""
    lacking = "import sys, time; sys.platform = 'darwin'; del time.CLOCK_BOOTTIME, time.clock_gettime"
    asked = "from dotlocal.host import clock; print(clock.now() > 0, clock.synchronised())"
    told = subprocess.run([sys.executable, "-c", f"{lacking}; {asked}"], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "None"]


def test_a_reading_never_fails() -> None:
    """What a machine or a container doesn't have is unknown: no boot id, no battery clock, no image date."""
    reading = clock.read()
    assert reading.synchronised in (True, False)
    assert reading.battery_clock is None or reading.battery_clock >= 0
    assert reading.image_date >= 0
    assert reading.boot_id == "" or len(reading.boot_id) == 36


def test_a_battery_clock_says_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rtc0 lost its date, rtc1 runs, rtc2 can't be read: rtc1 counts. Without any there is none."""
    for name, text in (("rtc0", "0"), ("rtc1", "1795435200\n"), ("rtc3", "garbage")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "since_epoch").write_text(text)
    (tmp_path / "rtc2" / "since_epoch").mkdir(parents=True)
    monkeypatch.setattr(clock, "_BATTERY_CLOCKS", str(tmp_path))
    assert clock.read().battery_clock == 1795435200
    monkeypatch.setattr(clock, "_BATTERY_CLOCKS", str(tmp_path / "missing"))
    assert clock.read().battery_clock is None


@pytest.mark.parametrize("other", [0, 10**8, 4 * 10**9])
def test_of_two_battery_clocks_the_one_counts_that_the_system_was_set_by(
    other: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chip's own clock without a battery, which may wake up in 1970, 1973 or 2096, beside one that runs."""
    here = clock.now() - 60
    for name, moment in (("rtc0", other), ("rtc1", here)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "since_epoch").write_text(f"{moment}\n")
    monkeypatch.setattr(clock, "_BATTERY_CLOCKS", str(tmp_path))
    assert clock.read().battery_clock == here


def test_the_image_says_when_it_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the date of /usr/lib/clock-epoch (systemd.io); 0 where there is none."""
    epoch = tmp_path / "clock-epoch"
    epoch.touch()
    os.utime(epoch, (1795392000, 1795392000))
    monkeypatch.setattr(clock, "_EPOCH_FILE", str(epoch))
    assert clock.read().image_date == 1795392000
    monkeypatch.setattr(clock, "_EPOCH_FILE", str(tmp_path / "missing"))
    assert clock.read().image_date == 0


def test_serial_numbers_are_random_and_never_repeated() -> None:
    """19 octets: at least 128 bits, and never 20 with the top bit set (RFC 5280 4.1.2.2)."""
    made = [entropy.serial_number() for _ in range(2000)]
    assert max(Counter(made).values()) == 1
    assert all(0 < serial < 1 << 152 for serial in made)
    assert max(made).bit_length() > 148


def test_a_machine_that_runs_tests_is_seeded() -> None:
    """Asking for keys doesn't wait."""
    assert entropy.seeded() is True


def test_a_machine_that_has_just_started_may_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """getrandom(2) with GRND_NONBLOCK would block."""

    def unseeded(size: int, flags: int) -> bytes:
        raise BlockingIOError

    monkeypatch.setattr(posix, "getrandom", unseeded)
    assert entropy.seeded() is False


@pytest.mark.parametrize("abstract", [False, True])
def test_the_supervisor_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    """sd_notify(3): one datagram, facts a line each, to a path or to an abstract name."""
    named = f"@dotlocal-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + named[1:] if abstract else named)
        monkeypatch.setitem(posix.environ, b"NOTIFY_SOCKET", named.encode())
        supervisor.notify("READY=1", "STATUS=serving")
        assert listener.recv(100) == b"READY=1\nSTATUS=serving"


@pytest.mark.parametrize("named", ["", "/nowhere/notify"])
def test_nobody_listening_is_no_error(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """Without a supervisor, or with one that has gone."""
    monkeypatch.setitem(posix.environ, b"NOTIFY_SOCKET", named.encode())
    supervisor.notify("READY=1")
