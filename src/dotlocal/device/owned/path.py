"""The way from a customer's certificate up to the customer's root, from certificates in any order. Pure.

Every CA on it is held to what RFC 5280 6 asks of one: signature, CA, path length, usage, and its name constraints,
excluded subtrees included, over all that is below.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from dotlocal.core.chain import named, signed_by
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.names import Address, unusable
from dotlocal.core.subtrees import Subtrees, cidr, range_within, within_dns, within_ip

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_MOST_CAS = 8
_SERVER = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


@dataclass(frozen=True, slots=True)
class Path:
    """`below` ends with the last certificate that is not self-signed; `root` is the self-signed one above, if known.

    `impostors` bear the name of an issuer that is missing, and did not sign.
    """

    below: tuple[x509.Certificate, ...]
    root: x509.Certificate | None
    impostors: tuple[x509.Certificate, ...] = ()

    @property
    def authorities(self) -> tuple[x509.Certificate, ...]:
        """The CAs, the lowest first."""
        return self.below[1:] + ((self.root,) if self.root else ())


def self_signed(certificate: x509.Certificate) -> bool:
    """Whether it vouches for itself."""
    return certificate.subject == certificate.issuer and signed_by(certificate, certificate)


def climb(leaf: x509.Certificate, given: Sequence[x509.Certificate]) -> Path:
    """The path above a leaf; of several possible issuers the first that is given."""
    below, root = [leaf], None
    while len(below) <= _MOST_CAS and not root:
        top = below[-1]
        issuers = [each for each in given if each not in below and signed_by(top, each)]
        if not issuers:
            impostors = [each for each in given if each.subject == top.issuer and each not in below]
            return Path(tuple(below), None, tuple(impostors))
        # a self-signed one first: a cross-certificate beside it would only make the path longer
        issuer = next((each for each in issuers if self_signed(each)), issuers[0])
        if self_signed(issuer):
            root = issuer
        else:
            below.append(issuer)
    return Path(tuple(below), root)


def examine(path: Path, names: Sequence[str], addresses: Sequence[Address], *, extra: int = 0) -> Iterator[Finding]:
    """What is wrong with the CAs of a path, for a leaf (or a CA, with `extra` CAs to come below) of these names."""
    for depth, authority in enumerate(path.authorities):
        yield from _authority(authority, depth + extra)
        yield from purposes(authority)
        outside = [*_names_outside(authority, names), *_addresses_outside(authority, addresses)]
        if outside:
            yield Finding(
                "own-constraint", ERROR, named(authority),
                f"{', '.join(outside)} is outside the name constraints of {named(authority)} (RFC 5280 4.2.1.10)",
                hint="ask for a certificate with names that this CA may give, or for another CA",
            )  # fmt: skip


def outside(authority: x509.Certificate, wanted: Subtrees) -> list[str]:
    """Those of the wanted subtrees that the constraints of a CA do not permit, or exclude in part."""
    permitted, excluded = _subtrees(authority)
    bases, closed = _bases(permitted), _bases(excluded)
    wider = [
        base
        for base in wanted.dns or ()
        if (bases and not any(_below(base, each) for each in bases))
        or any(_touches(base, each) or within_dns(each.removeprefix("."), base) for each in closed)
    ]
    ranges, shut = _ranges(permitted), _ranges(excluded)
    for each in wanted.ip or ():
        if unusable(Address(each[0])) and each[1] == b"\xff" * len(each[1]):
            continue  # 0.0.0.0/32 and ::1/128 stand for none
        inside = any(range_within(each, outer) for outer in ranges)
        if (ranges and not inside) or any(range_within(each, out) or range_within(out, each) for out in shut):
            wider.append(cidr(*each))
    return wider


def _bases(subtrees: Sequence[x509.GeneralName]) -> list[str]:
    return [each.value.lower() for each in subtrees if isinstance(each, x509.DNSName)]


def _authority(authority: x509.Certificate, below: int) -> Iterator[Finding]:
    basic = extension(authority, x509.BasicConstraints)
    usage = extension(authority, x509.KeyUsage)
    if basic is None or not basic.ca:
        yield Finding(
            "own-not-a-ca", ERROR, named(authority), f"{named(authority)} signed a certificate and is no CA",
            hint="have the certificate made by a CA (RFC 5280 4.2.1.9)",
        )  # fmt: skip
    elif basic.path_length is not None and below > basic.path_length:
        yield Finding(
            "own-path-length", ERROR, named(authority),
            f"{named(authority)} has a path length of {basic.path_length}, and {below} would come below it",
            hint="have the certificate made by a CA that may (RFC 5280 4.2.1.9)",
        )  # fmt: skip
    if usage is not None and not usage.key_cert_sign:
        yield Finding(
            "own-may-not-sign", ERROR, named(authority), f"{named(authority)} may not sign certificates: its key usage",
            hint="have the CA made anew with keyCertSign (RFC 5280 4.2.1.3)",
        )  # fmt: skip


def purposes(authority: x509.Certificate) -> Iterator[Finding]:
    """Whether servers are among what a CA may vouch for."""
    found = extension(authority, x509.ExtendedKeyUsage)
    if found is not None and not any(each in found for each in _SERVER):
        yield Finding(
            "own-ca-purpose", ERROR, named(authority), f"{named(authority)} is not for servers: its extended key usage",
            hint="have the certificate made by another CA (RFC 5280 4.2.1.12)",
        )  # fmt: skip


def _names_outside(authority: x509.Certificate, names: Sequence[str]) -> Iterator[str]:
    permitted, excluded = _subtrees(authority)
    bases, closed = _bases(permitted), _bases(excluded)
    for name in names:
        if (bases and not any(_below(name, base) for base in bases)) or any(_touches(name, base) for base in closed):
            yield name


def _addresses_outside(authority: x509.Certificate, addresses: Sequence[Address]) -> Iterator[str]:
    permitted, excluded = _subtrees(authority)
    # one kind of address in it closes the other as well, in nearly every client
    ranges, closed = _ranges(permitted), _ranges(excluded)
    for address in addresses:
        inside = any(within_ip(address.packed, *each) for each in ranges)
        if (ranges and not inside) or any(within_ip(address.packed, *each) for each in closed):
            yield address.text


def _ranges(subtrees: Sequence[x509.GeneralName]) -> list[tuple[bytes, bytes]]:
    networks = [each.value for each in subtrees if isinstance(each, x509.IPAddress)]
    return [
        (network.network_address.packed, network.netmask.packed)
        for network in networks
        if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
    ]


def _below(name: str, base: str) -> bool:
    # with a leading dot, as many CAs write it, the base itself is outside
    return name.endswith(base) if base.startswith(".") else not base or within_dns(name, base)


def _touches(name: str, base: str) -> bool:
    if base == "":
        return True
    return within_dns(name, base.removeprefix(".")) or (name.startswith("*.") and within_dns(base, name[2:]))


def _subtrees(authority: x509.Certificate) -> tuple[list[x509.GeneralName], list[x509.GeneralName]]:
    found = extension(authority, x509.NameConstraints)
    if found is None:
        return [], []
    return list(found.permitted_subtrees or ()), list(found.excluded_subtrees or ())


def extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    """The value of an extension, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
