"""The station: its own key and answer, and one device CA at a time."""

from __future__ import annotations

import dataclasses
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core import pem
from dotlocal.core.chain import fingerprint, window_of
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.factory import station
from dotlocal.factory.ledger import Ledger
from dotlocal.factory.station import Home, Station
from dotlocal.host import signers
from dotlocal.root import ceremony
from dotlocal.root.authority import RootAuthority
from dotlocal.testing import MOMENT
from dotlocal.wire.answer import LABEL
from dotlocal.wire.birth import BirthRecord
from hierarchy import (
    Died,
    Witness,
    custom_request,
    device_request,
    make_root,
    make_station,
    open_root,
    open_station,
    plan,
)
from installed import tree

SERIAL = x509.NameOID.SERIAL_NUMBER


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[RootAuthority, Home]:
    """A root and its station, made once: opening an encrypted key takes its time on purpose."""
    path = tmp_path_factory.mktemp("made")
    return open_root(make_root(path / "root")), make_station(path / "factory", ceremony.Home(path / "root"))


@pytest.fixture
def root(made: tuple[RootAuthority, Home], tmp_path: Path) -> RootAuthority:
    """A copy of the root for one test, opened."""
    shutil.copytree(made[0].home.path, tmp_path / "root")
    return dataclasses.replace(made[0], home=ceremony.Home(tmp_path / "root"))


@pytest.fixture
def home(made: tuple[RootAuthority, Home], tmp_path: Path) -> Home:
    """A copy of the station for one test."""
    shutil.copytree(made[1].path, tmp_path / "factory")
    return Home(tmp_path / "factory")


@pytest.fixture
def line(home: Home) -> Station:
    return open_station(home)


def refused(line: Station, request: bytes, **more: object) -> Refused:
    with pytest.raises(Refused) as caught:
        line.provision(request, **more)  # type: ignore[arg-type]
    return caught.value


def events(line: Station) -> list[str]:
    ledger = Ledger(line.home.ledger, create=False)
    found = [entry.what for entry in ledger.entries()]
    ledger.close()
    return found


# init


def test_init_makes_a_key_and_a_request(tmp_path: Path) -> None:
    """The key is 0600 in a folder for its owner alone; the request names the station and asks for nothing."""
    home = Home(tmp_path / "factory")
    request = station.init(home, "line 1", kind="P-384", passphrase=None)
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    parsed = x509.load_pem_x509_csr(request.encode())
    assert parsed.subject.rfc4514_string() == "CN=line 1"
    assert parsed.is_signature_valid
    assert list(parsed.extensions) == []


def test_init_again_gives_the_same_request(tmp_path: Path) -> None:
    """Said twice, one key and one request; another name is another station."""
    home = Home(tmp_path / "factory")
    first = station.init(home, "line 1", kind="P-256", passphrase=None)
    before = tree(home.path)
    assert station.init(home, "line 1", kind="P-256", passphrase=None) == first
    with pytest.raises(Refused) as caught:
        station.init(home, "line 2", kind="P-256", passphrase=None)
    assert caught.value.code == "station-exists"
    assert tree(home.path) == before


def test_init_cut_short_takes_its_key_up_again(tmp_path: Path) -> None:
    """Killed between key and request: the next run makes the request of that key."""
    home = Home(tmp_path / "factory")
    station.init(home, "line 1", kind="P-256", passphrase=None)
    key = home.key.read_bytes()
    home.request.unlink()
    station.init(home, "line 1", kind="P-256", passphrase=None)
    assert home.key.read_bytes() == key


def test_a_key_with_a_passphrase_is_encrypted(tmp_path: Path) -> None:
    """Twelve characters or more: the key is encrypted, and opens in no other way."""
    home = Home(tmp_path / "factory")
    station.init(home, "line 1", kind="P-256", passphrase=b"twelve chars")
    assert b"ENCRYPTED" in home.key.read_bytes()
    with pytest.raises(Refused) as caught:
        Station.open(home, passphrase=None, clock=lambda: MOMENT)
    assert caught.value.code == "passphrase-missing"


@pytest.mark.parametrize("passphrase", [b"", b"short"])
def test_a_short_passphrase_is_no_passphrase(tmp_path: Path, passphrase: bytes) -> None:
    """An empty passphrase file must not quietly leave the key unencrypted."""
    home = Home(tmp_path / "factory")
    with pytest.raises(Refused) as caught:
        station.init(home, "line 1", kind="P-256", passphrase=passphrase)
    assert caught.value.code == "passphrase-short"
    assert not home.key.exists()


