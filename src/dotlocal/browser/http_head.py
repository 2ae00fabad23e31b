"""The little HTTP that doctor speaks: one request, and of the answer the device's clock and its HSTS. Pure."""

from __future__ import annotations

import re

from dotlocal import VERSION
from dotlocal.browser.observation import Head
from dotlocal.core.window import instant

_MOST_OCTETS = 1 << 14
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: |\r|\n|$)")
_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT")  # RFC 9110 5.6.7
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def request(host: str) -> bytes:
    """A request for the first page: GET, because some small servers know no HEAD. No more than the head is read."""
    lines = ("GET / HTTP/1.1", f"Host: {host}", f"User-Agent: dotlocal-doctor/{VERSION}", "Connection: close", "", "")
    return "\r\n".join(lines).encode("ascii")


def complete(told: bytes) -> bool:
    """Whether more of the answer would change nothing."""
    return b"\r\n\r\n" in told or len(told) > _MOST_OCTETS


def parse(told: bytes, *, at: int) -> Head | None:
    """The head of an answer, or None for what is no HTTP. `at`: our clock when it came."""
    status = _STATUS.match(told)
    if not status:
        return None
    lines = told[:_MOST_OCTETS].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Head(
        status=int(status[1]), date=_date(fields.get("date", "")), at=at,
        hsts="strict-transport-security" in fields and "max-age=0" not in fields["strict-transport-security"],
        server=fields.get("server", "")[:80],
    )  # fmt: skip


def _date(text: str) -> int | None:
    found = _DATE.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return None
    try:
        return instant(f"{found[3]}-{_MONTHS.index(found[2]) + 1:02}-{found[1]}T{found[4]}Z")
    except ValueError:
        return None  # 31 February, and the like
