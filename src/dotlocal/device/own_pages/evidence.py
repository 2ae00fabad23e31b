"""Whether a request proves that somebody can use the certificate on probation. Pure.

A click proves something only if it came over a connection that began with that certificate: a page may have been loaded
before the switch, a connection kept open from before it, a TLS session resumed from before it. What resumes shows no
certificate; it counts once the same browser session has made a whole handshake with the new one.

Of what is told, a fingerprint counts most. A serial number that another certificate has as well proves nothing by
itself: then the connection must have begun after the switch too.
"""

from __future__ import annotations

from dotlocal.device.own_pages.link import Link
from dotlocal.device.owned.awaited import Awaited

PROVED = "proved"
OTHER = "other"  # the connection was given another certificate
OLD = "old"  # it began before the switch
RESUMED = "resumed"  # its TLS session may have begun with another certificate
REPEATED = "repeated"  # all that is told of it is a serial number that another certificate has as well
UNTOLD = "untold"  # whoever ends TLS doesn't tell


def judge(link: Link, wanted: Awaited, *, switched: float, now: float, before: bool) -> str:
    """One of the words above. `wanted` is what is on probation; `switched` and `now` are monotonic seconds, the first
    of when every new connection was certain to be given it; `before`: this browser session has proved it already, on
    this or another connection.
    """
    if link.fingerprint:
        if link.fingerprint not in wanted.fingerprints:
            return OTHER
    elif link.serial and link.serial not in wanted.serials:
        return OTHER
    elif not link.serial or link.serial in wanted.repeated:
        if link.age is None:
            return REPEATED if link.serial else UNTOLD
        if now - link.age <= switched:
            return OLD
    # a server that can't tell of resumption has to be one that doesn't resume beyond a switch
    return RESUMED if link.resumed and not before else PROVED