@pytest.mark.parametrize("name", ["", " line", "line\n1", "Linie ß", "l" * 33, "line/1", "line,CN=x"])
def test_a_station_name_with_odd_characters_is_refused(tmp_path: Path, name: str) -> None:
    """Letters, digits, spaces, dots and hyphens; the folder is not even made."""
    with pytest.raises(Refused) as caught:
        station.init(Home(tmp_path / "factory"), name, kind="P-256", passphrase=None)
    assert caught.value.code == "station-name"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"])
def test_a_damaged_request_is_named(tmp_path: Path, text: str) -> None:
    """Whatever became of request.pem, the refusal has a code."""
    home = Home(tmp_path / "factory")
    station.init(home, "line 1", kind="P-256", passphrase=None)
    home.request.write_text(text)
    with pytest.raises(Refused):
        station.init(home, "line 1", kind="P-256", passphrase=None)


# accept


@pytest.fixture
def waiting(tmp_path: Path) -> tuple[Home, bytes]:
    """A station that has asked and was not answered yet, and its request."""
    home = Home(tmp_path / "waiting")
    return home, station.init(home, "line 2", kind="P-256", passphrase=None).encode()


def accept(home: Home, answer: bytes, *, now: int = MOMENT, known: str | None = None) -> None:
    station.accept(home, answer, root_fingerprint=known, passphrase=None, now=now)


def test_accepting_the_answer(root: RootAuthority, waiting: tuple[Home, bytes]) -> None:
    """The answer and an empty ledger are kept; the same answer again changes nothing."""
    home, request = waiting
    answer = root.sign_factory(request, years=None, now=MOMENT).encode()
    accept(home, answer)
    before = tree(home.path)
    accept(home, answer)
    assert tree(home.path) == before
    assert events(open_station(home)) == []


@pytest.mark.parametrize("known", ["", ":", "AB:CD"])
def test_half_a_fingerprint_is_none(root: RootAuthority, waiting: tuple[Home, bytes], known: str) -> None:
    """An empty or cut fingerprint is compared like any other, and fits no root."""
    home, request = waiting
    answer = root.sign_factory(request, years=None, now=MOMENT).encode()
    with pytest.raises(Refused) as caught:
        accept(home, answer, known=known)
    assert caught.value.code == "wrong-root"


@pytest.mark.parametrize("spelling", [str, str.lower, lambda shown: shown.replace(":", " ")])
def test_the_fingerprint_of_the_root_is_compared(
    root: RootAuthority, waiting: tuple[Home, bytes], spelling: object
) -> None:
    """However it is spelled, the root's own fingerprint is taken, and another one refused."""
    home, request = waiting
    answer = root.sign_factory(request, years=None, now=MOMENT).encode()
    shown = fingerprint(root.certificate)
    other = ("0" if shown[0] != "0" else "1") + shown[1:]
    with pytest.raises(Refused) as caught:
        accept(home, answer, known=spelling(other))  # type: ignore[operator]
    assert caught.value.code == "wrong-root"
    accept(home, answer, known=spelling(shown))  # type: ignore[operator]


def test_an_answer_for_another_station_is_refused(root: RootAuthority, home: Home, waiting: tuple[Home, bytes]) -> None:
    """The factory CA is for this station's key, or it is nobody's here."""
    other, _ = waiting
    with pytest.raises(Refused) as caught:
        accept(other, home.answer.read_bytes())
    assert caught.value.code == "wrong-key"
    assert not other.answer.exists()


def test_a_second_answer_is_refused(root: RootAuthority, home: Home, tmp_path: Path) -> None:
    """Another factory CA for the same key: a station has one answer for its life."""
    second = open_root(make_root(tmp_path / "other")).sign_factory(home.request.read_bytes(), years=None, now=MOMENT)
    before = tree(home.path)
    with pytest.raises(Refused) as caught:
        accept(home, second.encode())
    assert (caught.value.code, bool(caught.value.hint)) == ("station-accepted", True)
    assert tree(home.path) == before


def test_an_answer_that_came_too_late_is_refused(root: RootAuthority, waiting: tuple[Home, bytes]) -> None:
    """A factory CA that has ended can't make a device; the station says so at once."""
    home, request = waiting
    answer = root.sign_factory(request, years=None, now=MOMENT).encode()
    with pytest.raises(Refused) as caught:
        accept(home, answer, now=MOMENT + 26 * YEAR)
    assert caught.value.code == "issuer-expired"


