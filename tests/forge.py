"""Certificates by `cryptography`'s own builder, right or wrong: what a mistaken factory or a thief would sign.

The profiles are written out here a second time, by hand from docs and matrix, so that the tables of
`dotlocal.core.profiles` are compared with something.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dotlocal.core import keys
from dotlocal.core.keys import PublicKey
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import Window
from dotlocal.host import signers
from dotlocal.host.signers import KeySigner

SERIAL = 0x5A5A << 136  # as long as a random one
Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


@cache
def key(kind: str = "P-256", number: int = 1) -> KeySigner:
    """A key that everybody may know: the same one for the same number. RSA keys are made once per run."""
    if kind.startswith("RSA"):
        return signers.generate(kind)
    curve = ec.SECP384R1() if kind == "P-384" else ec.SECP256R1()
    return KeySigner(ec.derive_private_key(0xD071_0CA1 + number, curve))


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate to be; every field can be whatever a test wants."""

    subject: x509.Name
    issuer: x509.Name
    public_key: Any
    window: Window
    extensions: Extensions
    serial: int = SERIAL

    def but(self, **fields: Any) -> Draft:
        """The same with other fields."""
        return replace(self, **fields)

    def having(self, value: x509.ExtensionType, *, critical: bool) -> Draft:
        """The same with an extension in place of the one of its kind, or as the last."""
        put = [(value, critical) if type(old) is type(value) else (old, was) for old, was in self.extensions]
        if all(type(old) is not type(value) for old, _ in self.extensions):
            put.append((value, critical))
        return self.but(extensions=tuple(put))

    def without(self, *kinds: type[x509.ExtensionType]) -> Draft:
        """The same without extensions of these kinds."""
        return self.but(extensions=tuple(pair for pair in self.extensions if not isinstance(pair[0], kinds)))

    def signed(self, by: KeySigner, digest: hashes.HashAlgorithm | None = None) -> x509.Certificate:
        """The certificate; the digest is the one that goes with the key unless another is given."""
        builder = x509.CertificateBuilder(
            self.issuer, self.subject, self.public_key, self.serial, moment(self.window.not_before),
            moment(self.window.not_after),
        )  # fmt: skip
        for value, critical in self.extensions:
            builder = builder.add_extension(value, critical)
        fitting = hashes.SHA384() if by.algorithm.endswith("384") else hashes.SHA256()
        return builder.sign(by.private_key, digest or fitting)  # type: ignore[arg-type]  # any digest, to be refused


def moment(instant: int) -> datetime:
    """POSIX seconds as `cryptography` wants them."""
    return datetime.fromtimestamp(instant, UTC)


def name(organisation: str = "", serial: str = "", common_name: str = "") -> x509.Name:
    """A subject in the order O, serialNumber, CN; empty texts are left out."""
    attributes = (
        (NameOID.ORGANIZATION_NAME, organisation), (NameOID.SERIAL_NUMBER, serial), (NameOID.COMMON_NAME, common_name)
    )  # fmt: skip
    # not validated: the library counts octets where RFC 5280 appendix A counts characters
    return x509.Name([x509.NameAttribute(oid, text, _validate=False) for oid, text in attributes if text])


def root(subject: x509.Name, public_key: PublicKey, window: Window, constraints: Subtrees | None) -> Draft:
    """A root CA, as docs/profiles.md has it."""
    extensions: Extensions = (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage(key_cert_sign=True, crl_sign=True), True),
        *([(name_constraints(constraints), True)] if constraints else []),
        (ski(public_key), False),
    )
    return Draft(subject, subject, public_key, window, extensions)


def factory(
    subject: x509.Name, public_key: PublicKey, window: Window, issuer: x509.Name, issuer_key: PublicKey
) -> Draft:
    """A factory CA."""
    extensions: Extensions = (
        (x509.BasicConstraints(ca=True, path_length=1), True),
        (usage(key_cert_sign=True, crl_sign=True), True),
        (ski(public_key), False),
        (aki(issuer_key), False),
    )
    return Draft(subject, issuer, public_key, window, extensions)


def device(
    subject: x509.Name, public_key: PublicKey, window: Window, issuer: x509.Name, issuer_key: PublicKey,
    constraints: Subtrees,
) -> Draft:  # fmt: skip
    """A device CA."""
    extensions: Extensions = (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage(key_cert_sign=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (name_constraints(constraints), True),
        (ski(public_key), False),
        (aki(issuer_key), False),
    )
    return Draft(subject, issuer, public_key, window, extensions)


def server(
    public_key: PublicKey, window: Window, issuer: x509.Name, issuer_key: PublicKey,
    hosts: Sequence[HostName | Address],
) -> Draft:  # fmt: skip
    """A server certificate, its names before its addresses if they come so."""
    extensions: Extensions = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([general_name(host) for host in hosts]), True),
        (ski(public_key), False),
        (aki(issuer_key), False),
    )
    return Draft(name(), issuer, public_key, window, extensions)


def server_below(
    ca: x509.Certificate, window: Window, *hosts: HostName | Address, public_key: PublicKey | None = None
) -> Draft:
    """A server certificate below a CA certificate."""
    return server(public_key or key(number=9).public_key, window, ca.subject, ca.public_key(), hosts)  # type: ignore[arg-type]  # only CAs with our kinds of key are used


def general_name(host: HostName | Address) -> x509.GeneralName:
    """The name as it stands in a certificate."""
    return x509.DNSName(host.text) if isinstance(host, HostName) else x509.IPAddress(ipaddress.ip_address(host.packed))


def name_constraints(subtrees: Subtrees) -> x509.NameConstraints:
    """Permitted subtrees, DNS names first."""
    permitted: list[x509.GeneralName] = [x509.DNSName(base) for base in subtrees.dns or ()]
    for network, mask in subtrees.ip or ():
        length = int.from_bytes(mask, "big").bit_count()
        permitted.append(x509.IPAddress(ipaddress.ip_network((network, length))))
    return x509.NameConstraints(permitted, None)


def ski(public_key: PublicKey) -> x509.SubjectKeyIdentifier:
    """The subject key identifier of RFC 7093, method 1."""
    return x509.SubjectKeyIdentifier(keys.key_id_of(public_key))


def aki(issuer_key: PublicKey) -> x509.AuthorityKeyIdentifier:
    """The authority key identifier, key id alone."""
    return x509.AuthorityKeyIdentifier(keys.key_id_of(issuer_key), None, None)


def usage(**used: bool) -> x509.KeyUsage:
    """Key usage with the named bits alone."""
    bits = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{bit: used.get(bit, False) for bit in bits})
