"""Writing a certificate request (PKCS#10, RFC 2986): a subject, a key, and no attribute at all."""

from dotlocal.core import der
from dotlocal.core.template import ALGORITHMS


def contents(subject: bytes, spki: bytes) -> bytes:
    """CertificationRequestInfo, the part that is signed."""
    return der.sequence(der.integer(0), subject, spki, der.explicit(0, b""))


def request(signed: bytes, algorithm: str, signature: bytes) -> bytes:
    """CertificationRequest, DER."""
    return der.sequence(signed, ALGORITHMS[algorithm], der.bit_string(signature))


def device_name(serial: str) -> bytes:
    """A device's subject in its request: its serial number alone."""
    return der.sequence(der.set_of(der.sequence(der.oid("2.5.4.5"), der.printable_string(serial))))


def station_name(name: str) -> bytes:
    """A station's subject in its request: its name as common name alone."""
    return der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string(name))))