def blocks(answer: bytes) -> list[str]:
    return [pem.encode(label, contents) for label, contents in pem.parse(answer, "the answer")]


@pytest.mark.parametrize(
    ("order", "code"), [((0, 1), "answer-parts"), ((1, 0, 2), "birth-order"), ((0, 2, 1), "answer-parts"),
                        ((0, 0, 2), "birth-order"), ((1, 1, 2), "birth-profile"), ((0, 1, 2, 2), "answer-parts")],
)  # fmt: skip
def test_an_answer_of_other_parts_is_refused(
    root: RootAuthority, waiting: tuple[Home, bytes], order: tuple[int, ...], code: str
) -> None:
    """Factory CA, root, policy: no more, no less, in this order."""
    home, request = waiting
    parts = blocks(root.sign_factory(request, years=None, now=MOMENT).encode())
    with pytest.raises(Refused) as caught:
        accept(home, "".join(parts[index] for index in order).encode())
    assert caught.value.code == code
    assert not home.answer.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda policy: policy.replace(b'"local"', b'"com"'),
        lambda policy: policy.replace(b'"device_min_years":10', b'"device_min_years":1'),
        lambda policy: policy.replace(b'"device_min_years":10', b'"device_min_years":"x"'),
        lambda policy: b"[" * 50_000,
        lambda policy: b"null",
        lambda policy: b"\xff",
        lambda policy: b'{"names": [], "device_min_years": 10, "signature": ""}',
    ],
)
def test_a_policy_that_was_changed_on_the_way_is_refused(
    root: RootAuthority, waiting: tuple[Home, bytes], change: object
) -> None:
    """The root signed the policy: nobody on the way widens it, or breaks the station with it."""
    home, request = waiting
    parts = pem.parse(root.sign_factory(request, years=None, now=MOMENT).encode(), "the answer")
    parts[2] = (LABEL, change(parts[2][1]))  # type: ignore[operator]
    with pytest.raises(Refused) as caught:
        accept(home, "".join(pem.encode(label, contents) for label, contents in parts).encode())
    assert caught.value.code in ("answer-policy", "pem-too-large")
    assert not home.answer.exists()


@pytest.mark.parametrize(("missing", "code"), [("key", "no-station"), ("answer", "no-answer"), ("ledger", "no-ledger")])
def test_a_station_that_is_not_there_yet(home: Home, missing: str, code: str) -> None:
    """Without key, answer or ledger there is nothing to work with: absent, and the hint names the next command."""
    getattr(home, missing).unlink()
    with pytest.raises(Absent) as caught:
        open_station(home).provision(device_request())
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)


# provision


def test_a_device_gets_its_birth_record(line: Station) -> None:
    """Device CA, factory CA, root; path length 0; to the factory CA's end; intent, signature and release recorded."""
    record = line.provision(device_request("SN0001"))
    assert BirthRecord.parse(record.encode().encode()) == record
    assert record.serial_number == "SN0001"
    assert window_of(record.device_ca).not_after == window_of(line.answer.factory_ca).not_after
    assert events(line) == ["intent", "signature", "release"]


def test_the_same_request_gets_the_same_record(line: Station) -> None:
    """Asked twice, signed once; the second record is the first, to the octet."""
    request = device_request()
    assert line.provision(request).encode() == line.provision(request).encode()
    assert events(line) == ["intent", "signature", "release"]


def test_many_at_once(line: Station) -> None:
    """Six devices, each asking from three sides: six signatures, and every device has one record."""
    requests = [device_request(f"SN{number}") for number in range(6)] * 3
    with ThreadPoolExecutor(6) as pool:
        records = list(pool.map(lambda request: line.provision(request).encode(), requests))
    assert records[:6] == records[6:12] == records[12:]
    assert sorted(events(line)) == ["intent"] * 6 + ["release"] * 6 + ["signature"] * 6


def test_a_new_request_of_the_same_key_gets_the_same_record(line: Station) -> None:
    """`device init` after a lost file signs a new request with the old key: still one device CA."""
    signer = signers.generate("P-256")
    first = line.provision(device_request("SN0001", signer))
    assert line.provision(device_request("SN0001", signer)) == first


def test_the_ledger_knows_before_the_key_signs(line: Station) -> None:
    """When the station's key is used, its intent is on the disk, with the hash of what is signed."""
    seen: list[list[str]] = []
    record = dataclasses.replace(line, signer=Witness(line.signer, lambda: seen.append(events(line)))).provision(  # type: ignore[arg-type]
        device_request()
    )
    assert seen == [["intent"]]
    ledger = Ledger(line.home.ledger, create=False)
    intent, signature, release = ledger.entries()
    assert intent.serial == signature.serial == release.serial == f"{record.device_ca.serial_number:x}"
    assert ledger.certificate(intent.serial) == record.device_ca.public_bytes(Encoding.DER)


