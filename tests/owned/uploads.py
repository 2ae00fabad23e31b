"""Files that a customer might upload, and should not: each with the code that names what is wrong."""

from __future__ import annotations

import gzip
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from customer import HOSTS, NOW, Customer, build, ec_key, general_names, key_pem, name, pem, root, rsa_key

from dotlocal.core import der
from dotlocal.core.window import DAY, YEAR
from forge import usage

ERROR, WARNING = "error", "warning"
SECRET = b"correct horse"
Files = tuple[bytes, ...]


@dataclass(frozen=True)
class Case:
    """An upload, its passphrase, and what is found about it."""

    name: str
    code: str
    severity: str
    make: Callable[[Customer], Files]
    passphrase: bytes | None = None


def _served(customer: Customer, **how: object) -> Files:
    return (customer.files(**how),)


def _with(customer: Customer, *extensions: tuple[x509.ExtensionType, bool], hosts: object = HOSTS) -> Files:
    """A server certificate with just these extensions."""
    key = ec_key()
    leaf = customer.middle.sign(key.public_key(), extensions=extensions)
    return (key_pem(key) + pem(leaf, customer.middle.certificate),)


SAN = (x509.SubjectAlternativeName(general_names(HOSTS)), True)
SERVER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)


def _keyed(customer: Customer, key: object) -> Files:
    leaf = customer.middle.sign(key.public_key())  # type: ignore[attr-defined]
    return (key_pem(key), pem(leaf, customer.middle.certificate))


def _below(customer: Customer, *more: tuple[x509.ExtensionType, bool], path_length: int | None = 0) -> Files:
    """By an intermediate CA with another extension."""
    middle = customer.root.authority("Example Works Odd CA", more=more, path_length=path_length)
    key = ec_key()
    return (key_pem(key) + pem(middle.sign(key.public_key()), middle.certificate, customer.root.certificate),)


def _dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(each) for each in names]


def _of_another_ca(_: Customer) -> Files:
    key, leaf = Customer().pair()
    return (key_pem(key) + pem(leaf, root("Other Root").authority("Other Issuing CA").certificate),)


def _other_generation(_: Customer) -> Files:
    customer = Customer()  # of whom the device knows no CA of the right one
    key, leaf = customer.pair()
    return (key_pem(key) + pem(leaf, customer.root.authority("Example Works Issuing CA 1").certificate),)


def _path_length(customer: Customer) -> Files:
    lower = customer.middle.authority("Example Works Lower CA")
    key = ec_key()
    return (key_pem(key) + pem(lower.sign(key.public_key()), lower.certificate, customer.middle.certificate),)


def _not_a_ca(customer: Customer) -> Files:
    key, below = customer.pair(subject="Web server 12")
    no_ca = type(customer.middle)(below, key)
    mine = ec_key()
    return (key_pem(mine) + pem(no_ca.sign(mine.public_key()), below, customer.middle.certificate),)


def _two_leaves(customer: Customer) -> Files:
    key, leaf = customer.pair()
    return (key_pem(key) + pem(leaf, customer.pair()[1]),)


def _wrong_key(customer: Customer) -> Files:
    return (key_pem(ec_key()), pem(customer.pair()[1], customer.middle.certificate))


def _zip(customer: Customer) -> Files:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cert.pem", customer.files())
    return (packed.getvalue(),)


def _by_openssl(customer: Customer, *script: str, **contents: bytes) -> Files:
    """What these commands leave as `key` and `cert`; `ca` and `cakey` are the customer's."""
    with tempfile.TemporaryDirectory() as folder:
        _lay(folder, ca=pem(customer.middle.certificate), cakey=key_pem(customer.middle.key), **contents)
        for words in script:
            subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
        key, cert = (Path(folder, each).read_bytes() for each in ("key", "cert"))
    return (key + cert, pem(customer.middle.certificate))


_REQUEST = "req -new -key key -subj /CN=press-07.local -out csr"
_SIGN = "x509 -req -in csr -CA ca -CAkey cakey -set_serial 7 -days 90 -out cert"
_EXTENSIONS = b"subjectAltName=DNS:press-07.local\nkeyUsage=digitalSignature"


def _version_1(customer: Customer) -> Files:
    """Without extensions, as openssl still makes them."""
    return _by_openssl(customer, "ecparam -genkey -name prime256v1 -out key", _REQUEST, _SIGN)


def _lay(folder: str, **contents: bytes) -> str:
    for each, held in contents.items():
        Path(folder, each).write_bytes(held)
    return folder


def _explicit(customer: Customer) -> Files:
    """A certificate whose key's curve is written out, and not named."""
    make = "ecparam -genkey -name prime256v1 -param_enc explicit -out key"
    return _by_openssl(customer, make, _REQUEST, f"{_SIGN} -extfile ext", ext=_EXTENSIONS)


def _deep(_: Customer) -> Files:
    """Nested beyond every stack."""
    inner = b""
    for _ in range(20000):
        inner = der.sequence(inner) if len(inner) < 60000 else b"\x30\x80" + inner
    return (inner,)


