"""The root at work: factory CAs for stations, device CAs for a vendor without one."""

from __future__ import annotations

import dataclasses
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from dotlocal.core import keys
from dotlocal.core.chain import window_of
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.host import signers
from dotlocal.root.authority import RootAuthority
from dotlocal.root.ceremony import Home
from dotlocal.testing import MOMENT
from dotlocal.wire.answer import Answer
from dotlocal.wire.birth import BirthRecord
from hierarchy import (
    PASSPHRASE,
    Died,
    Witness,
    custom_request,
    device_request,
    make_root,
    open_root,
    station_request,
)
from installed import tree


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RootAuthority:
    """A root, made and opened once: opening an encrypted key takes its time on purpose."""
    return open_root(make_root(tmp_path_factory.mktemp("made") / "root"))


@pytest.fixture
def home(made: RootAuthority, tmp_path: Path) -> Home:
    """A copy of its folder for one test."""
    shutil.copytree(made.home.path, tmp_path / "root")
    return Home(tmp_path / "root")


@pytest.fixture
def root(made: RootAuthority, home: Home) -> RootAuthority:
    """The copy at work."""
    return dataclasses.replace(made, home=home)


def device(root: RootAuthority, request: bytes, *, now: int = MOMENT, **more: str | int) -> BirthRecord:
    words = {"years": None, "hostname": None, "replace": None} | more
    return BirthRecord.parse(root.sign_device(request, now=now, **words).encode())  # type: ignore[arg-type]


def events(root: RootAuthority) -> list[str]:
    return [entry["what"] for entry in root.home.transcript.entries()]


def test_a_station_gets_a_factory_ca_to_the_roots_end(root: RootAuthority) -> None:
    """Request → factory CA, path length 1, from a day back to the root's end, with the signed policy."""
    answer = Answer.parse(root.sign_factory(station_request(), years=None, now=MOMENT).encode())
    assert answer.factory_ca.subject.rfc4514_string() == "CN=Acme Devices Factory CA (line 1),O=Acme Devices"
    assert window_of(answer.factory_ca).not_before == MOMENT - DAY
    assert window_of(answer.factory_ca).not_after == window_of(root.certificate).not_after
    assert answer.policy.device_min_years == 10
    assert answer.policy.names.dns == ("local", "home.arpa", "internal")


def test_the_same_request_gets_the_same_answer(root: RootAuthority) -> None:
    """Asked twice, signed once; the second answer is the first, to the octet."""
    request = station_request()
    first = root.sign_factory(request, years=None, now=MOMENT)
    assert root.sign_factory(request, years=None, now=MOMENT + DAY) == first
    assert events(root).count("factory-intended") == 1


def test_the_transcript_has_the_intent_before_the_signature(root: RootAuthority) -> None:
    """When the key is used, what it signs is in the transcript already; afterwards its release is too."""
    seen: list[str] = []
    watched = Witness(root.signer, lambda: seen.append(events(root)[-1]))  # type: ignore[arg-type]
    device(dataclasses.replace(root, signer=watched), device_request())
    assert seen == ["device-intended"]
    assert events(root)[-1] == "released"


def test_a_signature_that_was_cut_short_answers_nothing(root: RootAuthority) -> None:
    """Killed between intent and answer: asked again, the root signs anew with another serial number."""

    def die() -> None:
        raise Died

    request = device_request()
    with pytest.raises(Died):
        device(dataclasses.replace(root, signer=Witness(root.signer, die)), request)  # type: ignore[arg-type]
    (cut,) = [entry for entry in root.home.transcript.entries() if entry["what"] == "device-intended"]
    record = device(root, request)
    assert f"{record.device_ca.serial_number:x}" != cut["serial"]


def test_a_release_that_was_cut_short_is_recorded_later(root: RootAuthority) -> None:
    """Killed between keeping the answer and saying so: asked again, the same answer leaves, and is recorded first."""
    request = device_request()
    record = device(root, request)
    path = root.home.transcript.path
    read = json.loads(path.read_text())
    assert read["entries"].pop()["what"] == "released"
    path.write_text(json.dumps(read))
    assert device(root, request) == record
    assert events(root)[-1] == "released"
    assert device(root, request) == record
    assert events(root).count("released") == 1


