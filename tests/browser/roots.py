"""Roots of every kind, good and bad, made by `cryptography`'s builder and not by ours."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from dotlocal.testing import MOMENT

LOCAL = ("local", "home.arpa", "internal", "10.0.0.0/8", "192.168.0.0/16", "fc00::/7")
SPKI = PublicFormat.SubjectPublicKeyInfo
_NOW = datetime.fromtimestamp(MOMENT, UTC)


def general(text: str) -> x509.GeneralName:
    """A DNS subtree or an address range, whichever it is."""
    try:
        return x509.IPAddress(ipaddress.ip_network(text))
    except ValueError:
        return x509.DNSName(text)


def limits(*permitted: str, excluded: tuple[str, ...] = ()) -> x509.NameConstraints:
    """Name constraints of these subtrees."""
    return x509.NameConstraints(
        [general(each) for each in permitted] or None, [general(each) for each in excluded] or None
    )


def make(
    *permitted: str,
    excluded: tuple[str, ...] = (),
    critical: bool = True,
    ca: bool | None = True,
    name: str = "Acme Devices Root G1",
    issuer: str = "",
    key: Any = None,
    signer: Any = None,
    sign: bool = True,
    days: tuple[int, int] = (-1, 3650),
    extra: tuple[x509.ExtensionType, ...] = (),
    constraints: x509.NameConstraints | None = None,
) -> x509.Certificate:
    """A certificate, self-signed unless `issuer` and `signer` say otherwise, with constraints when any are given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or name)]),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        key.public_key(), x509.random_serial_number(), _NOW + timedelta(days=days[0]), _NOW + timedelta(days=days[1]),
    )  # fmt: skip
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    found = constraints or (limits(*permitted, excluded=excluded) if permitted or excluded else None)
    if found:
        builder = builder.add_extension(found, critical=critical)
    for extension in extra:
        builder = builder.add_extension(extension, critical=True)
    digest = hashes.SHA256() if not type(signer or key).__name__.startswith("Ed") else None
    return builder.sign(signer or key, digest)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def key_pem(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def key_der(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
