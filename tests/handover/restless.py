"""Clients that never rest while certificates are handed over: new connections, one kept open, a long download.

Each client is a thread that counts what went wrong, in words. None of them verifies a chain; that a certificate is one
of the sets' is what they look at.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HOST = "press-07.local"
SMALL = b"small\n"
BIG_OCTETS = 12 << 20
UNANSWERED = "unanswered"
_PATIENCE = 10.0
_CLOSED = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError)
_CHUNK = 1 << 15
_PAUSE = 0.008  # the download then takes some seconds: longer than any hand-over


def put_site(folder: Path) -> None:
    """The files that the clients ask for."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.txt").write_bytes(SMALL)
    (folder / "big.bin").write_bytes(pattern(BIG_OCTETS))


def pattern(octets: int) -> bytes:
    """Octets of which each stretch says where it belongs."""
    return b"".join(number.to_bytes(8, "big") for number in range(octets // 8))


@dataclass
class Tally:
    """What the clients lived through."""

    connections: int = 0
    failed: list[str] = field(default_factory=list)
    unanswered: int = 0  # new connections that were accepted, and closed before the first octet of an answer
    kept_requests: int = 0
    reconnects: int = 0
    kept_failed: list[str] = field(default_factory=list)
    downloads: int = 0
    broken: list[str] = field(default_factory=list)


class Load:
    """The three clients against one port; `tally` is whole once it has stopped."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._stop = threading.Event()
        self._finish = threading.Event()
        self.tally = Tally()
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._fresh, self._keep, self._download)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new request; the download runs to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def connect(self, name: str | None = HOST, receive_buffer: int = 0) -> ssl.SSLSocket:
        connection = socket.socket()
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers do
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            connection.connect(self._address)
            return context().wrap_socket(connection, server_hostname=name)
        except BaseException:
            connection.close()
            raise

    def _fresh(self) -> None:
        while not self._stop.is_set():
            name = HOST if self.tally.connections % 2 else None
            try:
                with self.connect(name) as connection:
                    answer = ask(connection, "/small.txt", "close")
                if answer == b"":
                    self.tally.unanswered += 1
                elif answer != SMALL:
                    self.tally.failed.append(f"answer {answer[:80]!r}")
            except _CLOSED:
                self.tally.unanswered += 1
            except OSError as error:
                self.tally.failed.append(f"{type(error).__name__}: {error}")
            self.tally.connections += 1
            time.sleep(0.01)

    def _keep(self) -> None:
        while not self._stop.is_set():
            answered = 0
            try:
                with self.connect() as connection:
                    while self._kept_answer(connection):
                        answered += 1
                        if self._stop.is_set():
                            return
                        time.sleep(0.02)
            except OSError as error:
                if not answered:
                    self.tally.kept_failed.append(f"{type(error).__name__}: {error}")
            self.tally.reconnects += 1

    def _kept_answer(self, connection: ssl.SSLSocket) -> bool:
        """Whether there will be another one."""
        self.tally.kept_requests += 1
        answer, last = exchange(connection, "/small.txt", "keep-alive")
        if answer != SMALL:
            raise ConnectionError(f"answer {answer[:80]!r}")
        return not last

    def _download(self) -> None:
        while not self._stop.is_set():
            try:
                with self.connect(receive_buffer=1 << 16) as connection:
                    problem = fetch(connection)
            except OSError as error:
                problem = f"{type(error).__name__}: {error}"
            if problem == UNANSWERED:
                self.tally.unanswered += 1
            elif problem:
                self.tally.broken.append(problem)
            self.tally.downloads += 1


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def request(path: str, keeping: str, host: str | None) -> bytes:
    # who names no host in the handshake has opened an address, and says so in the request
    return f"GET {path} HTTP/1.1\r\nHost: {host or '127.0.0.1'}\r\nConnection: {keeping}\r\n\r\n".encode()


def ask(connection: ssl.SSLSocket, path: str, keeping: str) -> bytes:
    """The body of one answer; nothing when the server ends the connection without any."""
    return exchange(connection, path, keeping)[0]


def exchange(connection: ssl.SSLSocket, path: str, keeping: str) -> tuple[bytes, bool]:
    """The body of one answer, and whether the server says that it is the last."""
    connection.sendall(request(path, keeping, connection.server_hostname))
    head, body, length = _head(connection)
    if not head:
        return b"", True
    while len(body) < length and (data := connection.recv(_CHUNK)):
        body += data
    return body if head.startswith(b"HTTP/1.1 200") else head, b"\r\nconnection: close" in head.lower()


def fetch(connection: ssl.SSLSocket, pause: float = _PAUSE) -> str:
    """Read the big file slowly; what was wrong with it, or nothing."""
    connection.sendall(request("/big.bin", "close", HOST))
    head, body, length = _head(connection)
    if length != BIG_OCTETS or not head.startswith(b"HTTP/1.1 200"):
        return f"answer {head[:80]!r}" if head else UNANSWERED
    got, expected = len(body), pattern(BIG_OCTETS)
    if expected[:got] != body:
        return "other octets"
    while got < length:
        data = connection.recv(_CHUNK)
        if not data:
            return f"cut off after {got} octets"
        if expected[got : got + len(data)] != data:
            return f"other octets after {got}"
        got += len(data)
        time.sleep(pause)
    return ""


def _head(connection: ssl.SSLSocket) -> tuple[bytes, bytes, int]:
    got = b""
    while b"\r\n\r\n" not in got:
        data = connection.recv(_CHUNK)
        if not data:
            return b"", b"", 0
        got += data
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head, body, int(lengths[0].split(b":")[1]) if lengths else 0


@contextmanager
def under_load(port: int) -> Iterator[Load]:
    load = Load(port)
    load.start()
    try:
        yield load
    finally:
        load.stop()


def settle(tally: Tally, reconnects: int) -> None:
    """Wait until what a hand-over does to the kept connection is done: a busy server may do it after the proof."""
    with suppress(AssertionError):
        wait_until(lambda: tally.reconnects >= reconnects, 2)
    asked = tally.kept_requests
    wait_until(lambda: tally.kept_requests > asked + 3)


def wait_until(true: Callable[[], object], seconds: float = _PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
