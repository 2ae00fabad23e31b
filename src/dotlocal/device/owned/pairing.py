"""Which of the uploaded certificates is the server's, and which key is its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dotlocal.core.chain import named, signed_by
from dotlocal.core.findings import ERROR, NOTE, Finding
from dotlocal.device.owned.material import Circumstances, Material, PrivateKey
from dotlocal.device.owned.path import extension, self_signed


def spki(certificate: x509.Certificate) -> bytes:
    """The certificate's SubjectPublicKeyInfo."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def without_certificate(material: Material) -> Iterator[Finding]:
    """Why there is nothing to judge."""
    if any(each.severity == ERROR for each in material.findings):
        return  # something was there, and could not be read
    if material.requests:
        yield Finding(
            "own-is-request", ERROR, "upload", "this is a certificate request, not a certificate",
            hint="give it to your CA, and import what it answers",
        )  # fmt: skip
    elif material.keys:
        yield Finding(
            "own-only-key", ERROR, "upload", "there is a private key and no certificate",
            hint="import the certificate and its chain together with the key",
        )  # fmt: skip
    else:
        yield Finding(
            "own-no-certificate", ERROR, "upload", "there is no certificate in it",
            hint="import PEM, DER, PKCS#7 (.p7b) or PKCS#12 (.pfx, .p12)",
        )  # fmt: skip


def pick(material: Material, around: Circumstances) -> tuple[x509.Certificate | None, list[Finding]]:
    """The server certificate among what was given."""
    certificates = list(dict.fromkeys(material.certificates))
    keys = {each.spki for each in material.keys} | ({around.waiting.spki} if around.waiting else set())
    leaves = [
        each
        for each in certificates
        # one that signed another is not meant to be served, CA or not
        if not _is_ca(each) and not any(other != each and signed_by(other, each) for other in certificates)
    ]
    for_keys = [each for each in certificates if spki(each) in keys]
    if len(leaves) > 1:
        told = ", ".join(named(each) for each in leaves)
        return None, [
            Finding(
                "own-two-leaves", ERROR, "upload", f"there are {len(leaves)} server certificates: {told}",
                hint="import one of them, with the CAs above it",
            )
        ]  # fmt: skip
    if leaves:
        return leaves[0], []
    ca = for_keys[0] if for_keys else certificates[0]
    if self_signed(ca):
        return None, [
            Finding(
                "own-is-root", ERROR, named(ca), f"{named(ca)} is a root CA, and no server's certificate",
                hint="import the certificate that this CA made for the device; the root belongs into browsers",
            )
        ]  # fmt: skip
    return None, [
        Finding(
            "own-is-ca", ERROR, named(ca), f"{named(ca)} is a CA, and no server's certificate",
            hint="if it is your CA's answer for this device's own CA: `dotlocal device own issuer import`",
        )
    ]  # fmt: skip


def _is_ca(certificate: x509.Certificate) -> bool:
    basic = extension(certificate, x509.BasicConstraints)
    return basic is not None and basic.ca


def pair(material: Material, leaf: x509.Certificate, around: Circumstances) -> tuple[PrivateKey | None, list[Finding]]:
    """The private key of the certificate: one that was given, or the one that waits for an answer."""
    wanted = spki(leaf)
    candidates = [*material.keys, *([around.waiting] if around.waiting else [])]
    for key in candidates:
        if key.spki == wanted:
            spare = len({each.spki for each in material.keys} - {wanted})
            return key, [_spare_keys(spare)] if spare else []
    if material.keys:
        return None, [
            Finding(
                "own-key-other", ERROR, named(leaf),
                f"the private key is {material.keys[0].kind} and not the one of {named(leaf)}",
                hint="import the key that the certificate was made for",
            )
        ]  # fmt: skip
    if any(each.severity == ERROR for each in material.findings):
        return None, []  # there was a key, and why it can't be used is said already
    if around.waiting:
        return None, [
            Finding(
                "own-answer-other", ERROR, named(leaf), "the certificate answers another request than this device's",
                hint="print the request again (`device own request`), have it signed, or import the key as well",
            )
        ]  # fmt: skip
    return None, [
        Finding(
            "own-no-key", ERROR, named(leaf), f"there is no private key for {named(leaf)}",
            hint="import the key as well, or let the device make one: `dotlocal device own request`",
        )
    ]  # fmt: skip


def _spare_keys(count: int) -> Finding:
    return Finding(
        "own-spare-key", NOTE, "upload", f"{count} more private keys in it belong to nothing and were ignored"
    )
