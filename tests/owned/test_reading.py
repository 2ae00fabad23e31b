"""What customers and their CAs send: every usual form, from the programs that write it, in any order."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from box import Box
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs7, pkcs12
from customer import HOSTS, NOW, Customer, build, ec_key, general_names, key_pem, pem, rsa_key

from dotlocal.core.window import DAY
from dotlocal.device.owned import judge, reading
from dotlocal.device.owned.material import Material, Upload
from tools import program

PASSPHRASE = b"correct horse"


@pytest.fixture(scope="module")
def pair(customer: Customer) -> tuple[object, x509.Certificate]:
    return customer.pair()


def read(*files: bytes, passphrase: bytes | None = None) -> Material:
    """In this process, for speed; `test_uploads` and one test here have the child that devices have."""
    return reading.read([Upload(f"file {number}", each) for number, each in enumerate(files)], passphrase)


def whole(material: Material, pair: tuple[object, x509.Certificate], customer: Customer, *, key: bool = True) -> bool:
    """Whether key, certificate and intermediate CA were found, and nothing was wrong."""
    found = set(material.certificates) >= {pair[1], customer.middle.certificate}
    return found and len(material.keys) == key and not [each for each in material.findings if each.severity == "error"]


FORMS = ("pyca", "pyca 3DES", "openssl 3", "openssl legacy", "openssl legacy RC2", "keytool", "keytool 3DES")


def pfx(form: str, folder: Path, pair: tuple[object, x509.Certificate], customer: Customer) -> bytes:
    """PKCS#12 with key, certificate and intermediate CA."""
    key, leaf = pair
    if form.startswith("pyca"):
        builder = PrivateFormat.PKCS12.encryption_builder()
        if "3DES" in form:
            builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        cas = [customer.middle.certificate]
        return pkcs12.serialize_key_and_certificates(b"press", key, leaf, cas, builder.build(PASSPHRASE))  # type: ignore[arg-type]
    for name, held in (("key", key_pem(key)), ("cert", pem(leaf)), ("ca", pem(customer.middle.certificate))):
        (folder / name).write_bytes(held)
    legacy = {
        "openssl 3": [], "openssl legacy": ["-legacy"],
        "openssl legacy RC2": ["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-RC2-40"],
    }  # fmt: skip
    more = legacy.get(form, [])
    run(folder, program("openssl"), "pkcs12", "-export", *more, "-inkey", "key", "-in", "cert", "-certfile", "ca",
        "-name", "press", "-passout", "pass:correct horse", "-out", "made.p12")  # fmt: skip
    if form.startswith("keytool"):
        legacy_java = ["-J-Dkeystore.pkcs12.legacy"] if "3DES" in form else []
        run(folder, program("keytool"), *legacy_java, "-importkeystore", "-noprompt", "-srckeystore", "made.p12",
            "-srcstoretype", "PKCS12", "-srcstorepass", "correct horse", "-destkeystore", "java.p12",
            "-deststoretype", "PKCS12", "-deststorepass", "correct horse")  # fmt: skip
        return (folder / "java.p12").read_bytes()
    return (folder / "made.p12").read_bytes()


def run(folder: Path, *words: str) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("form", FORMS)
def test_pkcs12(form: str, tmp_path: Path, pair: tuple[object, x509.Certificate], customer: Customer) -> None:
    """With the right passphrase all of it; with a wrong one, an empty one or none a code for each."""
    made = pfx(form, tmp_path, pair, customer)
    assert whole(read(made, passphrase=PASSPHRASE), pair, customer)
    codes = {given: [each.code for each in read(made, passphrase=given).findings] for given in (b"wrong", b"", None)}
    assert codes == {
        b"wrong": ["own-passphrase-wrong"], b"": ["own-passphrase-wrong"], None: ["own-passphrase-missing"]
    }  # fmt: skip


def test_pkcs12_without_a_passphrase(pair: tuple[object, x509.Certificate], customer: Customer, tmp_path: Path) -> None:
    """Some exporters leave it empty."""
    (tmp_path / "all").write_bytes(key_pem(pair[0]) + pem(pair[1], customer.middle.certificate))
    run(tmp_path, program("openssl"), "pkcs12", "-export", "-in", "all", "-passout", "pass:", "-out", "made.p12")
    assert whole(read((tmp_path / "made.p12").read_bytes()), pair, customer)


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
@pytest.mark.parametrize("passphrase", [b"", PASSPHRASE], ids=["plain", "encrypted"])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_keys_in_pem(kind: str, passphrase: bytes, form: str, customer: Customer) -> None:
    """PKCS#8, PKCS#1, SEC 1, plain and encrypted."""
    key, leaf = customer.pair(rsa_key() if kind == "RSA" else None)
    made = key_pem(key, passphrase, getattr(PrivateFormat, form))
    found = read(made, pem(leaf, customer.middle.certificate), passphrase=passphrase or None)
    assert whole(found, (key, leaf), customer)


