"""Everything that reads what others wrote, fed with what nobody should write: only a refusal may come out.

Three ways to be hostile: a damaged file; a well-formed file with damaged DER inside; damaged contents under a
signature (or checksum) that fits, so that the damage gets past the first door.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.browser import enforcement
from dotlocal.browser.anchor import Anchor
from dotlocal.browser.appraisal import appraise
from dotlocal.browser.export import folder, making
from dotlocal.browser.stores import bundle
from dotlocal.browser.witness import parse as parse_witness
from dotlocal.browser.words import appraisal_lines
from dotlocal.core import constraints, keys, pem, pkcs10, template
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.issue import prepare
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import SERVER
from dotlocal.core.request import parse_device, parse_factory
from dotlocal.core.window import Window
from dotlocal.device import configuration, settings
from dotlocal.device.owned import below, judge, reading, slots
from dotlocal.device.owned.fit import Answers
from dotlocal.device.owned.material import Circumstances, Upload
from dotlocal.host.signers import KeySigner
from dotlocal.root.plan import EXAMPLE, Plan
from dotlocal.testing import World, request_pem
from dotlocal.wire.answer import LABEL, Answer, StationPolicy
from dotlocal.wire.birth import BirthRecord
from strategies import damaged, deep, quick

WORLD = World()
PRESS = WORLD.device("SN0007")
REQUEST = request_pem(PRESS.signer, "SN0007").encode()
DEVICE = pkcs10.contents(pkcs10.device_name("SN0007"), keys.spki_of(PRESS.signer.public_key))
STATION = pkcs10.contents(pkcs10.common_name("line 1"), keys.spki_of(WORLD.factory_key.public_key))
BIRTH = PRESS.record.encode().encode()
ANSWER = Answer.make(WORLD.factory, WORLD.root, StationPolicy(constraints.DEFAULT, 10), WORLD.root_key.sign)
ROOT = WORLD.root.public_bytes(Encoding.PEM)
TEMPLATE = prepare(SERVER, PRESS.record.issuer, throwaway=PRESS.signer).template.dump()
SETTINGS = configuration.parse(
    b'hostnames = ["press.local", "M\xc3\xbcnchen", "a\\tb\\u0085"]\naddresses = ["10.0.0.1", "nonsense"]\n'
    b'interfaces = ["eth0"]\ndays = 90\nbuilt = 2026-11-23\n[serve]\nlisten = ":443"\nfolder = "/srv"\n',
    "/etc/dotlocal/device.toml 1 2 3",
).dump()
TOML = EXAMPLE.encode()
MANIFEST = json.dumps({"schema": making.SCHEMA, "files": [{"path": "a/b", "sha256": "00"}]}).encode()
DEVICE_TOML = b'days = 90\nbuilt = 2026-11-23T00:00:00\naddresses = []\n[serve]\nlisten = ":443"\n'

UPLOAD_KEY = ec.generate_private_key(ec.SECP256R1())
UPLOAD = BIRTH + UPLOAD_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PKCS7 = pkcs7.serialize_certificates(list(PRESS.record.certificates), Encoding.DER)
PKCS12 = pkcs12.serialize_key_and_certificates(
    b"press", UPLOAD_KEY, None, list(PRESS.record.certificates), BestAvailableEncryption(b"secret")
)
OWN = slots.OwnCertificate(
    origin="import", installed=1, serial=2, issuer="CN=Ä", window=Window(1, 2), names=["a.local"],
    addresses=[Address.parse("10.0.0.1")], claimed=["a.local"], key=b"key", certificates=[b"leaf", b"ca"],
    anchor=b"root", probation=slots.Probation("boot", 3),
).dump()  # fmt: skip
OWN_ISSUER = slots.OwnIssuer(
    origin="issuer", installed=1, serial=2, issuer="CN=A", key_text="-----BEGIN PRIVATE KEY-----\n", rooted=True,
    certificates=[b"ca", b"root"], template=template.load(TEMPLATE),
).dump()  # fmt: skip
AROUND = Circumstances(Answers(["press.local"], "press", []), WORLD.now, known=True)

Hostile = st.SearchStrategy[bytes]


def _upload(data: bytes) -> object:
    """Read and judged, as a server certificate and as an issuer."""
    material = reading.read([Upload("file", data)], b"secret")
    return judge.judge(material, AROUND), below.judge(material, AROUND)


def _pem_blocks(data: bytes) -> list[tuple[str, bytes]]:
    return pem.parse(data, "the sample")


@st.composite
def _inside(draw: st.DrawFn, whole: bytes) -> bytes:
    """PEM in good order, the contents of one block damaged."""
    blocks = _pem_blocks(whole)
    index = draw(st.integers(0, len(blocks) - 1))
    label, contents = blocks[index]
    blocks[index] = (label, draw(damaged(contents)))
    return "".join(pem.encode(*block) for block in blocks if block[1]).encode()


@st.composite
def _signed_certificate(draw: st.DrawFn) -> bytes:
    """A birth record whose device CA has damaged contents, signed by the factory CA all the same."""
    contents = draw(damaged(PRESS.record.device_ca.tbs_certificate_bytes))
    signed = template.certificate(contents, WORLD.factory_key.algorithm, WORLD.factory_key.sign(contents))
    above = (_certificate(each) for each in (WORLD.factory, WORLD.root))
    return "".join((pem.encode(pem.CERTIFICATE, signed), *above)).encode()


@st.composite
def _signed_root(draw: st.DrawFn) -> bytes:
    """A root with damaged contents, signed by its own key all the same; as PEM or as DER."""
    contents = draw(damaged(WORLD.root.tbs_certificate_bytes))
    signed = template.certificate(contents, WORLD.root_key.algorithm, WORLD.root_key.sign(contents))
    return signed if draw(st.booleans()) else pem.encode(pem.CERTIFICATE, signed).encode()


def _appraised(data: bytes) -> object:
    """What the customer's side does with a file: read it, judge it, and put it into words."""
    return list(appraisal_lines(appraise(Anchor.parse(data, force=True), now=WORLD.now), enforcement.ROWS))


