"""The device that proves a store: found, fit to prove anything, and never able to hold us up."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import roots

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.witness import Witness, parse
from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName

ANCHOR = Anchor.parse(roots.pem(roots.make(*roots.LOCAL)))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("press-07.local", "press-07.local", 443), ("PRESS-07.local:8443", "press-07.local", 8443),
        ("press-07.local:", "press-07.local", 443), ("192.168.77.7", "192.168.77.7", 443),
        ("192.168.77.7:8443", "192.168.77.7", 8443), ("fd00::7", "fd00::7", 443),
        ("[fd00::7]", "fd00::7", 443), ("[fd00::7]:8443", "fd00::7", 8443),
    ],
)  # fmt: skip
def test_a_device_is_named_as_in_a_url(text: str, host: str, port: int) -> None:
    """Name or address, with a port or without."""
    found, number = parse(text)
    assert (found.text, number) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", ":443", "a b", "press:x", "press:0", "press:65536", "press:٤٤٣", "[fd00::7", "[fd00::7]8443",
     "[press]:443", "*.local", "https://press-07.local/", "press:443:443", "fe80::1%eth0", "press:99999999999999"],
)  # fmt: skip
def test_what_names_no_device_is_refused(text: str) -> None:
    """One code for all of them, and how it is written."""
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.code == "witness-form"
    assert refused.value.hint


def test_a_name_that_nobody_knows_is_told() -> None:
    """`.invalid` is nobody's (RFC 6761 6.4)."""
    with pytest.raises(Refused) as refused:
        Witness.find("press-07.invalid")
    assert refused.value.code == "witness-unknown"


def test_a_closed_port_is_told() -> None:
    """Nothing listens there."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Refused) as refused:
        Witness.find(f"127.0.0.1:{port}")
    assert refused.value.code == "witness-silent"


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[Witness]:
    """A host that does this to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield Witness(HostName("press-07.local"), listener.getsockname()[1], "127.0.0.1", seconds=1.0)
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _closes(connection: socket.socket) -> None:
    connection.close()


def _resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def _speaks_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


def _is_silent(connection: socket.socket) -> None:
    time.sleep(60)


def _drips(connection: socket.socket) -> None:
    try:
        for octet in b"\x16\x03\x03\x40\x00" + bytes(100):  # a record of 16 kB, so it seems
            connection.sendall(bytes([octet]))
            time.sleep(0.2)
    except OSError:
        pass


@pytest.mark.parametrize("answer", [_closes, _resets, _speaks_http, _is_silent, _drips])
def test_a_host_that_is_no_device_proves_nothing_in_bounded_time(answer: Callable[[socket.socket], None]) -> None:
    """Closed, reset, plain HTTP, silence, a byte now and then: told, and no store is judged by it."""
    began = time.monotonic()
    with answering(answer) as host, pytest.raises(Refused) as refused:
        host.testify(ANCHOR)
    assert refused.value.code == "witness-unfit"
    assert time.monotonic() - began < 5


def _speaks_tls(folder: Path, *, copies: int, name: str) -> Callable[[socket.socket], None]:
    """A server with the certificate of a root of this name, so many times over."""
    key = roots.ec.generate_private_key(roots.ec.SECP256R1())
    (folder / "chain.pem").write_bytes(roots.pem(roots.make(*roots.LOCAL, name=name, key=key)) * copies)
    (folder / "key.pem").write_bytes(roots.key_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")

    def serve(connection: socket.socket) -> None:
        try:
            context.wrap_socket(connection, server_side=True).recv(1)
        except OSError:
            pass

    return serve


def test_a_device_of_another_maker_proves_nothing(tmp_path: Path) -> None:
    """It is refused even by a program that trusts this root alone: doctor says why."""
    serve = _speaks_tls(tmp_path, copies=1, name="Other Root")
    with answering(serve) as host, pytest.raises(Refused) as refused:
        host.testify(ANCHOR)
    assert refused.value.code == "witness-unfit"
    assert "doctor press-07.local" in refused.value.hint


def test_a_thousand_certificates_are_not_read(tmp_path: Path) -> None:
    """A chain of 600 kB: OpenSSL stops at its limit, before it judges anything."""
    serve = _speaks_tls(tmp_path, copies=1000, name="Acme Devices Root G1")
    with answering(serve) as host, pytest.raises(Refused) as refused:
        host.testify(ANCHOR)
    assert refused.value.code == "witness-unfit"
    assert "EXCESSIVE_MESSAGE_SIZE" in refused.value.message
