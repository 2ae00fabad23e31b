"""A new certificate is served at once, on probation; confirmed it stays, otherwise it goes back by itself."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from box import Box
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from customer import HOSTS, NOW, Customer, ec_key, key_pem, numbered, pem

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import DAY
from dotlocal.device import adoption, reset
from dotlocal.device.owned.material import Upload
from dotlocal.device.store import Run


def codes(report: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["code"] for each in report["findings"]]


def test_it_is_served_at_once_and_goes_back_by_itself(box: Box, customer: Customer) -> None:
    """Upload → served; ten minutes without a word → the device's own chain, and the status says why."""
    key, leaf = customer.pair()
    report = box.take(key_pem(key) + pem(leaf, customer.middle.certificate))
    assert box.leaf == leaf
    assert (report["served"], report["own"]["probation"]["seconds"]) == ("certificate", 600)
    assert report["findings"] == []
    assert box.woken == [600]
    assert box.passes(599)["served"] == "certificate"
    report = box.passes(1)
    assert report["served"] == "vendor"
    assert codes(report) == ["own-unconfirmed"]
    assert box.leaf != leaf
    assert codes(box.restart()) == ["own-unconfirmed"], "still said after a restart"
    assert codes(box.passes(8 * DAY)) == [], "and no news for ever"


def test_a_confirmed_one_stays(box: Box, customer: Customer) -> None:
    """Confirmed with the serial number that the connection saw: through reboots, adoption, reset of settings."""
    key, leaf = customer.pair()
    box.take(key_pem(key) + pem(leaf, customer.middle.certificate))
    report = box.owned.confirm(f"{leaf.serial_number:X}")
    assert report["served"] == "certificate"
    assert "probation" not in report["own"]
    box.passes(3600)
    assert box.restart()["findings"] == []
    adoption.adopt(box.state, box.record.encode().encode(), now=None)
    reset.reset_settings(box.state, Run(str(box.run)))
    assert box.restart()["served"] == "certificate"
    assert box.leaf == leaf


def test_it_says_when_nobody_will_end_it(box: Box, customer: Customer) -> None:
    """No process could be started that sleeps: a warning in the report, and it ends with the next boot."""
    box.wakers = False
    report = box.take(customer.files())
    assert codes(report) == ["own-unwatched"]
    assert report["findings"][0]["hint"]
    assert codes(box.restart()) == ["own-unconfirmed"]


def test_a_restart_during_probation_reverts(box: Box, customer: Customer) -> None:
    """Power off and on while it is on probation: the device's own chain."""
    box.take(customer.files())
    report = box.restart()
    assert report["served"] == "vendor"
    assert codes(report) == ["own-unconfirmed"]


def test_another_connection_confirms_nothing(box: Box, customer: Customer) -> None:
    """A connection that was made before the switch, or never: refused."""
    before = box.leaf
    box.take(customer.files())
    for serial in (f"{before.serial_number:x}", "", "0", "nonsense"):
        with pytest.raises(Refused) as refused:
            box.owned.confirm(serial)
        assert refused.value.code == "own-other-connection"
    assert box.status()["own"]["probation"]


def test_another_certificate_of_the_same_number_confirms_nothing(box: Box, customer: Customer, tmp_path: Path) -> None:
    """A CA that gives serial number 1 to all, and a web server that still serves the one before: refused; the very
    certificate is taken.
    """
    key, leaf = customer.pair()
    others = ec_key()
    twin = x509.CertificateBuilder(
        leaf.issuer, leaf.subject, others.public_key(), leaf.serial_number, leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
    ).sign(others, SHA256())  # fmt: skip
    box.take(key_pem(key) + pem(leaf, customer.middle.certificate))
    with serving(tmp_path / "twin.pem", key_pem(others) + pem(twin)) as port, pytest.raises(Refused) as refused:
        box.owned.confirm_here(f"127.0.0.1:{port}")
    assert refused.value.code == "own-other-connection"
    assert sha256(twin.public_bytes(Encoding.DER)).hexdigest() in refused.value.message
    with serving(tmp_path / "leaf.pem", key_pem(key) + pem(leaf)) as port:
        assert "probation" not in box.owned.confirm_here(f"127.0.0.1:{port}")["own"]


