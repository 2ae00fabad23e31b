"""Reading what ACME servers say, fuzzed: only a refusal may come out, whatever is inside."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

import forge
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.device.acme import ari, chain, challenge, jws, order, problems, record, settings, validation
from dotlocal.device.acme.answer import Answer, words
from dotlocal.device.acme.challenge import Pending
from dotlocal.device.acme.client import Client
from dotlocal.device.serve import acme_http, client_hello
from dotlocal.device.serve.client_hello import Incomplete, NotOne
from dotlocal.host import keys
from strategies import damaged, deep, quick

NOW = 1_800_000_000
KEY = keys.generate()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from((
            "type", "detail", "title", "subproblems", "identifier", "value", "status", "url", "token", "challenges",
            "authorizations", "finalize", "certificate", "error", "suggestedWindow", "start", "end", "explanationURL",
        )),
        inner,
        max_size=6,
    ),
    max_leaves=16,
)  # fmt: skip
FIELDS = st.dictionaries(
    st.sampled_from(("retry-after", "link", "location", "replay-nonce", "content-type")),
    st.text(max_size=60),
    max_size=5,
)


def _answer(body: bytes, fields: dict[str, str] | None = None, status: int = 200) -> Answer:
    return Answer("https://ca.test/x", status, fields or {}, body)


WINDOW = json.dumps({
    "suggestedWindow": {"start": "2027-01-02T04:00:00Z", "end": "2027-01-03T04:00:00Z"},
    "explanationURL": "https://ca.test/why",
}).encode()  # fmt: skip
CHAIN = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PEM_KIND = {"content-type": "application/pem-certificate-chain"}
RECORD = record.Record()
RECORD.renew_at, RECORD.message = 5, "why"
SETTINGS = settings.AcmeSettings(
    "https://ca.test/dir", (HostName("press.local"),), (Address(b"\x0a\0\0\7"),), "system", contact=("mailto:a@b.test",)
).dump()


def _say_everything(data: bytes) -> None:
    """Each reader of an answer's parts; none of them may stumble over another's words."""
    answer = _answer(data)
    table = answer.json()
    problems.of(table, answer)
    problems.refusal(answer, NOW)
    challenge.choose(table, challenge.HTTP_01, "press.local", answer)


def _play(data: bytes) -> None:
    """A whole order with a server that gives this body to every question."""

    def exchange(method: str, url: str, body: bytes = b"", kind: str = "") -> Answer:
        if url.endswith("/dir"):
            names = ("newNonce", "newAccount", "newOrder")
            return _answer(json.dumps(dict.fromkeys(names, "https://ca.test/x")).encode())
        return _answer(data, {"replay-nonce": "n", "location": "/order", "content-type": "application/json"})

    client = Client(exchange, "https://ca.test/dir", KEY, sleep=lambda seconds: None, now=lambda: NOW)
    client.account = "https://ca.test/account"
    order.obtain(client, [HostName("press.local")], b"", _Nobody())


class _Nobody:
    kind = challenge.HTTP_01

    def answering(self, pending: object) -> object:
        return nullcontext()


@dataclass(frozen=True)
class Reader:
    name: str
    read: Callable[[bytes], object]
    thrown: st.SearchStrategy[bytes]
    refuses: tuple[type[Exception], ...] = (Refused,)


def _hello(server_name: str = "press.local", protocols: tuple[str, ...] = ("acme-tls/1",)) -> bytes:
    """A hello of OpenSSL's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    out = ssl.MemoryBIO()
    speaking = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=server_name or None)
    with pytest.raises(ssl.SSLWantReadError):
        speaking.do_handshake()
    return out.read()


