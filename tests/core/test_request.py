"""Certificate requests: the key and the identity are taken, everything else is refused or ignored."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, NameOID

import forge
from dotlocal.core import der, keys, pem, pkcs10
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.request import parse_device, parse_factory
from dotlocal.core.template import ALGORITHMS
from dotlocal.core.window import Window
from dotlocal.host.signers import KeySigner
from dotlocal.testing import request_pem

KEY = forge.key(number=3)
DEVICE = ((NameOID.SERIAL_NUMBER, "SN0007"),)
STATION = ((NameOID.COMMON_NAME, "line 1"),)
Subject = tuple[tuple[x509.ObjectIdentifier, str], ...]


def _request(subject: Subject, key: Any = None, *extensions: x509.ExtensionType) -> bytes:
    name = x509.Name([x509.NameAttribute(oid, text, _validate=False) for oid, text in subject])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    key = key or KEY.private_key
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.PEM)


def _raw(subject: bytes, *, spki: bytes = b"", algorithm: bytes = b"", signature: bytes = b"") -> bytes:
    """A request that no builder writes; signed by KEY unless another signature is given."""
    signed = pkcs10.contents(subject, spki or keys.spki_of(KEY.public_key))
    whole = der.sequence(
        signed, algorithm or ALGORITHMS[KEY.algorithm], der.bit_string(signature or KEY.sign(signed))
    )  # fmt: skip
    return pem.encode(pem.REQUEST, whole).encode()


def test_names_that_are_asked_for_are_written_as_pyca_does() -> None:
    """extensionRequest with a subjectAltName: the same octets as `cryptography`'s builder makes."""
    names, addresses = [HostName.parse("press-07.local")], [Address.parse("192.168.7.7"), Address.parse("fd00::7")]
    wanted = x509.SubjectAlternativeName(
        [x509.DNSName(names[0].text), *(x509.IPAddress(ip_address(each.text)) for each in addresses)]
    )
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press")])
    for subject, critical in ((x509.Name([]), True), (named, False)):  # RFC 5280 4.2.1.6
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        theirs = builder.add_extension(wanted, critical=critical).sign(KEY.private_key, hashes.SHA256())
        ours = pkcs10.contents(subject.public_bytes(), keys.spki_of(KEY.public_key), names, addresses)
        assert ours == theirs.tbs_certrequest_bytes


def _refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        parse_device(data)
    return refused.value


# ── good ones ──


def test_a_request_of_ours_is_read() -> None:
    """What `device init` writes: key and serial number, and a signature by that key."""
    request = parse_device(request_pem(KEY, "SN0007").encode())
    assert (request.identity, request.public_key) == ("SN0007", KEY.public_key)


def test_our_request_is_the_one_of_an_independent_builder() -> None:
    """PKCS#10 contents, to the byte (RFC 2986 4.1)."""
    ours = x509.load_pem_x509_csr(request_pem(KEY, "SN0007").encode())
    theirs = x509.load_pem_x509_csr(_request(DEVICE))
    assert ours.tbs_certrequest_bytes == theirs.tbs_certrequest_bytes
    assert ours.is_signature_valid
    station = pkcs10.contents(pkcs10.common_name("line 1"), keys.spki_of(KEY.public_key))
    assert station == x509.load_pem_x509_csr(_request(STATION)).tbs_certrequest_bytes


def test_other_subject_fields_are_ignored() -> None:
    """The organisation is the vendor's to say, and a name in a request names nobody."""
    subject = ((NameOID.ORGANIZATION_NAME, "Evil"), *DEVICE, (NameOID.COMMON_NAME, "www.example.com"))
    assert parse_device(_request(subject)).identity == "SN0007"


def test_attributes_that_ask_for_nothing_are_ignored() -> None:
    """A challenge password asks for no extension (RFC 2985 5.4.1)."""
    builder = x509.CertificateSigningRequestBuilder().add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"secret")
    name = x509.Name([x509.NameAttribute(*DEVICE[0])])
    signed = builder.subject_name(name).sign(KEY.private_key, hashes.SHA256())
    assert parse_device(signed.public_bytes(Encoding.PEM)).identity == "SN0007"


def test_a_station_may_have_p384() -> None:
    """Factory CA: P-256 or P-384; the identity is the common name alone."""
    for kind in ("P-256", "P-384"):
        assert parse_factory(_request(STATION, forge.key(kind).private_key)).identity == "line 1"


@pytest.mark.parametrize("newline", [b"\r\n", b" \n"], ids=["CRLF", "trailing blanks"])
def test_requests_that_travelled_are_read(newline: bytes) -> None:
    """Mail programs change line ends and leave text around the block."""
    data = b"Dear factory,\n\n" + request_pem(KEY, "SN0007").encode().replace(b"\n", newline) + b"\nregards\n"
    assert parse_device(data).identity == "SN0007"


