# Boot path: no typing, dataclasses, enum, re or json at run time.
"""A clock that was set, and isn't synchronised yet: it is asked again, for a while.

Whoever sets the clock has the kernel forget that it was synchronised (ntp_clear in kernel/time/ntp.c). ntpd, BusyBox's
too, says that it is again some answers later, and of that the kernel tells nobody.
"""

from time import monotonic

from dotlocal.device.time import UNKNOWN
from dotlocal.device.watch.events import ClockSet
from dotlocal.host import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WAITS = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)


class Synchronisation:
    """`due` is the moment (of `time.monotonic`) of the next look, or None: there is nothing to wait for."""

    __slots__ = ("_waits", "due")

    def __init__(self) -> None:
        self._waits: list[float] = []
        self.due: float | None = None

    def told(self, report: "dict[str, Any]", reasons: "set[str]") -> None:
        """What a boot has just made, and why."""
        if report["clock"]["quality"] != UNKNOWN or clock.synchronised():
            self.due = None  # it is known, or no better for being asked
        elif ClockSet.reason in reasons:
            self._waits = list(WAITS)
            self._wait()

    def look(self) -> bool:
        """Whether it is synchronised by now."""
        if clock.synchronised():
            self.due = None
            return True
        self._wait()
        return False

    def _wait(self) -> None:
        self.due = monotonic() + self._waits.pop(0) if self._waits else None
