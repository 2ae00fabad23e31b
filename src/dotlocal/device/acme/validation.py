"""The certificate that answers TLS-ALPN-01 (RFC 8737 3): self-signed, one name, a digest of the answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dotlocal.core import der
from dotlocal.core.names import Address
from dotlocal.core.template import ALGORITHMS, certificate, subject_alt_name
from dotlocal.core.window import DAY
from dotlocal.device.acme.challenge import Identifier, Pending
from dotlocal.host import entropy, keys

_ACME_IDENTIFIER = "1.3.6.1.5.5.7.1.31"  # id-pe-acmeIdentifier, RFC 8737 6.1


@dataclass(frozen=True, slots=True)
class Validation:
    """Who asks for it in SNI, and key and certificate as one PEM text."""

    server_name: str
    pem: str
    certificate: bytes


def make(pending: Pending, now: int) -> Validation:
    """A new key and the certificate that answers this challenge."""
    key = keys.generate()
    serial = entropy.serial_number()
    subject = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string("ACME validation"))))
    who = pending.identifier
    named = subject_alt_name([], [who]) if isinstance(who, Address) else subject_alt_name([who], [])
    digest = hashlib.sha256(pending.key_authorization.encode()).digest()
    extensions = (
        der.extension("2.5.29.17", named, critical=False),
        der.extension(_ACME_IDENTIFIER, der.octet_string(digest), critical=True),
    )
    contents = der.sequence(
        der.explicit(0, der.integer(2)), der.integer(serial), ALGORITHMS["ecdsa-sha256"], subject,
        der.sequence(der.time(max(now - DAY, 0)), der.time(now + DAY)), subject, keys.spki_of(key),
        der.explicit(3, der.sequence(*extensions)),
    )  # fmt: skip
    whole = certificate(contents, "ecdsa-sha256", key.sign(contents))
    text = keys.write_pem("PRIVATE KEY", key.pkcs8()) + keys.write_pem("CERTIFICATE", whole)
    return Validation(server_name(pending.identifier), text, whole)


def server_name(identifier: Identifier) -> str:
    """What the ACME server names in SNI: the name, or the address as its reverse name (RFC 8738 6)."""
    if not isinstance(identifier, Address):
        return identifier.text
    packed = identifier.packed
    if len(packed) == 4:
        return ".".join(str(octet) for octet in reversed(packed)) + ".in-addr.arpa"
    return ".".join(reversed(packed.hex())) + ".ip6.arpa"
