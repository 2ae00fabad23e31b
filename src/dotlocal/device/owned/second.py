"""A second opinion on a path: `cryptography`'s verifier, as strict as Python 3.13 and newer programs are. Pure.

Browsers take more than it does, so what it says is for information. It also sees what no rule here looks at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import verification

from dotlocal.core.chain import named, window_of
from dotlocal.core.findings import NOTE, Finding
from dotlocal.core.names import Address
from dotlocal.device.owned.path import Path


def opinion(path: Path, names: Sequence[str], addresses: Sequence[Address], now: int) -> Iterator[Finding]:
    """A note, where the root is known and the verifier refuses."""
    hosts: list[x509.DNSName | x509.IPAddress] = [x509.DNSName(each) for each in names if not each.startswith("*")]
    hosts += [x509.IPAddress(ipaddress.ip_address(each.packed)) for each in addresses]
    if path.root is None or not hosts:
        return
    leaf, *above = path.below
    # the dates have a rule of their own, which knows how good the clock is
    moment = datetime.fromtimestamp(max(now, *(window_of(each).not_before for each in path.below)), UTC)
    policy = verification.PolicyBuilder().store(verification.Store([path.root])).time(moment)
    try:
        policy.build_server_verifier(hosts[0]).verify(leaf, above)
    except (verification.VerificationError, ValueError) as error:
        yield Finding(
            "own-strict", NOTE, named(leaf), f"browsers take it; Python 3.13 and other strict programs do not: {error}",
            hint="if programs connect as well, have it made as they want it",
        )  # fmt: skip
