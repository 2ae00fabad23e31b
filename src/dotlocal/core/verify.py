"""What a browser would conclude about a chain, for a name, at a time.

Two judges: our own rules, which say *why*, and `cryptography`'s verifier, which has the last word. A chain passes only
when both find nothing, so that a rule forgotten here can make an answer vague but never wrong.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from dotlocal.core import constraints as name_constraints
from dotlocal.core.chain import named, signed_by, window_of
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import rfc3339

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that trusts `root`, was sent `chain` (leaf first, no root), asks for `host`, and reads `instant`."""

    chain: Sequence[x509.Certificate]
    root: x509.Certificate
    host: HostName | Address
    instant: int

    @property
    def path(self) -> list[x509.Certificate]:
        """The chain and the root above it."""
        return [*self.chain, self.root]


def verify(
    chain: Sequence[x509.Certificate], root: x509.Certificate, host: HostName | Address, instant: int
) -> list[Finding]:
    """Why a browser would refuse, the most useful reason first; empty when it would accept.

    Revocation is not looked at: browsers don't either for a root that was imported.
    """
    visit = Visit(chain, root, host, instant)
    if not chain:
        return [Finding("no-certificate", ERROR, host.text, "no certificate was sent")]
    findings = [
        Finding(code, ERROR, named(visit.path[depth]), f"{message} ({clause})")
        for code, clause, rule in RULES
        for depth, message in rule(visit)
    ]
    refusal = _last_word(visit)
    if refusal and not findings:
        findings.append(Finding("refused-by-verifier", ERROR, named(chain[0]), refusal))
    return findings


def _signatures(visit: Visit) -> Iterator[tuple[int, str]]:
    path = visit.path
    for depth, (certificate, issuer) in enumerate(pairwise(path)):
        if certificate.issuer != issuer.subject:
            yield depth, f"{named(certificate)} was made by {certificate.issuer.rfc4514_string()}, not {named(issuer)}"
        elif not signed_by(certificate, issuer):
            yield depth, f"the signature on {named(certificate)} is not by the key of {named(issuer)}"


def _names(visit: Visit) -> Iterator[tuple[int, str]]:
    names, addresses = alternative_names(visit.chain[0])
    if visit.host not in (*names, *addresses):
        answered = ", ".join(str(name) for name in (*names, *addresses)) or "no name at all"
        yield 0, f"{visit.host} was asked for; the certificate names {answered}"


def _dates(visit: Visit) -> Iterator[tuple[int, str]]:
    for depth, certificate in enumerate(visit.path):
        window = window_of(certificate)
        if visit.instant < window.not_before:
            yield depth, f"valid from {rfc3339(window.not_before)} on; it is {rfc3339(visit.instant)}"
        if visit.instant > window.not_after:
            yield depth, f"expired {rfc3339(window.not_after)}; it is {rfc3339(visit.instant)}"


def _authorities(visit: Visit) -> Iterator[tuple[int, str]]:
    for depth, certificate in enumerate(visit.path[1:], start=1):
        basic = _extension(certificate, x509.BasicConstraints)
        if basic is None or not basic.ca:
            yield depth, f"{named(certificate)} signed a certificate and is no CA"
        elif basic.path_length is not None and depth - 1 > basic.path_length:
            yield depth, f"{depth - 1} CAs below a path length of {basic.path_length}"


def _purposes(visit: Visit) -> Iterator[tuple[int, str]]:
    for depth, certificate in enumerate(visit.chain):
        purposes = _extension(certificate, x509.ExtendedKeyUsage)
        if purposes is not None and ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
            yield depth, "not for servers: its extended key usage lacks serverAuth"


def _constraints(visit: Visit) -> Iterator[tuple[int, str]]:
    names, addresses = alternative_names(visit.chain[0])
    for depth, authority in enumerate(visit.path[1:], start=1):
        try:
            found = name_constraints.subtrees_of(authority)
        except Refused:
            continue  # excluded subtrees and other forms: the verifier judges them
        permitted = Subtrees(found.dns and tuple(base.lower() for base in found.dns), found.ip)
        outside = [name.text for name in names if not permitted.permits(name)]
        outside += [address.text for address in addresses if not permitted.permits(address)]
        if outside:
            yield depth, f"{', '.join(outside)} is outside the name constraints of {named(authority)}"


RULES: tuple[tuple[str, str, Callable[[Visit], Iterator[tuple[int, str]]]], ...] = (
    ("constraint-broken", "RFC 5280 4.2.1.10", _constraints),
    ("wrong-issuer", "RFC 5280 6.1.3", _signatures),
    ("not-a-ca", "RFC 5280 4.2.1.9", _authorities),
    ("wrong-name", "RFC 9525 6.3", _names),
    ("wrong-time", "RFC 5280 4.1.2.5", _dates),
    ("wrong-purpose", "RFC 5280 4.2.1.12", _purposes),
)


def alternative_names(certificate: x509.Certificate) -> tuple[list[HostName], list[Address]]:
    """The host names and addresses that a certificate names; entries that no client could ask for are passed over."""
    names: list[HostName] = []
    addresses: list[Address] = []
    for entry in _extension(certificate, x509.SubjectAlternativeName) or ():
        if isinstance(entry, x509.DNSName):
            names.append(HostName(entry.value.lower()))
        elif isinstance(entry, x509.IPAddress) and hasattr(entry.value, "packed"):
            addresses.append(Address(entry.value.packed))
    return names, addresses


def _last_word(visit: Visit) -> str:
    policy = verification.PolicyBuilder().store(verification.Store([visit.root]))
    policy = policy.time(datetime.fromtimestamp(visit.instant, UTC))
    subject = x509.DNSName(visit.host.text) if isinstance(visit.host, HostName) else x509.IPAddress(_ip(visit.host))
    try:
        policy.build_server_verifier(subject).verify(visit.chain[0], list(visit.chain[1:]))
    except verification.VerificationError as error:
        return str(error)
    return ""


def _ip(address: Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address.packed)


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
