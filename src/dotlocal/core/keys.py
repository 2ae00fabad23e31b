"""Keys as the core sees them: something that signs, and the public half as bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from dotlocal.core.errors import Refused

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384"}
_RSA_SIZES = (3072, 4096)


class Signer(Protocol):
    """A private key that never shows itself: in a file, a token, or a TPM."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    @property
    def algorithm(self) -> str:
        """The signature algorithm, one of `dotlocal.core.template.ALGORITHMS`."""

    def sign(self, message: bytes) -> bytes:
        """The signature over the message, hashed as the algorithm says; ECDSA as DER (RFC 3279 2.2.3)."""


def kind_of(key: object) -> str:
    """`P-256`, `P-384`, `RSA-3072`, `RSA-4096`; anything else is refused as `key-kind`."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_SIZES:
        return f"RSA-{key.key_size}"
    found = (
        f"RSA-{key.key_size}" if isinstance(key, rsa.RSAPublicKey)
        else key.curve.name if isinstance(key, ec.EllipticCurvePublicKey)
        else type(key).__name__
    )  # fmt: skip
    raise Refused(
        "key-kind", f"the key is {found}; P-256, P-384, RSA-3072 and RSA-4096 are accepted", facts={"found": found}
    )


def algorithm_for(kind: str) -> str:
    """The signature algorithm that goes with a kind of key."""
    return {"P-256": "ecdsa-sha256", "P-384": "ecdsa-sha384"}.get(kind, "rsa-sha256")


def verifies(key: PublicKey, signature: bytes, message: bytes, algorithm: str) -> bool:
    """Whether the signature over the message is this key's, under one of `dotlocal.core.template.ALGORITHMS`."""
    digest = hashes.SHA384() if algorithm.endswith("384") else hashes.SHA256()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(digest))
        else:
            key.verify(signature, message, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def spki_of(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id_of(key: PublicKey) -> bytes:
    """The key identifier: the leftmost 160 bits of SHA-256 over the subjectPublicKey bits (RFC 7093 2, method 1)."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        bits = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    else:
        bits = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return sha256(bits).digest()[:20]
