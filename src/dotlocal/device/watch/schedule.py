# Boot path: no typing, dataclasses, enum, re or json at run time.
"""When a watching device makes its certificates anew. Pure: every moment is monotonic time in seconds, an argument.

A burst of changes is one: the schedule waits until it has been quiet for a moment, and no longer than a second in all.
A failed issue keeps the old certificates and is tried again, ever more slowly, and so is one that the web server didn't
take.
"""

from dotlocal.core.window import instant
from dotlocal.device.time import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

QUIET_SECONDS = 0.3  # an interface that comes up brings its addresses within this time
MOST_WAIT_SECONDS = 1.0  # a network that never falls silent must not put the certificate off
FIRST_RETRY_SECONDS = 2.0
MOST_RETRY_SECONDS = 300.0
LEAST_RENEWAL_SECONDS = 60.0
FUTILE_SECONDS = 86400.0  # below a CA that ends or has ended: another certificate would last no longer


def renewal(not_before: int, not_after: int, now: int) -> float:
    """Seconds from now to two thirds of a certificate's lifetime; all three as instants."""
    return not_before + (not_after - not_before) * 2 / 3 - now


def renewal_of(report: "dict[str, Any]") -> float:
    """The same for the set that a status is about, by the time that the device may go by: where the clock is unknown
    and nobody has handed one over, that is the floor. KeyError and ValueError say that it is no such status.
    """
    clock = report["clock"]
    now = clock["floor"] if clock["quality"] == UNKNOWN and "hint" not in clock else clock["now"]
    wait = renewal(instant(report["not_before"]), instant(report["not_after"]), instant(now))
    return wait if wait > 0 else FUTILE_SECONDS


def look_of(report: "dict[str, Any]") -> "float | None":
    """Seconds until something changes by itself that a set depends on, or None: what the customer has put in on
    probation, or a clock that will have caught up with what was taken for passed.
    """
    moments = [report.get("own", {}).get("look_in"), report["clock"].get("known_in")]
    return min((float(moment) for moment in moments if moment is not None), default=None)


class Schedule:
    """What is due, and when. `reasons` are those that have gathered since the last issue, in order, each once."""

    __slots__ = ("_first", "_latest", "_look", "_renewal", "_retry", "failures", "reasons")

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.failures = 0
        self._first: float | None = None
        self._latest = 0.0
        self._retry: float | None = None
        self._renewal: float | None = None
        self._look: float | None = None

    def happened(self, reason: str, at: float) -> None:
        """Something changed that certificates depend on."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        self._first = at if self._first is None else self._first
        self._latest = at

    def due(self) -> "float | None":
        """The moment of the next issue, or None: nothing is coming, sleep until something happens."""
        moments = [moment for moment in (self._retry, self._renewal, self._look) if moment is not None]
        if self._first is not None:
            moments.append(min(self._latest + QUIET_SECONDS, self._first + MOST_WAIT_SECONDS))
        return min(moments, default=None)

    def forget(self) -> None:
        """What happened turned out to be nothing; a renewal or a retry stays due."""
        self.reasons, self._first = [], None

    def taken(self) -> "list[str]":
        """The reasons for the issue that starts now; what happens from here on is for the next one."""
        reasons = self.reasons
        self.forget()
        self._retry = self._renewal = self._look = None
        return reasons

    def succeeded(self, at: float, *, renew_in: "float | None", handed_over: bool = True) -> None:
        """An issue is done; the next one is due in so many seconds, whatever happens or doesn't; None: never.

        One that the web server didn't take is tried again as a failed one is.
        """
        self._renewal = None if renew_in is None else at + max(renew_in, LEAST_RENEWAL_SECONDS)
        if handed_over:
            self.failures = 0
        else:
            self.failed(at)

    def look_at(self, moment: "float | None") -> None:
        """When something will change by itself (see `look_of`), or None: never."""
        self._look = moment

    def failed(self, at: float) -> None:
        """An issue did not work: again after 2, 4, 8 … seconds, five minutes at most."""
        self._retry = at + min(FIRST_RETRY_SECONDS * 2**self.failures, MOST_RETRY_SECONDS)
        self.failures = min(self.failures + 1, 16)
