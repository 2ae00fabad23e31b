"""Which certificate a connection that confirms must have been given, and by what that is told from others. Pure.

A serial number names a certificate within one CA, as long as that CA keeps to the rule (RFC 5280 4.1.2.2). Small ones
don't: `openssl x509 -req -set_serial 1` makes each of them number 1. A fingerprint names one, whoever made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dotlocal.device.handover import proof


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is on probation, in lower-case hexadecimal; `repeated` are those of its serial numbers that another
    certificate known here has as well, so that they tell nothing.
    """

    serials: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()


def awaited(mine: Sequence[bytes], others: Sequence[bytes]) -> Awaited:
    """Of the certificates (DER) that are served on probation, beside those that were or may be served instead."""
    serials = frozenset(proof.serial_of(each) for each in mine)
    repeated = serials & {proof.serial_of(each) for each in others if each not in mine}
    return Awaited(serials, frozenset(proof.fingerprint_of(each) for each in mine), repeated)
