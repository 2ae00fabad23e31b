# Boot path: no typing, dataclasses, enum, re, json or datetime at run time.
"""The one module that reads a clock, and what the operating system knows about how good that clock is."""

import posix as os
import sys
from time import time

from dotlocal.host.ffi import CDLL, create_string_buffer

if sys.platform == "linux":  # devices; a customer's computer, of whatever system, is asked for the date alone
    from time import CLOCK_BOOTTIME, clock_gettime

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_EPOCH_FILE = "/usr/lib/clock-epoch"  # its date is the image's build date (systemd.io/CLOCK_EPOCH)
_BATTERY_CLOCKS = "/sys/class/rtc"


class Reading:
    """One look at the clock. Instants in POSIX seconds; `uptime` in seconds, suspended time included.

    `battery_clock` is what the hardware clock says (of several the one that the system agrees with best), or None
    without one; `image_date` the image's build date, or 0.
    """

    __slots__ = ("battery_clock", "boot_id", "image_date", "now", "synchronised", "uptime")

    def __init__(
        self, *, now: int, uptime: int, boot_id: str, synchronised: bool, battery_clock: "int | None", image_date: int
    ) -> None:
        self.now = now
        self.uptime = uptime
        self.boot_id = boot_id
        self.synchronised = synchronised
        self.battery_clock = battery_clock
        self.image_date = image_date


def now() -> int:
    """The system clock, in whole POSIX seconds."""
    return int(time())


def uptime() -> int:
    """Seconds since the machine was started, suspended time included."""
    return int(clock_gettime(CLOCK_BOOTTIME))


def read() -> Reading:
    """Read the clock and everything that says how far to trust it. Never fails: what can't be read is unknown."""
    return Reading(
        now=now(),
        uptime=uptime(),
        boot_id=_text("/proc/sys/kernel/random/boot_id"),
        synchronised=_synchronised(),
        battery_clock=_battery_clock(),
        image_date=_date_of(_EPOCH_FILE),
    )


def synchronised() -> "bool | None":
    """Whether the system says that its clock is synchronised; None where it doesn't say."""
    return _synchronised() if sys.platform == "linux" else None


def _synchronised() -> bool:
    timex = create_string_buffer(512)  # larger than struct timex everywhere; modes = 0, its first field, only reads
    state: int = CDLL(None).adjtimex(timex)
    return 0 <= state < _TIME_ERROR


def _battery_clock() -> "int | None":
    try:
        clocks = sorted(os.listdir(_BATTERY_CLOCKS))
    except OSError:
        return None
    texts = [_text(f"{_BATTERY_CLOCKS}/{name}/since_epoch") for name in clocks]
    readings = [int(text) for text in texts if text.isdigit()]
    # of several the one that the system has been set by: another's date may be any, 1970 as well as 2099
    return min(readings, key=lambda reading: (abs(reading - now()), reading), default=None)


def _text(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 64).decode().strip()
    except (OSError, ValueError):
        return ""
    finally:
        os.close(descriptor)


def _date_of(path: str) -> int:
    try:
        return int(os.stat(path).st_mtime)
    except OSError:
        return 0