def test_an_intent_that_was_cut_short_is_closed(line: Station) -> None:
    """Killed before the signature: the next device's run closes it as abandoned, and its number is not used again."""

    def die() -> None:
        raise Died

    request = device_request("SN0001")
    with pytest.raises(Died):
        dataclasses.replace(line, signer=Witness(line.signer, die)).provision(request)  # type: ignore[arg-type]
    assert events(line) == ["intent"]
    line.provision(device_request("SN0002"))
    assert events(line) == ["intent", "abandoned", "intent", "signature", "release"]
    line.provision(request)
    ledger = Ledger(line.home.ledger, create=False)
    intents = [entry.serial for entry in ledger.entries() if entry.what == "intent"]
    assert len(set(intents)) == len(intents) == 3


def test_another_key_for_a_serial_number_needs_a_reason(line: Station) -> None:
    """serial-taken, until --replace says why; the reason is in the ledger, and the old request is superseded."""
    old, new = device_request("SN0001"), device_request("SN0001")
    line.provision(old)
    assert refused(line, new).code == "serial-taken"
    record = line.provision(new, replace="new board")
    ledger = Ledger(line.home.ledger, create=False)
    assert [entry.replaces for entry in ledger.entries() if entry.replaces] == ["new board"]
    assert refused(line, old).code == "superseded"
    assert refused(line, old, replace="the old board again").code == "superseded"
    assert line.provision(new) == record


def test_a_reason_that_was_not_needed_changes_nothing(line: Station) -> None:
    """--replace with the request of the present key: the same record, and no entry."""
    request = device_request()
    record = line.provision(request)
    assert line.provision(request, replace="to be sure") == record
    assert events(line) == ["intent", "signature", "release"]


@pytest.mark.parametrize("reason", ["", "new\nboard", "board \udcff", "x" * 201])
def test_a_reason_can_be_read(line: Station, reason: str) -> None:
    """An empty reason is none, and what can't be printed can't be read in ten years."""
    line.provision(device_request("SN0001"))
    found = refused(line, device_request("SN0001"), replace=reason)
    assert (found.code, bool(found.hint)) == ("replace-reason", True)


def test_a_key_belongs_to_one_serial_number(line: Station) -> None:
    """A cloned image under another serial number: key-taken, whatever the reason, and the ledger stays as it is."""
    signer = signers.generate("P-256")
    line.provision(device_request("SN0001", signer))
    for replace in (None, "new label"):
        found = refused(line, device_request("SN0002", signer), replace=replace)
        assert (found.code, found.facts["other"]) == ("key-taken", "SN0001")
    assert events(line) == ["intent", "signature", "release"]


def test_serial_numbers_differ_by_case(line: Station) -> None:
    """SN0001 and sn0001 are two devices to the ledger: nothing is folded in silence."""
    line.provision(device_request("SN0001"))
    assert line.provision(device_request("sn0001")).serial_number == "sn0001"


WANTS_CA = x509.BasicConstraints(ca=True, path_length=None)
WANTS_NAMES = x509.SubjectAlternativeName([x509.DNSName("press.local")])
RSA_2048 = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("request_pem", "code"),
    [
        (b"", "pem-empty"),
        (b"\xff" * 100, "pem-empty"),
        (custom_request([(SERIAL, "SN 1")]), "device-serial"),
        (custom_request([(SERIAL, "SN_1")]), "device-serial"),
        (custom_request([(SERIAL, "-SN1")]), "device-serial"),
        (custom_request([(SERIAL, "S" * 33)]), "device-serial"),
        (custom_request([(SERIAL, "SÑ1")]), "device-serial"),
        (custom_request([]), "request-identity"),
        (custom_request([(SERIAL, "SN1"), (SERIAL, "SN2")]), "request-identity"),
        (custom_request([(SERIAL, "SN1")], RSA_2048), "key-kind"),
        (custom_request([(SERIAL, "SN1")], ec.generate_private_key(ec.SECP384R1())), "key-kind"),
        (custom_request([(SERIAL, "SN1")], ec.generate_private_key(ec.SECP256K1())), "key-kind"),
        (custom_request([(SERIAL, "SN1")], None, WANTS_CA), "request-extension"),
        (custom_request([(SERIAL, "SN1")], None, WANTS_NAMES), "request-extension"),
    ],
    ids=[
        "nothing", "no PEM", "space", "underscore", "hyphen first", "33 characters", "not ASCII", "no serial",
        "two serials", "RSA 2048", "P-384", "secp256k1", "wants a CA", "wants names",
    ],
)  # fmt: skip
def test_a_bad_request_leaves_no_trace(line: Station, request_pem: bytes, code: str) -> None:
    """Refused before the ledger hears of it."""
    before = tree(line.home.path)
    assert refused(line, request_pem).code == code
    assert tree(line.home.path) == before