# ── keys ──


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(65537, 1024), id="RSA-1024"),
        pytest.param(lambda: rsa.generate_private_key(65537, 2048), id="RSA-2048"),
        pytest.param(lambda: forge.key("RSA-3072").private_key, id="RSA-3072, good for roots alone"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP384R1()), id="P-384, good for stations"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP521R1()), id="P-521"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP256K1()), id="secp256k1"),
        pytest.param(lambda: ec.generate_private_key(ec.BrainpoolP256R1()), id="brainpoolP256r1"),
        pytest.param(ed25519.Ed25519PrivateKey.generate, id="Ed25519"),
        pytest.param(ed448.Ed448PrivateKey.generate, id="Ed448"),
    ],
)
def test_a_device_has_p256(key: Any) -> None:
    """A device CA on anything else would lose clients (Ed25519: Chromium, Firefox) or the boot path's libcrypto."""
    assert _refusal(_request(DEVICE, key())).code == "key-kind"


def test_a_curve_that_the_library_doesnt_know_is_refused() -> None:
    """An OID of nobody's, or parameters in place of a name (RFC 5480 2.1.1)."""
    point = der.bit_string(b"\x04" + bytes(64))
    curve = der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.3.4")), point)
    nobody = der.sequence(der.sequence(der.oid("1.2.3.4")), point)
    for spki in (curve, nobody):
        assert _refusal(_raw(pkcs10.device_name("SN1"), spki=spki)).code == "key-kind"


def test_a_point_on_no_curve_is_refused() -> None:
    """A public key that is none must not reach a certificate."""
    off = keys.spki_of(KEY.public_key)[:-1] + bytes((keys.spki_of(KEY.public_key)[-1] ^ 1,))
    assert _refusal(_raw(pkcs10.device_name("SN1"), spki=off)).code == "key-kind"


def test_a_station_has_no_rsa() -> None:
    """A factory CA's key is EC; the root's may be RSA."""
    with pytest.raises(Refused) as refused:
        parse_factory(_request(STATION, forge.key("RSA-3072").private_key))
    assert refused.value.code == "key-kind"


# ── proof of possession ──


def test_a_wrong_signature_is_refused() -> None:
    """Somebody else's key in one's own request."""
    for signature in (forge.key(number=4).sign(b"x"), KEY.sign(b"other contents"), b"\x30\x00", b"\0"):
        assert _refusal(_raw(pkcs10.device_name("SN1"), signature=signature)).code == "request-signature"


@pytest.mark.parametrize(
    "algorithm",
    [der.sequence(der.oid("1.2.3.4")), ALGORITHMS["rsa-sha256"], der.sequence(der.oid("1.2.840.10045.4.1"))],
    ids=["nobody's", "RSA", "ECDSA with SHA-1"],
)
def test_a_signature_by_an_unknown_or_unfit_algorithm_is_no_proof(algorithm: bytes) -> None:
    """Whatever can't be verified is refused, not believed."""
    assert _refusal(_raw(pkcs10.device_name("SN1"), algorithm=algorithm)).code == "request-signature"


def test_dsa_is_no_key_of_ours() -> None:
    """A station with a key of another century."""
    old = dsa.generate_private_key(1024)
    with pytest.raises(Refused) as refused:
        keys.kind_of(old.public_key())
    assert refused.value.code == "key-kind"


# ── extensions ──


@pytest.mark.parametrize(
    "extension",
    [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.BasicConstraints(ca=False, path_length=None),
        x509.SubjectAlternativeName([x509.DNSName("www.example.com")]),
        x509.KeyUsage(True, False, False, False, False, False, False, False, False),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
    ],
    ids=["CA:TRUE", "CA:FALSE", "names", "key usage", "nobody's"],
)
def test_a_requested_extension_is_refused(extension: x509.ExtensionType) -> None:
    """Loudly, and not stripped in silence: extensions come from the profile alone."""
    refused = _refusal(_request(DEVICE, None, extension))
    assert refused.code == "request-extension"
    assert refused.hint


def test_two_requested_extensions_of_one_kind_are_refused() -> None:
    """A request that contradicts itself can't be read."""
    basic = der.extension("2.5.29.19", der.sequence(), critical=True)
    asked = der.sequence(der.oid("1.2.840.113549.1.9.14"), der.set_of(der.sequence(basic, basic)))
    signed = der.sequence(
        der.integer(0), pkcs10.device_name("SN1"), keys.spki_of(KEY.public_key), der.explicit(0, asked)
    )  # fmt: skip
    data = pem.encode(pem.REQUEST, pkcs10.request(signed, KEY.algorithm, KEY.sign(signed))).encode()
    assert _refusal(data).code == "request-unreadable"


# ── identity ──