def _seen(data: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    hello = client_hello.parse(data)
    return hello.server_name, hello.protocols


ANY_JSON = JSON.map(lambda value: json.dumps(value).encode())
HELLO = _hello()
READERS = (
    Reader("answers", _say_everything, ANY_JSON | damaged(WINDOW)),
    Reader("an order", _play, ANY_JSON),
    Reader("renewal information", lambda data: ari.parse(_answer(data), NOW), ANY_JSON | damaged(WINDOW)),
    Reader("a chain", lambda data: chain.parse(_answer(data, PEM_KIND)), damaged(CHAIN)),
    Reader("a record", lambda data: record.load(data.decode("latin-1")), damaged(RECORD.dump().encode()),
           (Refused, ValueError)),
    Reader("settings", lambda data: settings.load(data.decode("latin-1")), damaged(SETTINGS.encode()) | ANY_JSON),
    Reader("a binding's key", lambda data: jws.parse_mac_key(data.decode("latin-1")), st.binary(max_size=80)),
    Reader("a hello", client_hello.parse, damaged(HELLO), (Incomplete, NotOne)),
)  # fmt: skip
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)


def _throw(reader: Reader, data: bytes) -> None:
    try:
        reader.read(data)
    except reader.refuses:
        return


@each_reader
def test_hostile_words_are_refused_and_nothing_else(reader: Reader) -> None:
    """A few dozen each time, the same ones."""

    @quick(60)
    @given(reader.thrown | st.binary(max_size=200))
    def throw(data: bytes) -> None:
        _throw(reader, data)

    throw()


@pytest.mark.long
@each_reader
def test_a_flood_of_hostile_words_is_refused_and_nothing_else(reader: Reader) -> None:
    """Thousands, new ones each time."""

    @deep(4000)
    @given(reader.thrown | st.binary(max_size=200))
    def throw(data: bytes) -> None:
        _throw(reader, data)

    throw()


@quick(100)
@given(FIELDS, st.binary(max_size=60), st.integers(100, 599))
def test_fields_of_any_kind_are_read(fields: dict[str, str], body: bytes, status: int) -> None:
    """Retry-After, Link and Location, whatever is in them."""
    answer = _answer(body, fields, status)
    wait = answer.retry_after(NOW)
    assert wait is None or wait >= 0
    assert all(isinstance(each, str) for each in answer.links("alternate"))
    assert problems.refusal(answer, NOW).message.isprintable()


# ── what is read of good ones ──


def test_the_samples_are_good() -> None:
    """Undamaged each of them is read, or else the damage would prove nothing."""
    assert ari.parse(_answer(WINDOW), NOW).end - ari.parse(_answer(WINDOW), NOW).start == 86400
    assert record.load(RECORD.dump()).message == "why"
    assert settings.load(SETTINGS).dump() == SETTINGS
    assert _seen(HELLO) == (b"press.local", (b"acme-tls/1",))


@pytest.mark.parametrize("size", [17, 100, 1000])
def test_a_hello_in_pieces_is_incomplete_until_it_is_whole(size: int) -> None:
    """However TCP cuts it, and however TLS cuts it into records."""
    for end in range(0, len(HELLO), size):
        with pytest.raises(Incomplete):
            client_hello.parse(HELLO[:end])
    assert _seen(_in_records(size)) == _seen(HELLO)


def test_a_hello_in_hundreds_of_records_is_none_of_ours() -> None:
    """One octet in each: read anew at every packet, that would keep the processor busy for a stranger."""
    with pytest.raises(NotOne):
        client_hello.parse(_in_records(1))


def _in_records(size: int) -> bytes:
    message = HELLO[5:]
    records = [message[start : start + size] for start in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(each).to_bytes(2, "big") + each for each in records)


def test_hellos_of_other_kinds_are_read_too() -> None:
    """No SNI, no ALPN, several protocols."""
    assert _seen(_hello("", ())) == (b"", ())
    assert _seen(_hello("a.test", ("h2", "http/1.1"))) == (b"a.test", (b"h2", b"http/1.1"))


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x48\x00" + b"x" * 99,
    b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", b"\x15\x03\x01\x00\x02\x01\x00",
])  # fmt: skip
def test_what_is_no_hello_is_told_at_once(data: bytes) -> None:
    """HTTP, SSLv2, empty and oversized records, other messages, alerts: TLS says what is wrong with them."""
    with pytest.raises(NotOne):
        client_hello.parse(data)