def test_a_second_opinion(box: Box, customer: Customer) -> None:
    """No authority key identifier: browsers take it, Python 3.13 does not, and the customer is told; it is served."""
    key = ec_key()
    leaf = build(
        key.public_key(), "", customer.middle.certificate.subject, customer.middle.key, NOW - DAY, NOW + 9 * DAY, None,
        ((x509.SubjectAlternativeName(general_names(HOSTS)), True),),
    )  # fmt: skip
    found = box.owned.examine(
        [Upload("all", key_pem(key) + pem(leaf, customer.middle.certificate, customer.root.certificate))]
    )
    assert [(each.code, each.severity) for each in found.findings] == [("own-short", "note"), ("own-strict", "note")]
    assert box.owned.take(found, confirm=True)["served"] == "certificate"


def test_keys_in_der(pair: tuple[object, x509.Certificate], customer: Customer, tmp_path: Path) -> None:
    """A key and certificates without PEM around them."""
    (tmp_path / "key").write_bytes(key_pem(pair[0]))
    run(tmp_path, program("openssl"), "pkcs8", "-topk8", "-nocrypt", "-in", "key", "-outform", "DER", "-out", "key8")
    run(tmp_path, program("openssl"), "ec", "-in", "key", "-outform", "DER", "-out", "sec1")
    cas = [each.public_bytes(Encoding.DER) for each in (pair[1], customer.middle.certificate)]
    for name in ("key8", "sec1"):
        assert whole(read((tmp_path / name).read_bytes(), *cas), pair, customer)


def test_any_order(box: Box, customer: Customer, pair: tuple[object, x509.Certificate]) -> None:
    """Root first, key last, one file or four: the chain is served in its order, without the root."""
    blocks = (key_pem(pair[0]), pem(pair[1]), pem(customer.middle.certificate), pem(customer.root.certificate))
    around = box.owned._circumstances()
    for order in itertools.permutations(blocks):
        together = judge.judge(read(b"".join(order)), around)
        assert together.chain == (pair[1], customer.middle.certificate)
        assert together.anchor == customer.root.certificate
        assert [each.code for each in together.findings] == []
    uploads = [Upload(f"{number}", each) for number, each in enumerate(reversed(blocks))]
    assert box.owned.examine(uploads).chain == together.chain


@pytest.mark.parametrize("label", ["PKCS7", "CERTIFICATE", "", "DER", "UTF-16"])
def test_pkcs7(label: str, customer: Customer, pair: tuple[object, x509.Certificate], tmp_path: Path) -> None:
    """As OpenSSL and EJBCA write it, and as Windows does: base64 between CERTIFICATE lines, or between none."""
    (tmp_path / "certs").write_bytes(pem(customer.root.certificate, customer.middle.certificate, pair[1]))
    run(tmp_path, program("openssl"), "crl2pkcs7", "-nocrl", "-certfile", "certs", "-out", "made.p7b")
    made = (tmp_path / "made.p7b").read_bytes()
    if label == "CERTIFICATE":
        made = made.replace(b"PKCS7", b"CERTIFICATE").replace(b"\n", b"\r\n")
    elif label == "":
        made = b"".join(made.splitlines(keepends=True)[1:-1])
    elif label == "DER":
        made = pkcs7.serialize_certificates(
            list(x509.load_pem_x509_certificates((tmp_path / "certs").read_bytes())), Encoding.DER
        )
    elif label == "UTF-16":
        made = made.decode().encode("utf-16")
    assert whole(read(made), pair, customer, key=False)


def test_what_openssl_prints_around_it(
    customer: Customer, pair: tuple[object, x509.Certificate], tmp_path: Path
) -> None:
    """`openssl ca` writes the whole certificate as text above it; `openssl ecparam` its parameters before the key."""
    (tmp_path / "cert").write_bytes(pem(pair[1]))
    run(tmp_path, program("openssl"), "x509", "-in", "cert", "-text", "-trustout", "-out", "talked")
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    talked = (tmp_path / "talked").read_bytes()
    assert b"Subject Alternative Name" in talked
    found = read(talked, parameters + key_pem(pair[0]), pem(customer.middle.certificate))
    assert whole(found, pair, customer)
    assert [each.code for each in found.findings] == ["own-spare-block"]
