"""What is read off certificates: who signed whom, when they are valid, and how people tell them apart."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from dotlocal.core.window import Window


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say that the issuer made the certificate; dates and usages are not looked at."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


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
