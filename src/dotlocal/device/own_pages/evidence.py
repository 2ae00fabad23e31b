"""Whether a request proves that somebody can use the certificate on probation. Pure.

A click proves something only if it came over a connection that began with that certificate: a page may have been loaded
before the switch, a connection kept open from before it, a TLS session resumed from before it. What resumes shows no
certificate; it counts once the same browser session has made a whole handshake with the new one.
"""

from __future__ import annotations

from collections.abc import Collection

from dotlocal.device.own_pages.link import Link

PROVED = "proved"
OTHER = "other"  # the connection was given another certificate
OLD = "old"  # it began before the switch
RESUMED = "resumed"  # its TLS session may have begun with another certificate
UNTOLD = "untold"  # whoever ends TLS doesn't tell


def judge(link: Link, wanted: Collection[str], *, switched: float, now: float, before: bool) -> str:
    """One of the words above. `wanted` are the serial numbers on probation; `switched` and `now` are monotonic seconds,
    the first of when every new connection was certain to be given them; `before`: this browser session has proved it
    already, on this or another connection.
    """
    if link.serial:
        if link.serial not in wanted:
            return OTHER
    elif link.age is not None:
        if now - link.age <= switched:
            return OLD
    else:
        return UNTOLD
    # a server that can't tell of resumption has to be one that doesn't resume beyond a switch
    return RESUMED if link.resumed and not before else PROVED
