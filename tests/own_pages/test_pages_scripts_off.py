"""Every page in a browser that runs no script: what it shows is all there, and its forms do what they say.

DevTools may write into fields and press buttons though the page may run nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from acme_servers import unused_port
from administrator import Administrator, administrator
from authorities import OpenSSL
from pages_device import ADDRESS, NAME, PagesDevice

from told import Told

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("own-pages-looks")]
WAYS = {"request", "import", "alone", "issuer", "acme"}
SCRIPT = "data:text/html,<title>off</title><script>document.title = 'on'</script>"


@pytest.fixture(scope="module")
def device(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesDevice]:
    made = PagesDevice.copy(told, tmp_path_factory.mktemp("scripts-off") / "press")
    yield made
    made.end_timers()


@pytest.fixture(scope="module")
def port(device: PagesDevice) -> Iterator[int]:
    with device.served() as found:
        yield found


@pytest.fixture(scope="module")
def insider(device: PagesDevice, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administrator]:
    """Signed in by the form, at the overview; the browser has the vendor's root."""
    home = tmp_path_factory.mktemp("insider") / "home"
    with administrator(home, port, device.root, scripts=False) as found:
        assert found.browser.open(SCRIPT) == ""
        assert found.browser.run("document.title") == "off", "scripts run all the same"
        assert found.opens() == ""
        found.signs_in()
        yield found


def test_login_and_overview(insider: Administrator) -> None:
    """The password lets in; every way is a link that leads where it says."""
    insider.opens()
    assert "The maker's certificate is in use." in insider.text
    links = insider.browser.run("[...document.querySelectorAll('main a')].map(each => each.getAttribute('href'))")
    assert set(links) >= WAYS
    insider.follows("Ask your CA")
    assert insider.page == "request"
    for name in WAYS:
        assert insider.opens(name) == ""
        assert insider.browser.run("document.querySelectorAll('main form[method=post] button').length") > 0, name


def test_request_and_import(insider: Administrator, openssl: OpenSSL, tmp_path: Path) -> None:
    """A request is made and signed; its answer is read, and the page for a yes has its button."""
    insider.opens("request")
    insider.fills(names=NAME, addresses=ADDRESS)
    insider.sends("request")
    assert "A request is waiting for its answer" in insider.text
    answer = tmp_path / "answer.p7b"
    answer.write_bytes(openssl.pkcs7(openssl.answer(insider.downloads("request.csr"))))
    insider.opens("import")
    insider.chooses(answer)
    insider.sends("import")
    assert insider.page == "review"
    assert "Nothing speaks against it." in insider.text
    assert insider.browser.run("!!document.querySelector('form[action=take] button')")


def test_issuer(insider: Administrator, openssl: OpenSSL, tmp_path: Path) -> None:
    """The request out with its section, the CA certificate in."""
    insider.opens("issuer")
    insider.fills(within="local\n192.168.77.0/24")
    insider.sends("issuer")
    request, section = (insider.downloads(name) for name in ("issuer.csr", "device-ca.cnf"))
    answers = [tmp_path / "ca.pem", openssl.folder / "middle.pem", openssl.root]
    answers[0].write_bytes(openssl.answer(request, extensions=section))
    insider.chooses(*answers)
    insider.sends("issuer-import")
    assert insider.page == "review"
    assert "192.168.77.0/24" in insider.text


def test_acme(insider: Administrator, openssl: OpenSSL) -> None:
    """The form is sent, and what is wrong is said on its page: nobody listens there."""
    insider.opens("acme")
    insider.fills(
        acme_directory=f"https://127.0.0.1:{unused_port()}/dir", acme_roots=openssl.root.read_text(), names=NAME,
        addresses=ADDRESS, acme_contact="admin@customer.test",
    )  # fmt: skip
    insider.ticks("acme-terms")
    insider.sends("acme")
    insider.waits()
    assert insider.page == "acme"
    assert "acme-unreachable" in insider.text


def test_self_signed_and_probation(device: PagesDevice, insider: Administrator, port: int, tmp_path: Path) -> None:
    """Made, its root downloaded; the time left stands there and "look again" tells it anew; confirmed, and back."""
    insider.opens("alone")
    insider.sends("alone")
    insider.waits()
    assert "goes back by itself in" in insider.text
    root = tmp_path / "root.pem"
    root.write_text(insider.downloads("device-root.pem"))
    with administrator(tmp_path / "owner", port, root, scripts=False) as owner:
        assert owner.opens() == ""
        owner.signs_in()
        assert owner.page == "probation"
        left = "document.querySelector('[data-left]')"
        before = int(owner.browser.run(f"{left}.dataset.left"))
        assert f"{before // 60} min {before % 60} s" in owner.text
        time.sleep(1.1)
        assert f"{before // 60} min {before % 60} s" in owner.text, "a script counts down"
        owner.follows("Look again")
        assert int(owner.browser.run(f"{left}.dataset.left")) < before
        owner.sends("confirm")
        owner.waits()
        assert "Confirmed." in owner.text
        assert device.status["served"] == "issuer"
        assert "probation" not in device.status["own"]
        owner.opens("revert")
        owner.sends("revert")
        owner.waits()
        assert device.status["served"] == "vendor"
