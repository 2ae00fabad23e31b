"""Reading what somebody uploaded: PEM, DER, PKCS#7, PKCS#12, keys in every usual form, in any order.

What was written by others is parsed by `cryptography`, in a child process with limits (`reader`): a PKCS#12 file may
ask for two thousand million rounds of its key derivation, and an ASN.1 structure may nest as deep as it likes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, NOTE, Finding
from dotlocal.device.owned import form
from dotlocal.device.owned.material import Material, PrivateKey, Upload

MOST_OCTETS = 1 << 20  # of all files together
MOST_CERTIFICATES = 64
# OpenSSL's clients take no chain beyond 100 KiB; and each name is compared with each constraint above it
_MOST_OF_ONE = 64 * 1024
_MOST_FILES = 16
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.{0,1048576}?)-----END \1-----", re.S)
_BEGIN = b"-----BEGIN "
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
_COLLECTIONS = (b"PKCS7", b"CMS", b"CERTIFICATE CHAIN")
_REQUESTS = (b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    passphrase: bytes | None
    keys: dict[bytes, PrivateKey] = field(default_factory=dict)
    certificates: dict[bytes, x509.Certificate] = field(default_factory=dict)
    requests: int = 0
    findings: list[Finding] = field(default_factory=list)

    def problem(self, code: str, name: str, message: str, hint: str) -> None:
        """Note what can't be used."""
        self.findings.append(Finding(code, ERROR, name, message, hint=hint))  # code-scan: own

    def add(self, certificate: x509.Certificate, name: str) -> None:
        """Take a certificate whose every part can be read."""
        encoded = certificate.public_bytes(Encoding.DER)
        if len(encoded) > _MOST_OF_ONE:
            self.problem(
                "own-too-large", name, f"a certificate has {len(encoded)} octets; browsers take {_MOST_OF_ONE} at most",
                "have it made with fewer names, or its CA with fewer constraints",
            )  # fmt: skip
        elif len(self.certificates) < MOST_CERTIFICATES:
            self.certificates[encoded] = pem.certificate(encoded, name)
        elif not any(each.code == "own-too-many" for each in self.findings):
            self.findings.append(
                Finding(
                    "own-too-many", ERROR, name, f"there are more than {MOST_CERTIFICATES} certificates",
                    hint="import one server certificate and the CAs above it",
                )
            )  # fmt: skip


def read(uploads: Sequence[Upload], passphrase: bytes | None) -> Material:
    """Everything that can be used, and a finding for everything that can't. To be called through `reader.read`."""
    reading = _Reading(passphrase)
    total = sum(len(each.contents) for each in uploads)
    if total > MOST_OCTETS or len(uploads) > _MOST_FILES:
        return Material(findings=(too_large(total),))
    for upload in uploads:
        _file(reading, upload.name, form.unwrapped(upload.contents))
    return Material(
        tuple(reading.keys.values()), tuple(reading.certificates.values()), reading.requests, tuple(reading.findings)
    )


def too_large(total: int) -> Finding:
    """More than is read."""
    return Finding(
        "own-too-large", ERROR, "upload",
        f"there are {total} octets; at most {MOST_OCTETS}, in {_MOST_FILES} files, are read",
        hint="a certificate with its chain and key has some thousands: this is something else",
    )  # fmt: skip


def _file(reading: _Reading, name: str, data: bytes) -> None:
    if not data.strip():
        reading.problem("own-empty", name, f"{name} is empty", "give the file that your CA sent")
    elif sign := form.foreign(data):
        _unknown(reading, name, sign)
    elif _BEGIN in data:
        _pem(reading, name, data)
    elif data[:1] == b"\x30":
        _der(reading, name, data)
    elif der := form.from_base64(data):
        _der(reading, name, der)
    else:
        _unknown(reading, name, form.foreign_text(data))


def _unknown(reading: _Reading, name: str, sign: str) -> None:
    told = f": it looks like {sign}" if sign else ""
    reading.problem(
        "own-not-recognised", name, f"{name} holds no certificate and no key{told}",
        "import PEM, DER, PKCS#7 (.p7b) or PKCS#12 (.pfx, .p12); unpack archives first",
    )  # fmt: skip


def _pem(reading: _Reading, name: str, data: bytes) -> None:
    blocks = list(_BLOCK.finditer(data))
    if len(blocks) != data.count(_BEGIN):
        reading.problem(
            "own-pem-damaged", name, f"{name} has a block that starts or ends in the wrong place",
            "copy it again, whole, from -----BEGIN to -----END",
        )  # fmt: skip
    for block in blocks:
        label, body = block[1], block[2]
        if label.endswith(b"PRIVATE KEY"):
            _key(reading, name, block[0] + b"\n", pem_form=True)
            continue
        try:
            der = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
        except binascii.Error:
            reading.problem(
                "own-pem-damaged", name, f"{name} has a block {label.decode()} that is damaged",
                "copy it again, whole, from -----BEGIN to -----END",
            )  # fmt: skip
            continue
        if label in _CERTIFICATES or label in _COLLECTIONS:
            _der(reading, name, form.without_remarks(der) if label.startswith(b"TRUSTED") else der)
        elif label in _REQUESTS:
            reading.requests += 1
        else:
            told = label.decode().lower()
            reading.findings.append(Finding("own-spare-block", NOTE, name, f"the {told} in {name} is not needed"))