def _p7_damaged(customer: Customer) -> Files:
    whole = subprocess.run(
        ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER"],
        input=pem(customer.middle.certificate), check=True, capture_output=True,
    ).stdout  # fmt: skip
    return (whole[:-40],)


def _request(_: Customer) -> Files:
    key = ec_key()
    made = x509.CertificateSigningRequestBuilder().subject_name(name("press-07.local")).sign(key, hashes.SHA256())
    return (made.public_bytes(Encoding.PEM),)


def _self_signed_ca(_: Customer) -> Files:
    """What `openssl req -x509` makes: a root that names a host."""
    key = ec_key()
    made = build(key.public_key(), "press-07.local", name("press-07.local"), key, NOW - DAY, NOW + YEAR, None, (
        (x509.BasicConstraints(ca=True, path_length=None), True), SAN,
    ))  # fmt: skip
    return (key_pem(key) + pem(made),)


def _pfx(customer: Customer, passphrase: bytes = SECRET) -> bytes:
    key, leaf = customer.pair()
    protection = PrivateFormat.PKCS12.encryption_builder().build(passphrase)
    return pkcs12.serialize_key_and_certificates(b"press", key, leaf, [customer.middle.certificate], protection)


RSA_1024 = Path(__file__).with_name("rsa-1024.pem")


def _rsa_1024(customer: Customer) -> Files:
    return _keyed(customer, load_pem_private_key(RSA_1024.read_bytes(), None))


def _sha1(customer: Customer) -> Files:
    """Made by openssl: the library of these tests signs with SHA-1 no more."""
    make = "ecparam -genkey -name prime256v1 -out key"
    return _by_openssl(customer, make, _REQUEST, f"{_SIGN} -sha1 -extfile ext", ext=_EXTENSIONS)


def _pss(customer: Customer) -> Files:
    """A key that may be used with RSASSA-PSS alone."""
    make = "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out key"
    return _by_openssl(customer, make, _REQUEST, f"{_SIGN} -extfile ext", ext=_EXTENSIONS)


def _stranger(_: Customer) -> Files:
    """A certificate alone, by a CA that the device has never seen."""
    key, leaf = Customer().pair()
    return (key_pem(key), pem(leaf))


def _ended_ca(customer: Customer) -> Files:
    key = ec_key()
    ended = customer.root.sign(key.public_key(), subject="Old CA", start=NOW - YEAR, end=NOW - DAY, extensions=(
        (x509.BasicConstraints(ca=True, path_length=0), True), (usage(key_cert_sign=True), True),
    ))  # fmt: skip
    mine = ec_key()
    leaf = type(customer.middle)(ended, key).sign(mine.public_key(), start=NOW - 2 * DAY)
    return (key_pem(mine) + pem(leaf, ended),)