def test_many_at_once(root: RootAuthority) -> None:
    """One request from six sides: one signature, six times the same answer."""
    request = device_request()
    with ThreadPoolExecutor(6) as pool:
        records = list(pool.map(lambda _: device(root, request).encode(), range(6)))
    assert len(set(records)) == 1
    assert events(root).count("device-intended") == 1


def test_a_vendor_without_a_station(root: RootAuthority) -> None:
    """`root sign --device`: a device CA right below the root, a birth record of two certificates."""
    record = device(root, device_request("SN0001"))
    assert len(record.certificates) == 2
    assert record.serial_number == "SN0001"
    assert record.root == root.certificate


def test_the_same_device_gets_the_same_record(root: RootAuthority) -> None:
    """Asked twice, signed once."""
    request = device_request()
    assert device(root, request).encode() == device(root, request).encode()
    assert events(root).count("device-intended") == 1


def test_another_key_for_a_serial_number_needs_a_reason(root: RootAuthority) -> None:
    """serial-taken, until --replace says why; the reason is in the transcript, and the old request is superseded."""
    old, new = device_request("SN0001"), device_request("SN0001")
    device(root, old)
    with pytest.raises(Refused) as caught:
        device(root, new)
    assert (caught.value.code, bool(caught.value.hint)) == ("serial-taken", True)
    device(root, new, replace="new board")
    assert [e["replaces"] for e in root.home.transcript.entries() if "replaces" in e] == ["new board"]
    with pytest.raises(Refused) as caught:
        device(root, old)
    assert caught.value.code == "superseded"


def test_a_key_belongs_to_one_serial_number(root: RootAuthority) -> None:
    """A cloned image under another serial number: key-taken, and no reason helps."""
    signer = signers.generate("P-256")
    device(root, device_request("SN0001", signer))
    for replace in (None, "new board"):
        with pytest.raises(Refused) as caught:
            device(root, device_request("SN0002", signer), replace=replace)  # type: ignore[arg-type]
        assert caught.value.code == "key-taken"


def test_a_device_is_no_station_and_a_station_no_device(root: RootAuthority) -> None:
    """A device's request never becomes a factory CA, nor a station's a device CA."""
    with pytest.raises(Refused) as caught:
        root.sign_factory(device_request(), years=None, now=MOMENT)
    assert caught.value.code == "request-of-device"
    with pytest.raises(Refused) as caught:
        device(root, station_request())
    assert caught.value.code == "request-identity"


@pytest.mark.parametrize(
    ("now", "years", "code"),
    [
        (MOMENT + 26 * YEAR, None, "issuer-expired"),
        (MOMENT - 2 * DAY, None, "clock-behind"),
        (MOMENT + 16 * YEAR, None, "life-too-short"),
        (MOMENT, 9, "life-too-short"),
        (MOMENT, 0, "life-too-short"),
        (MOMENT, -10, "life-too-short"),
        (MOMENT, 26, "life-beyond-parent"),
        (MOMENT, 10**12, "life-beyond-parent"),
    ],
)
@pytest.mark.parametrize("kind", ["factory", "device"])
def test_a_life_that_can_not_be_had_is_refused(
    root: RootAuthority, kind: str, now: int, years: int | None, code: str
) -> None:
    """Refused, never shortened in silence; and no intent is left in the transcript."""
    before = tree(root.home.path)
    with pytest.raises(Refused) as caught:
        if kind == "factory":
            root.sign_factory(station_request(), years=years, now=now)
        else:
            device(root, device_request(), now=now, years=years)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert tree(root.home.path) == before


def test_years_that_can_be_had(root: RootAuthority) -> None:
    """15 years asked for, 15 years given."""
    record = device(root, device_request(), years=15)
    assert window_of(record.device_ca).not_after == MOMENT + 15 * YEAR


