"""P-256 keys by `cryptography`, for a Python that carries its OpenSSL inside: the twin of `dotlocal.host.libcrypto`."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.core.errors import Refused


def spare() -> None:
    """Nothing: what is carried inside prepares itself."""


class Key:
    """A P-256 private key; shows only its public `point` (SEC 1 2.3.3, uncompressed)."""

    __slots__ = ("_private", "point")

    def __init__(self, private: object) -> None:
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            raise Refused("key-kind", "the key is not a P-256 key with its curve by name")
        self._private = private
        self.point = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def pkcs8(self) -> bytes:
        """The private key, unencrypted PrivateKeyInfo DER (RFC 5958)."""
        return self._private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256, DER (RFC 3279 2.2.3)."""
        return self._private.sign(message, ec.ECDSA(hashes.SHA256()))

    def __repr__(self) -> str:
        return f"Key({self.point[1:5].hex()}…)"


def generate() -> Key:
    """A new key."""
    return Key(ec.generate_private_key(ec.SECP256R1()))


def load(pkcs8: bytes) -> Key:
    """A key from PrivateKeyInfo DER; refuses `key-damaged`."""
    try:
        private = serialization.load_der_private_key(pkcs8, None)
    except (ValueError, TypeError):
        raise Refused("key-damaged", "the private key can't be read: it is no whole PKCS#8 key") from None
    return Key(private)


def sha256(message: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(message).digest()
