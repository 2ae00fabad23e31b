"""Writing a certificate request (PKCS#10, RFC 2986): a subject, a key, and at most the names that are asked for."""

from dotlocal.core import der
from dotlocal.core.names import Address, HostName
from dotlocal.core.template import ALGORITHMS, EMPTY_NAME, subject_alt_name


def contents(
    subject: bytes, spki: bytes, names: "list[HostName] | tuple[HostName, ...]" = (),
    addresses: "list[Address] | tuple[Address, ...]" = (), extensions: "tuple[bytes, ...]" = (),
) -> bytes:  # fmt: skip
    """CertificationRequestInfo, the part that is signed. It asks for these names, addresses and encoded extensions;
    where there are none it has no attribute at all.
    """
    if names or addresses:
        # CAs that copy the extension copy this as well, and below an empty subject it must be (RFC 5280 4.2.1.6)
        critical = subject == EMPTY_NAME
        extensions = (der.extension("2.5.29.17", subject_alt_name(names, addresses), critical=critical), *extensions)
    # extensionRequest (RFC 2985 5.4.2)
    asked = der.sequence(der.oid("1.2.840.113549.1.9.14"), der.set_of(der.sequence(*extensions))) if extensions else b""
    return der.sequence(der.integer(0), subject, spki, der.explicit(0, asked))


def request(signed: bytes, algorithm: str, signature: bytes) -> bytes:
    """CertificationRequest, DER."""
    return der.sequence(signed, ALGORITHMS[algorithm], der.bit_string(signature))


def device_name(serial: str) -> bytes:
    """A device's subject in its request: its serial number alone."""
    return der.sequence(der.set_of(der.sequence(der.oid("2.5.4.5"), der.printable_string(serial))))


def common_name(name: str) -> bytes:
    """A subject that is a common name alone: a station's, or a host's."""
    return der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string(name))))
