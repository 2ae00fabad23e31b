"""The device's key files, and the signers of everybody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import forge
from dotlocal.core import keys as core_keys
from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.host import keys, pyca, signers
from dotlocal.host.signers import KeySigner

PASSPHRASE = b"correct horse battery"


def _code(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        action()
    return refused.value.code


def _pem(private: object, passphrase: bytes | None = None) -> bytes:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(  # type: ignore[attr-defined, no-any-return]  # every private key has it
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )


# ── the device's ──


def test_both_halves_agree_with_the_core() -> None:
    """SubjectPublicKeyInfo and key identifier, from bytes alone and through an X.509 library."""
    key = keys.generate()
    public_key = serialization.load_der_public_key(keys.spki_of(key))
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert core_keys.spki_of(public_key) == keys.spki_of(key)
    assert core_keys.key_id_of(public_key) == keys.key_id_of(key)
    assert core_keys.verifies(public_key, key.sign(b"contents"), b"contents", "ecdsa-sha256")


@pytest.mark.parametrize("size", [0, 1, 47, 48, 49, 1000])
def test_pem_is_written_as_the_core_writes_it(size: int) -> None:
    """Two writers, for the boot path has no `re`; one form."""
    assert keys.write_pem("CERTIFICATE", bytes(size)) == pem.encode("CERTIFICATE", bytes(size))


def test_a_key_file_reads_back() -> None:
    """Written by the device, or by anybody in PKCS#8; line ends are no matter."""
    key = keys.generate()
    text = keys.write_pem("PRIVATE KEY", key.pkcs8())
    by_others = _pem(serialization.load_der_private_key(key.pkcs8(), None)).decode()
    for written in (text, text.replace("\n", "\r\n"), by_others):
        assert keys.read_pem(written).point == key.point


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-30],
        lambda text: text[30:],
        lambda text: text.replace("PRIVATE", "PUBLIC"),
        lambda text: text[:90] + ("B" if text[90] == "A" else "A") + text[91:],
        lambda text: text.replace("\nM", "\nN", 1),
        lambda text: text[:40] + text[60:],
        lambda text: text[:40] + text[41:],
        lambda text: _pem(ec.generate_private_key(ec.SECP384R1())).decode(),
        lambda text: _pem(ed25519.Ed25519PrivateKey.generate()).decode(),
    ],
)
def test_a_damaged_key_file_is_refused(damage: Callable[[str], str]) -> None:
    """Torn, changed, or of another kind: it never signs anything."""
    text = keys.write_pem("PRIVATE KEY", pyca.generate().pkcs8())
    assert _code(lambda: keys.read_pem(damage(text))) in ("key-damaged", "key-kind")


# ── everybody else's ──


@pytest.mark.parametrize("kind", signers.KINDS)
def test_every_kind_signs_what_its_public_half_verifies(kind: str) -> None:
    """P-384 with SHA-384, everything else with SHA-256."""
    signer = forge.key(kind)
    assert core_keys.kind_of(signer.public_key) == kind
    signature = signer.sign(b"contents")
    assert core_keys.verifies(signer.public_key, signature, b"contents", signer.algorithm)
    assert not core_keys.verifies(signer.public_key, signature, b"other", signer.algorithm)


def test_a_throwaway_key_is_of_the_same_kind_and_another() -> None:
    """So that a draft has the very contents of the certificate."""
    real = forge.key("P-384")
    throwaway = signers.throwaway(real.public_key)
    assert throwaway.algorithm == real.algorithm
    assert core_keys.spki_of(throwaway.public_key) != core_keys.spki_of(real.public_key)


def test_a_signer_shows_its_public_side_alone() -> None:
    """Secrets are shy: the repr is the key identifier."""
    signer = forge.key()
    assert repr(signer) == f"KeySigner({core_keys.key_id_of(signer.public_key).hex()})"


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_file_opens_with_its_passphrase(tmp_path: Path, passphrase: bytes | None) -> None:
    """Encrypted or not; one for a key that has none is no mistake."""
    signer, path = forge.key(), tmp_path / "root.key"
    path.write_bytes(signer.encode(passphrase))
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)
    assert signers.load(str(path), PASSPHRASE).public_key == signer.public_key


def test_a_key_file_that_doesnt_open_says_why(tmp_path: Path) -> None:
    """Wrong passphrase, none, a damaged file, a key of a kind that is not used here."""
    path = tmp_path / "root.key"

    def code(contents: bytes, passphrase: bytes | None = None) -> str:
        path.write_bytes(contents)
        return _code(lambda: signers.load(str(path), passphrase))

    encrypted = forge.key().encode(PASSPHRASE)
    assert code(encrypted, b"wrong horse battery") == "passphrase-wrong"
    assert code(encrypted) == "passphrase-missing"
    assert code(encrypted[:100], PASSPHRASE) == "passphrase-wrong"
    assert code(forge.key().encode(None)[:100]) == "key-damaged"
    assert code(b"") == "key-damaged"
    assert code(_pem(ed25519.Ed25519PrivateKey.generate())) == "key-kind"
    assert code(_pem(rsa.generate_private_key(65537, 2048))) == "key-kind"
    assert _code(lambda: signers.load(str(tmp_path / "missing"), None)) == "file-missing"


def test_short_passphrases_are_refused() -> None:
    """Twelve characters at least."""
    assert signers.check_passphrase(b"x" * 12) == b"x" * 12
    assert _code(lambda: signers.check_passphrase(b"x" * 11)) == "passphrase-short"


def test_the_private_key_is_there_for_builders_alone() -> None:
    """Tests and requests need it; nothing else asks."""
    assert KeySigner(forge.key().private_key).public_key == forge.key().public_key