def _certificate(certificate: x509.Certificate) -> str:
    return pem.encode(pem.CERTIFICATE, certificate.public_bytes(Encoding.DER))


def _signed_request(contents: bytes, signer: KeySigner) -> Hostile:
    """A request with damaged contents, signed all the same."""

    def sign(broken: bytes) -> bytes:
        return pem.encode(pem.REQUEST, pkcs10.request(broken, signer.algorithm, signer.sign(broken))).encode()

    return damaged(contents).map(sign)


@st.composite
def _signed_policy(draw: st.DrawFn) -> bytes:
    """An answer whose policy block has damaged JSON, or any JSON at all."""
    blocks = _pem_blocks(ANSWER.encode().encode())
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
    contents = draw(damaged(blocks[2][1]) | anything)
    return "".join(pem.encode(*block) for block in (*blocks[:2], (LABEL, contents or b" "))).encode()


_KEYS = st.sampled_from(("names", "device_min_years", "signature", "dns", "ipv4", "ipv6"))


@st.composite
def _sealed(draw: st.DrawFn, whole: str) -> bytes:
    """A state file with damaged lines under a checksum that fits."""
    heading, *lines = whole.splitlines()[:-1]
    broken = draw(damaged("\n".join(lines).encode())).decode("latin-1")
    return template.seal([heading, *broken.split("\n")]).encode()


def _handed_out(data: bytes) -> object:
    """Every format but the one that rpmbuild makes."""
    appraisal = appraise(Anchor.parse(data, force=True), now=WORLD.now)
    kinds = [kind for kind in making.KINDS if kind != "rpm"]
    return making.make(appraisal, making.handout_of(appraisal), only=kinds, languages=("en",))


@dataclass(frozen=True)
class Parser:
    """A reader of foreign bytes: what it does with them, what is thrown at it, and what may come out."""

    name: str
    read: Callable[[bytes], object]
    thrown: Hostile
    refuses: tuple[type[Exception], ...] = (Refused,)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("latin-1"))


