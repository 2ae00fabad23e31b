"""Signers for everybody but the booting device: private keys in files, and throw-away keys for drafts."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from dotlocal.core import keys, pem
from dotlocal.core.errors import Refused
from dotlocal.core.keys import PublicKey
from dotlocal.host import files, pbes2

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KINDS = ("P-384", "P-256", "RSA-3072", "RSA-4096")
_SHORTEST_PASSPHRASE = 12


class KeySigner:
    """A private key in this process's memory. Its repr shows the key identifier and nothing else."""

    __slots__ = ("_private",)

    def __init__(self, private: PrivateKey) -> None:
        self._private = private

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._private.public_key()

    @property
    def algorithm(self) -> str:
        """The signature algorithm of its kind."""
        return keys.algorithm_for(keys.kind_of(self.public_key))

    @property
    def private_key(self) -> PrivateKey:
        """The key itself, for those who build what our own assembler refuses to: tests."""
        return self._private

    def sign(self, message: bytes) -> bytes:
        """Hash and sign, as `algorithm` says."""
        digest = hashes.SHA384() if self.algorithm.endswith("384") else hashes.SHA256()
        if isinstance(self._private, ec.EllipticCurvePrivateKey):
            return self._private.sign(message, ec.ECDSA(digest))
        return self._private.sign(message, padding.PKCS1v15(), digest)

    def encode(self, passphrase: bytes | None) -> bytes:
        """PKCS#8 PEM, encrypted when there is a passphrase."""
        plain = self._private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        text = pem.encode("PRIVATE KEY", plain) if passphrase is None else pbes2.encrypt(plain, passphrase)
        return text.encode()

    def __repr__(self) -> str:
        return f"KeySigner({keys.key_id_of(self.public_key).hex()})"


def generate(kind: str) -> KeySigner:
    """A new key of one of `KINDS`."""
    if kind.startswith("RSA-"):
        return KeySigner(rsa.generate_private_key(65537, int(kind[4:])))
    return KeySigner(ec.generate_private_key(ec.SECP384R1() if kind == "P-384" else ec.SECP256R1()))


def throwaway(public_key: PublicKey) -> KeySigner:
    """A new key of the same kind, to sign drafts with and forget."""
    return generate(keys.kind_of(public_key))


def check_passphrase(passphrase: bytes) -> bytes:
    """The passphrase; refuses one of fewer than 12 characters as `passphrase-short`."""
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise Refused("passphrase-short", f"the passphrase has {len(passphrase)} characters; at least 12 are wanted")
    return passphrase


def load(path: str, passphrase: bytes | None) -> KeySigner:
    """The key in a PKCS#8 PEM file; refuses `passphrase-wrong`, `passphrase-missing`, `key-damaged`, `key-kind`."""
    contents = files.read(path, most=1 << 16)
    encrypted = b"ENCRYPTED" in contents
    if encrypted and passphrase is None:
        raise Refused("passphrase-missing", f"{path} is encrypted", hint="give --passphrase-file FILE")
    try:
        private = serialization.load_pem_private_key(contents, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise Refused("passphrase-wrong", f"the passphrase does not open {path}, or the file is damaged") from None
        raise Refused("key-damaged", f"{path} holds no private key that can be read: {error}") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Refused("key-kind", f"{path} holds a {type(private).__name__}; P-256, P-384 or RSA is expected")
    keys.kind_of(private.public_key())
    return KeySigner(private)
