"""TLS-ALPN-01 through `device serve`: the handshake that proves a name is answered, and nothing else is touched."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from acme_servers import AcmeServer, pebble, unused_port
from cryptography import x509
from customers import NAME, Customer, accepted

from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName
from dotlocal.device.acme import job, tls_alpn_01
from dotlocal.device.acme.challenge import TLS_ALPN_01, Pending
from dotlocal.device.serve import acme_tls
from dotlocal.device.store import Run
from told import Told

pytestmark = pytest.mark.xdist_group("acme")  # one story and one plant for all

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


@pytest.fixture(scope="module")
def port(told: Told) -> Iterator[int]:
    with told.served("07") as found:
        yield found


@pytest.fixture(scope="module")
def run(told: Told) -> Run:
    return Run(str(told.device("07") / "run"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[AcmeServer]:
    with pebble(tmp_path_factory.mktemp("pebble"), tls=port) as started:
        yield started


@pytest.fixture
def customer(tmp_path: Path, run: Run, port: int) -> Customer:
    return Customer(tmp_path, responder=tls_alpn_01.Published(run, ("127.0.0.1", port)))


def pending(name: str = NAME) -> Pending:
    return Pending(HostName(name), TLS_ALPN_01, "https://ca.test/c", "t" * 20, "t.thumb")


def shaken(port: int, name: str | None, protocols: list[str], *, pieces: int = 0) -> tuple[bytes, str | None]:
    """The certificate, and the chosen protocol; the hello is sent in pieces of so many octets."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    secure = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                _send(plain, outgoing.read(), pieces)
                incoming.write(plain.recv(65536))
                continue
            _send(plain, outgoing.read(), 0)
            if secure.selected_alpn_protocol() == "acme-tls/1":
                assert _rest(plain, secure, incoming) == b"", "RFC 8737 3: no data follows"
            return secure.getpeercert(binary_form=True) or b"", secure.selected_alpn_protocol()


def _rest(plain: socket.socket, secure: ssl.SSLObject, incoming: ssl.MemoryBIO) -> bytes:
    """What comes until the server ends the connection."""
    got = b""
    while True:
        try:
            got += (data := secure.read(65536))
            if not data:
                return got
        except ssl.SSLZeroReturnError:
            return got
        except ssl.SSLWantReadError:
            arrived = plain.recv(65536)
            assert arrived, "a close_notify comes before the end"
            incoming.write(arrived)


def _send(plain: socket.socket, data: bytes, pieces: int) -> None:
    for start in range(0, len(data), pieces or len(data) or 1):
        plain.sendall(data[start : start + (pieces or len(data))])


def test_issued_by_pebble(server, customer):
    """Pebble asks for acme-tls/1 at the port of `device serve`, and issues."""
    customer.set_up(server, challenge=TLS_ALPN_01)
    assert customer.attempt() == job.RENEWED
    assert accepted(customer.chain, server.root.read_bytes())


def test_only_the_pending_challenge_is_answered(run, port, told):
    """With its protocol and its name: the validation certificate, and the end. Everything else is served as ever."""
    usual, _ = shaken(port, NAME, ["http/1.1"])
    with tls_alpn_01.Published(run, ("127.0.0.1", port)).answering([pending()]):
        proof, protocol = shaken(port, NAME, ["acme-tls/1"])
        assert protocol == "acme-tls/1"
        assert x509.load_der_x509_certificate(proof).extensions.get_extension_for_oid(ACME_IDENTIFIER).critical
        assert shaken(port, NAME.upper(), ["acme-tls/1"]) == (proof, "acme-tls/1")
        assert shaken(port, NAME, ["http/1.1", "acme-tls/1"]) == (usual, "http/1.1")
        assert shaken(port, NAME, ["h2"]) == (usual, None)
        assert shaken(port, "other.test", ["acme-tls/1"]) == (usual, None)
        assert b"press-07" in _page(told, port)
    assert not Path(run.path, acme_tls.FOLDER).exists(), "nothing is left there"
    assert shaken(port, NAME, ["acme-tls/1"]) == (usual, None)


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_a_hello_that_comes_in_pieces_is_waited_for(run, port, told, pieces):
    """Octet by octet: the challenge is answered, and so is everything else."""
    with tls_alpn_01.Published(run, ("127.0.0.1", port)).answering([pending()]):
        assert shaken(port, NAME, ["acme-tls/1"], pieces=pieces)[1] == "acme-tls/1"
        assert shaken(port, None, ["http/1.1"], pieces=pieces)[1] == "http/1.1"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".", "..", "x" * 300, "a\0b"])
def test_what_is_no_host_name_chooses_no_file(name):
    """The name in SNI becomes a file's name only if it is one."""
    with pytest.raises(ValueError, match="no host name"):
        acme_tls.file_of(name.encode())


def test_without_device_serve_it_is_refused_with_what_to_configure(server, tmp_path, run):
    """Nobody at the port, or somebody else: said before the server is asked."""
    lonely = Customer(tmp_path, responder=tls_alpn_01.Published(run, ("127.0.0.1", unused_port())))
    lonely.set_up(server, challenge=TLS_ALPN_01)
    with pytest.raises(Refused) as refused:
        lonely.attempt()
    assert refused.value.code == "acme-not-served"
    assert "--challenge http-01" in refused.value.hint


def test_garbage_while_a_challenge_is_pending_is_dropped_as_ever(run, port, told):
    """HTTP, silence and half a hello at the TLS port; then a browser is served."""
    with tls_alpn_01.Published(run, ("127.0.0.1", port)).answering([pending()]):
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"\x80" * 20_000):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                plain.sendall(said)
                plain.shutdown(socket.SHUT_WR)
                try:
                    while plain.recv(65536):
                        pass
                except ConnectionError:
                    pass
        assert b"press-07" in _page(told, port)


def _page(told: Told, port: int) -> bytes:
    context = ssl.create_default_context(cafile=str(told.root))
    context.check_hostname = False  # it is at a loopback address, which no certificate names
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=context, timeout=5) as answer:
        body: bytes = answer.read()
        return body
