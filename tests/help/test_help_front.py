"""The server for strangers, with a clock of the test's own: who is too slow is dropped, and nobody else notices."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dotlocal.device.help.connection import _SECONDS, Phase
from dotlocal.device.help.front import Door, Front
from dotlocal.device.help.probe_set import Shown
from dotlocal.device.serve.listener import bind
from dotlocal.device.serve.notices import Notices
from dotlocal.device.web.http import Answer, Request

REQUEST = b"GET / HTTP/1.1\r\nHost: press-07.local\r\n\r\n"
LARGE = 8 << 20  # more than any socket's buffers hold


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Running:
    """A front in a thread, answering with `body`, or failing where the path says so."""

    def __init__(self, body: bytes = b"here", certificate: Shown | None = None) -> None:
        self.lines: list[str] = []
        self.clock = Clock()
        self.body = body
        self.listener = bind(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        door = Door(self.listener, self._respond, lambda _: certificate)
        self.front = Front([door], notices=Notices(self.lines.append, clock=self.clock), clock=self.clock)
        self.thread = threading.Thread(target=self.front.run, daemon=True)
        self.thread.start()

    def _respond(self, request: Request, shown: Shown | None, client: str) -> Answer:
        if request.path == "/fault":
            raise ZeroDivisionError("a fault of ours")
        return Answer(200, (), self.body)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def ask(self, request: bytes = REQUEST) -> bytes:
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def later(self, seconds: float) -> None:
        """Let time pass; the next client wakes the loop, as some client does in life."""
        self.clock.now += seconds
        self.ask()


@contextmanager
def running(body: bytes = b"here", certificate: Shown | None = None) -> Iterator[Running]:
    found = Running(body, certificate)
    try:
        yield found
    finally:
        found.front.end()
        found.thread.join(10)
        assert not found.thread.is_alive()
        found.front.close()
        found.listener.close()


def ended(connection: socket.socket) -> bool:
    """Whether the server has ended it, now or before long."""
    connection.settimeout(3)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def open_still(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True


def test_a_head_has_ten_seconds_however_it_drips() -> None:
    """A byte a second isn't progress: the whole head counts."""
    with running() as subject, subject.connect() as slow:
        for byte in REQUEST[:9]:
            slow.sendall(bytes([byte]))
            subject.later(1)
        assert open_still(slow)
        subject.later(_SECONDS[Phase.READING] - 8)
        assert ended(slow)


def test_an_answer_that_is_not_taken_is_given_up() -> None:
    """Twenty seconds for a client that asks and doesn't read."""
    with running(b"x" * LARGE) as subject, socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", subject.port))
        lazy.sendall(REQUEST)
        assert lazy.recv(1) == b"H"
        subject.later(_SECONDS[Phase.ANSWERING] - 1)
        subject.later(2)
        got = bytearray()
        lazy.settimeout(5)
        try:
            while more := lazy.recv(1 << 20):
                got += more
        except ConnectionError:
            pass
        assert len(got) < LARGE


def test_a_client_that_does_not_hang_up_is_hung_up_on() -> None:
    """Two seconds after the answer, whatever else it sends."""
    with running() as subject, subject.connect() as clinging:
        clinging.sendall(REQUEST)
        clinging.settimeout(5)
        assert clinging.recv(65536).endswith(b"here")
        clinging.sendall(b"and another thing")
        subject.later(_SECONDS[Phase.LINGERING] + 1)
        with pytest.raises(ConnectionError):
            for _ in range(50):
                clinging.sendall(b"x" * 1000)
                subject.ask()


def test_a_fault_of_ours_ends_one_request_and_is_told_once_a_minute() -> None:
    """Everybody else is served as before."""
    with running() as subject:
        for _ in range(3):
            assert subject.ask(REQUEST.replace(b"GET / ", b"GET /fault ")) == b""
        assert subject.ask().endswith(b"here")
        assert [line for line in subject.lines if "ZeroDivisionError" in line] == subject.lines
        assert len(subject.lines) == 1


def test_tls_where_none_is_spoken_is_ended_at_once() -> None:
    """A browser that insists on HTTPS finds out without waiting."""
    with running() as subject:
        context = ssl.create_default_context()
        with subject.connect() as connection, pytest.raises((ssl.SSLError, ConnectionError)):
            connection.settimeout(3)
            context.wrap_socket(connection, server_hostname="press-07.local")


def test_it_ends_with_connections_open() -> None:
    """At once, from another thread."""
    with running() as subject:
        held = [subject.connect() for _ in range(5)]
        subject.ask()
    assert all(ended(each) for each in held)
