"""Python servers with one context for all sets: the programs of docs/python-servers.md, as they stand there."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from handed_device import Device
from restless import HOST, context, wait_until
from web_servers import unused_port

from dotlocal.core.errors import Absent
from dotlocal.device.context import ssl_context
from dotlocal.device.handover.proof import serial_of
from installed import PROJECT
from tools import package

PAGE = PROJECT / "docs" / "python-servers.md"
PROGRAMS = dict(re.findall(r"^```python (\w+)\n(.*?)^```", PAGE.read_text(), re.M | re.S))
HEAD, REST = b"GET / HTTP/1.1\r\n", f"Host: {HOST}\r\nConnection: close\r\n\r\n".encode()
_WSGI = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "6")])
    return [b"hello\\n"]
"""


@contextmanager
def at_work(name: str, folder: Path, run: Path) -> Iterator[int]:
    """The program of the page, with this run directory and a free port."""
    port = unused_port()
    text = PROGRAMS[name].replace("8443", str(port)).replace("0.0.0.0", "127.0.0.1").replace("/run/dotlocal", str(run))
    text = text.replace("ssl_context()", f"ssl_context({str(run)!r})").replace("alpn=(", f"{str(run)!r}, alpn=(")
    text = text.replace("    return context()", f"    return context({str(run)!r})")
    (folder / "gunicorn.conf.py").write_text(text)
    (folder / "program.py").write_text(_WSGI if name == "gunicorn" else text)
    words = ["-m", "gunicorn", "--no-control-socket", "program:app"] if name == "gunicorn" else ["program.py"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=log, stderr=log)
    try:
        wait_until(lambda: process.poll() is not None or answers(port), 20)
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(port: int) -> bool:
    try:
        return bool(serial(port, None))
    except OSError:
        return False


@contextmanager
def connected(port: int, name: str | None, client: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), 10) as connection,
        (client or context()).wrap_socket(connection, server_hostname=name) as secured,
    ):
        yield secured


def serial(port: int, name: str | None) -> str:
    with connected(port, name) as connection:
        found = serial_of(connection.getpeercert(binary_form=True) or b"")
        assert finish(connection, HEAD + REST) == b"hello\n"
        return found


def finish(connection: ssl.SSLSocket, request: bytes) -> bytes:
    connection.sendall(request)
    answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_new_set_is_served_without_a_restart(name: str, device: Device, tmp_path: Path) -> None:
    """Three boots: the next connection gets the new certificates, both of them; a half-sent request lives on."""
    if name != "asyncio":
        package(name)
    with at_work(name, tmp_path, device.run) as port:
        for _ in range(3):
            with connected(port, HOST) as before:
                before.sendall(HEAD)
                device.boot()
                report = device.status
                assert serial(port, None) == report["serial"]
                assert serial(port, HOST) == report["names_serial"]
                assert finish(before, REST) == b"hello\n"


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_peer_that_says_nothing_keeps_nobody_waiting(name: str, device: Device, tmp_path: Path) -> None:
    """Neither before its handshake nor within it. Each holds a thread of gunicorn's, whose workers have four."""
    if name != "asyncio":
        package(name)
    with at_work(name, tmp_path, device.run) as port, ExitStack() as silent:
        for number in range(3 if name == "gunicorn" else 6):
            connection = silent.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            connection.sendall(b"\x16\x03\x01"[: number % 2 * 3])
        assert serial(port, HOST) == device.status["names_serial"]


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_peer_that_leaves_is_nothing_to_tell(name: str, device: Device, tmp_path: Path) -> None:
    """At any moment, with a goodbye or without: no traceback, as after the two looks of each hand-over."""
    if name != "asyncio":
        package(name)
    with at_work(name, tmp_path, device.run) as port:
        for sent in (
            b"",
            HEAD,
            *([HEAD * 10_000] if name == "asyncio" else []),
        ):  # the others say what they think of it
            for abrupt in (False, True):
                with connected(port, HOST) as connection, suppress(OSError):
                    if abrupt:  # a reset instead of an end
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.sendall(sent)
            with socket.create_connection(("127.0.0.1", port), 10) as connection:
                connection.sendall(b"\x16\x03\x01")
        assert serial(port, HOST) == device.status["names_serial"]
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.peer
@pytest.mark.parametrize("name", ["asyncio", "flask"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_ticket_outlives_its_key(name: str, version: ssl.TLSVersion, device: Device, tmp_path: Path) -> None:
    """A session is resumed as long as its set is current, and never after that."""
    if name != "asyncio":
        package(name)
    client = context()
    client.maximum_version = version

    def resumed(session: ssl.SSLSession | None) -> tuple[bool, ssl.SSLSession | None]:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as connection,
            client.wrap_socket(connection, server_hostname=HOST, session=session) as secured,
        ):
            assert finish(secured, HEAD + REST) == b"hello\n"
            return bool(secured.session_reused), secured.session

    with at_work(name, tmp_path, device.run) as port:
        _, session = resumed(None)
        again, session = resumed(session)
        assert again
        device.boot()
        assert not resumed(session)[0]


def test_without_a_set_there_is_no_context(tmp_path: Path) -> None:
    """Refused by name, with what to do; a server must not start and then fail at each handshake."""
    with pytest.raises(Absent) as caught:
        ssl_context(tmp_path)
    assert caught.value.code == "no-set"
    assert "hint: run `dotlocal device boot`" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("alpn", ["http/1.1", ("http/1.1",)])
def test_one_protocol_may_stand_alone(device: Device, alpn: str | tuple[str, ...]) -> None:
    """A text is a sequence of its letters, too: they are no protocols."""
    serving = ssl_context(device.run, alpn=alpn)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_alpn_protocols(["http/1.1"])
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(to_client, to_server), serving.wrap_bio(to_server, to_client, server_side=True)
    for end in ends * 2:
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
    assert ends[0].selected_alpn_protocol() == "http/1.1"
