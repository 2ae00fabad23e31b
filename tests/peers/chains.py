"""Chains that a device may serve, and the raw material for those that only a thief would.

`world` makes a vendor's hierarchy after the design's certificate profiles: root, factory CA, device CA. `authority` and
`leaf` sign whatever they are told to, because what a thief signs is exactly what our own assembler refuses to.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VENDOR = "Acme Presses"
SUFFIXES = ("local", "home.arpa", "internal")
LAN = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")

# Windows around the real clock and not around a fixed date: the peers are programs that look at the clock themselves.
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    not_before: dt.datetime
    not_after: dt.datetime


# The CAs were made some weeks ago, so that an expired leaf still lies within their time.
ROOT_WINDOW = Window(NOW - 40 * DAY, NOW + 25 * 365 * DAY)
FACTORY_WINDOW = Window(NOW - 35 * DAY, ROOT_WINDOW.not_after)
DEVICE_WINDOW = Window(NOW - 30 * DAY, ROOT_WINDOW.not_after)
LEAF_WINDOW = Window(NOW - DAY, NOW + 90 * DAY)
PAST_WINDOW = Window(NOW - 20 * DAY, NOW - 2 * DAY)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA with its key; `sent` is what a server sends behind a leaf of it: itself and those above, never the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    sent: tuple[x509.Certificate, ...]

    @property
    def key_id(self) -> bytes:
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


@dataclass(frozen=True, slots=True)
class Chain:
    """What a server presents: its certificate first, the CAs behind it, and the key of the first."""

    certificates: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        """The key and the certificates in one file, as `ssl.SSLContext.load_cert_chain` reads it."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + b"".join(certificate_pem(certificate) for certificate in self.certificates)


@dataclass(frozen=True, slots=True)
class World:
    """One vendor with one device: what a customer trusts, and what signs below it."""

    root: Authority
    factory: Authority
    device: Authority
    constrained: bool
    """Whether the root carries name constraints, which some clients cannot read and others ignore."""


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def general_name(host: str) -> x509.GeneralName:
    """An address becomes an iPAddress, anything else a dNSName."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def permitted(names: Sequence[str], networks: Sequence[str] = LAN) -> x509.NameConstraints:
    """Permitted subtrees of all three kinds; each kind that is missing would be open (RFC 5280 4.2.1.10)."""
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(name) for name in names),
            *(x509.IPAddress(ipaddress.ip_network(network)) for network in networks),
        ],
        excluded_subtrees=None,
    )


def subject(common_name: str, serial: str | None = None) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, VENDOR),
            *([x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def authority(
    name: x509.Name,
    issuer: Authority | None,
    *,
    window: Window,
    key: ec.EllipticCurvePrivateKey | None = None,
    claimed_key_id: bytes | None = None,
    path_length: int | None = None,
    serves: bool = False,
    constraints: x509.NameConstraints | None = None,
) -> Authority:
    """A CA signed by `issuer`, or by itself; `serves` marks a device CA, which may only sign for TLS."""
    key = key or ec.generate_private_key(ec.SECP256R1() if issuer else ec.SECP384R1())
    builder = _builder(name, issuer.certificate.subject if issuer else name, key, window)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=not serves), critical=True)
    if serves:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    certificate = _sign(builder, key, claimed_key_id, issuer)
    return Authority(certificate, key, (certificate, *issuer.sent) if issuer else ())


def leaf(
    issuer: Authority,
    *names: str | x509.GeneralName,
    common_name: str | None = None,
    window: Window = LEAF_WINDOW,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Chain:
    """A server certificate for `names`, with the chain behind it; without names it has no subjectAltName at all."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    builder = _builder(name, issuer.certificate.subject, key, window)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if names:
        san = [general_name(entry) if isinstance(entry, str) else entry for entry in names]
        # Critical exactly when it is all that names the server (RFC 5280 4.2.1.6).
        builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=not common_name)
    return Chain((_sign(builder, key, None, issuer), *issuer.sent), key)


@cache
def root(*, constrained: bool) -> Authority:
    """The vendor's root: one of each kind per process, so that a browser that has imported it can be kept."""
    return authority(
        subject(f"{VENDOR} {'Constrained' if constrained else 'Open'} Root G1"),
        None,
        window=ROOT_WINDOW,
        constraints=permitted(SUFFIXES) if constrained else None,
    )


@cache
def world(*, constrain_root: bool, serial_names: bool = False) -> World:
    """Root, factory CA and the CA of one device, SN0007, as the design's profiles have them."""
    top = root(constrained=constrain_root)
    factory = authority(subject(f"{VENDOR} Factory CA 1"), top, window=FACTORY_WINDOW, path_length=1)
    names = [f"sn0007.{suffix}" for suffix in SUFFIXES] if serial_names else SUFFIXES
    return World(top, factory, _device_ca(factory, path_length=0, constraints=permitted(names)), constrain_root)


@cache
def unguarded(*, constrain_root: bool) -> World:
    """The same without name constraints and path lengths below the root.

    What only those guards stop must be accepted here; or else its refusal elsewhere proves nothing about them.
    """
    top = root(constrained=constrain_root)
    factory = authority(subject(f"{VENDOR} Factory CA 2"), top, window=FACTORY_WINDOW)
    return World(top, factory, _device_ca(factory, path_length=None, constraints=None), constrain_root)


def _device_ca(factory: Authority, *, path_length: int | None, constraints: x509.NameConstraints | None) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return authority(
        subject(f"device CA SN0007 {key_id(key).hex()[:8].upper()}", "SN0007"),
        factory,
        key=key,
        window=DEVICE_WINDOW,
        path_length=path_length,
        serves=True,
        constraints=constraints,
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, window: Window
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(window.not_before)
        .not_valid_after(window.not_after)
    )


def _sign(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    claimed_key_id: bytes | None,
    issuer: Authority | None,
) -> x509.Certificate:
    builder = builder.add_extension(x509.SubjectKeyIdentifier(claimed_key_id or key_id(key)), critical=False)
    if issuer:
        named = x509.AuthorityKeyIdentifier(issuer.key_id, None, None)
        builder = builder.add_extension(named, critical=False)
    signer = issuer.key if issuer else key
    return builder.sign(signer, hashes.SHA384() if signer.curve.key_size > 256 else hashes.SHA256())