def test_a_number_that_two_certificates_have_confirms_nothing(box: Box) -> None:
    """Two CAs, each of which numbers its certificates from 1: by the number alone, a connection from before the switch
    would confirm. The fingerprint tells.
    """
    authorities = (Customer().root.authority(f"Example Works Issuing CA {number}") for number in (1, 2))
    files, leaves = zip(*(numbered(each, 1) for each in authorities), strict=True)
    box.take(files[0], confirm=True)
    box.take(files[1])
    with pytest.raises(Refused) as refused:
        box.owned.confirm("1")
    assert refused.value.code == "own-other-connection"
    before, after = (sha256(each.public_bytes(Encoding.DER)).hexdigest() for each in leaves)
    with pytest.raises(Refused) as refused:
        box.owned.confirm("1", fingerprint=before)
    assert refused.value.code == "own-other-connection"
    assert "probation" not in box.owned.confirm(fingerprint=after.upper())["own"]


def test_an_upload_with_the_number_of_another_one_of_its_ca_is_refused(box: Box, customer: Customer) -> None:
    """RFC 5280 4.1.2.2: unique within a CA. In use, put aside or beside it in the upload, it is an error; the very same
    certificate again is none.
    """
    first, _ = numbered(customer.middle, 7)
    second, leaf = numbered(customer.middle, 7)
    box.take(first, confirm=True)
    judged = box.owned.examine([Upload("again.pem", first)])
    assert "own-serial-repeated" not in {each.code for each in judged.findings}
    for put_aside in (False, True):
        if put_aside:
            box.owned.revert("vendor")
        judged = box.owned.examine([Upload("second.pem", second)])
        (found,) = (each for each in judged.findings if each.code == "own-serial-repeated")
        assert found.severity == "error"
        with pytest.raises(Refused) as refused:
            box.owned.take(judged, accept=True)
        assert refused.value.code == "own-refused"
    assert leaf != box.leaf


