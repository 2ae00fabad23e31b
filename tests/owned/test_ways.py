"""Every way to an own certificate, with real CAs: a browser that has only that customer's root refuses before it, and
accepts after it, by name and by address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from authorities import Bao, OpenSSL, bao, openssl_ca
from box import Box
from cryptography import x509
from customer import ADDRESS, NAME
from restful import serving

from dotlocal.device.owned import proposal
from dotlocal.device.owned.material import Upload
from peers.chromium import Chromium
from peers.firefox import Firefox
from peers.peer import Peer

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("own-browsers")]
WITHIN = ("local", "192.168.77.0/24")


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpenSSL:
    return openssl_ca(tmp_path_factory.mktemp("ca") / "works")


@pytest.fixture(scope="module")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with bao(tmp_path_factory.mktemp("bao")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Peer]:
    yield from _browser(Chromium())


@pytest.fixture(scope="module")
def firefox() -> Iterator[Peer]:
    yield from _browser(Firefox())


def _browser(peer: Chromium | Firefox) -> Iterator[Peer]:
    if reason := peer.missing():
        pytest.skip(reason)
    with closing(peer):
        yield peer


def switches(box: Box, browser: Peer, root: Path, install: Callable[[], None]) -> None:
    """Refused before, accepted after; by name and by address."""
    with serving(box.run) as port:
        before = [browser.visit(root, host, port) for host in (NAME, ADDRESS)]
        assert [each.accepted for each in before] == [False, False], before
        install()
        after = [browser.visit(root, host, port) for host in (NAME, ADDRESS)]
        assert [each.accepted for each in after] == [True, True], after
        served = box.status()
        box.owned.confirm(served["serial"])
        assert browser.visit(root, NAME, port).accepted


def test_request_and_openssl_ca(box: Box, chromium: Peer, openssl: OpenSSL) -> None:
    """A request, signed by `openssl ca`: its answer alone, completed by what came with an earlier one."""

    def install() -> None:
        answer = openssl.answer(box.owned.request())
        assert b"Certificate:" in answer, "openssl ca writes text above it"
        box.take(answer, (openssl.folder / "middle.pem").read_bytes())

    switches(box, chromium, openssl.root, install)
    first = box.leaf
    box.take(openssl.answer(box.owned.request()))
    assert box.leaf != first
    assert len(x509.load_pem_x509_certificates((box.run / "current" / "fullchain.pem").read_bytes())) == 2


def test_request_and_pkcs7(box: Box, chromium: Peer, openssl: OpenSSL) -> None:
    """The answer as EJBCA and Windows send it: root, issuing CA and certificate in one PKCS#7."""

    def install() -> None:
        report = box.take(openssl.pkcs7(openssl.answer(box.owned.request())))
        assert report["findings"] == []

    switches(box, chromium, openssl.root, install)
    assert box.owned.anchor().encode() == openssl.root.read_bytes()


def test_request_and_openbao(box: Box, chromium: Peer, openbao: Bao) -> None:
    """A request, signed by OpenBao's PKI engine."""
    switches(box, chromium, openbao.root, lambda: box.take(*openbao.answer(box.owned.request())) and None)


def test_a_foreign_key_and_chain(box: Box, chromium: Peer, openssl: OpenSSL) -> None:
    """RSA, in a PKCS#12 file with a passphrase."""

    def install() -> None:
        box.take(openssl.pfx(f"DNS:{NAME},IP:{ADDRESS}", "correct horse"), passphrase=b"correct horse")

    switches(box, chromium, openssl.root, install)


def test_self_signed(box: Box, chromium: Peer, firefox: Peer, tmp_path: Path) -> None:
    """A root for this one device: once imported, Chromium and Firefox accept the device, at the next boot too."""
    root = tmp_path / "own-root.pem"
    report = box.owned.self_signed(confirm=True)
    assert report["served"] == "issuer"
    root.write_text(box.owned.anchor())
    with serving(box.run) as port:
        for browser in (chromium, firefox):
            assert [browser.visit(root, host, port).accepted for host in (NAME, ADDRESS)] == [True, True], browser
        box.restart()
        assert chromium.visit(root, NAME, port).accepted
        box.owned.revert("vendor")
        assert not chromium.visit(root, NAME, port).accepted


def test_issuer_and_openssl_ca(box: Box, chromium: Peer, openssl: OpenSSL) -> None:
    """The customer's CA signs the device's own: ten boots, ten certificates, each accepted, and no vendor root."""

    def install() -> None:
        request, wanted = box.owned.issuer_request(WITHIN)
        answer = openssl.answer(request, extensions=proposal.openssl_section(wanted))
        take_issuer(box, answer, (openssl.folder / "middle.pem").read_bytes(), openssl.root.read_bytes())

    switches(box, chromium, openssl.root, install)
    seen = set()
    with serving(box.run) as port:
        for number in range(10):
            box.restart()
            seen.add(box.leaf.serial_number)
            assert chromium.visit(openssl.root, (NAME, ADDRESS)[number % 2], port).accepted
    assert len(seen) == 10


def test_issuer_and_openbao(box: Box, chromium: Peer, openbao: Bao) -> None:
    """The same by OpenBao, which takes constraints as parameters."""

    def install() -> None:
        request, _ = box.owned.issuer_request(WITHIN)
        answer = openbao.authority(
            request, use_csr_values=True, permitted_dns_domains=["local"],
            permitted_ip_ranges=["192.168.77.0/24", "::1/128"],
        )  # fmt: skip
        take_issuer(box, *answer)

    switches(box, chromium, openbao.root, install)


def take_issuer(box: Box, *files: bytes) -> None:
    """Import the answer of the customer's CA."""
    judged = box.owned.examine_issuer([Upload(f"{number}", each) for number, each in enumerate(files)])
    box.owned.take_issuer(judged)
