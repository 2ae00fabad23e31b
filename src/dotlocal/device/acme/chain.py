"""The chain that an ACME server hands out (RFC 8555 9.1), read, and held against what was asked for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dotlocal.core import keys, pem
from dotlocal.core.chain import fingerprint, window_of
from dotlocal.core.errors import Refused
from dotlocal.core.window import Window
from dotlocal.device.acme.answer import Answer, words
from dotlocal.device.acme.challenge import Identifier
from dotlocal.device.acme.jws import base64url

MOST_ALTERNATES = 8
_MOST_CERTIFICATES = 10
_KIND = "application/pem-certificate-chain"


@dataclass(frozen=True, slots=True)
class Chain:
    """Certificates, the server's first, each signed by the next as the ACME server says."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The server certificate."""
        return self.certificates[0]

    @property
    def window(self) -> Window:
        """The server certificate's validity."""
        return window_of(self.leaf)

    def encode(self) -> str:
        """As PEM."""
        return "".join(pem.encode(pem.CERTIFICATE, _der(each)) for each in self.certificates)

    def comes_from(self, root: str) -> bool:
        """Whether its top is, or is issued by, the root of this common name or fingerprint (SHA-256, hexadecimal)."""
        top = self.certificates[-1]
        names = {str(each.value) for each in top.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)}
        wanted = root.replace(":", "").lower()
        return root in names or wanted in {fingerprint(each).replace(":", "").lower() for each in self.certificates}

    def check(self, key_id: bytes, identifiers: Sequence[Identifier]) -> None:
        """Refuse `acme-other-key` and `acme-other-names`: a certificate that isn't the one that was asked for."""
        found = self.leaf.public_key()
        try:
            ours = keys.key_id_of(found) == key_id  # type: ignore[arg-type]  # of other kinds: not ours either
        except (AttributeError, ValueError):
            ours = False
        if not ours:
            raise Refused("acme-other-key", "the ACME server's certificate is not for the key that it was asked for")
        missing = sorted({each.text for each in identifiers} - _names(self.leaf))
        if missing:
            raise Refused("acme-other-names", f"the ACME server's certificate does not name {', '.join(missing)}")


def parse(answer: Answer) -> Chain:
    """The chain in an answer; refuses `acme-answer` and what `pem` refuses."""
    if answer.kind != _KIND:
        raise answer.odd(f"{words(answer.kind) or 'no content type'}, where {_KIND} is expected")
    certificates = pem.certificates(answer.body, "the ACME server's chain")
    if len(certificates) > _MOST_CERTIFICATES:
        raise answer.odd(f"{len(certificates)} certificates; at most {_MOST_CERTIFICATES} are read")
    return Chain(tuple(certificates))


def renewal_id(leaf: x509.Certificate) -> str:
    """How renewal information names a certificate (RFC 9773 4.1): the key id of its issuer, and its serial number.

    Nothing where it names no issuer's key, for then there is no such identifier.
    """
    try:
        authority = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return ""
    if not authority:
        return ""
    serial = leaf.serial_number
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")  # as in DER, with the zero that keeps it positive
    return f"{base64url(authority)}.{base64url(octets)}"


def _names(leaf: x509.Certificate) -> set[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(each) for each in names.get_values_for_type(x509.IPAddress)}
    return {name.lower() for name in names.get_values_for_type(x509.DNSName)} | addresses


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