@contextmanager
def serving(path: Path, contents: bytes) -> Iterator[int]:
    """The port of a TLS server with this key and certificate, for one client."""
    path.write_bytes(contents)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def one() -> None:
            with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as secured:
                secured.recv(1)

        thread = threading.Thread(target=one, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_too_late_and_nothing_to_confirm(box: Box, customer: Customer) -> None:
    """After its time nothing is confirmed any more."""
    key, leaf = customer.pair()
    with pytest.raises(Absent) as absent:
        box.owned.confirm("1")
    assert absent.value.code == "own-none-on-probation"
    box.take(key_pem(key) + pem(leaf, customer.middle.certificate))
    box.uptime += 601
    with pytest.raises(Refused) as refused:
        box.owned.confirm(f"{leaf.serial_number:x}")
    assert refused.value.code == "own-too-late"


def test_revert_ends_a_probation_at_once(box: Box, customer: Customer) -> None:
    """Back to the confirmed one, not to the vendor's."""
    first = confirmed(box, customer)
    box.take(customer.files())
    assert box.leaf != first
    report = box.owned.revert()
    assert (report["served"], report["findings"]) == ("certificate", [])
    assert box.leaf == first


def test_revert_to_the_vendor_during_a_probation(box: Box, customer: Customer) -> None:
    """With nothing confirmed, and with something: the vendor's chain at once, and no candidate left."""
    box.take(customer.files())
    assert box.owned.revert("vendor")["served"] == "vendor"
    confirmed(box, customer)
    box.take(customer.files())
    report = box.owned.revert("vendor")
    assert (report["served"], report["own"]) == ("vendor", {})
    slot = Path(box.options.state) / "owned" / "candidate"
    slot.write_bytes(b"torn \xff")
    assert codes(box.boot()) == ["own-damaged"]
    assert box.owned.revert()["findings"] == []


def test_previous_issuer_vendor(box: Box, customer: Customer) -> None:
    """Two confirmed one after the other: revert swaps them, `vendor` puts aside, `previous` brings back."""
    first, second = confirmed(box, customer), confirmed(box, customer)
    assert box.leaf == second
    box.owned.revert()
    assert box.leaf == first
    box.owned.revert()
    assert box.leaf == second
    assert box.owned.revert("vendor")["served"] == "vendor"
    assert box.owned.revert("previous")["served"] == "certificate"
    assert box.leaf == second
    with pytest.raises(Refused) as refused:
        box.owned.revert("issuer")
    assert refused.value.code == "own-nothing"


def test_expired_falls_back_and_a_new_one_returns(box: Box, customer: Customer) -> None:
    """At its end the device's own chain, said so; the successor is served again."""
    key, leaf = customer.pair(end=NOW + 2 * DAY)
    report = box.take(key_pem(key) + pem(leaf, customer.middle.certificate), confirm=True)
    assert codes(report) == ["own-ends-soon"]
    assert report["own"]["look_in"] == 2 * DAY + 1
    report = box.passes(2 * DAY + 1)
    assert (report["served"], codes(report)) == ("vendor", ["own-expired"])
    successor = confirmed(box, customer)
    assert box.leaf == successor
    assert box.status()["findings"] == []


def test_a_renamed_device_falls_back_and_returns(box: Box, customer: Customer) -> None:
    """Called otherwise, at another address: its own chain; with the old name back, the customer's."""
    leaf = confirmed(box, customer)
    box.host_name, box.addresses = "kitchen", ("10.0.0.9",)
    report = box.boot()
    assert (report["served"], codes(report)) == ("vendor", ["own-unfit"])
    box.addresses = (HOSTS[1], "10.0.0.9")
    assert box.boot()["served"] == "certificate"
    assert [each["code"] for each in box.status()["left_out"]] == ["not-in-own", "not-in-own"]
    assert box.leaf == leaf


def test_with_no_name_left_it_goes_on(box: Box, customer: Customer) -> None:
    """Off the network and nameless, a certificate that fits no more stays until there is something better; said so."""
    leaf = confirmed(box, customer)
    box.host_name, box.addresses = "", ()
    report = box.boot()
    assert box.leaf == leaf
    assert {"own-unfit", "no-name-left"} <= set(codes(report))
    assert report["own"]["certificate"]["state"] == "unfit"
    box.host_name = "press-07"
    assert box.boot()["findings"] == []


def test_a_wrong_clock_takes_nothing_away(box: Box, customer: Customer) -> None:
    """1970 after a battery died: what has certainly not ended is served."""
    confirmed(box, customer)
    box.known = False
    assert box.restart()["served"] == "certificate"


def test_a_torn_slot_stops_nothing(box: Box, customer: Customer) -> None:
    """Half a file in the slot: the device's own chain, and a finding."""
    confirmed(box, customer)
    slot = Path(box.options.state) / "owned" / "certificate"
    slot.write_bytes(slot.read_bytes()[:900])
    report = box.boot()
    assert (report["served"], codes(report)) == ("vendor", ["own-damaged"])
    slot.write_bytes(b"")
    assert box.boot()["findings"] == []


def test_the_folder_is_for_its_owner_alone(box: Box, customer: Customer) -> None:
    """0700 and 0600."""
    confirmed(box, customer)
    box.owned.request()
    folder = Path(box.options.state) / "owned"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}


def test_a_reset_for_the_next_owner_leaves_nothing(box: Box, customer: Customer) -> None:
    """`device reset`: no slot is left."""
    confirmed(box, customer)
    reset.reset(box.state, Run(str(box.run)))
    assert not (Path(box.options.state) / "owned").exists()
    assert box.restart()["served"] == "vendor"


def confirmed(box: Box, customer: Customer, **how: object) -> object:
    """A certificate that was installed and confirmed."""
    key, leaf = customer.pair(**how)
    box.take(key_pem(key) + pem(leaf, customer.middle.certificate), confirm=True)
    return leaf