def _der(reading: _Reading, name: str, der: bytes) -> None:
    shape = form.shape(der)
    if shape[:2] == "i3":
        _pkcs12(reading, name, der)
    elif shape[:1] == "o":
        _pkcs7(reading, name, der)
    elif shape[:1] == "i" or shape == "so":
        _key(reading, name, der, pem_form=False)
    elif shape == "si0" and _is_request(der):
        reading.requests += 1
    else:
        try:
            reading.add(x509.load_der_x509_certificate(der), name)
        except Exception as error:  # whatever hostile DER brings up
            message = error.message if isinstance(error, Refused) else f"{name} can't be read as a certificate: {error}"
            reading.problem("own-certificate-unreadable", name, message, "get it anew from your CA, as DER or PEM")


def _is_request(der: bytes) -> bool:
    try:
        x509.load_der_x509_csr(der)
    except Exception:  # it is something else
        return False
    return True


def _pkcs7(reading: _Reading, name: str, der: bytes) -> None:
    try:
        found = pkcs7.load_der_pkcs7_certificates(der)
        for each in found:
            reading.add(each, name)
    except Exception as error:  # ValueError, UnsupportedAlgorithm: whatever hostile DER brings up
        told = error.message if isinstance(error, Refused) else str(error)
        reading.problem(
            "own-pkcs7-unreadable", name, f"{name} is PKCS#7 that can't be read: {told}",
            "have the chain exported as PEM, or as PKCS#7 with certificates only",
        )  # fmt: skip


def _pkcs12(reading: _Reading, name: str, der: bytes) -> None:
    tried = [reading.passphrase] if reading.passphrase is not None else [None, b""]
    try:
        opened = [found for each in tried if (found := _opened(der, each))]
    except UnsupportedAlgorithm as error:
        reading.problem(
            "own-pkcs12-unreadable", name, f"{name} is encrypted in a way that can't be opened here: {error}",
            "export it again with AES-256",
        )  # fmt: skip
        return
    if opened:
        _take(reading, name, opened[0])
    else:
        _locked(reading, name)


def _opened(der: bytes, passphrase: bytes | None) -> pkcs12.PKCS12KeyAndCertificates | None:
    try:
        return pkcs12.load_pkcs12(der, passphrase)
    except UnsupportedAlgorithm:
        raise
    except Exception:  # ValueError for a wrong passphrase and for damage alike
        return None


def _take(reading: _Reading, name: str, found: pkcs12.PKCS12KeyAndCertificates) -> None:
    if found.key is not None:
        _add_key(reading, name, found.key)
    for each in (found.cert, *found.additional_certs):
        if each is not None:
            try:
                reading.add(each.certificate, name)
            except Refused as refused:
                hint = "get it anew from your CA"
                reading.problem("own-certificate-unreadable", name, refused.message, hint)


def _locked(reading: _Reading, name: str) -> None:
    if reading.passphrase is None:
        reading.problem("own-passphrase-missing", name, f"{name} is encrypted", "give its passphrase as well")
    else:
        reading.problem(
            "own-passphrase-wrong", name, f"the passphrase does not open {name}, or the file is damaged",
            "try the passphrase that it was exported with",
        )  # fmt: skip


def _key(reading: _Reading, name: str, data: bytes, *, pem_form: bool) -> None:
    load = serialization.load_pem_private_key if pem_form else serialization.load_der_private_key
    try:
        try:
            key = load(data, None)
        except TypeError:  # encrypted
            if reading.passphrase is None:
                _locked(reading, name)
                return
            try:
                key = load(data, reading.passphrase)
            except ValueError:
                _locked(reading, name)
                return
        _add_key(reading, name, key)
    except Exception as error:  # ValueError, UnsupportedAlgorithm: whatever hostile DER brings up
        told = "explicit" in str(error).lower()
        hint = "export it again with its curve by name" if told else "export it again, as PKCS#8"
        reading.problem("own-key-unreadable", name, f"{name} has a private key that can't be read: {error}", hint)


def _add_key(reading: _Reading, name: str, key: object) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        kind = f"RSA-{key.key_size}"
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        kind = key.curve.name
    elif isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey | dsa.DSAPrivateKey):
        kind = type(key).__name__.removesuffix("PrivateKey")
    else:
        told = f"{name} has a private key of a kind that no server uses: {type(key).__name__}"
        reading.problem("own-key-unreadable", name, told, "use P-256, P-384 or RSA")
        return
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    reading.keys[spki] = PrivateKey(pkcs8, spki, kind)
