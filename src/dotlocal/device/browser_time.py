"""`browser_time`: the time that a logged-in customer's browser hands over, for devices that get none from elsewhere.

Never better than a hint (docs/adr/0010): it is asked while the clock is unknown and in the boot that it was given in,
it raises no floor, and a later one takes its place.
"""

from __future__ import annotations

from datetime import datetime

from dotlocal.core.errors import Refused
from dotlocal.core.window import rfc3339
from dotlocal.device import time
from dotlocal.device.settings import Settings
from dotlocal.device.store import State
from dotlocal.device.time import Hint
from dotlocal.host.clock import Reading

RECORDED, AGREES, NOT_NEEDED = "recorded", "agrees", "not-needed"
_SOURCE = "browser"
_CLOSE_SECONDS = 300  # of a hint that is there already: not worth writing flash for, at every login
_LONGEST = 40


def parse(text: str) -> int:
    """A moment in RFC 3339, as `Date.toISOString()` writes it; refuses `hint-format`."""
    try:
        if len(text) > _LONGEST or "T" not in text.upper():
            raise ValueError
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        raise Refused(
            "hint-format", f"{text[:_LONGEST]!r} is no time with its zone", hint="as in 2026-11-23T12:00:00Z (RFC 3339)"
        ) from None


def take(state: State, settings: Settings, reading: Reading, moment: int) -> str:
    """Keep the moment as this boot's hint: `recorded`, or `agrees` with the one before, or `not-needed` when the clock
    is known. Refuses `browser-time-off`, `hint-outside`, `hint-no-boot`, and what a state is refused for.
    """
    if not settings.browser_time:
        raise Refused(
            "browser-time-off", "device.toml does not let a browser hand over the time",
            hint="browser_time = true does, where there is no better source",
        )  # fmt: skip
    ca = state.template().issuer_window
    before = state.hint()
    clock = time.judge(
        reading, state.floor(), built=settings.built, ca_not_before=ca.not_before, hint=before,
        ca_not_after=ca.not_after,
    )  # fmt: skip
    if clock.quality != time.UNKNOWN:
        return NOT_NEEDED
    if not clock.floor <= moment <= ca.not_after:
        raise Refused(
            "hint-outside", f"{_told(moment)} is not between {rfc3339(clock.floor)} and {rfc3339(ca.not_after)}",
            hint="the first has certainly passed, the second is the device CA's end: look at the browser's clock",
        )  # fmt: skip
    if not reading.boot_id:
        raise Refused("hint-no-boot", "the kernel does not tell one boot from another, so a hint would never end")
    if clock.hint and abs(clock.now - moment) <= _CLOSE_SECONDS:
        return AGREES
    state.save_hint(Hint(moment, reading.uptime, reading.boot_id, _SOURCE))
    return RECORDED


def _told(moment: int) -> str:
    return rfc3339(moment) if moment >= 0 else "a time before 1970"
