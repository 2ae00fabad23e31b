"""`init` and `adopt`: the device's key and request, and the birth record that answers them."""

from __future__ import annotations

import os
import re
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from booting import Device, issue_record, make_device, served
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dotlocal.core import pem, template
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.device import adoption
from dotlocal.device.store import State
from dotlocal.device.time import Floor
from dotlocal.host import signers
from dotlocal.testing import MOMENT, World
from dotlocal.wire.birth import BirthRecord
from installed import tree


def refused(state: State, record: bytes | str, now: int | None = MOMENT) -> Refused:
    with pytest.raises(Refused) as caught:
        adoption.adopt(state, record.encode() if isinstance(record, str) else record, now=now)
    return caught.value


@contextmanager
def full_disk() -> Iterator[None]:
    """Nothing can be written any more, as far as this process is concerned."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# init


def test_init_makes_a_key_and_a_request(tmp_path: Path) -> None:
    """The key is 0600 in a folder for its owner alone; the request names the serial number and asks for nothing."""
    state = State(str(tmp_path / "state"))
    request = adoption.init(state, "SN0001", force=False)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "device-ca.key").stat().st_mode) == 0o600
    parsed = x509.load_pem_x509_csr(request.encode())
    assert parsed.subject.rfc4514_string() == "2.5.4.5=SN0001"
    assert parsed.is_signature_valid
    assert list(parsed.extensions) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for others")
def test_what_root_writes_belongs_to_the_states_owner(tmp_path: Path, world: World) -> None:
    """dotlocal-watch has run once before the factory came, and systemd gave the folder to its user (StateDirectory=):
    a key of root's in there would be out of its reach for ever, since the folder itself is right already.
    """
    (tmp_path / "state").mkdir(mode=0o700)
    os.chown(tmp_path / "state", 4321, 1234)
    device = make_device(tmp_path, world=world)
    device.state.save_floor(Floor(MOMENT, 0, "boot-1"))
    found = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in (tmp_path / "state").iterdir()}
    assert {"device-ca.key", "request.pem", "birth.pem", "template", "floor"} <= set(found)
    assert set(found.values()) == {(4321, 1234)}


def test_init_again_prints_the_same_request(tmp_path: Path) -> None:
    """Said twice: the same request, to the octet, and no new key."""
    state = State(str(tmp_path))
    first = adoption.init(state, "SN0001", force=False)
    before = tree(tmp_path)
    assert adoption.init(state, "SN0001", force=False) == first
    assert tree(tmp_path) == before


def test_init_for_another_serial_number_is_refused(device: Device) -> None:
    """A device keeps its name until --force."""
    before = tree(device.path)
    with pytest.raises(Refused) as caught:
        adoption.init(device.state, "SN0002", force=False)
    assert (caught.value.code, bool(caught.value.hint)) == ("serial-differs", True)
    assert tree(device.path) == before


def test_force_makes_a_new_key_and_forgets_the_birth_record(device: Device) -> None:
    """--force: another key and request; the old birth record, and what was prepared from it, are gone."""
    old = device.state.key().point
    adoption.init(device.state, "SN0002", force=True)
    assert device.state.key().point != old
    assert not device.state.has("birth.pem")
    assert not device.state.has("template")
    assert refused(device.state, device.record.encode()).code == "birth-other-device"


def test_init_cut_short_takes_its_key_up_again(tmp_path: Path) -> None:
    """A power cut between key and request: the request is made of the key that is there."""
    state = State(str(tmp_path))
    adoption.init(state, "SN0001", force=False)
    key = state.key().point
    (tmp_path / "request.pem").unlink()
    adoption.init(state, "SN0001", force=False)
    assert state.key().point == key


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"])
def test_a_damaged_request_is_made_again(tmp_path: Path, text: str) -> None:
    """Whatever became of request.pem, the key is there, and the request follows from it."""
    state = State(str(tmp_path))
    adoption.init(state, "SN0001", force=False)
    key = state.key().point
    (tmp_path / "request.pem").write_text(text)
    request = adoption.init(state, "SN0001", force=False)
    assert x509.load_pem_x509_csr(request.encode()).is_signature_valid
    assert state.key().point == key


@pytest.mark.parametrize("serial", ["", "SN 1", "SN_1", "SN/1", "-SN1", ".SN1", "SÑ1", "S" * 33, "SN1\n", "\udcff"])
def test_a_serial_number_with_odd_characters_is_refused(tmp_path: Path, serial: str) -> None:
    """Letters, digits, dots and hyphens, at most 32; the folder is not even made."""
    with pytest.raises(Refused) as caught:
        adoption.init(State(str(tmp_path / "state")), serial, force=False)
    assert (caught.value.code, bool(caught.value.hint)) == ("device-serial", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("serial", ["0", "S" * 32, "a.b-c.D"])
def test_the_longest_and_oddest_serial_numbers(tmp_path: Path, world: World, serial: str) -> None:
    """Whatever the pattern takes can be made, adopted and booted."""
    device = make_device(tmp_path, serial, world=world)
    device.boot()
    assert device.accepted("press-07.local")


# adopt


def test_adopting_keeps_record_and_template(device: Device) -> None:
    """birth.pem is the record, and the template holds what the whole chain permits."""
    assert device.state.text("birth.pem") == device.record.encode()
    prepared = device.state.template()
    assert prepared.issuer_serial == device.record.device_ca.serial_number
    assert prepared.permitted == device.record.issuer.permitted


def test_adopting_again_is_the_same(device: Device) -> None:
    """Said twice: nothing changes, the same template is prepared."""
    before = tree(device.path)
    adoption.adopt(device.state, device.record.encode().encode(), now=MOMENT)
    assert tree(device.path) == before


def test_a_record_without_a_station(tmp_path: Path, world: World) -> None:
    """A device CA right below the root: two certificates, a chain of two, accepted."""
    device = make_device(tmp_path, world=world, station=False)
    device.boot()
    assert len(served(device.run).full) == 2
    assert device.accepted("press-07.local")


def test_a_renewed_record_replaces_the_old_one(device: Device) -> None:
    """A new device CA for the same key: kept, and what is prepared from it has its serial number."""
    renewed = issue_record(device.world, device.state.text("request.pem").encode(), "SN0001", years=20)
    adoption.adopt(device.state, renewed.encode().encode(), now=MOMENT)
    assert device.state.text("birth.pem") == renewed.encode()
    assert device.state.template().issuer_serial == renewed.device_ca.serial_number


def test_before_init_there_is_nothing_to_adopt_for(tmp_path: Path, device: Device) -> None:
    """No key, no adoption: absent, and the hint names the command before."""
    found = refused(State(str(tmp_path / "other")), device.record.encode())
    assert isinstance(found, Absent)
    assert (found.code, bool(found.hint)) == ("no-state", True)


def test_the_record_of_another_device_is_refused(device: Device, tmp_path: Path, world: World) -> None:
    """Two devices, two records mixed up: each keeps what it has."""
    other = make_device(tmp_path / "other", "SN0002", world=world)
    before = tree(device.path / "state")
    found = refused(device.state, other.record.encode())
    assert (found.code, bool(found.hint)) == ("birth-other-device", True)
    for made in (device, other):
        (name,) = made.record.device_ca.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert {*str(name.value).split()[-2:]} <= set(re.findall(r"[A-Z0-9]+", found.message)), "serial number and key"
    assert tree(device.path / "state") == before


def blocks(record: BirthRecord) -> list[str]:
    return [pem.encode("CERTIFICATE", each.public_bytes(Encoding.DER)) for each in record.certificates]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ((), "pem-empty"),
        ((0,), "birth-count"),
        ((0, 1), "birth-order"),
        ((0, 2), "birth-order"),
        ((1, 2), "birth-profile"),
        ((1, 0, 2), "birth-order"),
        ((0, 2, 1), "birth-order"),
        ((2, 1, 0), "birth-order"),
        ((0, 0, 2), "birth-order"),
        ((0, 1, 1), "birth-order"),
        ((1, 1, 2), "birth-order"),
        ((2, 2, 2), "birth-profile"),
        ((2, 2), "birth-profile"),
        ((0, 1, 2, 2), "birth-count"),
    ],
)
def test_a_record_in_disorder_is_refused(device: Device, order: tuple[int, ...], code: str) -> None:
    """Device CA, factory CA, root: none missing, none twice, in this order."""
    before = tree(device.path)
    parts = blocks(device.record)
    found = refused(device.state, "".join(parts[index] for index in order))
    assert found.code == code
    assert tree(device.path) == before


def test_a_chain_of_another_hierarchy_is_refused(device: Device) -> None:
    """The same names, other keys: a root of the same name did not sign this factory CA."""
    other = World()
    mixed = [*device.record.certificates[:2], other.root]
    found = refused(device.state, "".join(pem.encode("CERTIFICATE", c.public_bytes(Encoding.DER)) for c in mixed))
    assert found.code == "birth-order"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("CERTIFICATE", "PRIVATE KEY"), "pem-label"),
        (lambda text: text.replace("-----END CERTIFICATE-----", "", 1), "pem-corrupt"),
        (lambda text: text[: len(text) // 2], "pem-corrupt"),
        (lambda text: text.replace("MII", "MI!", 1), "pem-corrupt"),
        (lambda text: text.replace("MII", "NII", 1), "certificate-unreadable"),
        (lambda text: text + "x" * 70_000, "pem-too-large"),
        (lambda text: "\0" * 1000, "pem-empty"),
    ],
)
def test_a_damaged_record_is_refused(device: Device, change: Callable[[str], str], code: str) -> None:
    """Whatever a memory stick made of it: a code, and the state as it was."""
    before = tree(device.path)
    assert refused(device.state, change(device.record.encode())).code == code
    assert tree(device.path) == before


def resigned(certificate: x509.Certificate, change: Callable[[bytes], bytes], key: signers.KeySigner) -> str:
    """A certificate with its contents changed and signed again."""
    tbs = change(certificate.tbs_certificate_bytes)
    return pem.encode("CERTIFICATE", template.certificate(tbs, key.algorithm, key.sign(tbs)))


def test_a_window_that_ends_before_it_starts_is_refused(tmp_path: Path) -> None:
    """A root from 2049 to 2046: no profile has one, and no parser trips over it."""
    device = make_device(tmp_path, world=World(years=20))
    start = f"{device.record.root.not_valid_before_utc:%y%m%d%H%M%SZ}".encode()
    parts = blocks(device.record)
    parts[2] = resigned(
        device.record.root, lambda tbs: tbs.replace(start, b"49" + start[2:], 1), device.world.root_key
    )  # fmt: skip
    assert refused(device.state, "".join(parts)).code == "certificate-unreadable"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x02\x01\x00", b"\x02\x01\x01"),  # path length 1: could make CAs
        (b"\x03\x02\x02\x04", b"\x03\x02\x01\x06"),  # cRLSign as well
        (b"local", b"lokal"),  # a name beyond the root's
    ],
)
def test_a_device_ca_that_departs_from_its_profile_is_refused(device: Device, old: bytes, new: bytes) -> None:
    """Signed by the factory's own key, and still not what a device CA may be."""
    parts = blocks(device.record)
    assert old in device.record.device_ca.tbs_certificate_bytes
    parts[0] = resigned(device.record.device_ca, lambda tbs: tbs.replace(old, new, 1), device.world.factory_key)
    before = tree(device.path)
    assert refused(device.state, "".join(parts)).code in ("birth-profile", "policy-wider")
    assert tree(device.path) == before


