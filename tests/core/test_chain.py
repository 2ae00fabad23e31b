"""What is read off certificates: who signed whom, names, fingerprints, validity."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import forge
from core.cases import BY_ID
from dotlocal.core import der, keys
from dotlocal.core.chain import fingerprint, named, signed_by, window_of
from dotlocal.core.template import certificate
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.testing import MOMENT, Device, World


@pytest.mark.parametrize("name", ["a leaf by another key", "another root of the same name", "self-signed"])
def test_a_name_without_the_signature_is_no_issuer(name: str) -> None:
    """Names can be copied; only the key signs."""
    chain, root = BY_ID[name].build()
    assert not all(signed_by(*pair) for pair in zip(chain, [*chain[1:], root], strict=True))


def test_a_signature_without_the_name_is_no_issuer(world: World) -> None:
    """The same key under another name is another CA (RFC 5280 6.1.3)."""
    other = forge.root(forge.name("B"), world.root_key.public_key, window_of(world.root), None).signed(world.root_key)
    assert not signed_by(world.factory, other)


def test_signatures_that_cant_be_verified_are_no_signatures(world: World) -> None:
    """An algorithm of nobody's, or one that doesn't fit the key, or is too old to count."""
    draft = forge.factory(
        forge.name("A"), forge.key().public_key, window_of(world.root), world.root.subject, world.root_key.public_key
    )
    contents = draft.signed(world.root_key).tbs_certificate_bytes
    for algorithm in ("rsa-sha256", "ecdsa-sha256"):
        unfit = certificate(contents, algorithm, world.root_key.sign(contents))
        assert not signed_by(x509.load_der_x509_certificate(unfit), world.root)
    nobody = der.sequence(contents, der.sequence(der.oid("1.2.3.4")), der.bit_string(b"signature"))
    assert not signed_by(x509.load_der_x509_certificate(nobody), world.root)


def test_certificates_are_told_apart_by_what_a_person_sees(world: World, press: Device) -> None:
    """The subject, or for a server certificate, which has none, its serial number."""
    leaf, _ = world.serve(press, "a.local")
    assert "device CA SN0007" in named(press.record.device_ca)
    assert named(leaf) == f"the certificate {leaf.serial_number:x}"


def test_the_fingerprint_is_the_one_that_browsers_show(world: World) -> None:
    """SHA-256 over the whole certificate, AB:CD:…"""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(world.root.public_bytes(Encoding.DER))
    assert fingerprint(world.root).replace(":", "").lower() == digest.finalize().hex()


def test_the_window_is_the_certificates(world: World) -> None:
    """A day back, 25 years ahead, also beyond 2050."""
    assert window_of(world.root) == Window(MOMENT - DAY, MOMENT + 25 * YEAR)
    assert keys.kind_of(world.root.public_key()) == "P-384"
