"""A customer's CA, by `cryptography`'s own builder: right, or wrong in whatever way a test wants."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dotlocal.core.window import DAY, YEAR
from forge import usage

NOW = int(time.time())
NAME, ADDRESS = "press-07.local", "192.168.77.7"
HOSTS = (NAME, ADDRESS)
Key = Any  # any private key of `cryptography`'s
Extension = tuple[x509.ExtensionType, bool]


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def general_names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    """Host names and addresses as a certificate has them, unchecked."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate and key."""

    certificate: x509.Certificate
    key: Key

    def sign(
        self, public_key: Any, *, subject: str = "", hosts: Sequence[str] = HOSTS, start: int = NOW - DAY,
        end: int = NOW + 90 * DAY, digest: Any = None, extensions: Sequence[Extension] | None = None,
        more: Sequence[Extension] = (),
    ) -> x509.Certificate:  # fmt: skip
        """A certificate: a server's, unless other extensions are given."""
        if extensions is None:
            extensions = (
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (usage(digital_signature=True), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
                (x509.SubjectAlternativeName(general_names(hosts)), not subject),
            )
        return build(public_key, subject, self.certificate.subject, self.key, start, end, digest, (
            *extensions, *more,
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()), False),
        ))  # type: ignore[arg-type]  # fmt: skip

    def authority(self, subject: str, *, more: Sequence[Extension] = (), path_length: int | None = 0) -> Authority:
        """A CA below this one."""
        key = ec_key()
        return Authority(self.sign(key.public_key(), subject=subject, end=NOW + 5 * YEAR, extensions=(
            (x509.BasicConstraints(ca=True, path_length=path_length), True),
            (usage(key_cert_sign=True, crl_sign=True), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False), *more,
        )), key)  # fmt: skip


def build(
    public_key: Any, subject: str, issuer: x509.Name, key: Key, start: int, end: int, digest: Any,
    extensions: Sequence[Extension], *, serial: int = 0,
) -> x509.Certificate:  # fmt: skip
    """A certificate by the library's builder; its serial number is at random unless told."""
    builder = x509.CertificateBuilder(
        issuer, name(subject), public_key, serial or x509.random_serial_number(), moment(start), moment(end)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return builder.sign(key, None)
    return builder.sign(key, digest or hashes.SHA256())


def name(common: str) -> x509.Name:
    """A subject of a common name, or of nothing."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)] if common else [])


def moment(instant: int) -> datetime:
    """POSIX seconds as `cryptography` wants them."""
    return datetime.fromtimestamp(instant, UTC)


def root(subject: str = "Example Works Root", key: Key = None, *, more: Sequence[Extension] = ()) -> Authority:
    """A root CA."""
    key = key or ec_key()
    return Authority(build(key.public_key(), subject, name(subject), key, NOW - YEAR, NOW + 10 * YEAR, None, (
        (x509.BasicConstraints(ca=True, path_length=None), True), (usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False), *more,
    )), key)  # fmt: skip


@dataclass
class Customer:
    """A root, an intermediate CA, and what a customer's administrator does with files."""

    root: Authority = field(default_factory=root)
    middle: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.middle = self.root.authority("Example Works Issuing CA 1")

    def pair(self, key: Key = None, **how: Any) -> tuple[Key, x509.Certificate]:
        """A key and a server certificate by the intermediate CA."""
        key = key or ec_key()
        return key, self.middle.sign(key.public_key(), **how)

    def files(self, **how: Any) -> bytes:
        """Key, certificate and intermediate CA in one PEM file."""
        key, leaf = self.pair(**how)
        return key_pem(key) + pem(leaf, self.middle.certificate)


def numbered(authority: Authority, serial: int, **how: Any) -> tuple[bytes, x509.Certificate]:
    """The files of a certificate with this serial number."""
    key = ec_key()
    made = authority.sign(key.public_key(), **how)
    leaf = build(
        key.public_key(), "", made.issuer, authority.key, NOW - DAY, NOW + 90 * DAY, None,
        [(each.value, each.critical) for each in made.extensions], serial=serial,
    )  # fmt: skip
    return key_pem(key) + pem(leaf, authority.certificate), leaf


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A new RSA key."""
    return rsa.generate_private_key(65537, bits)


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates as PEM."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def key_pem(key: Key, passphrase: bytes = b"", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """A private key as PEM."""
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, form, protection))