CASES = (
    # what is no certificate at all
    Case("nothing", "own-empty", ERROR, lambda _: (b"",)),
    Case("a zip", "own-not-recognised", ERROR, _zip),
    Case("a gzip", "own-not-recognised", ERROR, lambda c: (gzip.compress(c.files()),)),
    Case("a web page", "own-not-recognised", ERROR, lambda _: (b"<!doctype html><title>Log in</title>",)),
    Case("50 MB", "own-too-large", ERROR, lambda _: (b"0" * (50 << 20),)),
    Case("50 MB of base64", "own-too-large", ERROR, lambda c: (c.files() + b"A" * (50 << 20),)),
    Case("a certificate of 70,000 octets", "own-too-large", ERROR, lambda c: (c.files(more=[
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), bytes(70_000)), False)]),)),
    Case("ASN.1 of 20,000 levels", "own-certificate-unreadable", ERROR, _deep),
    Case("random octets in DER", "own-certificate-unreadable", ERROR, lambda _: (b"\x30\x82\x01\x00" + bytes(256),)),
    Case("PEM cut short", "own-pem-damaged", ERROR, lambda c: (c.files()[:-30],)),
    Case("PEM with a hole", "own-pem-damaged", ERROR, lambda c: (
        pem(c.pair()[1]).replace(b"MI", b"M*", 1),)),
    Case("PKCS#7 cut short", "own-pkcs7-unreadable", ERROR, _p7_damaged),
    Case("a request", "own-is-request", ERROR, _request),
    Case("a public key", "own-no-certificate", ERROR, lambda _: (ec_key().public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),)),
    Case("a hundred certificates", "own-too-many", ERROR, lambda c: (b"".join(
        pem(c.pair(key=c.root.key)[1]) for _ in range(100)),)),
    # keys
    Case("a private key only", "own-only-key", ERROR, lambda _: (key_pem(ec_key()),)),
    Case("no key", "own-no-key", ERROR, lambda c: (pem(c.pair()[1], c.middle.certificate),)),
    Case("another's key", "own-key-other", ERROR, _wrong_key),
    Case("encrypted without passphrase", "own-passphrase-missing", ERROR, lambda c: (
        key_pem(ec_key(), SECRET), pem(c.pair()[1]))),
    Case("encrypted with a wrong passphrase", "own-passphrase-wrong", ERROR, lambda c: (
        key_pem(ec_key(), SECRET), pem(c.pair()[1])), b"wrong"),
    Case("traditional encryption without passphrase", "own-passphrase-missing", ERROR, lambda c: (
        key_pem(rsa_key(), SECRET, PrivateFormat.TraditionalOpenSSL), pem(c.pair()[1]))),
    Case("PKCS#12 without passphrase", "own-passphrase-missing", ERROR, lambda c: (_pfx(c),)),
    Case("PKCS#12 with a wrong passphrase", "own-passphrase-wrong", ERROR, lambda c: (_pfx(c),), b"wrong"),
    Case("a key with explicit curve parameters", "own-key-explicit", ERROR, _explicit),
    Case("a damaged key", "own-key-unreadable", ERROR, lambda c: (
        b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", pem(c.pair()[1]))),
    Case("RSA-1024", "own-key-weak", ERROR, _rsa_1024),
    Case("RSASSA-PSS", "own-key-kind", ERROR, _pss),
    Case("DSA", "own-key-kind", ERROR, lambda c: _keyed(c, dsa.generate_private_key(2048))),
    Case("secp256k1", "own-key-curve", ERROR, lambda c: _keyed(c, ec.generate_private_key(ec.SECP256K1()))),
    Case("Ed25519", "own-key-edwards", WARNING, lambda c: _keyed(c, ed25519.Ed25519PrivateKey.generate())),
    Case("P-521", "own-key-p521", WARNING, lambda c: _keyed(c, ec.generate_private_key(ec.SECP521R1()))),
    # the certificate
    Case("expired", "own-ended", ERROR, lambda c: _served(c, start=NOW - 90 * DAY, end=NOW - DAY)),
    Case("not yet valid", "own-starts-later", ERROR, lambda c: _served(c, start=NOW + 2 * DAY)),
    Case("ten years", "own-long", WARNING, lambda c: _served(c, end=NOW + 10 * YEAR)),
    Case("version 1", "own-version", ERROR, _version_1),
    Case("SHA-1", "own-signature-weak", ERROR, _sha1),
    Case("two server certificates", "own-two-leaves", ERROR, _two_leaves),
    Case("a root", "own-is-root", ERROR, lambda c: (key_pem(c.root.key) + pem(c.root.certificate),)),
    Case("a root that names a host", "own-is-root", ERROR, _self_signed_ca),
    Case("a CA", "own-is-ca", ERROR, lambda c: (key_pem(c.middle.key) + pem(c.middle.certificate),)),
    Case("for clients", "own-not-for-servers", ERROR, lambda c: _with(
        c, SAN, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False))),
    Case("key encipherment alone", "own-key-usage", ERROR, lambda c: _with(
        c, SAN, (usage(key_encipherment=True), True))),
    Case("must staple", "own-must-staple", WARNING, lambda c: _with(
        c, SAN, SERVER, (x509.TLSFeature([x509.TLSFeatureType.status_request]), False))),
    Case("an unknown critical extension", "own-critical", ERROR, lambda c: _with(
        c, SAN, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True))),
    # names
    Case("no subjectAltName", "own-no-name", ERROR, lambda c: _with(c, SERVER)),
    Case("e-mail addresses alone", "own-no-name", ERROR, lambda c: _with(
        c, (x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]), True))),
    Case("for another name", "own-names-other", WARNING, lambda c: _served(c, hosts=("www.example.com",))),
    Case("a NUL in a name", "own-name-malformed", ERROR, lambda c: _with(
        c, (x509.SubjectAlternativeName(_dns("press-07.local\x00.example.com")), True))),
    Case("an underscore", "own-name-malformed", ERROR, lambda c: _served(c, hosts=("press_07.local", *HOSTS))),
    Case("an address as a name", "own-name-malformed", ERROR, lambda c: _with(
        c, (x509.SubjectAlternativeName(_dns("192.168.77.7")), True))),
    Case("*.local", "own-wildcard", WARNING, lambda c: _served(c, hosts=("*.local", *HOSTS))),
    Case("a thousand names", "own-name-malformed", ERROR, lambda c: _served(
        c, hosts=tuple(f"h{number}.example.com" for number in range(1000)))),
    # the chain
    Case("no chain", "own-no-chain", WARNING, _stranger),
    Case("the chain of another CA", "own-chain-other", ERROR, _of_another_ca),
    Case("a CA of another generation", "own-chain-signature", ERROR, _other_generation),
    Case("below no CA", "own-not-a-ca", ERROR, _not_a_ca),
    Case("a path length exceeded", "own-path-length", ERROR, _path_length),
    Case("below a CA for e-mail", "own-ca-purpose", ERROR, lambda c: _below(
        c, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False))),
    Case("outside permitted names", "own-constraint", ERROR, lambda c: _below(
        c, (x509.NameConstraints(_dns("example.com"), None), True))),
    Case("inside excluded names", "own-constraint", ERROR, lambda c: _below(
        c, (x509.NameConstraints(None, _dns("local")), True))),
    Case("a CA that ended", "own-ended", ERROR, _ended_ca),
)  # fmt: skip
