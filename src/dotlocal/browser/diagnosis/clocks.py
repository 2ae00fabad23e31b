"""Windows and clocks: which certificate is out of its time, and whose clock is to blame. Pure.

The device's clock is the Date of its HTTP answer, where there was one. A clock is wrong for sure when it stands before
this package was made, or before the CAs that it uses were.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from dotlocal import RELEASED
from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.observation import Head, Observation
from dotlocal.browser.path import Path
from dotlocal.core.chain import named, window_of
from dotlocal.core.window import DAY, Window, rfc3339

_DRIFT = 300  # seconds: what people notice, and what Kerberos and TOTP don't forgive either
_TENTH = 10


def causes(seen: Observation, path: Path, head: Head | None) -> Iterator[Cause]:
    """What is wrong with times, and whose turn it is."""
    there = head.date if head else None
    leaf = window_of(path.leaf)
    dated = [each for each in path.whole if not window_of(each).contains(seen.instant)]
    if dated:
        yield from _out_of_time(seen, path, there, leaf)
        return
    if there is not None and head is not None and abs(there - head.at) > _DRIFT:
        yield Cause(
            "device-clock-drifts", str(seen.target.host),
            f"the device says {rfc3339(there)}, this computer {rfc3339(head.at)}",
        )  # fmt: skip
    yield from _remaining(seen, path, leaf)


def _out_of_time(seen: Observation, path: Path, there: int | None, leaf: Window) -> Iterator[Cause]:
    here = seen.instant
    authorities = [window_of(each) for each in path.whole[1:]]
    oldest = max([RELEASED, *(window.not_before for window in authorities)])
    if _clock_here_is_wrong(seen, there, leaf, oldest):
        yield Cause(
            "this-clock", "this computer",
            f"this computer says {rfc3339(here)}; "
            + (f"the device says {rfc3339(there)}" if there is not None else f"the certificate is valid {_span(leaf)}"),
        )  # fmt: skip
        return
    for certificate in path.whole[1:]:
        window = window_of(certificate)
        if here > window.not_after:
            yield Cause(
                "chain-expired", named(certificate), f"{named(certificate)} expired {rfc3339(window.not_after)}"
            )
        elif here < window.not_before:
            yield Cause(
                "not-yet-valid",
                named(certificate),
                f"{named(certificate)} is valid from {rfc3339(window.not_before)} on",
            )
    if leaf.contains(here):
        return
    if there is not None and abs(there - here) > _DRIFT and (leaf.contains(there) or there < oldest):
        yield Cause(
            "device-clock", str(seen.target.host),
            f"the device says {rfc3339(there)}, this computer {rfc3339(here)}; the certificate is valid {_span(leaf)}",
        )  # fmt: skip
    elif leaf.not_after < oldest:
        yield Cause(
            "device-clock", str(seen.target.host),
            f"the certificate is valid {_span(leaf)}, which was over before its CA was made, {rfc3339(oldest)}",
        )  # fmt: skip
    elif here > leaf.not_after:
        yield Cause("expired", named(path.leaf), f"expired {rfc3339(leaf.not_after)}; it is {rfc3339(here)}")
    else:
        yield Cause(
            "not-yet-valid", named(path.leaf), f"valid from {rfc3339(leaf.not_before)} on; it is {rfc3339(here)}"
        )


def _clock_here_is_wrong(seen: Observation, there: int | None, leaf: Window, oldest: int) -> bool:
    if seen.instant < RELEASED:
        return True
    if seen.synchronised:
        return False
    if there is not None and leaf.contains(there) and abs(there - seen.instant) > DAY:
        # nobody vouches for this clock, and the device agrees with its own certificates and with their CAs
        return seen.instant < oldest <= there
    return there is None and seen.instant < oldest and seen.instant < leaf.not_before


def _remaining(seen: Observation, path: Path, leaf: Window) -> Iterator[Cause]:
    certificate = min(path.whole, key=lambda each: window_of(each).not_after)
    left = window_of(certificate).not_after - seen.instant
    days = f"{left // DAY} days" if left >= 2 * DAY else f"{left // 3600} hours"
    if seen.warn_days is not None and left < seen.warn_days * DAY:
        yield Cause(
            "days-left",
            named(certificate),
            f"{days} are left for {named(certificate)}, fewer than {seen.warn_days} days",
        )
    elif (leaf.not_after - seen.instant) * _TENTH < leaf.not_after - leaf.not_before:
        yield Cause("expires-soon", named(path.leaf), f"{days} are left, until {rfc3339(leaf.not_after)}")


def days_left(certificates: tuple[x509.Certificate, ...], instant: int) -> float:
    """Until the first of them runs out; negative when one has."""
    return min((window_of(each).not_after - instant) / DAY for each in certificates)


def _span(window: Window) -> str:
    return f"from {rfc3339(window.not_before)} to {rfc3339(window.not_after)}"