@pytest.mark.parametrize(
    ("now", "more", "code"),
    [
        (MOMENT + 26 * YEAR, {}, "issuer-expired"),
        (MOMENT - 2 * DAY, {}, "clock-behind"),
        (MOMENT + 16 * YEAR, {}, "life-too-short"),
        (MOMENT, {"years": 9}, "life-too-short"),
        (MOMENT, {"years": 26}, "life-beyond-parent"),
        (MOMENT, {"hostname": "www.example.com"}, "policy-wider"),
        (MOMENT, {"hostname": "press-{serial}"}, "policy-wider"),
        (MOMENT, {"hostname": "*.local"}, "wildcard"),
        (MOMENT, {"hostname": ".local"}, "policy-dns"),
        (MOMENT, {"hostname": ""}, "not-a-host-name"),
        (MOMENT, {"hostname": "{serial}_x.local"}, "underscore"),
        (MOMENT, {"hostname": "{model}.local"}, "not-a-host-name"),
    ],
)
def test_what_can_not_be_had_is_refused(home: Home, now: int, more: dict[str, object], code: str) -> None:
    """A life or a name that the hierarchy does not have: refused, and no intent is recorded."""
    line = open_station(home, now=now)
    assert refused(line, device_request(), **more).code == code
    assert events(line) == []


def test_a_factory_host_name(tmp_path: Path) -> None:
    """Below a free root, `press-{serial}` is one more exact name of the device CA, in lower case."""
    root = make_root(tmp_path / "root", constrain_root=False)
    line = open_station(make_station(tmp_path / "factory", root))
    record = line.provision(device_request("SN0001"), hostname="press-{serial}")
    assert record.issuer.permitted.dns == ("local", "home.arpa", "internal", "press-sn0001")


def test_names_below_the_serial_number(tmp_path: Path) -> None:
    """A plan of `{serial}.local`: two devices of one station can't vouch for each other's name."""
    names = {"dns": ["{serial}.local"], "ipv4": ["10.0.0.0/8"], "ipv6": ["fc00::/7"]}
    root = make_root(tmp_path / "root", names=names)
    line = open_station(make_station(tmp_path / "factory", root))
    assert line.provision(device_request("SN0001")).issuer.permitted.dns == ("sn0001.local",)
    assert line.provision(device_request("SN0002")).issuer.permitted.dns == ("sn0002.local",)


def test_a_serial_number_that_is_no_label(line: Station, tmp_path: Path) -> None:
    """Under a serial-number policy a serial number that can't be a name is refused, and under others it is fine."""
    names = {"dns": ["{serial}.local"], "ipv4": ["10.0.0.0/8"], "ipv6": ["fc00::/7"]}
    strict = open_station(make_station(tmp_path / "strict", make_root(tmp_path / "root", names=names)))
    for serial in ("SN.1.", "SN..1", "A.-B"):
        assert refused(strict, device_request(serial)).code == "not-a-host-name"
        assert line.provision(device_request(serial)).serial_number == serial


def test_a_station_of_the_last_years_of_a_root(tmp_path: Path) -> None:
    """A factory CA that could not give its devices the plan's minimum is refused by the root itself."""
    root = make_root(tmp_path / "root", years=12)
    with pytest.raises(Refused) as caught:
        make_station(tmp_path / "factory", root, now=MOMENT + 3 * YEAR)
    assert caught.value.code == "life-too-short"


def test_the_policy_of_the_plan_reaches_the_device(tmp_path: Path) -> None:
    """What the plan says about years holds at the station: the answer carried it."""
    root = make_root(tmp_path / "root", device_min_years=2, years=25)
    line = open_station(make_station(tmp_path / "factory", root))
    assert line.provision(device_request("SN0001"), years=2)
    assert refused(line, device_request("SN0002"), years=1).code == "life-too-short"
    assert plan(device_min_years=2) != plan()
