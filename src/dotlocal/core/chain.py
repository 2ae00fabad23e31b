"""Chains of certificates: who signed whom, and the order in which they are sent."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from dotlocal.core.errors import Refused
from dotlocal.core.window import Window


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say that the issuer made the certificate; dates and usages are not looked at."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def in_order(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The certificates as one chain, each followed by its issuer, whatever order they came in.

    The first is the one that signed none of the others. Refuses `chain-broken` when they don't form one chain: one
    missing, one too many, two ends. A root at the end is allowed and not needed.
    """
    signers = {
        index: [c for c in certificates if c is not each and signed_by(each, c)]
        for index, each in enumerate(certificates)
    }
    ends = [c for c in certificates if not any(c in issuers for issuers in signers.values())]
    if len(ends) != 1:
        raise Refused("chain-broken", f"{len(certificates)} certificates do not form one chain: {len(ends)} ends")
    ordered = ends
    while len(ordered) < len(certificates):
        issuers = signers[certificates.index(ordered[-1])]
        if not issuers or issuers[0] in ordered:
            raise Refused("chain-broken", f"the issuer of {named(ordered[-1])} is missing")
        ordered.append(issuers[0])
    return ordered


def named(certificate: x509.Certificate) -> str:
    """How a person tells this certificate from others."""
    return (
        certificate.subject.rfc4514_string({NameOID.SERIAL_NUMBER: "serialNumber"})
        or f"the certificate {certificate.serial_number:x}"
    )


def window_of(certificate: x509.Certificate) -> Window:
    """The validity of a certificate."""
    return Window(int(certificate.not_valid_before_utc.timestamp()), int(certificate.not_valid_after_utc.timestamp()))


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate as browsers show it: AB:CD:…"""
    return certificate.fingerprint(SHA256()).hex(":").upper()