@pytest.mark.parametrize("token", ["", "../secret", "a/b", "x" * 300, "%2e%2e", "a.b", "\0"])
def test_what_is_no_token_reads_no_file(tmp_path: Path, token: str) -> None:
    """The path that strangers ask for becomes a file's name only if it is a token."""
    (tmp_path / "acme-http").mkdir()
    (tmp_path / "secret").write_text("secret")
    assert acme_http.answer(str(tmp_path), acme_http.WELL_KNOWN + token) is None


def test_server_names_of_addresses() -> None:
    """RFC 8738 6: the reverse name."""
    assert validation.server_name(Address.parse("192.168.7.9")) == "9.7.168.192.in-addr.arpa"
    assert validation.server_name(Address.parse("fd00::1")) == "1." + "0." * 29 + "d.f.ip6.arpa"


def test_the_validation_certificate_is_what_rfc_8737_says() -> None:
    """Read by pyca: self-signed, one name, the critical extension with the digest."""
    pending = Pending(HostName("press.local"), challenge.TLS_ALPN_01, "https://ca.test/c", "t" * 20, "t.thumb")
    made = x509.load_der_x509_certificate(validation.make(pending, NOW).certificate)
    made.verify_directly_issued_by(made)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("press.local")]
    found = made.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"))
    assert found.critical
    assert found.value.value == b"\x04\x20" + sha256(b"t.thumb").digest()


def test_renewal_id_of_the_rfc() -> None:
    """RFC 9773 4.1: its example's key identifier and serial number (00:87:65:43:21)."""
    authority = bytes.fromhex("69885b6b87464041e1b37b847ba0ae2cde01c8d4")
    subject = x509.Name([])
    draft = forge.Draft(
        subject, subject, forge.key().public_key, forge.Window(NOW, NOW + 1),
        ((x509.AuthorityKeyIdentifier(authority, None, None), False),), serial=0x87654321,
    )  # fmt: skip
    assert chain.renewal_id(draft.signed(forge.key())) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


@pytest.mark.parametrize(("text", "seconds"), [
    ("120", 120), ("0", 0), ("Fri, 15 Jan 2027 08:01:00 GMT", 60), ("Fri, 15 Jan 2021 08:00:00 GMT", 0), ("-5", None),
    ("soon", None), ("", None), ("1e9", None), ("٣", None),
])  # fmt: skip
def test_retry_after(text: str, seconds: int | None) -> None:
    """Seconds or a date (RFC 9110 10.2.3), in 2027."""
    assert _answer(b"", {"retry-after": text}).retry_after(NOW) == seconds


def test_links_of_several_relations() -> None:
    """RFC 8288: in one field or several, quoted or not, relative or not."""
    link = (
        '<https://ca.test/dir>;rel="index", </alt/1>; rel=alternate, '
        '<https://ca.test/alt/2>;title="x";rel="alternate up"'
    )
    assert list(_answer(b"", {"link": link}).links("alternate")) == ["https://ca.test/alt/1", "https://ca.test/alt/2"]


def test_words_are_cleaned() -> None:
    """One line, printable, short."""
    assert words("a\x1b[31m\n\tb\u202e") == "a [31m b"
    assert len(words("x" * 10_000)) == 300


def test_jws_signatures_are_good() -> None:
    """Checked by pyca: r and s side by side, over the two parts as they are."""
    table = json.loads(jws.signed(KEY, {"a": 1}, url="https://ca.test/x", nonce="n"))
    signature = jws.unbase64url(table["signature"])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEY.point)
    public.verify(
        utils.encode_dss_signature(r, s), f"{table['protected']}.{table['payload']}".encode(), ec.ECDSA(hashes.SHA256())
    )
    header = json.loads(jws.unbase64url(table["protected"]))
    assert (header["alg"], header["nonce"], header["url"]) == ("ES256", "n", "https://ca.test/x")
