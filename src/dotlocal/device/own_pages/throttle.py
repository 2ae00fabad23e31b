"""How fast passwords may be tried: per address, in all, and apart from both for browsers that were let in before. Pure.

After a few failures an address waits, twice as long each time, up to five minutes. All addresses together have a bucket
of attempts that fills up again, so that many of them are no way around. Nothing is ever locked: a bucket refills, and a
browser that has the cookie of an earlier login has a row of its own, which nobody else can use up.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

FREE = 4  # failures without a wait
MOST_SECONDS = 300.0
BUCKET = 30  # attempts of all strangers together at once …
REFILL_SECONDS = 6.0  # … and one more each so many seconds: 14,400 a day
_MOST_ROWS = 512
_FORGIVEN_SECONDS = 3600.0  # after so long without a failure


@dataclass(slots=True)
class _Row:
    failures: int
    last: float


class Throttle:
    """Counts failures. `wait` first, then `failed` or `succeeded`; moments are monotonic seconds."""

    __slots__ = ("_filled", "_level", "_rows")

    def __init__(self, now: float) -> None:
        self._rows: dict[str, _Row] = {}
        self._level = float(BUCKET)
        self._filled = now

    def wait(self, address: str, browser: str, now: float) -> float:
        """Seconds until this one may try again; 0: at once. `browser` names one that was let in before, or is empty."""
        row = self._rows.get(_key(address, browser))
        due = row.last + _pause(row.failures) if row and now - row.last < _FORGIVEN_SECONDS else now
        wait = max(0.0, due - now)
        if not browser:
            self._fill(now)
            wait = max(wait, (1.0 - self._level) * REFILL_SECONDS)
        return wait

    def failed(self, address: str, browser: str, now: float) -> None:
        """A wrong password."""
        key = _key(address, browser)
        row = self._rows.pop(key, None)
        fresh = row is None or now - row.last >= _FORGIVEN_SECONDS
        self._rows[key] = _Row(1 if row is None or fresh else row.failures + 1, now)
        while len(self._rows) > _MOST_ROWS:  # the one that has been quiet longest
            del self._rows[next(iter(self._rows))]
        if not browser:
            self._fill(now)
            self._level = max(0.0, self._level - 1)

    def succeeded(self, address: str, browser: str) -> None:
        """The right one."""
        self._rows.pop(_key(address, browser), None)

    def _fill(self, now: float) -> None:
        self._level = min(float(BUCKET), self._level + (now - self._filled) / REFILL_SECONDS)
        self._filled = now


def _pause(failures: int) -> float:
    return 0.0 if failures < FREE else min(2.0 ** (failures - FREE), MOST_SECONDS)


def _key(address: str, browser: str) -> str:
    if browser:
        return f"browser {browser}"
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "nowhere"
    # whoever has one IPv6 address has the 2^64 beside it
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
