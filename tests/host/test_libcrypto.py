"""Keys through libcrypto are the same keys as through `cryptography`, in both directions."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.core.errors import Refused
from dotlocal.host import libcrypto, pyca

TWINS = pytest.mark.parametrize("twin", [libcrypto, pyca], ids=["libcrypto", "pyca"])


def _pkcs8(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _derived(scalar: int, curve: ec.EllipticCurve | None = None) -> bytes:
    return _pkcs8(ec.derive_private_key(scalar, curve or ec.SECP256R1()))


@TWINS
def test_writes_what_cryptography_reads(twin: object) -> None:
    """Fifty new keys: PKCS#8 that `cryptography` reads and would write to the byte, and signatures that verify."""
    for _ in range(50):
        key = twin.generate()  # type: ignore[attr-defined]
        private = serialization.load_der_private_key(key.pkcs8(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        assert _pkcs8(private) == key.pkcs8()
        private.public_key().verify(key.sign(b"contents"), b"contents", ec.ECDSA(hashes.SHA256()))


@TWINS
@pytest.mark.parametrize("scalar", [1, 5, 2**255 - 19, 0xFF << 200])
def test_reads_what_cryptography_writes(twin: object, scalar: int) -> None:
    """Scalars with leading and trailing zero octets come back as they were."""
    written = _derived(scalar)
    assert twin.load(written).pkcs8() == written  # type: ignore[attr-defined]


@TWINS
@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        _derived(5)[:-1],
        _derived(5) + b"\0",
        _derived(5)[:-1] + bytes([_derived(5)[-1] ^ 1]),
        _derived(5)[:-65] + _derived(6)[-65:],
        _derived(5, ec.SECP384R1()),
    ],
    ids=["empty", "short", "long", "point-off-curve", "point-of-another", "another-curve"],
)
def test_refuses_a_damaged_key(twin: object, damaged: bytes) -> None:
    """A key that is not whole, or whose halves don't belong together, never signs anything."""
    with pytest.raises(Refused) as caught:
        twin.load(damaged)  # type: ignore[attr-defined]
    assert caught.value.code in ("key-damaged", "key-kind")


@TWINS
def test_shows_no_secret(twin: object) -> None:
    """The repr of a key is a piece of its public point."""
    key = twin.generate()  # type: ignore[attr-defined]
    assert key.pkcs8()[36:68].hex() not in repr(key)


def test_hashes_alike() -> None:
    """SHA-256 by libcrypto and by hashlib."""
    assert libcrypto.sha256(b"abc") == pyca.sha256(b"abc")
