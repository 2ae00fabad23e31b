# Boot path: no typing, dataclasses, enum, re or json at run time.
"""P-256 keys for the device, by libcrypto or, where Python carries its OpenSSL inside, by `cryptography`.

`generate`, `load`, `sha256` and `spare` are the same in both; a key has `point`, `pkcs8()` and `sign(message)`.
"""

try:
    from dotlocal.host.libcrypto import Key, generate, load, sha256, spare
except OSError:
    try:
        from dotlocal.host.pyca import Key, generate, load, sha256, spare  # type: ignore[assignment]
    except ImportError:
        from dotlocal.core.errors import Absent

        raise Absent(
            "libcrypto-missing", "there is no libcrypto of OpenSSL 3 or later, and no package cryptography instead",
            hint="install OpenSSL's shared library (Debian: libssl3), or the package cryptography",
        ) from None  # fmt: skip

from binascii import Error, a2b_base64, b2a_base64

from dotlocal.core.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class PublicKey(Protocol):
        """Whatever shows a public point."""

        @property
        def point(self) -> bytes:
            """SEC 1 2.3.3, uncompressed."""

    class SigningKey(PublicKey, Protocol):
        """A device CA's key, wherever it lives: it signs, and shows its public point alone."""

        def sign(self, message: bytes) -> bytes:
            """ECDSA with SHA-256, DER (RFC 3279 2.2.3)."""


# SubjectPublicKeyInfo of a P-256 key (RFC 5480 2) up to its point.
_SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")

__all__ = ["Key", "generate", "key_id_of", "load", "read_pem", "sha256", "spare", "spki_of", "write_pem"]


def spki_of(key: "PublicKey") -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return _SPKI_HEAD + key.point


def key_id_of(key: "PublicKey") -> bytes:
    """The key identifier: the leftmost 160 bits of SHA-256 over the point (RFC 7093 2, method 1)."""
    return sha256(key.point)[:20]


def write_pem(label: str, contents: bytes) -> str:
    """One PEM block (RFC 7468), 64 characters a line."""
    text = b2a_base64(contents, newline=False).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def read_pem(text: str) -> Key:
    """The key in a PEM file of our own; refuses `key-damaged`."""
    lines = text.split()
    if lines[:3] != ["-----BEGIN", "PRIVATE", "KEY-----"] or lines[-3:] != ["-----END", "PRIVATE", "KEY-----"]:
        raise Refused("key-damaged", "the key file holds no whole PRIVATE KEY block")
    try:
        return load(a2b_base64("".join(lines[3:-3])))
    except Error:
        raise Refused("key-damaged", "the key file's PRIVATE KEY block is damaged") from None