def test_a_child_never_starts_before_its_parent(root: RootAuthority) -> None:
    """On the root's first day a device CA is dated back to the root's start, and no further."""
    record = device(root, device_request(), now=MOMENT - DAY // 2)
    assert window_of(record.device_ca).not_before == window_of(root.certificate).not_before


def test_a_factory_host_name_outside_the_root_is_refused(root: RootAuthority) -> None:
    """A constrained root permits no single label; the station's host name is refused, not dropped."""
    with pytest.raises(Refused) as caught:
        device(root, device_request(), hostname="press-{serial}")
    assert caught.value.code == "policy-wider"


def test_a_factory_host_name_below_a_free_root(tmp_path: Path) -> None:
    """With `constrain_root = false` the name is one more exact subtree of the device CA."""
    root = open_root(make_root(tmp_path / "root", constrain_root=False))
    record = device(root, device_request("SN0001"), hostname="press-{serial}")
    assert "press-sn0001" in (record.issuer.permitted.dns or ())


def test_an_extension_in_the_request_is_refused(root: RootAuthority) -> None:
    """CA:TRUE comes from the profile, never from a request."""
    wish = x509.BasicConstraints(ca=True, path_length=None)
    with pytest.raises(Refused) as caught:
        device(root, custom_request([(x509.NameOID.SERIAL_NUMBER, "SN0001")], None, wish))
    assert caught.value.code == "request-extension"


def test_other_subject_fields_are_ignored(root: RootAuthority) -> None:
    """Of the subject only serialNumber is taken; the organisation is the vendor's."""
    request = custom_request([
        (x509.NameOID.ORGANIZATION_NAME, "Mallory"), (x509.NameOID.COMMON_NAME, "www.example.com"),
        (x509.NameOID.SERIAL_NUMBER, "SN0001"),
    ])  # fmt: skip
    subject = device(root, request).device_ca.subject.rfc4514_string()
    assert "Mallory" not in subject
    assert "example" not in subject


@pytest.mark.parametrize(
    ("passphrase", "code"), [(None, "passphrase-missing"), (b"wrong horse battery", "passphrase-wrong")]
)
def test_without_the_passphrase_there_is_no_root(home: Home, passphrase: bytes | None, code: str) -> None:
    """The key opens with its passphrase and in no other way."""
    with pytest.raises(Refused) as caught:
        RootAuthority.open(home, passphrase)
    assert caught.value.code == code


def test_a_key_of_another_root_is_found_out(home: Home, tmp_path: Path) -> None:
    """root.key and root.pem of two ceremonies: wrong-key, before anything is signed."""
    other = make_root(tmp_path / "other")
    home.key.write_bytes(other.key.read_bytes())
    with pytest.raises(Refused) as caught:
        open_root(home)
    assert caught.value.code == "wrong-key"


def test_an_unfinished_ceremony_is_no_root(home: Home) -> None:
    """Cut short before root.pem: absent, and the hint says to start over elsewhere."""
    home.certificate.unlink()
    with pytest.raises(Absent) as caught:
        open_root(home)
    assert (caught.value.code, bool(caught.value.hint)) == ("no-root", True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "transcript-damaged"),
        ("{", "transcript-damaged"),
        ("[]", "transcript-damaged"),
        ('{"schema": 1}', "transcript-damaged"),
        ('{"schema": 1, "entries": []}', "transcript-damaged"),
        ('{"schema": 1, "entries": ["root-intended"]}', "transcript-damaged"),
        ('{"schema": 1, "entries": [{"what": "root-intended"}]}', "transcript-damaged"),
        ('{"schema": 2, "entries": []}', "transcript-schema"),
        ('{"schema": 1, "entries": ' + "[" * 100_000 + "]" * 100_000 + "}", "transcript-damaged"),
    ],
)  # fmt: skip
def test_a_damaged_transcript_is_refused(home: Home, text: str, code: str) -> None:
    """Whatever a disk made of it: a coded refusal, and the key is not used."""
    home.transcript.path.write_text(text)
    with pytest.raises(Refused) as caught:
        open_root(home)
    assert caught.value.code == code


@pytest.mark.parametrize(("change", "code"), [(lambda t: "", "pem-empty"), (lambda t: t + t, "pem-count")])
def test_a_damaged_certificate_is_refused(home: Home, change: object, code: str) -> None:
    """root.pem holds one certificate."""
    home.certificate.write_text(change(home.certificate.read_text()))  # type: ignore[operator]
    with pytest.raises(Refused) as caught:
        open_root(home)
    assert caught.value.code == code


def test_the_key_never_shows_itself(root: RootAuthority) -> None:
    """A signer's repr is its key identifier."""
    assert repr(root.signer) == f"KeySigner({keys.key_id_of(root.signer.public_key).hex()})"
    assert PASSPHRASE.decode() not in repr(root)


def test_the_transcript_is_json_for_everybody(root: RootAuthority) -> None:
    """A schema number and a list of entries, each with its time in RFC 3339."""
    device(root, device_request())
    read = json.loads(root.home.transcript.path.read_text())
    assert read["schema"] == 1
    assert all(entry["at"].endswith("Z") for entry in read["entries"])