PARSERS = (
    Parser("pem", lambda data: pem.parse(data, "it"), damaged(BIRTH)),
    Parser("certificates", lambda data: pem.certificates(data, "it"), damaged(BIRTH) | _inside(BIRTH)),
    Parser("device request", parse_device, damaged(REQUEST) | _inside(REQUEST)),
    Parser("device request, signed", parse_device, _signed_request(DEVICE, PRESS.signer)),
    Parser("station request, signed", parse_factory, _signed_request(STATION, WORLD.factory_key)),
    Parser("birth record", BirthRecord.parse, damaged(BIRTH) | _inside(BIRTH)),
    Parser("birth record, signed", BirthRecord.parse, _signed_certificate()),
    Parser("answer", Answer.parse, damaged(ANSWER.encode().encode()) | _inside(ANSWER.encode().encode())),
    Parser("answer, policy", Answer.parse, _signed_policy()),
    Parser("template", _text(template.load), damaged(TEMPLATE.encode())),
    # what the device's own state holds is root's; its readers catch these three, and make it again
    Parser("template, sealed", _text(template.load), _sealed(TEMPLATE), (Refused, KeyError, ValueError)),
    Parser("settings", _text(settings.load), damaged(SETTINGS.encode())),
    Parser("settings, sealed", _text(settings.load), _sealed(SETTINGS), (Refused, ValueError)),
    # what customers upload is read in a child; what it throws there is the same
    Parser("upload", _upload, damaged(UPLOAD) | _inside(UPLOAD)),
    Parser("upload, PKCS#12", _upload, damaged(PKCS12)),
    Parser("upload, PKCS#7", _upload, damaged(PKCS7)),
    Parser("upload, signed", _upload, _signed_certificate()),
    Parser("own certificate", _text(slots.load_certificate), damaged(OWN.encode())),
    Parser("own certificate, sealed", _text(slots.load_certificate), _sealed(OWN), (Refused, KeyError, ValueError)),
    Parser("own issuer, sealed", _text(slots.load_issuer), _sealed(OWN_ISSUER), (Refused, KeyError, ValueError)),
    Parser("device.toml", lambda data: configuration.parse(data, ""), damaged(DEVICE_TOML)),
    Parser("plan", Plan.parse, damaged(TOML)),
    Parser("root to import", _appraised, damaged(ROOT) | _inside(ROOT)),
    Parser("root to import, signed", _appraised, _signed_root()),
    Parser("root to hand out, signed", _handed_out, _signed_root()),
    Parser("manifest of an export", folder.parse_manifest, damaged(MANIFEST)),
    Parser("bundle of roots", lambda data: list(bundle.certificates(data)), damaged(ROOT)),
    Parser("device to probe", _text(parse_witness), st.binary(max_size=300) | damaged(b"[fd00::7]:8443")),
    Parser("host name", _text(HostName.parse), st.binary(max_size=300)),
    Parser("address", _text(Address.parse), st.binary(max_size=50) | damaged(b"fe80::1:2%eth0")),
    Parser("name policy", _text(lambda text: NamePolicy.parse({"dns": [text], "ipv4": [text], "ipv6": [text]})),
           damaged(b"{serial}.local") | damaged(b"192.168.0.0/16") | damaged(b"fd00::/8")),
)  # fmt: skip
each_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


def _throw(parser: Parser, data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the X.509 library, about what it will refuse one day
        try:
            parser.read(data)
        except parser.refuses:
            return


@each_parser
def test_hostile_input_is_refused_and_nothing_else(parser: Parser) -> None:
    """A few dozen each time, the same ones."""

    @quick(40)
    @given(parser.thrown | st.binary(max_size=200))
    def throw(data: bytes) -> None:
        _throw(parser, data)

    throw()


@pytest.mark.long
@each_parser
def test_a_flood_of_hostile_input_is_refused_and_nothing_else(parser: Parser) -> None:
    """Thousands, new ones each time."""

    @deep(3000)
    @given(parser.thrown | st.binary(max_size=200))
    def throw(data: bytes) -> None:
        _throw(parser, data)

    throw()


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, "[" * 5000, "1e5000"])
@pytest.mark.parametrize("read", [Plan.parse, lambda data: configuration.parse(data, "")], ids=["plan", "device.toml"])
def test_numbers_beyond_measure_are_refused(read: Callable[[bytes], object], number: str) -> None:
    """Python reads some of them and then refuses to print them, in the middle of an error message."""
    for key in ("years", "days", "built", "hostnames"):
        with pytest.raises(Refused):
            read(f"{key} = {number}".encode())


def test_dates_at_the_ends_of_the_calendar_are_read() -> None:
    """`built` with an offset that leads out of it."""
    for text in (b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"0001-01-01"):
        assert configuration.parse(b"built = " + text, "").built


def test_the_samples_are_good() -> None:
    """Undamaged each of them is read, or else the damage would prove nothing."""
    assert parse_device(REQUEST).identity == "SN0007"
    assert BirthRecord.parse(BIRTH) == PRESS.record
    assert Answer.parse(ANSWER.encode().encode()) == ANSWER
    assert template.load(TEMPLATE).dump() == TEMPLATE
    assert settings.load(SETTINGS).dump() == SETTINGS
    assert Plan.parse(TOML).years == 25