@pytest.mark.parametrize("serial", ["S", "SN0007", "0", "a.b-c", "A" * 32, "7-.", "SN0007."])
def test_serial_numbers_of_devices(serial: str) -> None:
    """Letters, digits, dots and hyphens, starting with a letter or digit, at most 32."""
    assert parse_device(_request(((NameOID.SERIAL_NUMBER, serial),))).identity == serial


@pytest.mark.parametrize(
    "serial", ["A" * 33, "-SN", ".SN", "SN 7", "SN_7", "SN/7", "SÑ7", "SN7\n", "SN\x007", "٣", " S"]
)
def test_odd_serial_numbers_are_refused(serial: str) -> None:
    """They go into a PrintableString, a common name, a host name and file names."""
    name = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.5"), der.utf8_string(serial))))
    assert _refusal(_raw(name)).code == "device-serial"


@pytest.mark.parametrize(
    "subject",
    [(), STATION, (*DEVICE, *DEVICE), (*DEVICE, (NameOID.SERIAL_NUMBER, "SN0008"))],
    ids=["empty", "a station's", "twice", "two"],
)
def test_a_device_says_its_serial_number_once(subject: Subject) -> None:
    """None or two of them identify nobody."""
    assert _refusal(_request(subject)).code == "request-identity"


def test_a_device_request_never_becomes_a_factory_ca() -> None:
    """The mix-up that would put a CA's power on a device."""
    with pytest.raises(Refused) as refused:
        parse_factory(_request((*DEVICE, *STATION)))
    assert refused.value.code == "request-of-device"


@pytest.mark.parametrize("subject", [(), (*STATION, *STATION)], ids=["empty", "twice"])
def test_a_station_says_its_name_once(subject: Subject) -> None:
    """The common name, and one of it."""
    with pytest.raises(Refused) as refused:
        parse_factory(_request(subject))
    assert refused.value.code == "request-identity"


@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize("name", ["", " line", "line_1", "l" * 33, "linea ñ", "(1)", "line\n"])
def test_odd_names_of_stations_are_refused(name: str) -> None:
    """They go into a common name in brackets."""
    raw = pkcs10.contents(pkcs10.common_name(name), keys.spki_of(KEY.public_key))
    data = pem.encode(pem.REQUEST, pkcs10.request(raw, KEY.algorithm, KEY.sign(raw))).encode()
    with pytest.raises(Refused) as refused:
        parse_factory(data)
    assert refused.value.code == "station-name"


# ── files and DER ──


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (0x0C, b"\xff\xfe"),  # UTF8String that is no UTF-8
        (0x14, b"\xe9"),  # TeletexString
        (0x03, b"\x00SN"),  # BIT STRING
        (0x13, b"SN\x007"),  # PrintableString with a NUL
        (0x1E, b"\x00"),  # BMPString of half a character
        (0x1E, b"\xd8\x00"),  # BMPString with half a surrogate pair
        (0x02, b"\x07"),  # INTEGER
    ],
)
def test_subjects_that_cant_be_read_are_refused(tag: int, content: bytes) -> None:
    """Validly signed, and hostile: the parser looks at names late, and nothing but a refusal may come of it."""
    name = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.5"), der.tlv(tag, content))))
    assert _refusal(_raw(name)).code in ("request-unreadable", "request-identity", "device-serial")


def test_der_that_is_no_request_is_refused() -> None:
    """Garbage, a certificate under the wrong label, something behind the end."""
    whole = x509.load_pem_x509_csr(request_pem(KEY, "SN1").encode()).public_bytes(Encoding.DER)
    certificate = forge.root(forge.name("A"), KEY.public_key, Window(0, 1), None).signed(KEY)
    for contents in (b"\0", whole[:-1], whole + b"\0", certificate.public_bytes(Encoding.DER)):
        assert _refusal(pem.encode(pem.REQUEST, contents).encode()).code == "request-unreadable"


def test_one_request_at_a_time() -> None:
    """Which of two would be answered?"""
    assert _refusal(request_pem(KEY, "SN1").encode() * 2).code == "pem-count"


@pytest.mark.parametrize("label", ["NEW CERTIFICATE REQUEST", "CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY"])
def test_other_blocks_are_no_requests(label: str) -> None:
    """One label, as RFC 7468 7 has it; a private key gets a word of warning."""
    data = request_pem(KEY, "SN1").replace("CERTIFICATE REQUEST", label).encode()
    refused = _refusal(data)
    assert refused.code == "pem-label"
    assert bool(refused.hint) == label.endswith("PRIVATE KEY")


def test_a_private_key_in_the_file_is_refused() -> None:
    """Private keys never travel."""
    data = request_pem(KEY, "SN1").encode() + KeySigner(KEY.private_key).encode(None)
    assert _refusal(data).code == "pem-label"
