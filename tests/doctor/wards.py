"""What answers on loopback while doctor looks: TLS servers with any chain, and hosts that do worse."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from makers import Chain

PATIENCE = 20.0
Converse = Callable[[socket.socket], None]


@contextmanager
def host(converse: Converse, *, backlog: int = 32) -> Iterator[int]:
    """A port of loopback where every visitor is talked to in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    open_lines: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            line.settimeout(PATIENCE)
            open_lines.append(line)
            threading.Thread(target=_quietly, args=(converse, line), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in open_lines:
            with suppress(OSError):
                line.close()
        thread.join(PATIENCE)


def _quietly(converse: Converse, line: socket.socket) -> None:
    with line, suppress(OSError, ValueError):
        converse(line)


@dataclass
class Server:
    """An HTTPS server: any chain, its Date from whatever clock, and what else a test wants of its context."""

    folder: Path
    chain: Chain
    by_name: Chain | None = None
    date: int | None = None
    head: str = ""
    adjust: Callable[[ssl.SSLContext], object] | None = None
    silent: bool = False
    last_visit: float = 0.0

    @contextmanager
    def running(self) -> Iterator[int]:
        self.load()
        with host(self._converse) as port:
            yield port

    def load(self) -> None:
        """Take what `chain` is now into use; ticket keys stay, as they do in servers that reload."""
        path = self.chain.write(self.folder / "served.pem")
        if not hasattr(self, "context"):
            self.context = _context()
        self.context.load_cert_chain(path)
        if self.by_name:
            named = _context()
            named.load_cert_chain(self.by_name.write(self.folder / "by-name.pem"))

            def choose(secure: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
                if name:
                    secure.context = named

            self.context.sni_callback = choose  # type: ignore[assignment]
        if self.adjust:
            self.adjust(self.context)

    def _converse(self, line: socket.socket) -> None:
        self.last_visit = time.monotonic()
        with self.context.wrap_socket(line, server_side=True) as secure:
            told = b""
            while b"\r\n\r\n" not in told and (more := secure.recv(4096)):
                told += more
            if told and not self.silent:
                secure.sendall(self._answer())
                with suppress(OSError):
                    secure.settimeout(0.5)
                    secure.unwrap()

    def _answer(self) -> bytes:
        at = dt.datetime.fromtimestamp(self.date, dt.UTC) if self.date else dt.datetime.now(dt.UTC)
        date = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return f"HTTP/1.1 200 OK\r\nDate: {date}\r\n{self.head}Content-Length: 2\r\n\r\nok".encode()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


# ── hosts that do worse ──


def drops(line: socket.socket) -> None:
    """Reads the ClientHello and closes."""
    line.recv(4096)


def resets(line: socket.socket) -> None:
    line.recv(4096)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drips(line: socket.socket) -> None:
    """A well-formed record, an octet at a time."""
    line.recv(4096)
    for octet in b"\x16\x03\x03\x01\x00" + bytes(256):
        line.sendall(bytes([octet]))
        threading.Event().wait(0.2)


def says_nothing(line: socket.socket) -> None:
    while line.recv(4096):
        pass


def greets(banner: bytes) -> Converse:
    """Speaks first, or answers the same to everything."""

    def converse(line: socket.socket) -> None:
        line.sendall(banner)
        line.recv(4096)

    return converse


def floods(line: socket.socket) -> None:
    """Records without end, of a handshake message without end."""
    line.recv(4096)
    line.sendall(b"\x16\x03\x03\x00\x04\x02\xff\xff\xff")
    while True:
        line.sendall((b"\x16\x03\x03\x40\x00" + bytes(1 << 14)) * 8)


def presents(*certificates: bytes) -> Converse:
    """TLS 1.2 as far as a Certificate message of these octets, which no server of OpenSSL's would send."""

    def converse(line: socket.socket) -> None:
        line.recv(4096)
        hello = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0" + b"\0\x05\xff\x01\0\x01\0"
        listed = b"".join(len(each).to_bytes(3, "big") + each for each in certificates)
        messages = _message(2, hello) + _message(11, len(listed).to_bytes(3, "big") + listed) + _message(14, b"")
        for start in range(0, len(messages), 1 << 14):
            part = messages[start : start + (1 << 14)]
            line.sendall(b"\x16\x03\x03" + len(part).to_bytes(2, "big") + part)
        line.recv(4096)

    return converse


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


@contextmanager
def never_accepts() -> Iterator[int]:
    """A port whose queue is full, so that the kernel drops every SYN: what a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        try:
            for _ in range(4):
                line = socket.socket()
                line.setblocking(False)
                line.connect_ex(("127.0.0.1", port))
                waiting.append(line)
            yield port
        finally:
            for line in waiting:
                line.close()


@contextmanager
def closed() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    yield port
