"""A TLS server on loopback that serves any chain, broken ones too, and keeps a record of what its visitors did."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .chains import Chain

PAGE = b"<!doctype html><title>press</title><p>the press answers</p>"
PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Connection:
    """One visitor: the name it sent by SNI, the request it trusted us with, or why the conversation failed."""

    sni: str | None = None
    request: str | None = None
    failure: str | None = None


class Server:
    """Listens on 127.0.0.1 until it is closed; `connections` grows meanwhile."""

    def __init__(self, fallback: Path, by_name: Path | None) -> None:
        self._fallback = fallback
        self._by_name = by_name
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=32)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._conversations: list[tuple[threading.Thread, socket.socket]] = []
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[Connection] = []
        self._thread.start()

    @property
    def requests(self) -> list[str]:
        """The requests that arrived: each is from a client that had accepted the certificate."""
        return [visitor.request for visitor in self.connections if visitor.request]

    def close(self) -> None:
        # On Linux this, unlike close() alone, wakes the thread that sits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()
        for conversation, line in self._conversations:
            with line, suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            conversation.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            visitor = Connection()
            self.connections.append(visitor)
            # A thread each, since browsers open connections that they then leave idle; and a second handle on each, by
            # which close() can end it.
            line = plain.dup()
            conversation = threading.Thread(target=self._converse, args=(plain, line, visitor), daemon=True)
            self._conversations.append((conversation, line))
            conversation.start()

    def _converse(self, plain: socket.socket, line: socket.socket, visitor: Connection) -> None:
        plain.settimeout(PATIENCE_SECONDS)
        try:
            with plain, self._context(visitor).wrap_socket(plain, server_side=True) as secure:
                visitor.request = _request_line(secure)
                if visitor.request:
                    secure.sendall(_response(PAGE))
                    # Say goodbye, and don't wait for an answer: some clients give theirs only once we have hung up.
                    secure.settimeout(0)
                    with suppress(OSError):
                        secure.unwrap()
        except OSError as error:
            visitor.failure = str(error)
        # The second handle keeps the connection open, and some clients wait for its end.
        with suppress(OSError):
            line.shutdown(socket.SHUT_WR)

    def _context(self, visitor: Connection) -> ssl.SSLContext:
        # A context each: what the visitor sends is noted with it, and no ticket of one visit shortens the next.
        context = _context(self._fallback)

        def choose(secure: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            visitor.sni = name
            if name and self._by_name:
                secure.context = _context(self._by_name)

        context.sni_callback = choose
        return context


@contextmanager
def serving(chain: Chain, by_name: Chain | None = None) -> Iterator[Server]:
    """Serve `chain` until the block ends; `by_name`, if given, is for those who send a name by SNI."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        fallback, named = Path(folder, "fallback.pem"), Path(folder, "named.pem")
        fallback.write_bytes(chain.pem())
        if by_name:
            named.write_bytes(by_name.pem())
        server = Server(fallback, named if by_name else None)
        try:
            yield server
        finally:
            server.close()


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def _request_line(secure: ssl.SSLSocket) -> str | None:
    head = b""
    while b"\r\n\r\n" not in head:
        more = secure.recv(4096)
        if not more:
            return None
        head += more
    return head.split(b"\r\n", 1)[0].decode("latin-1")


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