def test_an_expired_record_is_refused(device: Device) -> None:
    """After its end a record is of no use, unless the clock can't be trusted to say so."""
    before = tree(device.path)
    assert refused(device.state, device.record.encode(), now=MOMENT + 26 * YEAR).code == "birth-expired"
    assert tree(device.path) == before
    adoption.adopt(device.state, device.record.encode().encode(), now=None)


def test_a_clock_in_1970_adopts(device: Device) -> None:
    """Production may know no time: what is not valid yet is no reason to refuse."""
    adoption.adopt(device.state, device.record.encode().encode(), now=0)


def test_a_full_disk_leaves_the_state_as_it_was(device: Device) -> None:
    """Neither the record nor the template of before is lost to a renewal that could not be written."""
    renewed = issue_record(device.world, device.state.text("request.pem").encode(), "SN0001", years=20)
    before = tree(device.path)
    with full_disk():
        assert refused(device.state, renewed.encode()).code == "file-unwritable"
    assert tree(device.path) == before


def test_a_full_disk_leaves_the_key_as_it_was(device: Device) -> None:
    """`init --force` that could not write the new key has not forgotten the old birth record."""
    before = tree(device.path)
    with full_disk(), pytest.raises(Refused) as caught:
        adoption.init(device.state, "SN0002", force=True)
    assert caught.value.code == "file-unwritable"
    assert tree(device.path) == before


def test_healing_prepares_the_same_template(device: Device) -> None:
    """The template follows from the birth record alone."""
    before = device.state.text("template")
    (device.path / "state" / "template").unlink()
    adoption.heal(device.state)
    assert device.state.text("template") == before


def test_a_narrower_policy_is_kept(tmp_path: Path, world: World) -> None:
    """Names below the serial number: the template permits those and no sibling's."""
    names = NamePolicy(("{serial}.local",), ("192.168.0.0/16",), ("fc00::/7",))
    state = State(str(tmp_path))
    request = adoption.init(state, "SN0001", force=False)
    record = issue_record(world, request.encode(), "SN0001", names=names)
    adoption.adopt(state, record.encode().encode(), now=MOMENT + DAY)
    assert state.template().permitted.dns == ("sn0001.local",)
