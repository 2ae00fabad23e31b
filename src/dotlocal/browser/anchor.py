"""The one root certificate that a person hands us, in whatever form it reached them. Pure; the input is hostile."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dotlocal.browser import mistaken
from dotlocal.browser.limits import Limits
from dotlocal.core import chain, pem
from dotlocal.core.errors import Refused
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import Window

MOST_OCTETS = pem.MOST_OCTETS
_MOST_LETTERS = 64
_MOST_SLUG = 40


@dataclass(frozen=True, slots=True)
class Anchor:
    """A self-signed CA certificate that could be imported. Whether it should be is for `appraisal` to say."""

    der: bytes
    certificate: x509.Certificate
    window: Window
    limits: Limits

    @classmethod
    def parse(cls, data: bytes, *, force: bool = False) -> Anchor:
        """Read one root: PEM, PEM with text around it, or DER. With `force` also a self-signed one that is no CA.

        Refuses by what it is instead: `anchor-empty`, `anchor-too-large`, `anchor-web-page`, `anchor-private-key`,
        `anchor-pkcs7`, `anchor-pkcs12`, `anchor-request`, `anchor-not-a-certificate`, `anchor-damaged`,
        `anchor-bundle`, `anchor-leaf`, `anchor-not-self-signed`, `anchor-not-a-ca`.
        """
        certificate = _one_certificate(data)
        _check(certificate, force=force)
        return cls(
            certificate.public_bytes(Encoding.DER), certificate, chain.window_of(certificate), Limits.of(certificate)
        )

    @property
    def pem(self) -> str:
        """One PEM block and nothing else, whatever form it came in."""
        return pem.encode(pem.CERTIFICATE, self.der)

    @property
    def fingerprint(self) -> str:
        """SHA-256 as browsers show it: AB:CD:…"""
        return chain.fingerprint(self.certificate)

    @property
    def name(self) -> str:
        """The common name, else the organisation: printable, and at most 64 letters."""
        return spoken(self.certificate) or "a root without a name"

    @property
    def slug(self) -> str:
        """The name in lower-case letters, digits and hyphens, for files and nicknames."""
        words = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return words[:_MOST_SLUG].strip("-") or "root"

    @property
    def entry(self) -> str:
        """Under which name it stands in stores: ours, and of this very certificate."""
        return f"dotlocal-{self.slug}-{self.fingerprint.replace(':', '')[:8].lower()}"

    @property
    def not_before(self) -> int:
        """When it starts to be valid, in POSIX seconds."""
        return self.window.not_before

    @property
    def not_after(self) -> int:
        """When it ends to be valid, in POSIX seconds."""
        return self.window.not_after

    @property
    def permitted(self) -> Subtrees:
        """The permitted subtrees, lower case and without leading dot; None for a kind that is not constrained."""
        return self.limits.permitted

    @property
    def key(self) -> str:
        """The kind of its key: `P-384`, `RSA-4096`, …"""
        return key_of(self.certificate)

    def __repr__(self) -> str:
        return f"Anchor({self.name}, {self.fingerprint})"


def spoken(certificate: x509.Certificate) -> str:
    """What a certificate is called, safe to be shown on a terminal; empty when it has no name."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            words = " ".join(printable(str(attribute.value)).split())
            if words:
                return words[:_MOST_LETTERS]
    return ""


def printable(text: str) -> str:
    """The text without what moves cursors, turns lines around or rings bells."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def key_of(certificate: x509.Certificate) -> str:
    """The kind of a certificate's key, whatever it is."""
    key = certificate.public_key()
    match key:
        case ec.EllipticCurvePublicKey():
            return {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(
                key.curve.name, key.curve.name
            )
        case rsa.RSAPublicKey():
            return f"RSA-{key.key_size}"
        case dsa.DSAPublicKey():
            return f"DSA-{key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
    return type(key).__name__


def _one_certificate(data: bytes) -> x509.Certificate:
    text = mistaken.refuse_what_is_something_else(data)
    if b"-----BEGIN " not in text:
        return _read(text)
    try:
        blocks = pem.parse(text, "the file")
    except Refused as refused:
        raise Refused("anchor-damaged", f"{refused.message}", hint="it was cut or edited; get it anew") from None
    mistaken.refuse_other_blocks([label for label, _ in blocks])
    found = [_read(contents) for _, contents in blocks]
    if len(found) > 1:
        shown = ", ".join(repr(spoken(each) or "one without a name") for each in found[:4])
        raise Refused(
            "anchor-bundle", f"the file holds {len(found)} certificates where one root is expected: {shown}",
            hint="ask the maker for the root alone; the others come from the device",
        )  # fmt: skip
    return found[0]


def _read(contents: bytes) -> x509.Certificate:
    try:
        return pem.certificate(contents, "the file")
    except Refused as refused:
        raise Refused("anchor-damaged", refused.message, hint="it was cut or edited; get it anew") from None


def _check(certificate: x509.Certificate, *, force: bool) -> None:
    shown = repr(spoken(certificate) or "one without a name")
    is_ca = _is_ca(certificate)
    if certificate.issuer != certificate.subject or not signed_by_itself(certificate):
        if not is_ca:
            raise Refused(
                "anchor-leaf", f"{shown} is the certificate of one server, not a root",
                hint="the device makes a new one at every start; import the maker's root instead",
            )  # fmt: skip
        raise Refused(
            "anchor-not-self-signed", f"{shown} is a CA below another one, not a root: it is not signed by itself",
            hint="ask the maker for the root; CAs below it come from the device",
        )  # fmt: skip
    if not is_ca and not force:
        raise Refused(
            "anchor-not-a-ca", f"{shown} is signed by itself and is no CA: it can vouch for nothing but itself",
            hint="the root is another file; --force imports this one all the same, and most programs then refuse it",
        )  # fmt: skip


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def signed_by_itself(certificate: x509.Certificate) -> bool:
    """Whether its own key made its signature; one in an algorithm that nobody checks any more counts as if."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except Exception:  # an algorithm that the library does not know
        return True
    if algorithm is not None and algorithm.name in ("md5", "sha1"):
        return True
    return chain.signed_by(certificate, certificate)
