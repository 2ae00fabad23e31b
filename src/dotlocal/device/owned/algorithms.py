"""Keys, signatures and usages that browsers take, and those they don't. Pure; each function judges one certificate."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from dotlocal.core.chain import named
from dotlocal.core.findings import ERROR, WARNING, Finding
from dotlocal.device.owned.path import extension

LEAST_RSA = 2048
_MOST_RSA = 8192  # handshakes of larger ones take a small device seconds
_CURVES = ("secp256r1", "secp384r1")
_WEAK = {
    SignatureAlgorithmOID.RSA_WITH_MD5: "MD5",
    SignatureAlgorithmOID.RSA_WITH_SHA1: "SHA-1",
    SignatureAlgorithmOID._RSA_WITH_SHA1: "SHA-1",
    SignatureAlgorithmOID.ECDSA_WITH_SHA1: "SHA-1",
    SignatureAlgorithmOID.DSA_WITH_SHA1: "SHA-1",
}
_UNDERSTOOD = (
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.POLICY_CONSTRAINTS, ExtensionOID.INHIBIT_ANY_POLICY, ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER, ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS, ExtensionOID.TLS_FEATURE,
)  # fmt: skip


def version(leaf: x509.Certificate) -> Iterator[Finding]:
    """Only version 3 has extensions."""
    if leaf.version is not x509.Version.v3:
        yield Finding(
            "own-version", ERROR, named(leaf), "the certificate is of version 1, which can name no host",
            hint="have it made with a subjectAltName (RFC 5280 4.1.2.1)",
        )  # fmt: skip


def key(certificate: x509.Certificate) -> Iterator[Finding]:
    """What browsers think of a certificate's key."""
    public, name = certificate.public_key(), named(certificate)
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(public, rsa.RSAPublicKey):
        if encoded not in certificate.tbs_certificate_bytes:
            yield Finding(
                "own-key-kind", ERROR, name, f"the key of {name} is bound to RSASSA-PSS, which no browser takes",
                hint="have it made with an ordinary RSA key (rsaEncryption), or P-256",
            )  # fmt: skip
        if public.key_size < LEAST_RSA:
            yield Finding(
                "own-key-weak", ERROR, name, f"the key of {name} is RSA-{public.key_size}; browsers want 2048 bits",
                hint="have it made with a larger key, or P-256",
            )  # fmt: skip
        elif public.key_size > _MOST_RSA:
            yield Finding(
                "own-key-large", WARNING, name, f"the key of {name} is RSA with {public.key_size} bits, which is slow",
                hint="3072 bits, or P-256, are enough",
            )  # fmt: skip
    elif isinstance(public, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        yield Finding(
            "own-key-edwards", WARNING, name, f"the key of {name} is an Edwards curve's; no browser takes it today",
            hint="use P-256, P-384 or RSA, unless only programs connect that you know",
        )  # fmt: skip
    elif isinstance(public, ec.EllipticCurvePublicKey):
        if encoded not in certificate.tbs_certificate_bytes:
            yield Finding(
                "own-key-explicit", ERROR, name, f"the key of {name} spells out its curve, or shortens its point",
                hint="make the key with its curve by name, and have a certificate made for it (RFC 5480 2.1.1)",
            )  # fmt: skip
        if public.curve.name == "secp521r1":
            yield Finding(
                "own-key-p521", WARNING, name, f"the key of {name} is P-521, which Chromium's family refuses",
                hint="use P-256 or P-384",
            )  # fmt: skip
        elif public.curve.name not in _CURVES:
            yield Finding(
                "own-key-curve", ERROR, name, f"the key of {name} is on {public.curve.name}, which no browser takes",
                hint="use P-256 or P-384",
            )  # fmt: skip
    else:
        yield Finding(
            "own-key-kind", ERROR, name, f"the key of {name} is {type(public).__name__}, which no browser takes",
            hint="use P-256, P-384 or RSA",
        )  # fmt: skip


def signature(certificate: x509.Certificate) -> Iterator[Finding]:
    """What browsers think of how a certificate is signed."""
    weak = _WEAK.get(certificate.signature_algorithm_oid)
    if weak:
        yield Finding(
            "own-signature-weak", ERROR, named(certificate), f"{named(certificate)} is signed with {weak}",
            hint="have it signed with SHA-256; browsers refuse everything older",
        )  # fmt: skip


def usage(leaf: x509.Certificate) -> Iterator[Finding]:
    """What a server certificate may be used for."""
    name = named(leaf)
    purposes = extension(leaf, x509.ExtendedKeyUsage)
    if purposes is not None and ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        yield Finding(
            "own-not-for-servers", ERROR, name, "it is not for servers: its extended key usage lacks serverAuth",
            hint="have it made from a template for web servers (RFC 5280 4.2.1.12)",
        )  # fmt: skip
    usage = extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        yield Finding(
            "own-key-usage", ERROR, name, "its key usage lacks digitalSignature, without which TLS 1.3 can't use it",
            hint="have it made with keyUsage digitalSignature (RFC 8446 4.4.2.2)",
        )  # fmt: skip
    features = extension(leaf, x509.TLSFeature)
    if features is not None and x509.TLSFeatureType.status_request in features:
        yield Finding(
            "own-must-staple", WARNING, name, "it demands a stapled OCSP answer, which the device has not got",
            hint="have it made without the TLS feature extension; Firefox refuses it otherwise (RFC 7633)",
        )  # fmt: skip


def critical(certificate: x509.Certificate) -> Iterator[Finding]:
    """Critical extensions that clients don't know."""
    unknown = [each.oid for each in certificate.extensions if each.critical and each.oid not in _UNDERSTOOD]
    if unknown:
        yield Finding(
            "own-critical", ERROR, named(certificate),
            f"it has a critical extension that no browser knows: {unknown[0].dotted_string}",
            hint="have it made without; clients refuse what they don't know (RFC 5280 4.2)",
        )  # fmt: skip
