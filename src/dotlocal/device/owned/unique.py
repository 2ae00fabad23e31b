"""Whether a CA has given one serial number twice. Pure.

Clients that have seen the other certificate refuse this one, Firefox with no way on, and a connection that is told by
its serial number can't be told from one that was given the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509

from dotlocal.core.chain import named, window_of
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.window import rfc3339


def repeated(served: Sequence[x509.Certificate], known: Iterable[x509.Certificate]) -> Iterator[Finding]:
    """An error for each of those to be served that has issuer and serial number of another one."""
    by_number = {(each.issuer, each.serial_number): each for each in served}
    for other in dict.fromkeys(known):
        mine = by_number.get((other.issuer, other.serial_number))
        if mine is not None and mine != other:
            issuer = other.issuer.rfc4514_string() or "a CA without a name"
            yield Finding(
                "own-serial-repeated", ERROR, named(mine),
                f"{issuer} has given the serial number {mine.serial_number:x} to two certificates: to this one, and to"
                f" {named(other)} of {rfc3339(window_of(other).not_before)}",
                hint="have it made anew, with a serial number of its own (RFC 5280 4.1.2.2)",
            )  # fmt: skip
