"""Every way to an own certificate, through the pages: a browser with the customer's root alone refuses before it, and
accepts after it, by name and by address. Confirmed is from that browser, for the other one has proved nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from acme_servers import pebble
from administrator import Administrator, administrator
from authorities import OpenSSL
from pages_device import ADDRESS, NAME, PagesDevice
from plants import inside

from dotlocal.device.owned import proposal
from dotlocal.device.owned.fit import Answers
from namespaces import host

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("own-pages-browsers")]


@pytest.fixture
def port(device: PagesDevice) -> Iterator[int]:
    with device.served() as found:
        yield found


@pytest.fixture
def insider(device: PagesDevice, port: int, tmp_path: Path) -> Iterator[Administrator]:
    """Whose browser has the vendor's root, and who is signed in."""
    with administrator(tmp_path / "insider", port, device.root) as found:
        assert found.opens() == ""
        found.signs_in()
        assert "The maker's certificate is in use." in found.text
        yield found


def switched(device: PagesDevice, insider: Administrator, root: Path, port: int, tmp_path: Path, served: str) -> None:
    """What the way has led to, on probation: confirmed by somebody with the customer's root alone."""
    assert "goes back by itself in" in insider.text
    assert device.status["served"] == served
    with administrator(tmp_path / "owner", port, root) as owner:
        assert owner.opens() == ""
        owner.signs_in()
        owner.opens("probation")
        assert "This browser has reached the device with the new certificate." in owner.text
        owner.sends("confirm")
        owner.waits()
        assert "Confirmed." in owner.text
        assert "probation" not in device.status["own"]
        assert owner.opens(host=ADDRESS) == "", "by address as well"


def refused_before(root: Path | None, port: int, tmp_path: Path) -> None:
    """The browser that is to accept it in the end, with the root if there is one yet."""
    with administrator(tmp_path / "owner", port, root) as owner:
        for each in (NAME, ADDRESS):
            assert owner.opens(host=each).startswith("net::ERR_CERT_")


def test_request_and_answer(
    device: PagesDevice, insider: Administrator, openssl: OpenSSL, port: int, tmp_path: Path
) -> None:
    """The request is filled in with what the device answers to; `openssl ca` signs it; its answer comes as PKCS#7."""
    refused_before(openssl.root, port, tmp_path)
    insider.opens("request")
    assert insider.browser.run("document.getElementById('names').value").split()[0] == NAME
    assert insider.browser.run("document.getElementById('addresses').value") == ADDRESS
    insider.fills(names=NAME)
    insider.sends("request")
    assert "A request is waiting for its answer" in insider.text
    request = insider.downloads("request.csr")
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    answer = tmp_path / "answer.p7b"
    answer.write_bytes(openssl.pkcs7(openssl.answer(request)))
    insider.opens("import")
    insider.chooses(answer)
    insider.sends("import")
    assert "Nothing speaks against it." in insider.text
    insider.sends("take")
    insider.waits()
    switched(device, insider, openssl.root, port, tmp_path, "certificate")


@pytest.mark.long
def test_foreign_key_and_chain(
    device: PagesDevice, insider: Administrator, openssl: OpenSSL, port: int, tmp_path: Path
) -> None:
    """PKCS#12: without its passphrase it says so; with it, everything is there. The passphrase is nowhere after it."""
    refused_before(openssl.root, port, tmp_path)
    bundle = tmp_path / "press.pfx"
    bundle.write_bytes(openssl.pfx(f"DNS:{NAME},IP:{ADDRESS}", "correct horse"))
    insider.opens("import")
    insider.chooses(bundle)
    insider.sends("import")
    assert "It can't be used." in insider.text
    assert "own-passphrase-missing" in insider.text
    assert device.status["served"] == "vendor"
    insider.opens("import")
    insider.chooses(bundle)
    insider.fills(passphrase="correct horse")
    insider.sends("import")
    assert "correct horse" not in insider.browser.run("document.documentElement.outerHTML")
    if "I have read this" in insider.text:
        insider.ticks("accept")
    insider.sends("take")
    insider.waits()
    switched(device, insider, openssl.root, port, tmp_path, "certificate")


def test_a_root_for_this_device_alone(device: PagesDevice, insider: Administrator, port: int, tmp_path: Path) -> None:
    """Made, downloaded while it is on probation, imported, confirmed."""
    refused_before(None, port, tmp_path)
    insider.opens("alone")
    insider.sends("alone")
    insider.waits()
    root = tmp_path / "root.pem"
    root.write_text(insider.downloads("device-root.pem"))
    switched(device, insider, root, port, tmp_path, "issuer")


@pytest.mark.long
def test_the_customers_ca_as_issuer(
    device: PagesDevice, insider: Administrator, openssl: OpenSSL, port: int, tmp_path: Path
) -> None:
    """The request out, with OpenSSL's section; the CA certificate in."""
    refused_before(openssl.root, port, tmp_path)
    insider.opens("issuer")
    insider.fills(within="local\n192.168.77.0/24")
    insider.sends("issuer")
    request, section = (insider.downloads(name) for name in ("issuer.csr", "device-ca.cnf"))
    assert section == proposal.openssl_section(proposal.propose(["local", "192.168.77.0/24"], Answers([], "", [])))
    answers = [tmp_path / "ca.pem", openssl.folder / "middle.pem", openssl.root]
    answers[0].write_bytes(openssl.answer(request, extensions=section))
    insider.chooses(*answers)
    insider.sends("issuer-import")
    assert "192.168.77.0/24" in insider.text
    insider.sends("take")
    insider.waits()
    switched(device, insider, openssl.root, port, tmp_path, "issuer")


@pytest.mark.long
def test_acme(device: PagesDevice, tmp_path: Path) -> None:
    """Pebble asks at the device's own address, port 80; set up, confirmed, renewed by a press of a button."""
    with host() as plant:
        plant.ip("addr", "add", f"{ADDRESS}/24", "dev", plant.device)
        inside(plant, lambda: _by_acme(device, tmp_path))


def _by_acme(device: PagesDevice, tmp_path: Path) -> None:
    with (
        pebble(tmp_path / "pebble", http=80, tls=443) as server,
        device.served() as port,
        administrator(tmp_path / "insider", port, device.root) as insider,
    ):
        refused_before(server.root, port, tmp_path)
        assert insider.opens() == ""
        insider.signs_in()
        insider.opens("acme")
        insider.fills(
            acme_directory=server.directory, acme_roots=server.tls_root.read_text(), names=NAME, addresses=ADDRESS,
            acme_contact="admin@customer.test",
        )  # fmt: skip
        insider.ticks("acme-terms")
        insider.sends("acme")
        insider.waits()
        switched(device, insider, server.root, port, tmp_path, "certificate")
        with administrator(tmp_path / "owner", port, server.root) as owner:
            assert owner.opens() == ""
            owner.signs_in()
            before = device.status["serial"]
            owner.opens("acme")
            assert server.directory in owner.text
            owner.sends("acme-renew")
            owner.waits()
            assert "up to date" in owner.text
            assert device.status["serial"] != before
            assert [owner.opens(host=each) for each in (NAME, ADDRESS)] == ["", ""]


def test_openssl_can_read_what_is_downloaded(device: PagesDevice) -> None:
    """The request, by OpenSSL."""
    text = device.owned.request()
    done = subprocess.run(["openssl", "req", "-noout", "-verify"], input=text.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr
