"""`device serve`: back ends that are down, many, slow, or want to know the client."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from serve_peers import (
    HOST,
    PATIENCE,
    Client,
    back_end,
    client_context,
    curl,
    echo,
    first_set,
    serving,
    swallow,
    unused_port,
)

from dotlocal.core.errors import Refused
from dotlocal.device.serve import proxy_protocol
from dotlocal.device.serve.back_end import BackEnd
from dotlocal.device.serve.notices import Notices
from dotlocal.device.serve.service import Limits, Stop
from dotlocal.device.serve.terminator import Terminator
from dotlocal.device.serve.tls import CurrentSet
from dotlocal.host import tls


def test_without_a_back_end_clients_get_a_page_that_says_so(tmp_path: Path) -> None:
    """curl: 502 with a text that helps; three requests, one line in the log; then the back end comes up."""
    port = unused_port()
    with serving(tmp_path, to=("127.0.0.1", port)) as service:
        for _ in range(3):
            done = curl(service.address, tmp_path, "/", "-w", "%{http_code}")
            assert done.returncode == 0, done.stderr
            assert done.stdout.endswith(b"502")
            assert b"does not answer" in done.stdout
        assert len(service.said("connection refused")) == 1
        with (
            socket.create_server(("127.0.0.1", port)) as listener,
            Client(service.address) as client,
            listener.accept()[0] as accepted,
        ):
            accepted.sendall(b"here")
            assert client.exactly(4) == b"here"


def test_the_page_waits_for_a_request_and_for_the_whole_of_a_large_one(tmp_path: Path) -> None:
    """Browsers drop a connection that speaks first; and a client that is still sending must be able to read it."""
    with serving(tmp_path, to=("127.0.0.1", unused_port())) as service, Client(service.address) as client:
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.receive()
        client.socket.settimeout(PATIENCE)
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000))
        assert client.rest().startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


def test_a_name_with_several_addresses_is_tried_at_each(tmp_path: Path) -> None:
    """localhost is ::1 and 127.0.0.1, and the back end listens on one of them."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=("localhost", behind.address[1])) as service,
        Client(service.address) as client,
    ):
        client.send(b"x")
        assert client.exactly(1) == b"x"


def test_a_back_end_that_lets_clients_wait_counts_as_down(tmp_path: Path) -> None:
    """Its queue is full, so connecting takes for ever → the page after the connect limit."""
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        with serving(tmp_path, to=full.getsockname(), connect=0.3) as service, Client(service.address) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            assert client.rest().startswith(b"HTTP/1.1 502")
            assert len(service.said("timed out")) == 1


def test_a_back_end_on_loopback_is_warned_about(tmp_path: Path) -> None:
    """Unless the PROXY protocol tells it who the clients are."""
    with serving(tmp_path, to=("127.0.0.1", 9)) as service:
        assert len(service.said("trusts the whole network")) == 1
    with serving(tmp_path, to=("127.0.0.1", 9), proxy_protocol=2) as service:
        assert service.said("trusts the whole network") == []
    with serving(tmp_path, to=("192.0.2.1", 9)) as service:
        assert service.said("trusts the whole network") == []


@pytest.mark.parametrize(
    ("listen", "host"), [("127.0.0.1", "127.0.0.1"), ("", "127.0.0.1"), ("::1", "::1"), ("", "::1")]
)
@pytest.mark.parametrize("version", [1, 2])
def test_the_proxy_protocol_names_the_client(tmp_path: Path, listen: str, host: str, version: int) -> None:
    """Both versions, both families; IPv4 stays IPv4 on a socket for both. Version 2 tells the certificate too."""
    with back_end(swallow) as behind:
        try:
            running = serving(tmp_path, to=behind.address, listen=(listen, 0), proxy_protocol=version)
            service = running.__enter__()
            client = Client((host, service.address[1]), name="127.0.0.1")
        except (OSError, Refused):
            pytest.skip("no IPv6 here")
        try:
            source, destination = client.socket.getsockname()[:2], client.socket.getpeername()[:2]
            client.send(b"GET /")
            client.finish()
            received = behind.result()
        finally:
            client.socket.close()
            running.__exit__(None, None, None)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if version == 1:
        word = "TCP6" if ":" in host else "TCP4"
        expected = f"PROXY {word} {host} {host} {source[1]} {destination[1]}\r\n".encode()
    else:
        leaf = x509.load_pem_x509_certificate((tmp_path / "current" / "fullchain.pem").read_bytes())
        serial, fingerprint = f"{leaf.serial_number:x}".encode(), leaf.fingerprint(SHA256()).hex().encode()
        body = socket.inet_pton(family, host) * 2 + struct.pack("!HH", source[1], destination[1])
        body += struct.pack("!BH", 0xE0, len(serial)) + serial + struct.pack("!BH", 0xE1, 64) + fingerprint
        kind = 0x21 if ":" in host else 0x11
        expected = b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, kind, len(body)) + body
    assert received == expected + b"GET /"


def test_the_header_drops_zones_and_unwraps_mapped_addresses() -> None:
    """fe80::1%eth0 and ::ffff:10.0.0.7, as sockets give them."""
    assert proxy_protocol.header(1, ("fe80::1%eth0", 1), ("fe80::2%eth0", 2)) == b"PROXY TCP6 fe80::1 fe80::2 1 2\r\n"
    mapped = proxy_protocol.header(2, ("::ffff:10.0.0.7", 258), ("::ffff:10.0.0.8", 443))
    assert mapped[12:] == b"\x21\x11\x00\x0c\x0a\x00\x00\x07\x0a\x00\x00\x08\x01\x02\x01\xbb"


@contextmanager
def terminating(tmp_path: Path, back_end: BackEnd) -> Iterator[tuple[tuple[str, int], list[str]]]:
    """A terminator by itself, in front of a back end that does as the test likes; its address and what it says."""
    first_set(tmp_path)
    lines: list[str] = []
    stop, clock = Stop(), time.monotonic
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        terminator = Terminator(
            listener,
            back_end=back_end,
            proxy_protocol=None,
            certificates=CurrentSet(tmp_path, say=lines.append),
            limits=Limits(),
            notices=Notices(lines.append, clock=clock),
            clock=clock,
        )
        thread = threading.Thread(target=terminator.run, args=(stop.fileno(),))
        thread.start()
        try:
            yield listener.getsockname(), lines
        finally:
            stop.set()
            thread.join()


class Dialled:
    """A back end whose only way is whatever `connect` returns or raises."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self.failures: list[OSError] = []

    def dial(self, attempt: int) -> socket.socket | None:
        return None if attempt else self._connect()

    def lost(self, failure: OSError) -> None:
        self.failures.append(failure)


def test_a_fault_of_ours_costs_one_connection_only(tmp_path: Path) -> None:
    """Something raises what nobody expected: that client is dropped, one line says so, and it goes on."""

    def fault() -> socket.socket:
        raise ZeroDivisionError

    with terminating(tmp_path, Dialled(fault)) as (address, lines):
        for _ in range(3):
            with Client(address) as client:
                assert client.dropped()
    assert lines == ["error: a connection was dropped: ZeroDivisionError: "]


def test_a_connection_to_oneself_is_no_back_end(tmp_path: Path) -> None:
    """TCP gave out the very port that nobody listens on → 502, not an echo."""

    def to_itself() -> socket.socket:
        connection = socket.socket()
        connection.bind(("127.0.0.1", 0))
        connection.connect(connection.getsockname())
        return connection

    behind = Dialled(to_itself)
    with terminating(tmp_path, behind) as (address, _), Client(address) as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 502")
    assert isinstance(behind.failures[0], ConnectionRefusedError)


def test_clients_without_tickets_are_not_remembered_without_end(tmp_path: Path) -> None:
    """The cache of sessions is emptied when it grows, and that is nobody's business but ours."""
    first_set(tmp_path)
    lines: list[str] = []
    following = CurrentSet(tmp_path, say=lines.append)
    first = following.context(0.0)
    client = client_context(version=ssl.TLSVersion.TLSv1_2)
    client.options |= ssl.OP_NO_TICKET
    while following.context(0.0) is first:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = (
            client.wrap_bio(to_client, to_server, server_hostname=HOST),
            first.wrap_bio(to_server, to_client, server_side=True),
        )
        for end in ends * 2:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
        with suppress(ssl.SSLWantReadError):
            tls.close_notify(ends[1])  # a session that isn't ended cleanly is forgotten by OpenSSL itself
        assert first.session_stats()["number"] < 2000
    assert lines == []
